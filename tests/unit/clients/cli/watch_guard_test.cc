#include "clients/cli/watch_guard.h"

#include <gtest/gtest.h>

namespace supervision::cli {
namespace {

constexpr absl::Duration kIdle = absl::Seconds(3);

class WatchGuardTest : public ::testing::Test {
 protected:
  base::FakeClock clock_{absl::FromUnixSeconds(1'700'000'000)};
  WatchGuard guard_{kIdle, [] {}, &clock_};
};

TEST_F(WatchGuardTest, IdlenessCountsFromTheFirstMessage) {
  clock_.Advance(2 * kIdle);
  EXPECT_FALSE(guard_.Idle());
  guard_.Connected();
  EXPECT_FALSE(guard_.Idle());
  clock_.Advance(kIdle);
  guard_.Connected();
  EXPECT_TRUE(guard_.Idle());
}

TEST_F(WatchGuardTest, WhileSomethingIsToldNothingIsIdleAndItCountsAnewAfterwards) {
  guard_.Connected();
  {
    const WatchGuard::Telling slow(&guard_);
    { const WatchGuard::Telling quick(&guard_); }
    clock_.Advance(2 * kIdle);
    EXPECT_FALSE(guard_.Idle());
  }
  EXPECT_FALSE(guard_.Idle());
  clock_.Advance(kIdle);
  EXPECT_TRUE(guard_.Idle());
}

TEST_F(WatchGuardTest, WithoutALimitNothingIsIdle) {
  WatchGuard guard(
      absl::ZeroDuration(), [] {}, &clock_);
  guard.Connected();
  clock_.Advance(absl::Hours(1));
  EXPECT_FALSE(guard.Idle());
}

}  // namespace
}  // namespace supervision::cli
