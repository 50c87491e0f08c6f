#include "clients/cpp/consumer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/eventually.h"
#include "tests/unit/clients/cpp/fake_service.h"

namespace supervision::client {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Numbers = std::vector<uint64_t>;

// What the consumers of a shared subscription, each of one name, have sent.
class Sent {
 public:
  void Note(const std::string& who, const v1::ConsumeAlertsRequest& request) {
    base::MutexLock lock(&mutex_);
    const auto list = [](const auto& message) {
      return Numbers(message.deliveries().begin(), message.deliveries().end());
    };
    if (request.has_extend()) extended_[who].push_back(list(request.extend()));
    if (request.has_acknowledge()) acknowledged_[who].push_back(list(request.acknowledge()));
  }
  std::vector<Numbers> extended(const std::string& who) {
    base::MutexLock lock(&mutex_);
    return extended_[who];
  }
  std::vector<Numbers> acknowledged(const std::string& who) {
    base::MutexLock lock(&mutex_);
    return acknowledged_[who];
  }

 private:
  base::Mutex mutex_;
  std::map<std::string, std::vector<Numbers>> extended_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, std::vector<Numbers>> acknowledged_ ABSL_GUARDED_BY(mutex_);
};

// A service that hands two alerts to whoever comes, and notes what it is told.
class ConsumerTest : public ::testing::Test {
 protected:
  ConsumerTest() : client_(service_.client_options()) {
    service_.subscription.mutable_subscription()->mutable_sharing()->mutable_lease()->set_seconds(
        5);
    service_.on_consume = [this](grpc::ServerContext&, FakeService::Consumption& stream) {
      v1::ConsumeAlertsRequest request;
      if (!stream.Read(&request)) return grpc::Status::CANCELLED;
      const std::string who = request.open().subscription();
      v1::ConsumeAlertsResponse message;
      message.set_first_delivery(1);
      for (const char* const id : {"a-1", "a-2"}) {
        message.add_updates()->mutable_alert()->set_id(id);
      }
      stream.Write(message);
      while (stream.Read(&request)) sent_.Note(who, request);
      return grpc::Status::OK;
    };
  }

  // Runs until both alerts have been dealt with.
  absl::Status Run(const std::string& who, absl::Duration hold_limit,
                   std::function<void(const std::string& id)> deal) {
    ConsumerOptions options;
    options.subscription = who;
    options.share = true;
    options.hold_limit = hold_limit;
    Consumer* running = nullptr;
    Consumer::Callbacks callbacks;
    callbacks.on_update = [&](const v1::AlertUpdate& update) {
      deal(update.alert().id());
      if (update.alert().id() == "a-2") running->Stop();
      return true;
    };
    Consumer consumer(&client_, options, callbacks);
    running = &consumer;
    return consumer.Run();
  }
  bool WaitForExtensions(const std::string& who, size_t count) {
    return testing::Eventually([&] { return sent_.extended(who).size() >= count; });
  }

  FakeService service_;
  Client client_;
  Sent sent_;
};

TEST_F(ConsumerTest, WhatIsHeldIsExtendedAsLongAsItsHandlerRuns) {
  bool extended = false;
  EXPECT_TRUE(Run("team", absl::Minutes(10), [&](const std::string& id) {
                if (id == "a-1") extended = WaitForExtensions("team", 2);
              }).ok());
  ASSERT_TRUE(extended);
  // With what waits behind it.
  for (size_t i = 0; i < 2; ++i) EXPECT_THAT(sent_.extended("team")[i], ElementsAre(1, 2));
  EXPECT_THAT(sent_.acknowledged("team"), ElementsAre(ElementsAre(1), ElementsAre(2)));
}

TEST_F(ConsumerTest, WhatIsHeldLongerThanItsLimitIsNotExtended) {
  // Its handler begins before that of one that has no limit to speak of, and ends after it.
  std::thread other;
  bool extended = false;
  EXPECT_TRUE(Run("without", absl::ZeroDuration(), [&](const std::string& id) {
                if (id != "a-1") return;
                other = std::thread([this] {
                  Run("with", absl::Minutes(10), [this](const std::string& its) {
                    if (its == "a-1") WaitForExtensions("with", 2);
                  }).IgnoreError();
                });
                extended = WaitForExtensions("with", 2);
              }).ok());
  other.join();
  EXPECT_TRUE(extended);
  EXPECT_THAT(sent_.extended("without"), IsEmpty());
  EXPECT_THAT(sent_.acknowledged("without"), ElementsAre(ElementsAre(1), ElementsAre(2)));
}

}  // namespace
}  // namespace supervision::client
