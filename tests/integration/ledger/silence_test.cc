// How many silences there may be, against a real redis-server.
#include "services/ledger/silence_desk.h"
#include "tests/integration/ledger/ledger_fixture.h"

namespace supervision::ledger {
namespace {

using testing::Await;
using testing::FailsWith;
using testing::kPatience;

constexpr SilenceQuota kQuota = {2, 3};

class SilenceTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(ledger_.WaitReady()); }

  absl::StatusOr<domain::Silence> Create(const std::string& author) {
    SilenceDraft draft;
    draft.silence.author = author;
    draft.silence.receivers = {author};
    draft.silence.matcher.unit = "某县公安局";
    draft.silence.reason = "系统割接";
    draft.silence.ends_at = absl::Now() + absl::Hours(1);
    return Await<domain::Silence>([&](Ledger::Callback<domain::Silence> done) {
      desk_.Create(draft, kQuota, kPatience, std::move(done));
    });
  }
  void Expire(const domain::Silence& silence) {
    SilenceChange change;
    change.id = silence.id;
    change.by = silence.author;
    change.may = [](const domain::Silence&) { return true; };
    const auto ended = Await<domain::Silence>([&](Ledger::Callback<domain::Silence> done) {
      desk_.Change(change, kPatience, std::move(done));
    });
    ASSERT_TRUE(ended.ok()) << ended.status();
  }

  testing::RedisServer server_;
  testing::TestLedger ledger_{testing::OptionsFor(server_)};
  SilenceDesk desk_{ledger_.get()};
};

TEST_F(SilenceTest, AnAuthorHasNoMoreThanItMay) {
  const auto first = Create("monitor");
  ASSERT_TRUE(first.ok() && Create("monitor").ok());
  EXPECT_THAT(Create("monitor"), FailsWith(domain::Reason::kTooManySilences));
  Expire(*first);
  EXPECT_TRUE(Create("monitor").ok());
}

TEST_F(SilenceTest, AllAuthorsTogetherHaveNoMoreThanTheyMay) {
  const auto first = Create("monitor");
  ASSERT_TRUE(first.ok() && Create("monitor").ok() && Create("handler").ok());
  EXPECT_THAT(Create("handler"), FailsWith(domain::Reason::kTooManySilences));
  Expire(*first);
  EXPECT_TRUE(Create("handler").ok());
}

}  // namespace
}  // namespace supervision::ledger
