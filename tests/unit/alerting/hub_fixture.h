#pragma once

#include <memory>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "prometheus/registry.h"
#include "services/alerting/hub.h"
#include "services/domain/error.h"
#include "tests/unit/alerting/fake_log.h"
#include "tests/unit/alerting/fake_scheduler.h"
#include "tests/unit/alerting/test_stream.h"

namespace supervision::alerting {

// A hub on a log in memory, on the test's own thread and time.
class HubFixture : public ::testing::Test {
 protected:
  explicit HubFixture(int partitions = 1) : log_(&scheduler_, partitions) {}

  ~HubFixture() override {
    hub_.reset();
    scheduler_.RunUntilIdle();  // what is left must not touch the hub
  }

  void StartHub(Hub::Options options = {}) {
    hub_ = std::make_unique<Hub>(&log_, &scheduler_, &encoder_, observability::Logger::Null(),
                                 &registry_, options);
  }

  void Open(TestStream* stream, Hub::Request request) {
    stream->Open(hub_.get(), std::move(request));
    scheduler_.RunUntilIdle();
  }

  void Publish(const std::string& id, domain::Risk risk = domain::Risk::kMedium) {
    log_.Append(0, NewAlert(id, risk));
    scheduler_.RunUntilIdle();
  }

  // Publishes alerts named prefix + from … prefix + to.
  void PublishMany(const std::string& prefix, int from, int to) {
    for (int i = from; i <= to; ++i) log_.Append(0, NewAlert(prefix + std::to_string(i)));
    scheduler_.RunUntilIdle();
  }

  static std::vector<std::string> Expected(const std::string& prefix, int from, int to) {
    std::vector<std::string> expected;
    for (int i = from; i <= to; ++i) expected.push_back(prefix + std::to_string(i) + " 1 full");
    return expected;
  }

  // The only value of a metric.
  double Metric(const std::string& name) const {
    for (const prometheus::MetricFamily& family : registry_.Collect()) {
      if (family.name != name) continue;
      const prometheus::ClientMetric& metric = family.metric.at(0);
      return metric.gauge.value + metric.counter.value;
    }
    ADD_FAILURE() << "no metric " << name;
    return -1;
  }

  // Its value for a label.
  double Metric(const std::string& name, const std::string& label) const {
    for (const prometheus::MetricFamily& family : registry_.Collect()) {
      if (family.name != name) continue;
      for (const prometheus::ClientMetric& metric : family.metric) {
        if (metric.label.at(0).value == label) return metric.gauge.value + metric.counter.value;
      }
    }
    ADD_FAILURE() << "no metric " << name << " of " << label;
    return -1;
  }

  static Hub::Options SmallTail() {
    Hub::Options options;
    options.tail_entries = 8;
    options.max_alerts_per_message = 4;
    return options;
  }

  // Of which pages are as long as they are by default.
  static Hub::Options SmallTailLongMessages() {
    Hub::Options options;
    options.tail_entries = 8;
    return options;
  }

  FakeScheduler scheduler_;
  FakeLog log_;
  TestEncoder encoder_;
  prometheus::Registry registry_;
  std::unique_ptr<Hub> hub_;
};

}  // namespace supervision::alerting
