// Callers with little time beside others on the same connection.
#include "tests/integration/ledger/ledger_fixture.h"

namespace supervision::ledger {
namespace {

using testing::ExampleSubmission;
using testing::OptionsFor;
using testing::TestLedger;

std::future<absl::StatusOr<ClueRecord>> GetLater(TestLedger& ledger, const std::string& clue_id,
                                                 absl::Duration timeout) {
  std::future<absl::StatusOr<ClueRecord>> answer;
  ledger->GetClue(clue_id, {}, timeout, testing::Into(&answer));
  return answer;
}

// Redis lies still for a moment, as it does when it rewrites its file.
TEST(HurryTest, ACallerInAHurryHarmsNoOther) {
  testing::RedisServer server;
  Ledger::Options options = OptionsFor(server);
  options.command_timeout = testing::kPatience;
  TestLedger ledger(options);
  ASSERT_TRUE(ledger.WaitReady());
  const auto clue = ledger.Submit(ExampleSubmission("1"));
  ASSERT_TRUE(clue.ok());
  server.Freeze();
  auto patient = GetLater(ledger, clue->clue_id, testing::kPatience);
  EXPECT_FALSE(GetLater(ledger, clue->clue_id, absl::Milliseconds(50)).get().ok());
  server.Thaw();
  const auto found = patient.get();
  EXPECT_TRUE(found.ok()) << found.status();
}

}  // namespace
}  // namespace supervision::ledger
