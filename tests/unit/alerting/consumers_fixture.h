#pragma once

#include <memory>
#include <string>

#include "tests/unit/alerting/fake_place_keeper.h"
#include "tests/unit/alerting/hub_fixture.h"
#include "tests/unit/alerting/test_consumer.h"

namespace supervision::alerting {

// Subscriptions on a log in memory, on the test's own thread and time.
class ConsumersFixture : public HubFixture {
 protected:
  explicit ConsumersFixture(int partitions = 1)
      : HubFixture(partitions),
        keeper_(std::make_shared<FakePlaceKeeper>(&scheduler_)),
        start_{std::vector<int64_t>(static_cast<size_t>(partitions), 1),
               std::vector<int64_t>(static_cast<size_t>(partitions), 0)} {}

  ~ConsumersFixture() override {
    hub_.reset();
    scheduler_.RunUntilIdle();
    consumers_.reset();
  }

  void StartConsumers(Hub::Options hub_options = {}) {
    StartHub(hub_options);
    consumers_ = std::make_unique<Consumers>(
        Consumers::Parts{
            .hub = hub_.get(),
            .source = std::shared_ptr<LogSource>(std::shared_ptr<void>(), &log_),
            .keeper = keeper_,
            .scheduler = std::shared_ptr<Scheduler>(std::shared_ptr<void>(), &scheduler_),
            .encoder = &caption_encoder_,
            .log = observability::Logger::Null(),
            .metrics = &registry_},
        Consumers::Options());
  }

  static Consumers::Request Named(const std::string& name, size_t alerts = 100,
                                  size_t bytes = 1 << 20) {
    Consumers::Request request;
    request.key = {"monitor-1", name};
    request.window = {alerts, bytes};
    return request;
  }
  void Connect(TestConsumer* consumer, Consumers::Request request) {
    consumer->Open(consumers_.get(), std::move(request));
    scheduler_.RunUntilIdle();
  }
  void Run() { scheduler_.RunUntilIdle(); }

  TestCaptionEncoder caption_encoder_;
  const std::shared_ptr<FakePlaceKeeper> keeper_;
  const ledger::Place start_;
  std::unique_ptr<Consumers> consumers_;
};

}  // namespace supervision::alerting
