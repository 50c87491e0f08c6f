// Named subscriptions, their places and generations, against a real redis-server.
#include "services/ledger/subscription_desk.h"
#include "services/ledger/subscriptions.h"
#include "tests/integration/ledger/ledger_fixture.h"

namespace supervision::ledger {
namespace {

using domain::Reason;
using testing::Await;
using ::testing::ElementsAre;
using ::testing::Eq;
using testing::FailsWith;
using ::testing::IsEmpty;
using testing::kPatience;
using ::testing::Optional;
using testing::OptionsFor;
using testing::TestLedger;

constexpr int kQuota = 3;
constexpr int kPartitions = 2;
constexpr absl::Duration kAlive = absl::Seconds(30);

class SubscriptionTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { server_ = new testing::RedisServer; }
  static void TearDownTestSuite() {
    delete server_;
    server_ = nullptr;
  }
  void SetUp() override {
    server_->Call({"FLUSHALL"});
    Ledger::Options options = OptionsFor(*server_);
    options.partitions = kPartitions;
    ledger_ = std::make_unique<TestLedger>(options);
    ASSERT_TRUE(ledger_->WaitReady());
    desk_ = std::make_unique<SubscriptionDesk>(ledger_->get());
  }

  static SubscriptionDraft Draft(const std::string& owner, const std::string& name) {
    SubscriptionDraft draft;
    draft.key = {owner, name};
    draft.filter.min_risk = domain::Risk::kMedium;
    draft.filter.scenarios.set(3);
    draft.filter.unit = "某镇综合执法队";
    draft.filter.region_prefix = "3304";
    draft.filter.expression = std::get<domain::Expression>(
        domain::ParseExpression("risk >= MEDIUM AND NOT partner = \"hotline\""));
    draft.retention = absl::Hours(48);
    draft.start = {{1, 1}, {4, 7}};
    return draft;
  }
  absl::StatusOr<Subscription> Create(const std::string& owner, const std::string& name) {
    return Await<Subscription>([&](Ledger::Callback<Subscription> done) {
      desk_->Create(Draft(owner, name), kQuota, kPatience, std::move(done));
    });
  }
  absl::StatusOr<Subscription> Get(const SubscriptionKey& key) {
    return Await<Subscription>(
        [&](Ledger::Callback<Subscription> done) { desk_->Get(key, kPatience, std::move(done)); });
  }
  absl::StatusOr<Subscription> Update(SubscriptionChange change) {
    return Await<Subscription>([&](Ledger::Callback<Subscription> done) {
      desk_->Update(std::move(change), kPatience, std::move(done));
    });
  }
  absl::StatusOr<Subscription> Delete(const SubscriptionKey& key, const std::string& etag,
                                      bool in_use_too) {
    return Await<Subscription>([&](Ledger::Callback<Subscription> done) {
      desk_->Delete(key, etag, in_use_too, kPatience, std::move(done));
    });
  }
  absl::StatusOr<Attachment> Attach(const SubscriptionKey& key, absl::Duration alive_for = kAlive,
                                    const std::string& reader = "", uint32_t attempt = 0) {
    return Await<Attachment>([&](Ledger::Callback<Attachment> done) {
      desk_->Attach(key, {"replica-1", reader, attempt}, alive_for, kPatience, std::move(done));
    });
  }
  std::vector<PlaceResult> Keep(std::vector<PlaceUpdate> updates) {
    const auto kept =
        Await<std::vector<PlaceResult>>([&](Ledger::Callback<std::vector<PlaceResult>> done) {
          desk_->Keep(std::move(updates), kAlive, kPatience, std::move(done));
        });
    EXPECT_TRUE(kept.ok()) << kept.status();
    return kept.ok() ? *kept : std::vector<PlaceResult>();
  }
  std::vector<std::string> NamesOf(const std::string& owner, int count, const std::string& behind,
                                   std::string* next = nullptr) {
    const auto page = Await<SubscriptionPage>([&](Ledger::Callback<SubscriptionPage> done) {
      desk_->List(owner, count, behind, kPatience, std::move(done));
    });
    std::vector<std::string> names;
    EXPECT_TRUE(page.ok()) << page.status();
    if (!page.ok()) return names;
    for (const Subscription& subscription : page->subscriptions) {
      EXPECT_EQ(subscription.key.owner, owner);
      names.push_back(subscription.key.name);
    }
    if (next != nullptr) *next = page->next_name;
    return names;
  }
  static PlaceUpdate Moved(const SubscriptionKey& key, const Attachment& attachment,
                           std::vector<int64_t> positions,
                           std::vector<std::vector<int64_t>> beyond = {{}, {}}) {
    PlaceUpdate update{key, attachment.generation, attachment.subscription.version, {}, false};
    update.progress = Progress{{{1, 1}, std::move(positions)}, std::move(beyond)};
    return update;
  }

  static testing::RedisServer* server_;
  std::unique_ptr<TestLedger> ledger_;
  std::unique_ptr<SubscriptionDesk> desk_;
};
testing::RedisServer* SubscriptionTest::server_ = nullptr;

TEST_F(SubscriptionTest, OfTwoWhoUpdateOneAtOnceWithoutAnEtagBothHaveTheirWay) {
  const auto made = Create("monitor", "1");
  ASSERT_TRUE(made.ok());
  SubscriptionChange filter{made->key, "", domain::Filter(), std::nullopt};
  SubscriptionChange retention{made->key, "", std::nullopt, absl::Hours(96)};
  SubscriptionChange as_seen = retention;
  as_seen.etag = made->etag;
  std::vector<std::future<absl::StatusOr<Subscription>>> answers(3);
  {
    const testing::HeldWrites held(server_);
    desk_->Update(filter, kPatience, testing::Into(&answers[0]));
    ASSERT_TRUE(held.WaitFor());
    ASSERT_TRUE(held.WaitForRead("hmget", [&] {
      desk_->Update(retention, kPatience, testing::Into(&answers[1]));
      desk_->Update(as_seen, kPatience, testing::Into(&answers[2]));
    }));
  }
  EXPECT_TRUE(answers[0].get().ok());
  const auto updated = answers[1].get();
  ASSERT_TRUE(updated.ok()) << updated.status();
  EXPECT_EQ(updated->filter, domain::Filter());
  EXPECT_EQ(updated->retention, absl::Hours(96));
  EXPECT_THAT(answers[2].get(), FailsWith(Reason::kEtagMismatch));
}

TEST_F(SubscriptionTest, ReadsBackWhatWasMade) {
  const auto made = Create("monitor-1", "值班");
  ASSERT_TRUE(made.ok()) << made.status();
  const auto read = Get({"monitor-1", "值班"});
  ASSERT_TRUE(read.ok()) << read.status();
  const SubscriptionDraft draft = Draft("monitor-1", "值班");
  EXPECT_EQ(read->key, draft.key);
  EXPECT_EQ(read->filter, draft.filter);
  EXPECT_EQ(read->retention, draft.retention);
  EXPECT_EQ(read->created_at, made->created_at);
  EXPECT_EQ(read->progress.place, draft.start);
  EXPECT_EQ(read->etag, made->etag);
  EXPECT_FALSE(read->connection.has_value());
  EXPECT_FALSE(read->acknowledged_at.has_value());
}

TEST_F(SubscriptionTest, ANameIsItsOwnersAlone) {
  ASSERT_TRUE(Create("monitor-1", "night").ok());
  EXPECT_THAT(Get({"monitor-2", "night"}), FailsWith(Reason::kSubscriptionNotFound));
  EXPECT_THAT(Attach({"monitor-2", "night"}), FailsWith(Reason::kSubscriptionNotFound));
  EXPECT_THAT(Delete({"monitor-2", "night"}, "", true), FailsWith(Reason::kSubscriptionNotFound));
  EXPECT_TRUE(Create("monitor-2", "night").ok());
  EXPECT_THAT(Create("monitor-1", "night"), FailsWith(Reason::kSubscriptionExists));
}

TEST_F(SubscriptionTest, OwnerAndNameAreNeverTakenForAnothersPair) {
  ASSERT_TRUE(Create("ab", "c").ok());
  EXPECT_THAT(Get({"a", "bc"}), FailsWith(Reason::kSubscriptionNotFound));
}

TEST_F(SubscriptionTest, AnOwnerHasAtMostItsQuota) {
  for (int i = 0; i < kQuota; ++i) ASSERT_TRUE(Create("monitor-1", std::to_string(i)).ok());
  EXPECT_THAT(Create("monitor-1", "one more"), FailsWith(Reason::kTooManySubscriptions));
  EXPECT_TRUE(Create("monitor-2", "one more").ok());
  ASSERT_TRUE(Delete({"monitor-1", "0"}, "", false).ok());
  EXPECT_TRUE(Create("monitor-1", "one more").ok());
}

TEST_F(SubscriptionTest, ListsAnOwnersByNamePageByPage) {
  for (const char* name : {"c", "a", "b"}) ASSERT_TRUE(Create("monitor-1", name).ok());
  ASSERT_TRUE(Create("monitor-2", "aa").ok());
  std::string next;
  EXPECT_THAT(NamesOf("monitor-1", 2, "", &next), ElementsAre("a", "b"));
  EXPECT_EQ(next, "b");
  EXPECT_THAT(NamesOf("monitor-1", 2, next, &next), ElementsAre("c"));
  EXPECT_THAT(next, IsEmpty());
  EXPECT_THAT(NamesOf("monitor-3", 2, ""), IsEmpty());
}

TEST_F(SubscriptionTest, AChangeAsksForTheEtagAndGivesAnother) {
  const auto made = Create("monitor-1", "night");
  ASSERT_TRUE(made.ok());
  domain::Filter filter;
  filter.min_risk = domain::Risk::kHigh;
  const auto changed = Update({made->key, made->etag, filter, std::nullopt});
  ASSERT_TRUE(changed.ok()) << changed.status();
  EXPECT_NE(changed->etag, made->etag);
  EXPECT_EQ(changed->filter, filter);
  EXPECT_EQ(changed->retention, made->retention);
  EXPECT_THAT(Update({made->key, made->etag, filter, std::nullopt}),
              FailsWith(Reason::kEtagMismatch));
  EXPECT_THAT(Delete(made->key, made->etag, false), FailsWith(Reason::kEtagMismatch));
  const auto read = Get(made->key);
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->etag, changed->etag);
  EXPECT_EQ(read->progress, made->progress);
}

TEST_F(SubscriptionTest, TheNewestConnectionGoesOnWhereTheOneBeforeHadAcknowledged) {
  const SubscriptionKey key{"monitor-1", "night"};
  ASSERT_TRUE(Create(key.owner, key.name).ok());
  const auto first = Attach(key);
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(first->subscription.progress.place.positions, (std::vector<int64_t>{4, 7}));
  EXPECT_THAT(Keep({Moved(key, *first, {9, 7}, {{11, 15}, {8}})}), ElementsAre(PlaceResult::kKept));
  const auto second = Attach(key);
  ASSERT_TRUE(second.ok());
  EXPECT_GT(second->generation, first->generation);
  EXPECT_EQ(second->subscription.progress.place.positions, (std::vector<int64_t>{9, 7}));
  EXPECT_THAT(second->subscription.progress.beyond,
              ElementsAre(ElementsAre(11, 15), ElementsAre(8)));
}

TEST_F(SubscriptionTest, AnOlderConnectionCanNeverMoveThePlace) {
  const SubscriptionKey key{"monitor-1", "night"};
  ASSERT_TRUE(Create(key.owner, key.name).ok());
  const auto older = Attach(key);
  const auto newer = Attach(key);
  ASSERT_TRUE(older.ok() && newer.ok());
  EXPECT_THAT(Keep({Moved(key, *newer, {6, 7})}), ElementsAre(PlaceResult::kKept));
  EXPECT_THAT(Keep({Moved(key, *older, {5, 7})}), ElementsAre(PlaceResult::kTakenOver));
  PlaceUpdate leaving = Moved(key, *older, {5, 7});
  leaving.leaves = true;
  EXPECT_THAT(Keep({leaving}), ElementsAre(PlaceResult::kTakenOver));
  const auto read = Get(key);
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->progress.place.positions, (std::vector<int64_t>{6, 7}));
  EXPECT_TRUE(read->connection.has_value()) << "the older one's leaving must not end the newer";
  EXPECT_TRUE(read->acknowledged_at.has_value());
}

TEST_F(SubscriptionTest, AnOpeningThatComesLateTakesNothingFromALaterOneOfItsReader) {
  const SubscriptionKey key{"monitor-1", "night"};
  ASSERT_TRUE(Create(key.owner, key.name).ok());
  const auto later = Attach(key, kAlive, "reader-1", 10);
  ASSERT_TRUE(later.ok()) << later.status();
  EXPECT_THAT(Attach(key, kAlive, "reader-1", 9), FailsWith(Reason::kSubscriptionTakenOver));
  EXPECT_THAT(Keep({Moved(key, *later, {6, 7})}), ElementsAre(PlaceResult::kKept));
  EXPECT_TRUE(Attach(key, kAlive, "reader-1", 11).ok());
}

TEST_F(SubscriptionTest, AnotherReaderTakesOverWhateverItsAttempt) {
  const SubscriptionKey key{"monitor-1", "night"};
  ASSERT_TRUE(Create(key.owner, key.name).ok());
  ASSERT_TRUE(Attach(key, kAlive, "reader-1", 10).ok());
  EXPECT_TRUE(Attach(key, kAlive, "reader-2", 1).ok());
  EXPECT_TRUE(Attach(key).ok()) << "one that names no reader";
  EXPECT_TRUE(Attach(key, kAlive, "reader-1", 1).ok()) << "nobody of its name holds it";
}

TEST_F(SubscriptionTest, OneCallKeepsManyAndOneFailureHarmsNoOther) {
  const SubscriptionKey a{"monitor-1", "a"};
  const SubscriptionKey b{"monitor-1", "b"};
  ASSERT_TRUE(Create(a.owner, a.name).ok());
  ASSERT_TRUE(Create(b.owner, b.name).ok());
  const auto to_a = Attach(a);
  const auto to_b = Attach(b);
  ASSERT_TRUE(to_a.ok() && to_b.ok());
  const SubscriptionKey none{"monitor-1", "none"};
  EXPECT_THAT(Keep({Moved(none, *to_a, {9, 9}), Moved(a, *to_a, {5, 8}), Moved(b, *to_b, {6, 9})}),
              ElementsAre(PlaceResult::kGone, PlaceResult::kKept, PlaceResult::kKept));
  EXPECT_EQ(Get(a)->progress.place.positions, (std::vector<int64_t>{5, 8}));
  EXPECT_EQ(Get(b)->progress.place.positions, (std::vector<int64_t>{6, 9}));
  EXPECT_THAT(Get(none), FailsWith(Reason::kSubscriptionNotFound));
}

TEST_F(SubscriptionTest, AConnectionLearnsThatTheSubscriptionHasChangedAndNoLongerMovesItsPlace) {
  const SubscriptionKey key{"monitor-1", "night"};
  const auto made = Create(key.owner, key.name);
  const auto attached = Attach(key);
  ASSERT_TRUE(made.ok() && attached.ok());
  ASSERT_TRUE(Update({key, made->etag, domain::Filter(), std::nullopt}).ok());
  PlaceUpdate moved = Moved(key, *attached, {5, 7});
  EXPECT_THAT(Keep({moved}), ElementsAre(PlaceResult::kChanged));
  moved.leaves = true;
  EXPECT_THAT(Keep({moved}), ElementsAre(PlaceResult::kChanged));
  const auto read = Get(key);
  EXPECT_EQ(read->progress.place.positions, (std::vector<int64_t>{4, 7})) << "it judged by the old";
  EXPECT_FALSE(read->connection.has_value()) << "it has left all the same";
  EXPECT_FALSE(read->acknowledged_at.has_value());
}

TEST_F(SubscriptionTest, InUseItIsDeletedOnlyByForce) {
  const SubscriptionKey key{"monitor-1", "night"};
  ASSERT_TRUE(Create(key.owner, key.name).ok());
  const auto attached = Attach(key);
  ASSERT_TRUE(attached.ok());
  EXPECT_THAT(Get(key)->connection->replica, Eq("replica-1"));
  EXPECT_THAT(Delete(key, "", false), FailsWith(Reason::kSubscriptionInUse));
  ASSERT_TRUE(Delete(key, "", true).ok());
  EXPECT_THAT(Keep({Moved(key, *attached, {5, 7})}), ElementsAre(PlaceResult::kGone));
  EXPECT_THAT(NamesOf("monitor-1", 10, ""), IsEmpty());
  EXPECT_EQ(server_->Call({"KEYS", "sv:{0}:s*"}), "*0\r\n");
}

TEST_F(SubscriptionTest, OneThatIsDamagedHarmsNoOtherAndCanBeDeleted) {
  for (const char* const name : {"a", "b", "c"}) ASSERT_TRUE(Create("monitor-1", name).ok());
  const std::string etag = Get({"monitor-1", "b"})->etag;
  const std::string key = "sv:{0}:s:" + Subscriptions::DigestOf({"monitor-1", "b"});
  ASSERT_EQ(server_->Call({"HSET", key, "d", "\xff"}), ":0\r\n");
  EXPECT_THAT(Get({"monitor-1", "b"}), FailsWith(Reason::kSubscriptionDamaged));
  SubscriptionChange change;
  change.key = {"monitor-1", "b"};
  change.retention = absl::Hours(96);
  EXPECT_THAT(Update(change), FailsWith(Reason::kSubscriptionDamaged));
  EXPECT_THAT(NamesOf("monitor-1", 10, ""), ElementsAre("a", "c"));
  std::string next;
  EXPECT_THAT(NamesOf("monitor-1", 2, "", &next), ElementsAre("a"));
  EXPECT_THAT(NamesOf("monitor-1", 2, next), ElementsAre("c"));
  EXPECT_THAT(Delete({"monitor-1", "b"}, "another", false), FailsWith(Reason::kEtagMismatch));
  EXPECT_TRUE(Delete({"monitor-1", "b"}, etag, false).ok());
  EXPECT_TRUE(Create("monitor-1", "b").ok()) << "its name and its part of the quota are free";
}

TEST_F(SubscriptionTest, OneWhoseKeyIsOfAWrongTypeHarmsNoOtherAndCanBeDeleted) {
  for (const char* const name : {"a", "b"}) ASSERT_TRUE(Create("monitor-1", name).ok());
  server_->Call({"SET", "sv:{0}:s:" + Subscriptions::DigestOf({"monitor-1", "a"}), "x"});
  EXPECT_THAT(NamesOf("monitor-1", 10, ""), ElementsAre("b"));
  EXPECT_THAT(Get({"monitor-1", "a"}), FailsWith(Reason::kSubscriptionDamaged));
  EXPECT_THAT(Create("monitor-1", "a"), FailsWith(Reason::kSubscriptionDamaged));
  EXPECT_THAT(Attach({"monitor-1", "a"}), FailsWith(Reason::kSubscriptionDamaged));
  EXPECT_TRUE(Delete({"monitor-1", "a"}, "", false).ok());
  EXPECT_TRUE(Create("monitor-1", "a").ok()) << "its name and its part of the quota are free";
}

TEST_F(SubscriptionTest, WhoHasLeftOrWasKilledHoldsNothing) {
  const SubscriptionKey key{"monitor-1", "night"};
  ASSERT_TRUE(Create(key.owner, key.name).ok());
  const auto attached = Attach(key);
  ASSERT_TRUE(attached.ok());
  PlaceUpdate leaving{key, attached->generation, attached->subscription.version, {}, true};
  EXPECT_THAT(Keep({leaving}), ElementsAre(PlaceResult::kKept));
  EXPECT_FALSE(Get(key)->connection.has_value());
  ASSERT_TRUE(Attach(key, absl::Milliseconds(1)).ok());  // and never a word again
  EXPECT_TRUE(testing::Eventually([&] { return !Get(key)->connection.has_value(); }));
  EXPECT_TRUE(Delete(key, "", false).ok());
}

TEST_F(SubscriptionTest, AKeyOfAWrongTypeIsRefusedAndNothingIsWritten) {
  server_->Call({"SET", "sv:{0}:sa", "x"});
  EXPECT_THAT(Create("monitor-1", "night"), FailsWith(Reason::kInternal));
  EXPECT_EQ(server_->Call({"KEYS", "sv:{0}:s:*"}), "*0\r\n");
}

}  // namespace
}  // namespace supervision::ledger
