// Shared subscriptions, their leases, attempts and dead letters, against a real redis-server.
#include "services/domain/error.h"
#include "services/ledger/subscriptions.h"
#include "tests/integration/ledger/sharing_fixture.h"

namespace supervision::ledger {
namespace {

using domain::Reason;
using testing::Await;
using ::testing::ElementsAre;
using testing::FailsWith;
using ::testing::IsEmpty;
using testing::kPatience;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;
using Kind = ShareAnswer::Kind;
using Status = ShareResult::Status;
using What = ShareStep::What;

constexpr EntryKey kFirst{0, 5};  // behind the place

class SharingTest : public SharingFixture {
 protected:
  static SharingRules EndingAtOnce() {
    SharingRules rules = Rules();
    rules.lease = absl::ZeroDuration();
    return rules;
  }
  absl::StatusOr<Subscription> Delete(const std::string& name, bool in_use_too = false) {
    return Await<Subscription>([&](Ledger::Callback<Subscription> done) {
      subscriptions_->Delete({kOwner, name}, "", in_use_too, kPatience, std::move(done));
    });
  }
};

TEST_F(SharingTest, TheRulesAndTheModeAreReadBack) {
  ASSERT_TRUE(Create("night").ok());
  ASSERT_TRUE(Create("alone", false).ok());
  const Subscription read = MustGet("night");
  EXPECT_EQ(read.sharing, Rules());
  EXPECT_EQ(read.progress.place, place_);
  EXPECT_FALSE(MustGet("alone").sharing.has_value());
}

TEST_F(SharingTest, EachModeRefusesWhatIsForTheOther) {
  ASSERT_TRUE(Create("night").ok());
  ASSERT_TRUE(Create("alone", false).ok());
  EXPECT_THAT(Await<Attachment>([&](Ledger::Callback<Attachment> done) {
                subscriptions_->Attach({kOwner, "night"}, {"replica-1", "", 0}, kAlive, kPatience,
                                       std::move(done));
              }),
              FailsWith(Reason::kWrongSubscriptionMode));
  EXPECT_EQ(Share(UpdateOf("alone")).status, Status::kExclusive);
  EXPECT_EQ(Share(UpdateOf("none")).status, Status::kGone);
}

TEST_F(SharingTest, OneClaimWinsWhileItsLeaseRuns) {
  ASSERT_TRUE(Create("night").ok());
  const ShareAnswer won = Do("night", StepOf(What::kClaim, kFirst, "a.1"));
  EXPECT_EQ(won.kind, Kind::kDone);
  EXPECT_EQ(won.attempts, 1);
  const ShareAnswer lost = Do("night", StepOf(What::kClaim, kFirst, "b.1"));
  EXPECT_EQ(lost.kind, Kind::kElsewhere);
  EXPECT_GT(lost.wait, kNever - absl::Minutes(10));
  EXPECT_EQ(Do("night", StepOf(What::kClaim, kFirst, "a.1")).attempts, 1) << "asked twice";
}

TEST_F(SharingTest, WhatIsAcknowledgedIsSettledWhereverThePlaceStands) {
  ASSERT_TRUE(Create("night").ok());
  Do("night", StepOf(What::kClaim, kFirst, "a.1"));
  EXPECT_EQ(Do("night", StepOf(What::kAck, kFirst, "a.1")).kind, Kind::kDone);
  EXPECT_EQ(Do("night", StepOf(What::kAck, kFirst, "a.1")).kind, Kind::kDone) << "said twice";
  EXPECT_EQ(Do("night", StepOf(What::kAck, kFirst, "b.1")).kind, Kind::kRefused);
  EXPECT_EQ(Do("night", StepOf(What::kClaim, kFirst, "b.2")).kind, Kind::kSettled);
  EXPECT_EQ(Do("night", StepOf(What::kClaim, {0, 4}, "b.3")).kind, Kind::kSettled);
  EXPECT_THAT(Look("night").beyond, ElementsAre(kFirst));
  ShareUpdate moved = UpdateOf("night", {{What::kClean, kFirst}});
  moved.place = Place{{1, 1}, {5, 7}};
  EXPECT_EQ(Share(moved).place.positions, (std::vector<int64_t>{5, 7}));
  EXPECT_THAT(Look("night").beyond, IsEmpty());
  EXPECT_EQ(Do("night", StepOf(What::kClaim, kFirst, "b.4")).kind, Kind::kSettled);
  EXPECT_EQ(MustGet("night").progress.place.positions, (std::vector<int64_t>{5, 7}));
}

TEST_F(SharingTest, AnAcknowledgementPastTheLeaseIsRefused) {
  ASSERT_TRUE(Create("night").ok());
  ASSERT_EQ(Do("night", StepOf(What::kClaim, kFirst, "a.1"), EndingAtOnce()).kind, Kind::kDone);
  EXPECT_EQ(Do("night", StepOf(What::kAck, kFirst, "a.1")).kind, Kind::kRefused);
  EXPECT_EQ(Do("night", StepOf(What::kExtend, kFirst, "a.1")).kind, Kind::kRefused);
  const ShareAnswer again = Do("night", StepOf(What::kClaim, kFirst, "b.1"));
  EXPECT_EQ(again.kind, Kind::kDone);
  EXPECT_EQ(again.attempts, 2);
  EXPECT_EQ(Do("night", StepOf(What::kAck, kFirst, "a.1")).kind, Kind::kRefused);
  EXPECT_EQ(Do("night", StepOf(What::kAck, kFirst, "b.1")).kind, Kind::kDone);
}

TEST_F(SharingTest, ALeaseCanBeginAnew) {
  ASSERT_TRUE(Create("night").ok());
  SharingRules soon = Rules();
  soon.lease = absl::Minutes(5);
  ASSERT_EQ(Do("night", StepOf(What::kClaim, kFirst, "a.1"), soon).kind, Kind::kDone);
  ASSERT_EQ(Do("night", StepOf(What::kExtend, kFirst, "a.1")).kind, Kind::kDone);
  EXPECT_GT(Do("night", StepOf(What::kClaim, kFirst, "b.1")).wait, absl::Hours(1));
}

TEST_F(SharingTest, WhatIsRejectedWaitsForTheLongerOfDelayAndBackOff) {
  ASSERT_TRUE(Create("night").ok());
  SharingRules rules = Rules();
  rules.max_attempts = 100;
  rules.min_delay = absl::Minutes(1);
  rules.max_delay = absl::Minutes(3);
  for (const auto& [delay, most] : {std::pair{absl::ZeroDuration(), absl::Minutes(1)},
                                    std::pair{absl::Minutes(30), absl::Minutes(30)}}) {
    const EntryKey entry{1, 8 + absl::ToInt64Minutes(delay)};
    ASSERT_EQ(Do("night", StepOf(What::kClaim, entry, "a.1"), rules).kind, Kind::kDone);
    ASSERT_EQ(Do("night", StepOf(What::kReject, entry, "a.1", "broken", delay), rules).kind,
              Kind::kDone);
    const ShareAnswer waits = Do("night", StepOf(What::kClaim, entry, "b.1"), rules);
    EXPECT_EQ(waits.kind, Kind::kWaits);
    EXPECT_LE(waits.wait, most);
    EXPECT_GT(waits.wait, most - absl::Seconds(30));
  }
}

TEST_F(SharingTest, TheBackOffDoublesUpToItsBound) {
  ASSERT_TRUE(Create("night").ok());
  SharingRules rules = EndingAtOnce();
  rules.max_attempts = 100;
  SharingRules slow = rules;
  slow.min_delay = absl::Minutes(1);
  slow.max_delay = absl::Minutes(6);
  for (const int minutes : {1, 2, 4, 6, 6}) {
    // A lease that has ended, looked at with a back-off, and claimed without one.
    ASSERT_EQ(Do("night", StepOf(What::kClaim, kFirst, "a"), rules).kind, Kind::kDone);
    const ShareAnswer waits = Do("night", StepOf(What::kClaim, kFirst, "b"), slow);
    EXPECT_LE(waits.wait, absl::Minutes(minutes));
    EXPECT_GT(waits.wait, absl::Minutes(minutes) - absl::Seconds(30));
  }
}

TEST_F(SharingTest, ABrokenConnectionGivesBackAtOnceAndTheAttemptCounts) {
  ASSERT_TRUE(Create("night").ok());
  SharingRules rules = Rules();
  rules.min_delay = kNever;
  ASSERT_EQ(Do("night", StepOf(What::kClaim, kFirst, "a.1"), rules).kind, Kind::kDone);
  ShareStep back = StepOf(What::kReturn, kFirst, "a.1", kConnectionBroken);
  ASSERT_EQ(Do("night", back, rules).kind, Kind::kDone);
  EXPECT_EQ(Do("night", StepOf(What::kClaim, kFirst, "b.1"), rules).attempts, 2);
  back.token = "b.1";
  back.uncounted = true;
  ASSERT_EQ(Do("night", back, rules).kind, Kind::kDone);
  EXPECT_EQ(Do("night", StepOf(What::kClaim, kFirst, "c.1"), rules).attempts, 2);
}

TEST_F(SharingTest, AttemptsUsedUpMakeADeadLetterThatCanBeReplayed) {
  ASSERT_TRUE(Create("night").ok());
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(Do("night", StepOf(What::kClaim, kFirst, "a.1")).kind, Kind::kDone);
    ASSERT_EQ(Do("night", StepOf(What::kReject, kFirst, "a.1", "数据库拒绝")).kind, Kind::kDone);
  }
  const ShareAnswer exhausted = Do("night", StepOf(What::kClaim, kFirst, "a.2"));
  ASSERT_EQ(exhausted.kind, Kind::kExhausted);
  EXPECT_EQ(exhausted.reason, "数据库拒绝");
  ASSERT_EQ(Do("night", BuryOf(kFirst, "alert-5", exhausted)).kind, Kind::kDone);
  const std::vector<DeadLetter> letters = Letters("night");
  ASSERT_THAT(letters, SizeIs(1));
  EXPECT_EQ(letters[0].alert_id, "alert-5");
  EXPECT_EQ(letters[0].attempts, 3);
  EXPECT_EQ(letters[0].reason, "数据库拒绝");
  EXPECT_GT(letters[0].first_at, absl::UnixEpoch());
  EXPECT_EQ(Do("night", StepOf(What::kClaim, kFirst, "a.3")).kind, Kind::kSettled);
  EXPECT_THAT(Act("night", LetterAction::kReplay, letters), ElementsAre(LetterResult::kDone));
  EXPECT_THAT(Letters("night"), IsEmpty());
  EXPECT_EQ(Do("night", StepOf(What::kClaim, kFirst, "a.4")).attempts, 1);
  EXPECT_THAT(Act("night", LetterAction::kReplay, letters), ElementsAre(LetterResult::kNotFound));
}

TEST_F(SharingTest, AReplayWaitsForRoomAndADropIsTheEnd) {
  ASSERT_TRUE(Create("night").ok());
  const ShareAnswer exhausted{Kind::kExhausted, 3, {}, {}, "no"};
  SharingRules one = Rules();
  one.max_attempts = 1;
  for (const EntryKey& entry : {EntryKey{0, 5}, EntryKey{0, 6}}) {
    Do("night", StepOf(What::kClaim, entry, "a"), one);
    Do("night", StepOf(What::kReject, entry, "a", "no"), one);
    ASSERT_EQ(Do("night", BuryOf(entry, "alert", exhausted), one).kind, Kind::kDone);
  }
  const std::vector<DeadLetter> letters = Letters("night");
  EXPECT_THAT(Act("night", LetterAction::kReplay, letters, 1),
              ElementsAre(LetterResult::kDone, LetterResult::kWindow));
  EXPECT_THAT(Act("night", LetterAction::kDrop, letters),
              ElementsAre(LetterResult::kNotFound, LetterResult::kDone));
  EXPECT_THAT(Letters("night"), IsEmpty());
}

TEST_F(SharingTest, ADeadLetterThatIsDamagedHarmsNoOtherAndCanBeDropped) {
  ASSERT_TRUE(Create("night").ok());
  SharingRules one = Rules();
  one.max_attempts = 1;
  for (const EntryKey& entry : {EntryKey{0, 5}, EntryKey{0, 6}}) {
    Do("night", StepOf(What::kClaim, entry, "a"), one);
    Do("night", StepOf(What::kReject, entry, "a", "no"), one);
    ASSERT_EQ(Do("night", BuryOf(entry, "alert", {Kind::kExhausted, 1}), one).kind, Kind::kDone);
  }
  const std::string key = "sv:{0}:s:" + Subscriptions::DigestOf({kOwner, "night"}) + ":x";
  ASSERT_EQ(server_->Call({"HSET", key, "1-0-5", "\xff"}), ":0\r\n");
  ASSERT_EQ(server_->Call({"HSET", key, "no id", ""}), ":1\r\n");
  const auto all = AllLetters("night");
  ASSERT_TRUE(all.ok()) << all.status();
  ASSERT_THAT(all->letters, SizeIs(1));
  EXPECT_EQ(all->letters[0].id, "1-0-6");
  EXPECT_THAT(all->damaged, UnorderedElementsAre("1-0-5", "no id"));
  DeadLetter damaged;
  damaged.id = "1-0-5";
  DeadLetter other;
  other.id = "no id";
  EXPECT_THAT(Act("night", LetterAction::kDrop, {damaged, other}),
              ElementsAre(LetterResult::kDone, LetterResult::kDone));
  EXPECT_THAT(AllLetters("night")->damaged, IsEmpty());
  EXPECT_THAT(Letters("night"), SizeIs(1));
}

TEST_F(SharingTest, OneWhosePartsAreOfAWrongTypeSaysThatItIsDamagedAndCanBeDeleted) {
  for (const char* const part : {":t", ":b", ":x", ":m"}) {
    ASSERT_TRUE(Create("night").ok()) << part;
    const std::string key = "sv:{0}:s:" + Subscriptions::DigestOf({kOwner, "night"});
    server_->Call({"SET", key + part, "x"});
    EXPECT_EQ(Share(UpdateOf("night")).status, Status::kBroken) << part;
    const auto state = Await<ShareState>([&](Ledger::Callback<ShareState> done) {
      desk_->Look({kOwner, "night"}, kPatience, std::move(done));
    });
    EXPECT_THAT(state, FailsWith(Reason::kSubscriptionDamaged)) << part;
    EXPECT_TRUE(Delete("night").ok()) << part;
  }
}

TEST_F(SharingTest, FullDeadLettersHaltEveryHandOverAndNothingIsDropped) {
  ASSERT_TRUE(Create("night").ok());
  SharingRules one = Rules();
  one.max_attempts = 1;
  one.max_in_flight = 2 * kMostDeadLetters;
  std::vector<ShareStep> steps;
  for (int i = 0; i <= kMostDeadLetters; ++i) {
    const EntryKey entry{0, 5 + i};
    steps.push_back(StepOf(What::kClaim, entry, "a"));
    steps.push_back(StepOf(What::kReject, entry, "a", "no"));
    steps.push_back(BuryOf(entry, "alert", {Kind::kExhausted, 1, {}, {}, "no"}));
  }
  const ShareResult result = Share(UpdateOf("night", steps, one));
  ASSERT_EQ(result.dead_letters, kMostDeadLetters);
  EXPECT_EQ(result.answers[result.answers.size() - 3].kind, Kind::kHalted) << "no more claims";
  const EntryKey last{0, 5 + kMostDeadLetters};
  EXPECT_EQ(Do("night", StepOf(What::kClaim, last, "b"), one).kind, Kind::kHalted);
  ASSERT_THAT(Act("night", LetterAction::kDrop, {Letters("night")[0]}),
              ElementsAre(LetterResult::kDone));
  EXPECT_EQ(Do("night", StepOf(What::kClaim, last, "b"), one).kind, Kind::kDone);
}

TEST_F(SharingTest, WhatWaitsToBeBuriedIsKeptWhileThereIsNoRoom) {
  ASSERT_TRUE(Create("night").ok());
  SharingRules one = Rules();
  one.max_attempts = 1;
  one.max_in_flight = 2 * kMostDeadLetters;
  std::vector<ShareStep> steps;
  for (int i = 0; i <= kMostDeadLetters; ++i) {
    steps.push_back(StepOf(What::kClaim, {0, 5 + i}, "a"));
    steps.push_back(StepOf(What::kReject, {0, 5 + i}, "a", "no"));
  }
  for (int i = 0; i <= kMostDeadLetters; ++i) {
    steps.push_back(BuryOf({0, 5 + i}, "alert", {Kind::kExhausted, 1, {}, {}, "no"}));
  }
  const ShareResult result = Share(UpdateOf("night", steps, one));
  EXPECT_EQ(result.dead_letters, kMostDeadLetters);
  EXPECT_EQ(result.answers.back().kind, Kind::kHalted);
  EXPECT_EQ(result.taken, 1);
}

TEST_F(SharingTest, NoMoreIsUnderWayThanTheWindowOfTheSubscription) {
  ASSERT_TRUE(Create("night").ok());
  SharingRules two = Rules();
  two.max_in_flight = 2;
  EXPECT_EQ(Do("night", StepOf(What::kClaim, {0, 5}, "a"), two).kind, Kind::kDone);
  EXPECT_EQ(Do("night", StepOf(What::kClaim, {1, 8}, "b"), two).kind, Kind::kDone);
  EXPECT_EQ(Do("night", StepOf(What::kClaim, {0, 6}, "c"), two).kind, Kind::kWindow);
  EXPECT_EQ(Do("night", StepOf(What::kAck, {1, 8}, "b"), two).kind, Kind::kDone);
  EXPECT_EQ(Do("night", StepOf(What::kClaim, {0, 6}, "c"), two).kind, Kind::kDone);
}

TEST_F(SharingTest, AnotherVersionMovesNoPlaceAndGivesNoClaim) {
  ASSERT_TRUE(Create("night").ok());
  Do("night", StepOf(What::kClaim, kFirst, "a.1"));
  ShareUpdate stale =
      UpdateOf("night", {StepOf(What::kAck, kFirst, "a.1"), StepOf(What::kClaim, {0, 6}, "a.2")});
  stale.version = 9;
  stale.place = Place{{1, 1}, {6, 7}};
  const ShareResult result = Share(stale);
  EXPECT_EQ(result.status, Status::kChanged);
  EXPECT_EQ(result.place.positions, (std::vector<int64_t>{4, 7}));
  ASSERT_THAT(result.answers, SizeIs(2));
  EXPECT_EQ(result.answers[0].kind, Kind::kDone);
  EXPECT_EQ(result.answers[1].kind, Kind::kRefused);
}

TEST_F(SharingTest, APlaceThatAnotherHasMovedIsNotSetBack) {
  ASSERT_TRUE(Create("night").ok());
  ShareUpdate first = UpdateOf("night");
  first.place = Place{{1, 1}, {9, 7}};
  ShareUpdate second = UpdateOf("night");
  second.place = Place{{1, 1}, {6, 8}};
  Share(first);
  EXPECT_EQ(Share(second).place.positions, (std::vector<int64_t>{9, 7}));
}

TEST_F(SharingTest, ALostHistoryVoidsWhatWasTakenInItAndTellsOfTheGap) {
  ASSERT_TRUE(Create("night").ok());
  Do("night", StepOf(What::kClaim, {0, 5}, "a.1"));
  Do("night", StepOf(What::kClaim, {1, 9}, "a.2"));
  const Place before = place_;
  const Place after{{2, 1}, {4, 8}};
  DeadLetter gap;
  gap.id = "2-0-4";
  gap.reason = kHistoryGone;
  const auto done = Rebase("night", before, after, gap);
  ASSERT_TRUE(done.ok()) << done.status();
  EXPECT_TRUE(*done);
  EXPECT_FALSE(*Rebase("night", before, after, gap)) << "somebody else has";
  EXPECT_EQ(Share(UpdateOf("night")).status, Status::kRebased);
  EXPECT_THAT(Look("night").handed_over, ElementsAre(EntryKey{1, 9}));
  ASSERT_THAT(Letters("night"), SizeIs(1));
  EXPECT_EQ(Letters("night")[0].reason, kHistoryGone);
  EXPECT_EQ(MustGet("night").progress.place, after);
}

// It lies behind the place, in history that stands: nothing would hand it over any more.
TEST_F(SharingTest, ADeadLetterUnderWayAgainOutlivesTheHistoryThatIsLostBehindIt) {
  ASSERT_TRUE(Create("night").ok());
  SharingRules one = Rules();
  one.max_attempts = 1;
  const ShareAnswer exhausted{Kind::kExhausted, 1, {}, {}, "no"};
  for (const EntryKey& entry : {EntryKey{0, 6}, EntryKey{0, 7}, EntryKey{1, 8}}) {
    Do("night", StepOf(What::kClaim, entry, "a"), one);
    Do("night", StepOf(What::kReject, entry, "a", "no"), one);
    ASSERT_EQ(Do("night", BuryOf(entry, "alert", exhausted), one).kind, Kind::kDone);
  }
  ShareUpdate past_them = UpdateOf("night");
  past_them.place = Place{{1, 1}, {9, 9}};
  ASSERT_EQ(Share(past_them).place, *past_them.place);
  const auto replayed = Act("night", LetterAction::kReplay, Letters("night"));
  ASSERT_THAT(replayed, ::testing::Each(LetterResult::kDone));
  // Of partition 0 what lies behind 6 is lost; partition 1 has been trimmed up to 11.
  ASSERT_TRUE(*Rebase("night", {{1, 1}, {9, 9}}, {{2, 1}, {6, 11}}));
  EXPECT_THAT(Look("night").waiting,
              ::testing::UnorderedElementsAre(EntryKey{0, 6}, EntryKey{1, 8}));
}

TEST_F(SharingTest, ItIsInUseAsLongAsAReplicaHasConsumers) {
  ASSERT_TRUE(Create("night").ok());
  ShareUpdate a = UpdateOf("night");
  a.consumers = 2;
  ShareUpdate b = UpdateOf("night");
  b.member = "member-2";
  Share(a);
  Share(b);
  EXPECT_EQ(Look("night").consumers, 3);
  EXPECT_EQ(Look("night").members, 2);
  EXPECT_TRUE(MustGet("night").connection.has_value());
  b.leaves = true;
  Share(b);
  EXPECT_THAT(Delete("night"), FailsWith(Reason::kSubscriptionInUse));
  a.leaves = true;
  Share(a);
  EXPECT_FALSE(MustGet("night").connection.has_value());
  EXPECT_TRUE(Delete("night").ok());
}

TEST_F(SharingTest, ItTellsWhoItsConsumersAreOnAllReplicasTheOldestFirst) {
  ASSERT_TRUE(Create("night").ok());
  const absl::Time then = absl::FromUnixSeconds(1'700'000'000);
  ShareUpdate a = UpdateOf("night");
  a.connections = {{"", then, "192.0.2.1:10", 3},
                   {"", then + absl::Seconds(20), "192.0.2.1:11", 0}};
  ShareUpdate b = UpdateOf("night");
  b.member = "member-2";
  b.connections = {{"", then + absl::Seconds(10), "[2001:db8::1]:12", 7}};
  Share(a);
  Share(b);
  Share(UpdateOf("night"));  // says nothing of them: they stay
  const std::vector<Subscription::Connection> told = MustGet("night").consumers;
  ASSERT_THAT(told, SizeIs(3));
  EXPECT_EQ(told[0].address, "192.0.2.1:10");
  EXPECT_EQ(told[0].replica, "replica-1");
  EXPECT_EQ(told[0].since, then);
  EXPECT_EQ(told[0].in_hand, 3);
  EXPECT_EQ(told[1].address, "[2001:db8::1]:12");
  EXPECT_EQ(told[2].address, "192.0.2.1:11");
  EXPECT_EQ(MustGet("night").connection->address, "192.0.2.1:10");
  EXPECT_EQ(Look("night").members, 2) << "a list is no replica";
  a.leaves = true;
  Share(a);
  ASSERT_THAT(MustGet("night").consumers, SizeIs(1));
  b.leaves = true;
  Share(b);
  EXPECT_THAT(MustGet("night").consumers, IsEmpty());
}

TEST_F(SharingTest, OfManyConsumersThoseThatCameFirstAreToldAndAllAreCounted) {
  ASSERT_TRUE(Create("night").ok());
  ShareUpdate update = UpdateOf("night");
  update.consumers = 2 * static_cast<int>(kMostShownConsumers);
  update.connections.emplace();
  for (int i = 0; i < update.consumers; ++i) {
    update.connections->push_back({"", absl::FromUnixSeconds(i), std::to_string(i), 0});
  }
  Share(update);
  update.member = "member-2";
  Share(update);
  const std::vector<Subscription::Connection> told = MustGet("night").consumers;
  ASSERT_THAT(told, SizeIs(kMostShownConsumers));
  EXPECT_EQ(told.back().address, std::to_string(kMostShownConsumers / 2 - 1));
  EXPECT_EQ(Look("night").consumers, 4 * static_cast<int>(kMostShownConsumers));
}

// A replica that was killed leaves no word; each life of a replica has a name of its own.
TEST_F(SharingTest, AMemberThatDiedIsNotToldAndIsForgottenWhenAnotherComes) {
  ASSERT_TRUE(Create("night").ok());
  ShareUpdate dead = UpdateOf("night");
  dead.connections = {{"", absl::FromUnixSeconds(1), "192.0.2.1:10", 3}};
  const auto done = Await<ShareResult>([&](Ledger::Callback<ShareResult> callback) {
    desk_->Share(dead, absl::Milliseconds(1), "replica-1", kPatience, std::move(callback));
  });
  ASSERT_TRUE(done.ok());
  ASSERT_TRUE(testing::Eventually([&] { return Look("night").members == 0; }));
  EXPECT_THAT(MustGet("night").consumers, IsEmpty());
  ShareUpdate other = UpdateOf("night");
  other.member = "member-2";
  Share(other);
  EXPECT_EQ(server_->Call({"EVAL", "return redis.call('HLEN', redis.call('KEYS', '*:m')[1])", "0"}),
            ":1\r\n");
}

TEST_F(SharingTest, HandOversBeyondTheFirstAreCountedOnce) {
  ASSERT_TRUE(Create("night").ok());
  Do("night", StepOf(What::kClaim, kFirst, "a.1"));
  EXPECT_EQ(Look("night").redeliveries, 0);
  for (const char* const token : {"a.2", "a.3"}) {
    Do("night", StepOf(What::kReject, kFirst, token[2] == '2' ? "a.1" : "a.2", "no"));
    Do("night", StepOf(What::kClaim, kFirst, token));
    Do("night", StepOf(What::kClaim, kFirst, token));  // asked twice
  }
  EXPECT_EQ(Look("night").redeliveries, 2);
}

TEST_F(SharingTest, ADeletedOneLeavesNothingToAnotherOfItsName) {
  ASSERT_TRUE(Create("night").ok());
  Do("night", StepOf(What::kClaim, kFirst, "a.1"));
  Do("night", StepOf(What::kClaim, {0, 6}, "a.2"));
  Do("night", StepOf(What::kAck, {0, 6}, "a.2"));
  ASSERT_TRUE(Delete("night", true).ok());
  EXPECT_EQ(Share(UpdateOf("night")).status, Status::kGone);
  const auto gone = testing::Await<ShareState>([&](Ledger::Callback<ShareState> done) {
    desk_->Look({kOwner, "night"}, testing::kPatience, std::move(done));
  });
  EXPECT_TRUE(domain::HasReason(gone.status(), domain::Reason::kSubscriptionNotFound));
  ASSERT_TRUE(Create("night").ok());
  const ShareState state = Look("night");
  EXPECT_THAT(state.handed_over, IsEmpty());
  EXPECT_THAT(state.beyond, IsEmpty());
}

}  // namespace
}  // namespace supervision::ledger
