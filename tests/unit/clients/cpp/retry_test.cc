#include "clients/cpp/retry.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace supervision::client {
namespace {

Error MakeError(absl::StatusCode code, const std::string& reason = "",
                std::optional<absl::Duration> retry_after = std::nullopt) {
  Error error;
  error.code = code;
  error.reason = reason;
  error.retry_after = retry_after;
  return error;
}

TEST(RetryTest, RepeatsOnlyWhatMaySucceed) {
  const struct {
    const char* name;
    Error error;
    bool call;
    bool stream;
  } kRows[] = {
      {"not reachable", MakeError(absl::StatusCode::kUnavailable), true, true},
      {"deadline, so unknown", MakeError(absl::StatusCode::kDeadlineExceeded), true, true},
      {"overloaded, come back",
       MakeError(absl::StatusCode::kResourceExhausted, "OVERLOADED", absl::Seconds(1)), true, true},
      {"exhausted without a delay", MakeError(absl::StatusCode::kResourceExhausted), false, false},
      {"bad input", MakeError(absl::StatusCode::kInvalidArgument, "INVALID_REQUEST"), false, false},
      {"exists", MakeError(absl::StatusCode::kAlreadyExists), false, false},
      {"moved", MakeError(absl::StatusCode::kAborted), false, false},
      {"history gone", MakeError(absl::StatusCode::kOutOfRange, "CURSOR_TRIMMED"), false, false},
      {"no permission", MakeError(absl::StatusCode::kPermissionDenied), false, false},
      {"stream reset", MakeError(absl::StatusCode::kInternal), false, true},
      {"met a server that shuts down", MakeError(absl::StatusCode::kCancelled), true, true},
      {"cancelled by the service", MakeError(absl::StatusCode::kCancelled, "SOME_REASON"), false,
       false},
      {"the service itself failed", MakeError(absl::StatusCode::kInternal, "INTERNAL"), false,
       false},
  };
  for (const auto& row : kRows) {
    EXPECT_EQ(IsTransient(row.error), row.call) << row.name;
    EXPECT_EQ(IsTransientForStream(row.error), row.stream) << row.name;
  }
}

TEST(RetryTest, WaitsAtLeastAsLongAsTheServiceAsks) {
  base::Backoff backoff({absl::Milliseconds(100), absl::Seconds(1)}, 7);
  const Error error = MakeError(absl::StatusCode::kUnavailable, "DRAINING", absl::Seconds(3));
  for (int i = 0; i < 20; ++i) {
    const absl::Duration delay = DelayAfter(error, backoff);
    EXPECT_GE(delay, absl::Seconds(3));
    EXPECT_LE(delay, absl::Seconds(4));
  }
}

constexpr absl::Duration kNoLimit = absl::InfiniteDuration();

TEST(RetryBudgetTest, LetsABurstPassAndSpreadsTheRest) {
  RetryBudget budget(10, 5);
  const absl::Time now = absl::UnixEpoch();
  for (int i = 0; i < 5; ++i) EXPECT_EQ(budget.Take(now, kNoLimit), absl::ZeroDuration());
  EXPECT_EQ(budget.Take(now, kNoLimit), absl::Milliseconds(100));
  EXPECT_EQ(budget.Take(now, kNoLimit), absl::Milliseconds(200));
}

TEST(RetryBudgetTest, RefillsWithTime) {
  RetryBudget budget(10, 5);
  const absl::Time now = absl::UnixEpoch();
  for (int i = 0; i < 5; ++i) budget.Take(now, kNoLimit);
  const absl::Time later = now + absl::Milliseconds(200);
  EXPECT_EQ(budget.Take(later, kNoLimit), absl::ZeroDuration());
  EXPECT_EQ(budget.Take(later, kNoLimit), absl::ZeroDuration());
  EXPECT_EQ(budget.Take(later, kNoLimit), absl::Milliseconds(100));
}

TEST(RetryBudgetTest, WhatWouldComeTooLateTakesNothing) {
  RetryBudget budget(10, 5);
  const absl::Time now = absl::UnixEpoch();
  for (int i = 0; i < 5; ++i) budget.Take(now, kNoLimit);
  EXPECT_EQ(budget.Take(now, absl::Milliseconds(100)), std::nullopt);
  EXPECT_EQ(budget.Take(now, absl::Milliseconds(101)), absl::Milliseconds(100));
}

}  // namespace
}  // namespace supervision::client
