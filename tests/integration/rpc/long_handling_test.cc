// A consumer of the client library whose handler takes longer than the lease.
#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "clients/cpp/consumer.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/integration/rpc/consume_client.h"
#include "tests/support/eventually.h"
#include "tests/support/redis_server.h"

namespace supervision::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

// Short, and long enough for an extension that comes late on a busy machine.
constexpr int kLeaseSeconds = 10;
constexpr char kTeam[] = "team";

// A consumer whose handler takes until it is told to end.
class SlowConsumer {
 public:
  explicit SlowConsumer(const std::string& address) : client_(OptionsFor(address)) {
    client::ConsumerOptions options;
    options.subscription = kTeam;
    options.share = true;
    options.window_alerts = 1;
    client::Consumer::Callbacks callbacks;
    callbacks.on_update = [this](const v1::AlertUpdate&) {
      ++begun_;
      Eventually([this] { return may_end_.load(); }, std::chrono::minutes(2));
      return true;
    };
    consumer_ = std::make_unique<client::Consumer>(&client_, options, callbacks);
    thread_ = std::thread([this] { end_ = consumer_->Run(); });
  }
  ~SlowConsumer() { Stop().IgnoreError(); }
  void MayEnd() { may_end_ = true; }
  absl::Status Stop() {
    MayEnd();
    consumer_->Stop();
    if (thread_.joinable()) thread_.join();
    return end_;
  }
  int begun() const { return begun_; }

 private:
  static client::ClientOptions OptionsFor(const std::string& address) {
    client::ClientOptions options;
    options.channel.address = address;
    options.token = kMonitorToken;
    return options;
  }

  client::Client client_;
  std::unique_ptr<client::Consumer> consumer_;
  std::atomic<int> begun_ = 0;
  std::atomic<bool> may_end_ = false;
  absl::Status end_;
  std::thread thread_;
};

// With a window of one it is full until it has answered, so it is handed nothing again.
Consumption Share(const std::shared_ptr<grpc::Channel>& channel) {
  v1::OpenConsumption open;
  open.set_subscription(kTeam);
  open.set_share(true);
  open.mutable_window()->set_alerts(1);
  return Consumption(channel, open);
}

TEST(LongHandlingTest, AnAlertStaysInTheHandsOfWhoeverIsStillAtIt) {
  RedisServer redis;
  TestServer server({.redis = "unix:" + redis.path()});
  const auto clues = v1::ClueService::NewStub(server.channel());
  const auto stub = v1::SubscriptionService::NewStub(server.channel());
  v1::CreateSubscriptionRequest create;
  create.mutable_subscription()->set_name(kTeam);
  create.mutable_subscription()->set_mode(v1::SUBSCRIPTION_MODE_SHARED);
  v1::SharingRules* const rules = create.mutable_subscription()->mutable_sharing();
  rules->mutable_lease()->set_seconds(kLeaseSeconds);
  rules->mutable_min_delay()->set_nanos(1'000'000);
  rules->mutable_max_delay()->set_nanos(1'000'000);
  create.set_start_from(v1::START_FROM_EARLIEST);
  v1::CreateSubscriptionResponse created;
  ASSERT_TRUE(stub->CreateSubscription(Context(kMonitorToken).get(), create, &created).ok());

  SlowConsumer slow(server.address());
  ASSERT_TRUE(SubmitMany(*clues, 0, 1));
  ASSERT_TRUE(Eventually([&] { return slow.begun() == 1; }));
  // Somebody else takes an alert later, and does not extend its lease: when that one comes again,
  // the lease that the slow one began with is over too.
  Consumption forgetful = Share(server.channel());
  ASSERT_TRUE(SubmitMany(*clues, 1, 1));
  const std::vector<Consumption::Delivered> taken = forgetful.Next(1);
  ASSERT_THAT(taken, SizeIs(1));
  Consumption other = Share(server.channel());
  const std::vector<Consumption::Delivered> again = other.Next(1);
  ASSERT_THAT(again, SizeIs(1));
  EXPECT_EQ(again[0].update.alert().id(), taken[0].update.alert().id());
  EXPECT_THAT(other.attempts(), ElementsAre(2));

  slow.MayEnd();
  ASSERT_TRUE(other.Acknowledge(0, {again[0].number}));
  EXPECT_TRUE(Eventually([&] {
    v1::GetSubscriptionResponse read;
    return GetSubscription(*stub, kTeam, &read).ok() && read.lag().alerts() == 0;
  }));
  EXPECT_TRUE(slow.Stop().ok());
  EXPECT_EQ(slow.begun(), 1);
  EXPECT_TRUE(other.FinishSending().ok());
  EXPECT_EQ(other.ahead(), 0u);
}

}  // namespace
}  // namespace supervision::testing
