// What becomes of subscriptions that nobody reads: they expire, and are told of before their
// history is trimmed.
#include "services/ledger/subscription_desk.h"
#include "services/ledger/subscriptions.h"
#include "tests/integration/ledger/ledger_fixture.h"
#include "tests/support/redis_calls.h"

namespace supervision::ledger {
namespace {

using domain::Reason;
using testing::Await;
using testing::Eventually;
using testing::ExampleSubmission;
using testing::FailsWith;
using testing::kPatience;
using testing::OptionsFor;
using testing::TestLedger;

constexpr int kQuota = 100;
constexpr absl::Duration kShort = absl::Milliseconds(1);

class SubscriptionWatchTest : public ::testing::Test {
 protected:
  Ledger::Options Options() {
    Ledger::Options options = OptionsFor(server_);
    options.log_age = absl::Hours(24);
    options.retention_interval = absl::Milliseconds(20);
    return options;
  }
  // On a ledger with one partition, before its first entry.
  static void Create(SubscriptionDesk& desk, const std::string& name, absl::Duration retention) {
    SubscriptionDraft draft;
    draft.key = {"monitor-1", name};
    draft.retention = retention;
    draft.start = {{1}, {0}};
    const auto made = Await<Subscription>([&](Ledger::Callback<Subscription> done) {
      desk.Create(draft, kQuota, kPatience, std::move(done));
    });
    ASSERT_TRUE(made.ok()) << made.status();
  }
  static absl::StatusOr<Subscription> Get(SubscriptionDesk& desk, const std::string& name) {
    return Await<Subscription>([&](Ledger::Callback<Subscription> done) {
      desk.Get({"monitor-1", name}, kPatience, std::move(done));
    });
  }
  static absl::StatusOr<Attachment> Attach(SubscriptionDesk& desk, const std::string& name,
                                           absl::Duration alive_for) {
    return Await<Attachment>([&](Ledger::Callback<Attachment> done) {
      desk.Attach({"monitor-1", name}, {"replica-1", "", 0}, alive_for, kPatience, std::move(done));
    });
  }
  static bool WaitGone(SubscriptionDesk& desk, const std::string& name) {
    return Eventually([&] { return !Get(desk, name).ok(); });
  }
  // Whether its history ends soon, once that has been looked at twice more.
  static bool EndsSoon(SubscriptionDesk& desk, const std::string& name) {
    for (const char* const probe : {"probe-1", "probe-2"}) {
      Create(desk, probe, kShort);
      EXPECT_TRUE(WaitGone(desk, probe));
    }
    return Get(desk, name)->history_ends_soon;
  }
  void Commit(TestLedger& ledger, int count) {
    for (int i = 0; i < count; ++i) {
      ASSERT_TRUE(ledger.Submit(ExampleSubmission(std::to_string(++made_))).ok());
    }
  }

  testing::RedisServer server_;
  int made_ = 0;
};

TEST_F(SubscriptionWatchTest, OneThatNobodyReadsForItsRetentionIsDeletedWithAllThatItHad) {
  TestLedger ledger(Options());
  ASSERT_TRUE(ledger.WaitReady());
  SubscriptionDesk desk(ledger.get());
  Create(desk, "night", kShort);
  ASSERT_TRUE(WaitGone(desk, "night"));
  EXPECT_THAT(Get(desk, "night"), FailsWith(Reason::kSubscriptionNotFound));
  EXPECT_EQ(server_.Call({"KEYS", "sv:{0}:s*"}), "*0\r\n");
}

TEST_F(SubscriptionWatchTest, OneThatIsDamagedDoesNotKeepTheOthersFromBeingLookedAt) {
  TestLedger ledger(Options());
  ASSERT_TRUE(ledger.WaitReady());
  SubscriptionDesk desk(ledger.get());
  Create(desk, "damaged", absl::ZeroDuration());
  server_.Call(
      {"HSET", "sv:{0}:s:" + Subscriptions::DigestOf({"monitor-1", "damaged"}), "d", "\xff"});
  Create(desk, "night", kShort);
  EXPECT_TRUE(WaitGone(desk, "night"));
}

TEST_F(SubscriptionWatchTest, OneThatIsReadOrHasNoRetentionStays) {
  TestLedger ledger(Options());
  ASSERT_TRUE(ledger.WaitReady());
  SubscriptionDesk desk(ledger.get());
  Create(desk, "for-ever", absl::ZeroDuration());
  Create(desk, "read", absl::Minutes(1));
  Create(desk, "idle", absl::Minutes(1));
  ASSERT_TRUE(Attach(desk, "read", absl::Seconds(30)).ok());
  Create(desk, "probe", kShort);
  ASSERT_TRUE(WaitGone(desk, "probe"));
  EXPECT_FALSE(Get(desk, "for-ever")->expires_at.has_value());
  EXPECT_FALSE(Get(desk, "read")->expires_at.has_value());
  const auto idle = Get(desk, "idle");
  ASSERT_TRUE(idle.ok()) << idle.status();
  EXPECT_GE(*idle->expires_at, idle->created_at + absl::Minutes(1));
}

TEST_F(SubscriptionWatchTest, TheRetentionCountsFromTheLastReader) {
  TestLedger ledger(Options());
  ASSERT_TRUE(ledger.WaitReady());
  SubscriptionDesk desk(ledger.get());
  Create(desk, "night", absl::Minutes(10));
  const absl::Time before = *Get(desk, "night")->expires_at;
  // Redis counts milliseconds: at the next one it must show.
  EXPECT_TRUE(Eventually([&] {
    const auto attached = Attach(desk, "night", absl::Seconds(30));
    PlaceUpdate leaving{{"monitor-1", "night"}, attached->generation, 1, {}, true};
    const auto left =
        Await<std::vector<PlaceResult>>([&](Ledger::Callback<std::vector<PlaceResult>> done) {
          desk.Keep({leaving}, absl::Seconds(30), kPatience, std::move(done));
        });
    return left.ok() && *Get(desk, "night")->expires_at > before;
  }));
  // A connection that broke without a word: until it no longer counts as alive.
  ASSERT_TRUE(Attach(desk, "night", absl::Milliseconds(1)).ok());
  ASSERT_TRUE(Eventually([&] { return Get(desk, "night")->expires_at.has_value(); }));
}

TEST_F(SubscriptionWatchTest, ItIsToldOfBeforeItsHistoryIsTrimmedByAge) {
  const absl::Time start = absl::Now();
  base::FakeClock clock(start - absl::Hours(20));  // never ahead of Redis': probes expire by that
  TestLedger ledger(Options(), &clock);
  ASSERT_TRUE(ledger.WaitReady());
  SubscriptionDesk desk(ledger.get());
  Create(desk, "night", absl::ZeroDuration());
  Commit(ledger, 3);
  clock.Advance(absl::Hours(19));
  EXPECT_FALSE(EndsSoon(desk, "night"));
  clock.Advance(absl::Minutes(30));
  EXPECT_TRUE(EndsSoon(desk, "night"));
  EXPECT_EQ(ledger->state().partitions[0].earliest, 1) << "nothing is trimmed yet";
}

TEST_F(SubscriptionWatchTest, ItIsToldOfBeforeItsHistoryIsTrimmedByBytes) {
  Ledger::Options options = Options();
  options.log_bytes = 20'000;
  TestLedger ledger(options);
  ASSERT_TRUE(ledger.WaitReady());
  SubscriptionDesk desk(ledger.get());
  Create(desk, "night", absl::ZeroDuration());
  Commit(ledger, 3);
  EXPECT_FALSE(EndsSoon(desk, "night"));
  // As Redis counts them: the ledger learns of it later, and there would be too many by then.
  const auto bytes = [&] {
    const std::string reply = server_.Call({"HGET", "sv:{0}:meta", "b"});
    return std::atoll(reply.substr(reply.find('\n') + 1).c_str());
  };
  while (bytes() < 17'000) Commit(ledger, 1);
  ASSERT_EQ(ledger->state().partitions[0].earliest, 1) << "nothing is trimmed yet";
  EXPECT_TRUE(EndsSoon(desk, "night"));

  const auto attached = Attach(desk, "night", absl::Seconds(30));
  ASSERT_TRUE(attached.ok());
  PlaceUpdate moved{{"monitor-1", "night"}, attached->generation, 1, {}, false};
  moved.progress = Progress{{{1}, {made_}}, {{}}};
  const auto kept =
      Await<std::vector<PlaceResult>>([&](Ledger::Callback<std::vector<PlaceResult>> done) {
        desk.Keep({moved}, absl::Seconds(30), kPatience, std::move(done));
      });
  ASSERT_TRUE(kept.ok());
  EXPECT_FALSE(EndsSoon(desk, "night"));
}

}  // namespace
}  // namespace supervision::ledger
