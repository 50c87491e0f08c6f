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
  EXPECT_FALSE(order.Broken().has_value());
  EXPECT_FALSE(order.EndWrite().finish.has_value());
  EXPECT_TRUE(order.ReadStarted().has_value());
  WriteOrder other;
  other.BeginWrite();
  ASSERT_TRUE(other.BeginRead());
  EXPECT_EQ(other.RequestFinish(absl::OkStatus()), Finish::kLater);
  EXPECT_FALSE(other.Broken().has_value());
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
  EXPECT_FALSE(order.Broken().has_value());
  const WriteOrder::Written written = order.EndWrite();
  EXPECT_FALSE(written.tell);
  ASSERT_TRUE(written.finish.has_value());
  EXPECT_EQ(written.finish->code(), absl::StatusCode::kOutOfRange);
  EXPECT_FALSE(order.EndWrite().finish.has_value());
}

// The write may be done at that very moment: who finished then would have the stream deleted under
// the hand of whoever breaks it.
TEST(WriteOrderTest, AnEndWaitsUntilTheStreamHasBeenBroken) {
  WriteOrder order;
  order.BeginWrite();
  ASSERT_EQ(order.RequestFinish(absl::OutOfRangeError("x")), Finish::kLater);
  EXPECT_FALSE(order.EndWrite().finish.has_value());
  const std::optional<absl::Status> finish = order.Broken();
  ASSERT_TRUE(finish.has_value());
  EXPECT_EQ(finish->code(), absl::StatusCode::kOutOfRange);
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
    const auto end = [&](const absl::Status& status) {
      switch (order.RequestFinish(status)) {
        case Finish::kNow:
          finished.fetch_add(1);
          return;
        case Finish::kLater:
          EXPECT_EQ(finished.load(), 0) << "the stream that is being broken is gone";
          if (order.Broken().has_value()) finish();
          return;
        case Finish::kSoon:
        case Finish::kNever:
          return;
      }
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
    std::thread ender([&] { end(absl::OkStatus()); });
    std::thread canceller([&] {
      if (order.Cancel()) end(absl::CancelledError());
    });
    writer.join();
    ender.join();
    canceller.join();
    ASSERT_EQ(finished.load(), 1);
  }
}

}  // namespace
}  // namespace supervision::rpc
