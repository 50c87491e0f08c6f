#include "clients/cpp/retry_schedule.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "tests/unit/clients/cpp/fake_service.h"

namespace supervision::client {
namespace {

const absl::Status kAway = absl::UnavailableError("away");

class RetryScheduleTest : public ::testing::Test {
 protected:
  RetrySchedule Make(uint64_t seed = 1) {
    return {options_, options_.timeout, &budget_, &clock_, seed};
  }
  // The delays of a call that fails in the same way until it is over; each attempt takes `attempt`.
  std::vector<absl::Duration> Delays(RetrySchedule schedule, const absl::Status& failure,
                                     absl::Duration attempt) {
    std::vector<absl::Duration> delays;
    while (true) {
      clock_.Advance(attempt);
      const auto delay = schedule.After(failure);
      if (!delay.has_value()) return delays;
      delays.push_back(*delay);
      clock_.Advance(*delay);
    }
  }

  RetryOptions options_;
  RetryBudget budget_{1000, 1000};
  base::FakeClock clock_{absl::UnixEpoch()};
};

TEST_F(RetryScheduleTest, TriesUntilTheTimeOfTheCallIsOverAndNotLonger) {
  const absl::Time begin = clock_.Now();
  const auto delays = Delays(Make(), kAway, absl::Milliseconds(10));
  EXPECT_GE(delays.size(), 10u);
  EXPECT_LE(clock_.Now() - begin, options_.timeout);
  EXPECT_GE(clock_.Now() - begin, options_.timeout - options_.backoff.maximum);
}

TEST_F(RetryScheduleTest, DelaysAreDrawnFromTheWholeOfARangeThatGrowsToItsLimit) {
  options_.timeout = absl::InfiniteDuration();
  std::vector<absl::Duration> longest(8);
  std::vector<absl::Duration> shortest(8, absl::InfiniteDuration());
  for (uint64_t seed = 0; seed < 300; ++seed) {
    RetrySchedule schedule = Make(seed);
    for (size_t i = 0; i < longest.size(); ++i) {
      const absl::Duration delay = *schedule.After(kAway);
      longest[i] = std::max(longest[i], delay);
      shortest[i] = std::min(shortest[i], delay);
      clock_.Advance(absl::Hours(1));
    }
  }
  absl::Duration range = options_.backoff.initial;
  for (size_t i = 0; i < longest.size(); ++i) {
    EXPECT_LE(longest[i], range) << i;
    EXPECT_GE(longest[i], range * 0.9) << i;
    EXPECT_LE(shortest[i], range * 0.1) << i;
    range = std::min(range * 2, options_.backoff.maximum);
  }
}

TEST_F(RetryScheduleTest, RetryInfoIsALeastDelayThatJitterComesOnTopOf) {
  const absl::Status asked = ToAbslStatus(
      MakeRpcStatus(absl::StatusCode::kResourceExhausted, "OVERLOADED", absl::Seconds(7)));
  for (uint64_t seed = 0; seed < 20; ++seed) {
    const auto delay = Make(seed).After(asked);
    ASSERT_TRUE(delay.has_value());
    EXPECT_GE(*delay, absl::Seconds(7));
    EXPECT_LE(*delay, absl::Seconds(7) + options_.backoff.initial);
  }
}

TEST_F(RetryScheduleTest, DoesNotWaitForATimeThatIsBeyondTheCall) {
  const absl::Status asked =
      ToAbslStatus(MakeRpcStatus(absl::StatusCode::kUnavailable, "DRAINING", options_.timeout));
  EXPECT_FALSE(Make().After(asked).has_value());
}

TEST_F(RetryScheduleTest, RepeatsOnlyWhatIsSafeAndMayHelp) {
  EXPECT_TRUE(Make().After(kAway).has_value());
  EXPECT_TRUE(Make().After(absl::DeadlineExceededError("")).has_value());
  for (const absl::Status& failure :
       {absl::InvalidArgumentError(""), absl::AlreadyExistsError(""), absl::AbortedError(""),
        absl::PermissionDeniedError(""), absl::UnauthenticatedError(""), absl::InternalError(""),
        absl::ResourceExhaustedError(""), absl::FailedPreconditionError(""),
        absl::OutOfRangeError(""), absl::UnimplementedError("")}) {
    EXPECT_FALSE(Make().After(failure).has_value()) << failure;
  }
}

TEST_F(RetryScheduleTest, AnAttemptEndsWithItsOwnTimeOrWithThatOfTheCall) {
  RetrySchedule schedule = Make();
  EXPECT_EQ(schedule.AttemptTime(), options_.attempt_timeout);
  clock_.Advance(options_.timeout - absl::Seconds(1));
  EXPECT_EQ(schedule.AttemptTime(), absl::Seconds(1));
}

TEST_F(RetryScheduleTest, CallsThatAreGivenUpInAnOutageCostThoseAfterItNothing) {
  RetryBudget budget(20, 20);
  int given_up = 0;
  for (uint64_t seed = 0; seed < 10'000; ++seed) {
    RetrySchedule schedule(options_, options_.timeout, &budget, &clock_, seed);
    if (!schedule.After(kAway).has_value()) ++given_up;
  }
  EXPECT_GT(given_up, 8000);
  clock_.Advance(2 * options_.timeout);
  RetrySchedule schedule(options_, options_.timeout, &budget, &clock_, 1);
  const auto delay = schedule.After(kAway);
  ASSERT_TRUE(delay.has_value());
  EXPECT_LT(*delay, absl::Seconds(1));
}

TEST_F(RetryScheduleTest, AllCallsTogetherRepeatNoMoreOftenThanTheBudget) {
  options_.timeout = absl::Hours(1);
  constexpr double kPerSecond = 20;
  constexpr int kBurst = 20;
  RetryBudget budget(kPerSecond, kBurst);
  // A thousand calls that fail in one moment: when is each of them repeated?
  std::vector<absl::Duration> due;
  for (uint64_t seed = 0; seed < 1000; ++seed) {
    RetrySchedule schedule(options_, options_.timeout, &budget, &clock_, seed);
    due.push_back(*schedule.After(kAway));
  }
  std::sort(due.begin(), due.end());
  for (size_t i = kBurst; i < due.size(); ++i) {
    const double least = static_cast<double>(i + 1 - kBurst) / kPerSecond;
    EXPECT_GE(due[i], absl::Seconds(least) - absl::Milliseconds(1)) << i;
  }
}

}  // namespace
}  // namespace supervision::client
