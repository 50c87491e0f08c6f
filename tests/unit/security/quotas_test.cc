#include "services/security/quotas.h"

#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "services/domain/error.h"

namespace supervision::security {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1'790'000'000);

Principal Of(std::string id, Quota quota = {}) {
  Principal principal;
  principal.id = std::move(id);
  principal.partner = "p-" + principal.id;
  principal.quota = quota;
  return principal;
}

// What a refusal says: the quota's name and its limit.
std::string SaidBy(const absl::Status& status) {
  const auto detail = domain::DetailOf(status);
  if (!detail.has_value() || detail->reason != domain::Reason::kQuotaExceeded) return "no refusal";
  std::string said;
  for (const auto& [name, value] : detail->metadata) said += name + "=" + value + " ";
  return said;
}

TEST(QuotasTest, CallsUnderWayAreBoundedAndGivenBack) {
  Quotas quotas({.standard = {.concurrent_calls = 2}});
  auto first = quotas.Enter(Of("a"), false, kNow);
  const auto second = quotas.Enter(Of("a"), false, kNow);
  ASSERT_TRUE(first.ok() && second.ok());
  const auto third = quotas.Enter(Of("a"), false, kNow);
  EXPECT_EQ(SaidBy(third.status()), "quota=concurrent_calls limit=2 ");
  EXPECT_EQ(domain::DetailOf(third.status())->retry_after, absl::Milliseconds(500));
  first->reset();
  EXPECT_TRUE(quotas.Enter(Of("a"), false, kNow).ok());
}

TEST(QuotasTest, AClockThatIsSetBackKeepsNobodyOut) {
  Quotas quotas({.standard = {.calls_per_second = 10}});
  while (quotas.Enter(Of("a"), false, kNow).ok()) {
  }
  const absl::Time back = kNow - absl::Hours(1);
  EXPECT_FALSE(quotas.Enter(Of("a"), false, back).ok()) << "nothing is given for the step";
  EXPECT_TRUE(quotas.Enter(Of("a"), false, back + absl::Seconds(1)).ok());
}

TEST(QuotasTest, OnePrincipalsUseIsNothingToAnother) {
  Quotas quotas({.standard = {.calls_per_second = 1, .concurrent_calls = 1, .streams = 1}});
  const auto call = quotas.Enter(Of("a"), false, kNow);
  EXPECT_FALSE(quotas.Enter(Of("a"), false, kNow).ok());
  EXPECT_TRUE(quotas.Enter(Of("b"), false, kNow).ok());
}

TEST(QuotasTest, StreamsAndCallsAreCountedApart) {
  Quotas quotas({.standard = {.concurrent_calls = 1, .streams = 1}});
  const auto call = quotas.Enter(Of("a"), false, kNow);
  const auto stream = quotas.Enter(Of("a"), true, kNow);
  ASSERT_TRUE(call.ok() && stream.ok());
  EXPECT_EQ(SaidBy(quotas.Enter(Of("a"), true, kNow).status()), "quota=streams limit=1 ");
}

TEST(QuotasTest, WhoIsRefusedIsToldWhenTheNextCallIsFree) {
  Quotas quotas({.standard = {.calls_per_second = 10}});
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(quotas.Enter(Of("a"), false, kNow).ok()) << i;
  const absl::Status refused = quotas.Enter(Of("a"), false, kNow).status();
  EXPECT_EQ(SaidBy(refused), "quota=calls_per_second limit=10 ");
  const absl::Duration wait = *domain::DetailOf(refused)->retry_after;
  EXPECT_EQ(wait, absl::Milliseconds(100));
  EXPECT_TRUE(quotas.Enter(Of("a"), false, kNow + wait).ok());
  EXPECT_FALSE(quotas.Enter(Of("a"), false, kNow + wait).ok());
}

// How many calls are taken at `now`, of 2,000.
int TakenAtOnce(Quotas* quotas, absl::Time now) {
  int taken = 0;
  for (int i = 0; i < 2'000; ++i) taken += quotas->Enter(Of("a"), false, now).ok() ? 1 : 0;
  return taken;
}

TEST(QuotasTest, OfAHighRateAQuarterSecondsCallsMayComeAtOnce) {
  Quotas quotas({.standard = {.calls_per_second = 1'000}});
  EXPECT_EQ(TakenAtOnce(&quotas, kNow), 250);
  EXPECT_EQ(TakenAtOnce(&quotas, kNow + absl::Milliseconds(100)), 100);
  EXPECT_EQ(TakenAtOnce(&quotas, kNow + absl::Hours(1)), 250) << "an hour is worth no more";
}

TEST(QuotasTest, FiftyCallsMayComeAtOnceWhereTheRateIsNotLower) {
  for (const auto& [per_second, at_once] :
       {std::pair{1, 1}, {20, 20}, {50, 50}, {100, 50}, {200, 50}, {400, 100}}) {
    Quotas quotas({.standard = {.calls_per_second = per_second}});
    EXPECT_EQ(TakenAtOnce(&quotas, kNow), at_once) << per_second << " a second";
  }
}

TEST(QuotasTest, OverASecondTheWholeRateIsTaken) {
  Quotas quotas({.standard = {.calls_per_second = 1'000}});
  TakenAtOnce(&quotas, kNow);
  int taken = 0;
  for (int step = 1; step <= 10; ++step) {
    taken += TakenAtOnce(&quotas, kNow + step * absl::Milliseconds(100));
  }
  EXPECT_EQ(taken, 1'000);
}

TEST(QuotasTest, WhatIsRefusedUsesNothingUp) {
  Quotas quotas({.standard = {.calls_per_second = 2, .concurrent_calls = 1}});
  auto call = quotas.Enter(Of("a"), false, kNow);
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(quotas.Enter(Of("a"), false, kNow).ok());
  call->reset();
  EXPECT_TRUE(quotas.Enter(Of("a"), false, kNow).ok()) << "the second call of this second";
  const absl::Status spent = quotas.Enter(Of("a"), false, kNow).status();
  EXPECT_EQ(SaidBy(spent), "quota=calls_per_second limit=2 ");
  EXPECT_TRUE(quotas.Enter(Of("a"), false, kNow + absl::Seconds(1)).ok()) << "nothing is held";
}

TEST(QuotasTest, AQuietHourIsWorthOneSecond) {
  Quotas quotas({.standard = {.calls_per_second = 3}});
  ASSERT_TRUE(quotas.Enter(Of("a"), false, kNow).ok());
  const absl::Time later = kNow + absl::Hours(1);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(quotas.Enter(Of("a"), false, later).ok()) << i;
  EXPECT_FALSE(quotas.Enter(Of("a"), false, later).ok());
}

TEST(QuotasTest, ABatchIsTakenWholeAndWhatFollowsWaitsForIt) {
  Quotas quotas({.standard = {.calls_per_second = 10}});
  {
    const auto batch = quotas.Enter(Of("a"), false, kNow);
    ASSERT_TRUE(batch.ok());
    (*batch)->Owe(29);
  }
  const absl::Status refused = quotas.Enter(Of("a"), false, kNow).status();
  EXPECT_EQ(domain::DetailOf(refused)->retry_after, absl::Milliseconds(2100));
}

TEST(QuotasTest, AStreamsMessagesAreCallsOfTheirSecond) {
  Quotas quotas({.standard = {.calls_per_second = 2}});
  const auto stream = quotas.Enter(Of("a"), true, kNow);
  EXPECT_TRUE((*stream)->Spend(kNow).ok());
  EXPECT_FALSE((*stream)->Spend(kNow).ok());
  EXPECT_TRUE((*stream)->Spend(kNow + absl::Milliseconds(500)).ok());
}

TEST(QuotasTest, BytesUnderWayAreBoundedAndOneLargerRequestHasItsTurn) {
  Quotas quotas({.standard = {.request_bytes = 100}});
  const auto call = quotas.Enter(Of("a"), false, kNow);
  auto large = (*call)->Take(500, kNow);
  ASSERT_TRUE(large.ok());
  EXPECT_EQ(SaidBy((*call)->Take(1, kNow).status()), "quota=request_bytes limit=100 ");
  large->reset();
  const auto half = (*call)->Take(60, kNow);
  EXPECT_TRUE(half.ok());
  EXPECT_FALSE((*call)->Take(60, kNow).ok());
  EXPECT_TRUE((*call)->Take(40, kNow).ok());
}

TEST(QuotasTest, APrincipalsOwnQuotaStandsBeforeTheStandard) {
  Quotas quotas({.standard = {.concurrent_calls = 1, .streams = 1}});
  const Principal own = Of("a", {.concurrent_calls = 2});
  const auto first = quotas.Enter(own, false, kNow);
  const auto second = quotas.Enter(own, false, kNow);
  EXPECT_TRUE(first.ok() && second.ok());
  const auto stream = quotas.Enter(own, true, kNow);
  EXPECT_FALSE(quotas.Enter(own, true, kNow).ok()) << "what it does not say is the standard";
}

TEST(QuotasTest, WithoutALimitNothingIsRefused) {
  Quotas quotas({});
  std::vector<std::shared_ptr<Quotas::Share>> held;
  for (int i = 0; i < 10'000; ++i) held.push_back(*quotas.Enter(Of("a"), i % 2 == 0, kNow));
  EXPECT_TRUE(held.back()->Take(size_t{1} << 40, kNow).ok());
}

TEST(QuotasTest, WhatWasUsedWithoutALimitIsNotOwedToALaterOne) {
  Quotas quotas({});
  for (const int64_t limit : {2, 0, 2}) {  // set, taken away, and set again by reloads
    const auto call = quotas.Enter(Of("a", {.calls_per_second = limit}), false,
                                   kNow + absl::Seconds(limit == 0 ? 1 : 2));
    EXPECT_TRUE(call.ok()) << limit;
    if (limit == 0) (*call)->Owe(1'000);
  }
}

TEST(QuotasTest, WhatIsHeldMayOutliveTheQuotas) {
  std::shared_ptr<Quotas::Share> held;
  {
    Quotas quotas({.standard = {.concurrent_calls = 1}});
    held = *quotas.Enter(Of("a"), false, kNow);
  }
  EXPECT_TRUE(held->Spend(kNow).ok());
}

TEST(QuotasTest, EachRefusalIsHeardAndOneAMinuteIsTheFirst) {
  std::vector<std::string> heard;
  Quotas quotas(
      {.standard = {.concurrent_calls = 1}, .on_refusal = [&heard](const Quotas::Refusal& refusal) {
         heard.push_back(std::string(refusal.principal) + " " + std::string(refusal.partner) + " " +
                         std::string(NameOf(refusal.kind)) + (refusal.first ? " first" : ""));
       }});
  const auto call = quotas.Enter(Of("a"), false, kNow);
  for (const int seconds : {0, 1, 59, 60, 61}) {
    EXPECT_FALSE(quotas.Enter(Of("a"), false, kNow + absl::Seconds(seconds)).ok());
  }
  EXPECT_EQ(heard,
            (std::vector<std::string>{"a p-a concurrent_calls first", "a p-a concurrent_calls",
                                      "a p-a concurrent_calls", "a p-a concurrent_calls first",
                                      "a p-a concurrent_calls"}));
}

}  // namespace
}  // namespace supervision::security
