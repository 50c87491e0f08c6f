#include "services/rpc/write_order.h"

#include <atomic>
#include <thread>
#include <vector>

#include "gtest/gtest.h"

namespace supervision::rpc {
namespace {

using Finish = WriteOrder::Finish;

TEST(WriteOrderTest, FinishesAtOnceWhileNothingIsWritten) {
  WriteOrder order;
  EXPECT_EQ(order.RequestFinish(absl::OkStatus()), Finish::kNow);
}

TEST(WriteOrderTest, WhoStartsAReadFinishesWhatWasAskedForMeanwhile) {
  WriteOrder order;
  ASSERT_TRUE(order.BeginRead());
  EXPECT_EQ(order.RequestFinish(absl::AbortedError("x")), Finish::kSoon);
  const std::optional<absl::Status> finish = order.ReadStarted();
  ASSERT_TRUE(finish.has_value());
  EXPECT_EQ(finish->code(), absl::StatusCode::kAborted);
  EXPECT_FALSE(order.BeginRead());
}

TEST(WriteOrderTest, AWriteAndAStartingReadAreBothWaitedForAndOneOfThemFinishes) {
  WriteOrder order;
  order.BeginWrite();
  ASSERT_TRUE(order.BeginRead());
  EXPECT_EQ(order.RequestFinish(absl::OkStatus()), Finish::kLater);
  EXPECT_FALSE(order.EndWrite().finish.has_value());
  EXPECT_TRUE(order.ReadStarted().has_value());
  WriteOrder other;
  other.BeginWrite();
  ASSERT_TRUE(other.BeginRead());
  EXPECT_EQ(other.RequestFinish(absl::OkStatus()), Finish::kLater);
  EXPECT_FALSE(other.ReadStarted().has_value());
  EXPECT_TRUE(other.EndWrite().finish.has_value());
}

TEST(WriteOrderTest, FinishesOnce) {
  WriteOrder order;
  EXPECT_EQ(order.RequestFinish(absl::OkStatus()), Finish::kNow);
  EXPECT_EQ(order.RequestFinish(absl::CancelledError()), Finish::kNever);
}

TEST(WriteOrderTest, TellsOfAWriteThatIsDone) {
  WriteOrder order;
  order.BeginWrite();
  const WriteOrder::Written written = order.EndWrite();
  EXPECT_TRUE(written.tell);
  EXPECT_FALSE(written.finish.has_value());
}

TEST(WriteOrderTest, AnEndWaitsForTheWriteUnderWayAndNobodyIsTold) {
  WriteOrder order;
  order.BeginWrite();
  EXPECT_EQ(order.RequestFinish(absl::OutOfRangeError("x")), Finish::kLater);
  const WriteOrder::Written written = order.EndWrite();
  EXPECT_FALSE(written.tell);
  ASSERT_TRUE(written.finish.has_value());
  EXPECT_EQ(written.finish->code(), absl::StatusCode::kOutOfRange);
  EXPECT_FALSE(order.EndWrite().finish.has_value());
}

TEST(WriteOrderTest, ACancelIsToldOnceAndSilencesWrites) {
  WriteOrder order;
  order.BeginWrite();
  EXPECT_TRUE(order.Cancel());
  EXPECT_FALSE(order.Cancel());
  EXPECT_FALSE(order.EndWrite().tell);
}

TEST(WriteOrderTest, ACancelAfterTheEndIsNotTold) {
  WriteOrder order;
  EXPECT_EQ(order.RequestFinish(absl::OkStatus()), Finish::kNow);
  EXPECT_FALSE(order.Cancel());
}

// Write, cancel and end from three threads, many times: one finish, and none beside a write.
TEST(WriteOrderTest, FinishesExactlyOnceUnderEveryInterleaving) {
  for (int round = 0; round < 2000; ++round) {
    WriteOrder order;
    std::atomic<int> finished{0};
    std::atomic<bool> writing{false};
    const auto finish = [&] {
      EXPECT_FALSE(writing.load());
      finished.fetch_add(1);
    };
    std::thread writer([&] {
      for (int i = 0; i < 5; ++i) {
        order.BeginWrite();
        writing = true;
        writing = false;
        const WriteOrder::Written written = order.EndWrite();
        if (written.finish.has_value()) finish();
        if (!written.tell) return;
      }
    });
    std::thread ender([&] {
      if (order.RequestFinish(absl::OkStatus()) == Finish::kNow) finished.fetch_add(1);
    });
    std::thread canceller([&] {
      if (order.Cancel() && order.RequestFinish(absl::CancelledError()) == Finish::kNow) {
        finished.fetch_add(1);
      }
    });
    writer.join();
    ender.join();
    canceller.join();
    ASSERT_EQ(finished.load(), 1);
  }
}

}  // namespace
}  // namespace supervision::rpc
