#include "services/alerting/turns.h"

#include <memory>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/alerting/fake_log.h"
#include "tests/unit/alerting/fake_scheduler.h"

namespace supervision::alerting {
namespace {

using ::testing::ElementsAre;

constexpr absl::Duration kTick = absl::Microseconds(100);

class TurnsTest : public ::testing::Test {
 protected:
  // Takes so long, and notes its number.
  void Post(int number, absl::Duration work) {
    turns_->Post([this, number, work] {
      done_.push_back(number);
      scheduler_.Pass(work);
    });
  }

  FakeScheduler scheduler_;
  FakeLog log_{&scheduler_, 1};
  const std::shared_ptr<Turns> turns_ = std::make_shared<Turns>(
      std::shared_ptr<LogSource>(std::shared_ptr<void>(), &log_),
      std::shared_ptr<Scheduler>(std::shared_ptr<void>(), &scheduler_),
      Turns::Options{.spell = absl::Milliseconds(1), .rest_for_each = 1.0 / 8, .most_rest = 3});
  std::vector<int> done_;
};

TEST_F(TurnsTest, RunsNothingInsidePost) {
  Post(1, absl::ZeroDuration());
  EXPECT_THAT(done_, ElementsAre());
  scheduler_.RunUntilIdle();
  EXPECT_THAT(done_, ElementsAre(1));
}

TEST_F(TurnsTest, WhileManyWaitASpellIsFollowedByALongRest) {
  for (int i = 1; i <= 100; ++i) Post(i, absl::Microseconds(500));
  scheduler_.RunUntilIdle();
  EXPECT_EQ(done_.size(), 2u);
  scheduler_.Advance(absl::Milliseconds(3) - kTick);
  EXPECT_EQ(done_.size(), 2u);
  scheduler_.Advance(kTick);
  EXPECT_EQ(done_.size(), 4u);
}

TEST_F(TurnsTest, WhileFewWaitTheRestIsShorter) {
  for (int i = 1; i <= 9; ++i) Post(i, absl::Milliseconds(1));
  scheduler_.RunUntilIdle();
  EXPECT_EQ(done_.size(), 1u);
  scheduler_.Advance(absl::Milliseconds(1) - kTick);
  EXPECT_EQ(done_.size(), 1u);
  scheduler_.Advance(kTick);
  EXPECT_GT(done_.size(), 1u);
}

TEST_F(TurnsTest, ATaskThatTookLongIsFollowedByALongRest) {
  for (int i = 1; i <= 100; ++i) Post(i, absl::Milliseconds(20));
  scheduler_.Advance(absl::Milliseconds(60) - kTick);
  EXPECT_EQ(done_.size(), 1u);
  scheduler_.Advance(kTick);
  EXPECT_EQ(done_.size(), 2u);
}

TEST_F(TurnsTest, WhatIsPostedDuringARestWaitsForItsEnd) {
  for (int i = 1; i <= 9; ++i) Post(i, absl::Milliseconds(1));
  scheduler_.RunUntilIdle();
  Post(10, absl::ZeroDuration());
  scheduler_.RunUntilIdle();
  EXPECT_EQ(done_.size(), 1u);
}

TEST_F(TurnsTest, OneAloneNeverRests) {
  for (int i = 1; i <= 50; ++i) {
    Post(i, absl::Milliseconds(5));
    scheduler_.RunUntilIdle();
    EXPECT_EQ(done_.size(), static_cast<size_t>(i));
  }
}

TEST_F(TurnsTest, ShortRestsAreTakenTogether) {
  for (int i = 1; i <= 20; ++i) Post(i, absl::Microseconds(1000 / 8));
  scheduler_.RunUntilIdle();
  // After eight of them twelve wait: a rest of a spell and a half.
  EXPECT_EQ(done_.size(), 8u);
  scheduler_.Advance(absl::Microseconds(1500));
  // After sixteen four wait: half a spell is owed, and the last four go on at once.
  EXPECT_EQ(done_.size(), 20u);
}

}  // namespace
}  // namespace supervision::alerting
