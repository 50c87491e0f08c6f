// Cursors, epochs and the witness: what stays resumable, and how loss is told.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <future>
#include <vector>

#include "services/base/hex.h"
#include "services/ledger/cursor.h"
#include "services/ledger/route_desk.h"
#include "services/ledger/subscription_desk.h"
#include "tests/integration/ledger/ledger_fixture.h"
#include "tests/support/temp_dir.h"

namespace supervision::ledger {
namespace {

using domain::Reason;
using ::testing::AllOf;
using ::testing::ElementsAre;
using testing::ExampleSubmission;
using testing::FactOf;
using testing::FailsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::OptionsFor;
using testing::RecordingObserver;
using testing::TestLedger;

class HistoryTest : public ::testing::Test {
 protected:
  Ledger::Options Options() {
    Ledger::Options options = OptionsFor(server_);
    options.witness_directory = witness_.path();
    return options;
  }
  void Open() { Open(Options()); }
  void Open(Ledger::Options options) {
    ledger_.reset();
    ledger_ = std::make_unique<TestLedger>(std::move(options));
    ASSERT_TRUE(ledger_->WaitReady());
  }
  void Commit(int count) {
    std::vector<std::future<absl::StatusOr<Receipt>>> answers;
    for (int i = 0; i < count; ++i) {
      answers.push_back(ledger_->SubmitLater(ExampleSubmission("n" + std::to_string(++made_))));
    }
    for (auto& answer : answers) ASSERT_TRUE(answer.get().ok());
  }
  std::string CursorAt(int64_t position, int64_t epoch = 1) {
    return (*ledger_)->EncodeCursor(Place{{epoch}, {position}});
  }

  // The file that Redis appends to until it is rewritten.
  std::string AppendOnlyFile() {
    return server_.directory() + "/appendonlydir/appendonly.aof.1.incr.aof";
  }

  testing::RedisServer server_;
  testing::TempDir witness_;
  std::unique_ptr<TestLedger> ledger_;
  int made_ = 0;
};

TEST_F(HistoryTest, ACursorIsResolvedToItsPlace) {
  Open();
  Commit(5);
  const auto place = ledger_->Resolve(CursorAt(3));
  ASSERT_TRUE(place.ok()) << place.status();
  EXPECT_THAT(place->positions, ElementsAre(3));
}

TEST_F(HistoryTest, WrongCursorsGiveDistinctErrors) {
  Open();
  Commit(1);
  const std::string genuine = CursorAt(1);
  EXPECT_THAT(ledger_->Resolve("nonsense!"), FailsWith(Reason::kCursorMalformed));
  EXPECT_THAT(ledger_->Resolve(""), FailsWith(Reason::kCursorMalformed));
  EXPECT_THAT(
      ledger_->Resolve(genuine.substr(0, genuine.size() - 8)),
      ::testing::AnyOf(FailsWith(Reason::kCursorMalformed), FailsWith(Reason::kCursorUnknown)));
  Descriptor forged;
  forged.id = *base::HexDecode((*ledger_)->state().ledger_id);
  forged.secret = "a guess";
  EXPECT_THAT(ledger_->Resolve(EncodeCursor(forged, Place{{1}, {1}})),
              FailsWith(Reason::kCursorUnknown));
  Descriptor other;
  other.id = std::string(16, 'x');
  other.secret = "another's";
  EXPECT_THAT(ledger_->Resolve(EncodeCursor(other, Place{{1}, {1}})),
              FailsWith(Reason::kCursorForeign));
}

TEST_F(HistoryTest, CursorsThatAreAskedForTogetherAreOneQuestion) {
  Open();
  Commit(5);
  const auto questions = [this]() -> int64_t {
    const std::string stats = server_.Call({"INFO", "commandstats"});
    const size_t at = stats.find("cmdstat_hmget:calls=");
    return at == std::string::npos ? 0 : std::atoll(stats.c_str() + stats.find('=', at) + 1);
  };
  const int64_t before = questions();
  server_.Freeze();
  std::vector<std::future<absl::StatusOr<Place>>> answers(200);
  for (size_t i = 0; i < answers.size(); ++i) {
    (*ledger_)->ResolveCursor(CursorAt(static_cast<int64_t>(i) % 5), testing::kPatience,
                              testing::Into(&answers[i]));
  }
  // Needs no Redis, and is answered behind all that was asked before.
  EXPECT_THAT(ledger_->Resolve("nonsense!"), FailsWith(Reason::kCursorMalformed));
  server_.Thaw();
  for (size_t i = 0; i < answers.size(); ++i) {
    const absl::StatusOr<Place> place = answers[i].get();
    ASSERT_TRUE(place.ok()) << place.status();
    EXPECT_THAT(place->positions, ElementsAre(static_cast<int64_t>(i) % 5));
  }
  EXPECT_LT(questions() - before, 20);
}

TEST_F(HistoryTest, WhatItKnowsToStandIsWhatItWasToldOfInThePresentHistory) {
  Open();
  Commit(20);
  const auto known = [this](int64_t position, int64_t epoch = 1) {
    return (*ledger_)->KnownPlace(CursorAt(position, epoch)).has_value();
  };
  ASSERT_TRUE(testing::Eventually([&] { return known(20); }));
  EXPECT_THAT((*ledger_)->KnownPlace(CursorAt(7))->positions, ElementsAre(7));
  EXPECT_FALSE(known(21)) << "nobody here was told of it";
  EXPECT_FALSE(known(7, 2)) << "of an epoch to come";
  EXPECT_FALSE((*ledger_)->KnownPlace("nonsense!").has_value());
  server_.Shutdown();
  EXPECT_TRUE(testing::Eventually([&] { return !known(7); })) << "Redis may come back with less";
  server_.Start();
  EXPECT_TRUE(testing::Eventually([&] { return known(7); }));
}

TEST_F(HistoryTest, KillingRedisAndTheServiceKeepsEveryCursor) {
  Open();
  Commit(20);
  const std::string at_the_end = CursorAt(20);
  const std::string before = CursorAt(7);
  for (int round = 0; round < 3; ++round) {
    server_.Restart();
    Open();
    EXPECT_THAT(ledger_->Resolve(at_the_end)->positions, ElementsAre(20));
    EXPECT_THAT(ledger_->Resolve(before)->positions, ElementsAre(7));
    EXPECT_EQ((*ledger_)->state().partitions[0].epoch, 1);
  }
}

// 100 acknowledged commits are cut off the append-only file behind position 50.
class CutHistoryTest : public HistoryTest {
 protected:
  void CommitAndCut() {
    Commit(50);
    const auto kept = std::filesystem::file_size(AppendOnlyFile());
    Commit(100);
    if (observer_ != nullptr) {
      ASSERT_TRUE(observer_->WaitFor(150));
    }
    old_end_ = CursorAt(150);
    old_inside_ = CursorAt(120);
    old_kept_ = CursorAt(50);
    server_.Kill9();
    std::filesystem::resize_file(AppendOnlyFile(), kept);
  }
  void ExpectEveryOldCursorIsTold() {
    const auto end = ledger_->Resolve(old_end_);
    ASSERT_THAT(end, FailsWith(Reason::kHistoryLost));
    EXPECT_EQ(FactOf(end, "lost_from"), "51");
    EXPECT_EQ(FactOf(end, "lost_to"), "150");
    const auto inside = ledger_->Resolve(old_inside_);
    ASSERT_THAT(inside, FailsWith(Reason::kHistoryLost));
    EXPECT_EQ(FactOf(inside, "lost_to"), "120");
    const auto resumed = ledger_->Resolve(FactOf(inside, "resume_cursor"));
    ASSERT_TRUE(resumed.ok()) << resumed.status();
    EXPECT_EQ(*resumed, (Place{{2}, {50}}));
    EXPECT_TRUE(ledger_->Resolve(old_kept_).ok()) << "what stands goes on unnoticed";
    EXPECT_THAT(ledger_->ReadLog(0, 1, 120), FailsWith(Reason::kHistoryLost));
  }

  RecordingObserver* observer_ = nullptr;  // hears of everything before it is cut off
  std::string old_end_;
  std::string old_inside_;
  std::string old_kept_;
};

TEST_F(CutHistoryTest, ARunningServiceOpensAnEpochAndTellsItsObserver) {
  Open();
  RecordingObserver observer;
  (*ledger_)->Follow(&observer);
  observer_ = &observer;
  CommitAndCut();
  server_.Start();
  ASSERT_TRUE(ledger_->WaitReady());
  ASSERT_TRUE(testing::Eventually([&] { return !observer.epochs().empty(); }));
  Commit(10);
  ASSERT_TRUE(observer.WaitFor(160));
  (*ledger_)->Follow(nullptr);
  EXPECT_THAT(observer.epochs(), ElementsAre(RecordingObserver::NewEpoch{0, 2, 51}));
  EXPECT_EQ(observer.entries()[150]->position, 51);
  ExpectEveryOldCursorIsTold();
}

// A change that waits for one in flight is sent on when that is answered; when the connection
// broke, it would be the first on the next one, and fill the places of what was lost before anyone
// looks.
TEST_F(HistoryTest, NoChangeReachesARedisWhoseHistoryHasNotBeenLookedAt) {
  Open();
  Commit(10);
  const auto kept = std::filesystem::file_size(AppendOnlyFile());
  Commit(3);
  const std::string at_the_end = CursorAt(13);
  server_.Freeze();
  auto in_flight = ledger_->SubmitLater(ExampleSubmission("in flight"));
  ASSERT_TRUE(testing::Eventually([&] { return (*ledger_)->state().queued == 0; }));
  std::vector<std::future<absl::StatusOr<Receipt>>> waiting;
  for (int i = 0; i < 5; ++i) {
    waiting.push_back(ledger_->SubmitLater(ExampleSubmission("waits" + std::to_string(i))));
  }
  (*ledger_)->Follow(nullptr);  // returns when the loop has seen to all of them
  server_.Kill9();
  std::filesystem::resize_file(AppendOnlyFile(), kept);
  EXPECT_THAT(in_flight.get(), FailsWith(Reason::kOutcomeUnknown));
  server_.Start();
  ASSERT_TRUE(testing::Eventually([&] { return (*ledger_)->state().ready; }));
  for (auto& answer : waiting) {
    const absl::StatusOr<Receipt> receipt = answer.get();
    EXPECT_TRUE(receipt.ok() || domain::HasReason(receipt.status(), Reason::kLedgerUnavailable))
        << receipt.status();
  }
  EXPECT_EQ((*ledger_)->state().partitions[0].epoch, 2);
  const auto resolved = ledger_->Resolve(at_the_end);
  ASSERT_THAT(resolved, FailsWith(Reason::kHistoryLost));
  EXPECT_EQ(FactOf(resolved, "lost_from"), "11");
}

TEST_F(CutHistoryTest, TheWitnessFileTellsARestartedService) {
  Open();
  CommitAndCut();
  ledger_.reset();
  server_.Start();
  Open();
  EXPECT_EQ((*ledger_)->state().partitions[0].epoch, 2);
  Commit(200);  // the old places are filled with other history
  ExpectEveryOldCursorIsTold();
}

TEST_F(CutHistoryTest, AGenuineCursorIsAWitnessWhereNothingElseIs) {
  Open();
  CommitAndCut();
  ledger_.reset();
  std::filesystem::remove(witness_.path() + "/ledger-witness");
  server_.Start();
  Open();
  EXPECT_EQ((*ledger_)->state().partitions[0].epoch, 1);
  ExpectEveryOldCursorIsTold();
  EXPECT_EQ((*ledger_)->state().partitions[0].epoch, 2);
}

TEST_F(HistoryTest, AnEmptyRedisAfterALedgerIsRefusedUntilTheOperatorAcceptsIt) {
  Open();
  Commit(3);
  const std::string old_id = (*ledger_)->state().ledger_id;
  ledger_.reset();
  server_.Call({"FLUSHALL"});
  ledger_ = std::make_unique<TestLedger>(Options());
  ASSERT_TRUE(testing::Eventually([&] {
    const LedgerState state = (*ledger_)->state();
    return state.not_ready_because.size() == 1 &&
           state.not_ready_because[0].find(old_id) != std::string::npos;
  }));
  EXPECT_THAT((*ledger_)->state().not_ready_because[0],
              ::testing::AllOf(HasSubstr("redis.address"), HasSubstr("ledger.accept_lost_ledger")));
  EXPECT_THAT(ledger_->Submit(ExampleSubmission("x")), FailsWith(Reason::kLedgerUnavailable));
  EXPECT_EQ(server_.Call({"DBSIZE"}), ":0\r\n");
  ledger_.reset();
  Ledger::Options accepting = Options();
  accepting.accept_lost_ledger = true;
  Open(accepting);
  EXPECT_NE((*ledger_)->state().ledger_id, old_id);
  EXPECT_TRUE(ledger_->Submit(ExampleSubmission("x")).ok());
  ledger_.reset();
  Open();  // its witness is now the new ledger's
}

// As when redis.address or redis.data_directory is that of another service.
TEST_F(HistoryTest, AnotherLedgerThanItKnewIsRefusedUntilTheOperatorAcceptsIt) {
  Open();
  Commit(3);
  const std::string old_id = (*ledger_)->state().ledger_id;
  ledger_.reset();
  server_.Call({"FLUSHALL"});
  Ledger::Options elsewhere = Options();
  elsewhere.witness_directory = "";
  Open(elsewhere);
  Commit(1);
  const std::string other_id = (*ledger_)->state().ledger_id;
  ledger_ = std::make_unique<TestLedger>(Options());
  ASSERT_TRUE(testing::Eventually([&] {
    const LedgerState state = (*ledger_)->state();
    return !state.not_ready_because.empty() &&
           state.not_ready_because[0].find(other_id) != std::string::npos;
  }));
  EXPECT_THAT((*ledger_)->state().not_ready_because[0],
              ::testing::AllOf(HasSubstr(old_id), HasSubstr("give the right redis.address"),
                               HasSubstr("set ledger.accept_lost_ledger")));
  EXPECT_THAT(ledger_->Submit(ExampleSubmission("x")), FailsWith(Reason::kLedgerUnavailable));
  Ledger::Options accepting = Options();
  accepting.accept_lost_ledger = true;
  Open(accepting);
  ledger_.reset();
  Open();  // its witness is now the other ledger's
  EXPECT_EQ((*ledger_)->state().ledger_id, other_id);
}

TEST_F(HistoryTest, ALedgerThatVanishesWhileItIsServedIsNotReplacedSilently) {
  Open();
  Commit(3);
  server_.Kill9();
  std::filesystem::resize_file(AppendOnlyFile(), 0);
  server_.Start();
  ASSERT_TRUE(testing::Eventually([&] {
    const LedgerState state = (*ledger_)->state();
    return !state.ready && state.connected && !state.not_ready_because.empty() &&
           state.not_ready_because[0].find("without ledger") != std::string::npos;
  }));
  EXPECT_THAT(ledger_->Submit(ExampleSubmission("x")), FailsWith(Reason::kLedgerUnavailable));
}

// "There is no such clue" would be taken for the truth.
TEST_F(HistoryTest, OfARedisThatIsRefusedNothingIsSaidAndNothingIsWrittenThere) {
  Ledger::Options options = Options();
  options.check_interval = absl::Milliseconds(50);
  options.retention_interval = absl::Milliseconds(50);
  Open(options);
  const auto receipt = ledger_->Submit(ExampleSubmission("1"));
  ASSERT_TRUE(receipt.ok()) << receipt.status();
  const std::string cursor = CursorAt(1);
  const auto refused = [this] {
    const LedgerState state = (*ledger_)->state();
    return !state.not_ready_because.empty() &&
           state.not_ready_because[0].find("without ledger") != std::string::npos;
  };
  SubscriptionDesk subscriptions(ledger_->get());
  RouteDesk routes(ledger_->get());
  for (const bool elsewhere : {false, true}) {
    if (elsewhere) {  // a new connection leads there
      server_.Kill9();
      std::filesystem::resize_file(AppendOnlyFile(), 0);
      server_.Start();
    }
    ASSERT_TRUE(testing::Eventually([&] {
      server_.Call({"FLUSHALL"});
      return refused();
    }));
    server_.Call({"FLUSHALL"});
    EXPECT_THAT(ledger_->Get(receipt->clue_id), FailsWith(Reason::kLedgerUnavailable));
    EXPECT_THAT(ledger_->List({}), FailsWith(Reason::kLedgerUnavailable));
    EXPECT_THAT(ledger_->ReadLog(0, 1, 0), FailsWith(Reason::kLedgerUnavailable));
    EXPECT_THAT(ledger_->Resolve(cursor), FailsWith(Reason::kLedgerUnavailable));
    EXPECT_THAT(ledger_->Submit(ExampleSubmission("2")), FailsWith(Reason::kLedgerUnavailable));
    EXPECT_THAT(testing::Await<Subscription>([&](Ledger::Callback<Subscription> done) {
                  subscriptions.Get({"monitor-1", "night"}, testing::kPatience, std::move(done));
                }),
                FailsWith(Reason::kLedgerUnavailable));
    SubscriptionDraft draft;
    draft.key = {"monitor-1", "night"};
    draft.start = {{1}, {1}};
    EXPECT_THAT(testing::Await<Subscription>([&](Ledger::Callback<Subscription> done) {
                  subscriptions.Create(std::move(draft), 10, testing::kPatience, std::move(done));
                }),
                FailsWith(Reason::kLedgerUnavailable));
    EXPECT_THAT(testing::Await<RouteLease>([&](Ledger::Callback<RouteLease> done) {
                  routes.Take("replica-1", absl::Seconds(10), testing::kPatience, std::move(done));
                }),
                FailsWith(Reason::kLedgerUnavailable));
    EXPECT_EQ(server_.Call({"DBSIZE"}), ":0\r\n");
  }
}

TEST_F(HistoryTest, ADamagedWitnessFileCountsAsNone) {
  Open();
  Commit(1);
  ledger_.reset();
  std::ofstream(witness_.path() + "/ledger-witness") << "half a";
  Open();
  EXPECT_EQ((*ledger_)->state().partitions[0].epoch, 1);
}

TEST_F(HistoryTest, ANewerSchemaIsRefusedWithAClearSentence) {
  Open();
  Commit(1);
  ledger_.reset();
  server_.Call({"HSET", "sv:{0}:ledger", "schema", "2"});
  ledger_ = std::make_unique<TestLedger>(Options());
  ASSERT_TRUE(testing::Eventually([&] {
    const LedgerState state = (*ledger_)->state();
    return !state.not_ready_because.empty() &&
           state.not_ready_because[0].find("schema 2") != std::string::npos;
  }));
  EXPECT_THAT((*ledger_)->state().not_ready_because[0],
              HasSubstr("knows up to 1; start a newer version of the service"));
  EXPECT_FALSE((*ledger_)->state().open);
}

TEST_F(HistoryTest, AKeyPrefixKeepsTwoLedgersApart) {
  Open();
  Ledger::Options options = Options();
  options.key_prefix = "second:";
  options.partitions = 4;
  TestLedger second(options);
  ASSERT_TRUE(second.WaitReady());
  EXPECT_NE(second->state().ledger_id, (*ledger_)->state().ledger_id);
  const auto mine = ledger_->Submit(ExampleSubmission("1"));
  const auto theirs = second.Submit(ExampleSubmission("1"));
  ASSERT_TRUE(mine.ok() && theirs.ok());
  EXPECT_NE(mine->clue_id, theirs->clue_id);
  EXPECT_THAT(ledger_->Get(theirs->clue_id), FailsWith(Reason::kClueNotFound));
  EXPECT_THAT(ledger_->Resolve(second->EncodeCursor(*second.Latest())),
              FailsWith(Reason::kCursorForeign));
}

TEST_F(HistoryTest, AFoundLedgerKeepsItsPartitions) {
  Ledger::Options options = Options();
  options.partitions = 4;
  Open(options);
  Commit(100);
  Open();  // asks for one
  EXPECT_THAT((*ledger_)->state().partitions, ::testing::SizeIs(4));
  int64_t entries = 0;
  for (const PartitionState& partition : (*ledger_)->state().partitions) {
    EXPECT_GT(partition.end, 0) << "ids spread over all partitions";
    entries += partition.end;
  }
  EXPECT_EQ(entries, 100);
}

TEST_F(HistoryTest, AWrongPrefixOrADescriptorOfAnotherKindIsSaid) {
  Ledger::Options options = Options();
  options.key_prefix = "with space";
  TestLedger wrong(options);
  ASSERT_TRUE(testing::Eventually([&] {
    const LedgerState state = wrong->state();
    return !state.not_ready_because.empty() &&
           state.not_ready_because[0].find("prefix") != std::string::npos;
  }));
  server_.Call({"SET", "sv:{0}:ledger", "stranger"});
  TestLedger strange(Options());
  ASSERT_TRUE(testing::Eventually([&] {
    const LedgerState state = strange->state();
    return !state.not_ready_because.empty() &&
           state.not_ready_because[0].find("not of a ledger; use another redis.address") !=
               std::string::npos;
  }));
}

}  // namespace
}  // namespace supervision::ledger
