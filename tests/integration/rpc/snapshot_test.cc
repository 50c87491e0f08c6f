// WatchAlerts from a snapshot, with a real server and a publisher in the seam.
#include <atomic>
#include <map>
#include <thread>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/integration/rpc/calls.h"

namespace supervision::testing {
namespace {

using ::testing::ElementsAre;

v1::WatchAlertsRequest FromSnapshot() {
  v1::WatchAlertsRequest request;
  request.set_start_from(v1::START_FROM_SNAPSHOT);
  return request;
}

class SnapshotTest : public ::testing::Test {
 protected:
  TestServer server_;
  std::unique_ptr<ClueStub> clues_ = v1::ClueService::NewStub(server_.channel());
};

TEST_F(SnapshotTest, TellsWhatIsOpenSaysSoAndThenWhatIsNew) {
  ASSERT_TRUE(SubmitMany(*clues_, 0, 3));
  Watcher watcher(server_.channel(), FromSnapshot());
  size_t told = 0;
  while (true) {
    const auto message = watcher.NextMessage();
    ASSERT_TRUE(message.has_value());
    told += static_cast<size_t>(message->updates_size());
    if (message->notice() == v1::STREAM_NOTICE_SNAPSHOT_COMPLETE) {
      EXPECT_FALSE(message->cursor().empty());
      break;
    }
    EXPECT_TRUE(message->cursor().empty());
  }
  EXPECT_EQ(told, 3u);
  const Submitted next = Submit(*clues_, ValidRequest(3));
  ASSERT_TRUE(next.status.ok());
  const std::vector<v1::AlertUpdate> after = watcher.Next(1);
  ASSERT_EQ(after.size(), 1u);
  EXPECT_EQ(after[0].alert().clue_id(), next.receipt.clue_id());
}

TEST_F(SnapshotTest, WithAPublisherInTheSeamEachAlertComesOnce) {
  constexpr int kBefore = 350;  // several pages
  ASSERT_TRUE(SubmitMany(*clues_, 0, kBefore));
  std::atomic<bool> stop = false;
  int published = kBefore;
  std::thread publisher([&] {
    while (!stop) EXPECT_TRUE(Submit(*clues_, ValidRequest(published++)).status.ok());
  });
  std::vector<std::unique_ptr<Watcher>> watchers;
  for (int i = 0; i < 10; ++i) {
    watchers.push_back(std::make_unique<Watcher>(server_.channel(), FromSnapshot()));
    ASSERT_TRUE(watchers.back()->NextMessage().has_value());
  }
  std::vector<std::map<std::string, int>> told(watchers.size());
  for (size_t i = 0; i < watchers.size(); ++i) {
    while (true) {
      const auto message = watchers[i]->NextMessage();
      ASSERT_TRUE(message.has_value());
      for (const v1::AlertUpdate& update : message->updates()) ++told[i][update.alert().id()];
      if (!message->cursor().empty()) break;
    }
  }
  stop = true;
  publisher.join();
  for (size_t i = 0; i < watchers.size(); ++i) {
    while (told[i].size() < static_cast<size_t>(published)) {
      const std::vector<v1::AlertUpdate> next = watchers[i]->Next(1);
      ASSERT_EQ(next.size(), 1u) << "watcher " << i << " has " << told[i].size();
      ++told[i][next[0].alert().id()];
    }
    for (const auto& [id, times] : told[i]) EXPECT_EQ(times, 1) << id << " to watcher " << i;
  }
}

TEST_F(SnapshotTest, ASubscriptionHasNoSnapshot) {
  const auto subscriptions = v1::SubscriptionService::NewStub(server_.channel());
  v1::CreateSubscriptionRequest request;
  request.mutable_subscription()->set_name("night");
  request.set_start_from(v1::START_FROM_SNAPSHOT);
  v1::CreateSubscriptionResponse response;
  EXPECT_THAT(ViolationsOf(subscriptions->CreateSubscription(Context(kMonitorToken).get(), request,
                                                             &response)),
              ElementsAre("start_from"));
}

}  // namespace
}  // namespace supervision::testing
