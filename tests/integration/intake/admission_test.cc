// What intake lets in before a request is even parsed. Needs no ledger.
#include <thread>
#include <vector>

#include "tests/integration/intake/intake_fixture.h"

namespace supervision::intake {
namespace {

using testing::FailsWith;
using testing::MetricOf;
using testing::TestIntake;

Intake::Options Limits(size_t clues, size_t bytes) {
  Intake::Options options;
  options.max_concurrent = clues;
  options.max_bytes = bytes;
  options.retry_delay = absl::Milliseconds(700);
  return options;
}

TEST(AdmissionTest, RefusesWhatIsBeyondTheCountUntilRoomIsGivenBack) {
  TestIntake intake(nullptr, Limits(2, 1000));
  auto first = intake->Admit(1);
  auto second = intake->Admit(1);
  ASSERT_TRUE(first.ok() && second.ok());
  const auto refused = intake->Admit(1);
  ASSERT_THAT(refused, FailsWith(domain::Reason::kOverloaded));
  EXPECT_EQ(domain::DetailOf(refused.status())->retry_after, absl::Milliseconds(700));
  first->reset();
  EXPECT_TRUE(intake->Admit(1).ok());
}

TEST(AdmissionTest, CountsTheCluesOfABatch) {
  TestIntake intake(nullptr, Limits(10, 1000));
  const auto batch = intake->Admit(10, 8);
  ASSERT_TRUE(batch.ok());
  EXPECT_THAT(intake->Admit(10, 3), FailsWith(domain::Reason::kOverloaded));
  EXPECT_TRUE(intake->Admit(10, 2).ok());
}

TEST(AdmissionTest, RefusesWhatIsBeyondTheBytes) {
  TestIntake intake(nullptr, Limits(100, 1000));
  auto first = intake->Admit(600);
  ASSERT_TRUE(first.ok());
  EXPECT_THAT(intake->Admit(401), FailsWith(domain::Reason::kOverloaded));
  EXPECT_TRUE(intake->Admit(400).ok());
  EXPECT_EQ(
      MetricOf(intake.registry(), "supervision_intake_refused_total", {{"limit", "max_bytes"}}), 1);
}

TEST(AdmissionTest, RequestLargerThanTheLimitGetsInAlone) {
  TestIntake intake(nullptr, Limits(4, 1000));
  {
    const auto alone = intake->Admit(5000, 500);
    ASSERT_TRUE(alone.ok());
    EXPECT_THAT(intake->Admit(1), FailsWith(domain::Reason::kOverloaded));
  }
  EXPECT_TRUE(intake->Admit(1).ok());
}

TEST(AdmissionTest, MetricsFollowWhatIsUnderWay) {
  TestIntake intake(nullptr, Limits(100, 1000));
  const auto under_way = [&](const std::string& unit) {
    return MetricOf(intake.registry(), "supervision_intake_under_way_" + unit, {});
  };
  auto ticket = intake->Admit(30, 4);
  EXPECT_EQ(under_way("clues"), 4);
  EXPECT_EQ(under_way("bytes"), 30);
  ticket->reset();
  EXPECT_EQ(under_way("clues"), 0);
  EXPECT_EQ(under_way("bytes"), 0);
}

TEST(AdmissionTest, TicketMayOutliveTheIntake) {
  TestIntake intake(nullptr, Limits(2, 1000));
  auto ticket = intake->Admit(1);
  intake.Destroy();
  ticket->reset();
  EXPECT_EQ(MetricOf(intake.registry(), "supervision_intake_under_way_clues", {}), 0);
}

TEST(AdmissionTest, ManyThreadsNeverExceedTheLimitAndLeaveNothingBehind) {
  constexpr size_t kLimit = 3;
  TestIntake intake(nullptr, Limits(kLimit, 1000));
  std::atomic<size_t> inside = 0;
  std::atomic<size_t> most = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 500; ++i) {
        auto ticket = intake->Admit(1);
        if (!ticket.ok()) continue;
        const size_t now = ++inside;
        size_t seen = most;
        while (now > seen && !most.compare_exchange_weak(seen, now)) {
        }
        --inside;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_LE(most, kLimit);
  EXPECT_EQ(MetricOf(intake.registry(), "supervision_intake_under_way_clues", {}), 0);
}

}  // namespace
}  // namespace supervision::intake
