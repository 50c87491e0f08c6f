// Who reads a subscription when several want to: the newest, and that is the end of it.
#include <algorithm>
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

// A consumer of the client library on a thread of its own.
class Reader {
 public:
  Reader(const std::string& address, const std::string& subscription)
      : client_({.channel = {.address = address}, .token = kMonitorToken}) {
    client::ConsumerOptions options;
    options.subscription = subscription;
    options.backoff = {absl::Milliseconds(10), absl::Milliseconds(50)};
    client::Consumer::Callbacks callbacks;
    callbacks.on_update = [this](const v1::AlertUpdate&) {
      ++told_;
      return true;
    };
    callbacks.on_message = [this] { connected_ = true; };
    consumer_ = std::make_unique<client::Consumer>(&client_, options, callbacks);
    thread_ = std::thread([this] {
      reason_ = client::ErrorOf(consumer_->Run()).reason;
      ended_ = true;
    });
  }
  ~Reader() {
    consumer_->Stop();
    thread_.join();
  }

  bool connected() const { return connected_; }
  int told() const { return told_; }
  bool ended() const { return ended_; }
  const std::string& reason() const { return reason_; }  // once it has ended

 private:
  client::Client client_;
  std::unique_ptr<client::Consumer> consumer_;
  std::atomic<bool> connected_ = false;
  std::atomic<int> told_ = 0;
  std::string reason_;
  std::atomic<bool> ended_ = false;
  std::thread thread_;
};

TEST(TakeoverTest, ReadersThatComeAtOnceAtTwoReplicasEndWithOne) {
  constexpr int kReaders = 8;
  RedisServer redis;
  TestServer a({.redis = "unix:" + redis.path()});
  TestServer b({.redis = "unix:" + redis.path()});
  const auto clues = v1::ClueService::NewStub(a.channel());
  const auto stub = v1::SubscriptionService::NewStub(a.channel());
  ASSERT_TRUE(CreateSubscription(*stub, "night").ok());
  std::vector<std::unique_ptr<Reader>> readers;
  for (int i = 0; i < kReaders; ++i) {
    readers.push_back(std::make_unique<Reader>(i % 2 == 0 ? a.address() : b.address(), "night"));
  }
  const auto ended = [&] {
    return std::count_if(readers.begin(), readers.end(), [](const auto& r) { return r->ended(); });
  };
  ASSERT_TRUE(Eventually([&] { return ended() == kReaders - 1; })) << ended();
  const auto last = std::find_if(readers.begin(), readers.end(),
                                 [](const auto& reader) { return !reader->ended(); });
  ASSERT_NE(last, readers.end());
  // It stays the one: it alone is told what comes now, and the others do not come again.
  ASSERT_TRUE(Eventually([&] { return (*last)->connected(); }));
  ASSERT_TRUE(SubmitMany(*clues, 0, 200));
  ASSERT_TRUE(Eventually([&] {
    v1::GetSubscriptionResponse read;
    return GetSubscription(*stub, "night", &read).ok() && read.lag().alerts() == 0;
  }));
  EXPECT_EQ((*last)->told(), 200);
  EXPECT_EQ(ended(), kReaders - 1);
  const auto takeovers = [&] {
    return a.Metric("supervision_subscription_takeovers_total") +
           b.Metric("supervision_subscription_takeovers_total");
  };
  EXPECT_EQ(takeovers(), kReaders - 1);
  for (const auto& reader : readers) {
    if (reader->ended()) {
      EXPECT_EQ(reader->reason(), "SUBSCRIPTION_TAKEN_OVER");
    }
  }
}

}  // namespace
}  // namespace supervision::testing
