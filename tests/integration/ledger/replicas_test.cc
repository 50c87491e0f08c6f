// With replicas: WAIT, rounds of several partitions, what the tail may tell, and promotion.
#include <set>

#include "services/ledger/ids.h"
#include "tests/integration/ledger/ledger_fixture.h"

namespace supervision::ledger {
namespace {

using domain::Reason;
using testing::ExampleSubmission;
using testing::FailsWith;
using testing::OptionsFor;
using testing::RecordingObserver;
using ::testing::SizeIs;
using testing::TestLedger;

testing::RedisServer::Options WithTcp() {
  testing::RedisServer::Options options;
  options.tcp = true;
  options.settings = {"--repl-diskless-sync-delay", "0"};
  return options;
}

// A replica counts as connected a little before it confirms anything: it still loads.
absl::StatusOr<Receipt> SubmitUntilConfirmed(TestLedger& ledger, const std::string& key) {
  absl::StatusOr<Receipt> receipt = absl::UnknownError("never tried");
  testing::Eventually([&] {
    receipt = ledger.Submit(ExampleSubmission(key));
    return receipt.ok();
  });
  return receipt;
}

// Changes nothing, and is a script on the connection of the commits.
ClaimRequest ReleaseOf(const Receipt& receipt) {
  ClaimRequest request;
  request.holder = "reviewer-1";
  request.clue_id = receipt.clue_id;
  return request;
}

class ReplicasTest : public ::testing::Test {
 protected:
  ReplicasTest() : primary_(WithTcp()), replica_(WithTcp()) {
    replica_.Call({"REPLICAOF", "127.0.0.1", std::to_string(primary_.port())});
  }
  Ledger::Options Options(int replicas) {
    Ledger::Options options = OptionsFor(primary_);
    options.replicas = replicas;
    options.replica_timeout = absl::Milliseconds(200);
    options.check_interval = absl::Milliseconds(200);
    return options;
  }

  testing::RedisServer primary_;
  testing::RedisServer replica_;
};

TEST_F(ReplicasTest, AnAnswerNamesTheReplicasThatHaveTheChange) {
  TestLedger ledger(Options(1));
  ASSERT_TRUE(ledger.WaitReady());
  const auto receipt = SubmitUntilConfirmed(ledger, "1");
  ASSERT_TRUE(receipt.ok()) << receipt.status();
  EXPECT_EQ(receipt->durability.replicas, 1);
  EXPECT_TRUE(receipt->durability.fsynced);
}

TEST_F(ReplicasTest, WithoutEnoughReplicasTheLedgerIsNotReadyAndSaysWhy) {
  TestLedger ledger(Options(2));
  ASSERT_TRUE(testing::Eventually([&] {
    const LedgerState state = ledger->state();
    return !state.not_ready_because.empty() &&
           state.not_ready_because[0].find("2 replicas") != std::string::npos;
  }));
  EXPECT_THAT(ledger.Submit(ExampleSubmission("1")), FailsWith(Reason::kLedgerUnavailable));
}

TEST_F(ReplicasTest, WhatNoReplicaHasIsNeitherAnsweredNorTold) {
  TestLedger ledger(Options(1));
  ASSERT_TRUE(ledger.WaitReady());
  RecordingObserver observer;
  ledger->Follow(&observer);
  ASSERT_TRUE(SubmitUntilConfirmed(ledger, "1").ok());
  ASSERT_TRUE(observer.WaitFor(1));

  replica_.Freeze();
  EXPECT_THAT(ledger.Submit(ExampleSubmission("2")), FailsWith(Reason::kDurabilityNotReached));
  // Asking again finds the clue written, and still no replica that has it.
  EXPECT_THAT(ledger.Submit(ExampleSubmission("2")), FailsWith(Reason::kDurabilityNotReached));
  EXPECT_THAT(observer.entries(), SizeIs(1));
  const auto page = ledger.ReadLog(0, 1, 0);
  ASSERT_TRUE(page.ok());
  EXPECT_THAT(page->entries, SizeIs(1));
  EXPECT_EQ(ledger.Latest()->positions[0], 1);

  replica_.Thaw();
  ASSERT_TRUE(testing::Eventually([&] { return ledger.Submit(ExampleSubmission("2")).ok(); }));
  ASSERT_TRUE(observer.WaitFor(2));
  ledger->Follow(nullptr);
  EXPECT_THAT(observer.entries(), SizeIs(2));
}

// WAIT on a connection that has written nothing confirms nothing, though it says so.
TEST_F(ReplicasTest, AFreshConnectionDoesNotTakeSilenceForConfirmation) {
  {
    TestLedger ledger(Options(1));
    ASSERT_TRUE(ledger.WaitReady());
    ASSERT_TRUE(SubmitUntilConfirmed(ledger, "1").ok());
    replica_.Freeze();
    EXPECT_THAT(ledger.Submit(ExampleSubmission("2")), FailsWith(Reason::kDurabilityNotReached));
  }
  TestLedger again(Options(1));
  ASSERT_TRUE(again.WaitReady());
  EXPECT_THAT(again.Submit(ExampleSubmission("2")), FailsWith(Reason::kDurabilityNotReached));
  EXPECT_EQ(again.Latest()->positions[0], 1);
  replica_.Thaw();
}

TEST_F(ReplicasTest, WhatWasConfirmedLateIsToldWithoutAnyNewChange) {
  TestLedger ledger(Options(1));
  ASSERT_TRUE(ledger.WaitReady());
  RecordingObserver observer;
  ledger->Follow(&observer);
  replica_.Freeze();
  EXPECT_THAT(ledger.Submit(ExampleSubmission("1")), FailsWith(Reason::kDurabilityNotReached));
  replica_.Thaw();
  EXPECT_TRUE(observer.WaitFor(1));
  ledger->Follow(nullptr);
}

TEST_F(ReplicasTest, WhatWasWrittenThoughItsAnswerWasLostIsToldWithoutAnyNewChange) {
  Ledger::Options options = Options(1);
  options.command_timeout = absl::Seconds(1);
  options.check_interval = absl::Minutes(1);
  TestLedger ledger(options);
  ASSERT_TRUE(ledger.WaitReady());
  RecordingObserver observer;
  ledger->Follow(&observer);
  const auto first = SubmitUntilConfirmed(ledger, "1");
  ASSERT_TRUE(first.ok());
  ASSERT_TRUE(observer.WaitFor(1));
  // An answer that Redis has yet to write when it stops would meet a closed socket when it goes on,
  // and it would not read what lies there. Behind this one there is none.
  ASSERT_TRUE(ledger.Release(ReleaseOf(*first)).ok());
  primary_.Freeze();  // it reads later what now lies in its socket, when nobody waits any more
  EXPECT_THAT(ledger.Submit(ExampleSubmission("2")), FailsWith(Reason::kOutcomeUnknown));
  primary_.Thaw();
  EXPECT_TRUE(observer.WaitFor(2));
  ledger->Follow(nullptr);
}

TEST_F(ReplicasTest, AConfirmationThatCouldNotBeToldIsToldLater) {
  TestLedger ledger(Options(1));
  ASSERT_TRUE(ledger.WaitReady());
  const auto told_up_to = [&](int64_t position) {
    return testing::Eventually([&] {
      const absl::StatusOr<Place> latest = ledger.Latest();
      return latest.ok() && latest->positions[0] == position;
    });
  };
  ASSERT_TRUE(SubmitUntilConfirmed(ledger, "1").ok());
  // The answer does not wait for the telling: what follows must not meet that on its way.
  ASSERT_TRUE(told_up_to(1));
  // How many XADD have failed: what was confirmed twice is told twice, and refused the second time.
  const auto failed = [&] {
    const std::string stats = primary_.Call({"INFO", "commandstats"});
    const size_t xadd = stats.find("cmdstat_xadd:");
    const std::string line = stats.substr(xadd, stats.find('\n', xadd) - xadd);
    const size_t count = line.find("failed_calls=");
    return count == std::string::npos ? -1 : std::stoi(line.substr(count + 13));
  };
  const int before = failed();
  ASSERT_GE(before, 0);
  primary_.Call({"SET", "sv:{0}:told", "no stream"});
  ASSERT_TRUE(SubmitUntilConfirmed(ledger, "2").ok());
  ASSERT_TRUE(testing::Eventually([&] { return failed() > before; }));
  primary_.Call({"DEL", "sv:{0}:told"});
  EXPECT_TRUE(told_up_to(2));
}

// Several partitions: their batches go in rounds, with one WAIT for all.
class RoundsTest : public ReplicasTest {
 protected:
  static constexpr int kPartitions = 4;

  Ledger::Options Options() {
    Ledger::Options options = ReplicasTest::Options(1);
    options.partitions = kPartitions;
    return options;
  }
  // A clue of each partition, confirmed. Submitting it again is a change of that partition whose
  // batch accepts nothing.
  static std::vector<Submission> OneOfEach(TestLedger& ledger) {
    std::map<int, Submission> found;
    for (int key = 0; found.size() < kPartitions; ++key) {
      const Submission submission = ExampleSubmission("of-each-" + std::to_string(key));
      const auto receipt = SubmitUntilConfirmed(ledger, "of-each-" + std::to_string(key));
      EXPECT_TRUE(receipt.ok()) << receipt.status();
      if (!receipt.ok()) break;
      found.emplace(ParseClueId(receipt->clue_id, kPartitions)->partition, submission);
    }
    std::vector<Submission> by_partition;
    for (auto& [partition, submission] : found) by_partition.push_back(std::move(submission));
    return by_partition;
  }
  // Submits all while Redis looks at nothing, so that they are there when the first comes back.
  std::vector<absl::StatusOr<Receipt>> SubmitTogether(TestLedger& ledger,
                                                      const std::vector<Submission>& submissions) {
    primary_.Freeze();
    std::vector<std::future<absl::StatusOr<Receipt>>> later;
    for (const Submission& submission : submissions)
      later.push_back(ledger.SubmitLater(submission));
    primary_.Thaw();
    std::vector<absl::StatusOr<Receipt>> receipts;
    for (auto& receipt : later) receipts.push_back(receipt.get());
    return receipts;
  }
  // The ledger's commit connection, as CLIENT LIST has it.
  std::string CommitConnection() {
    const std::string list = primary_.Call({"CLIENT", "LIST"});
    const size_t name = list.find(" name=commit ");
    if (name == std::string::npos) return "";
    const size_t begin = list.rfind("id=", name);
    return list.substr(begin, list.find('\n', name) - begin);
  }
  // Whether Redis holds it up.
  bool Blocked() {
    const std::string line = CommitConnection();
    const size_t flags = line.find(" flags=");
    return flags != std::string::npos && line.find('b', flags + 7) < line.find(' ', flags + 1);
  }
  std::string CommitConnectionId() {
    const std::string line = CommitConnection();
    return line.substr(0, line.find(' '));
  }
  int WaitsSoFar() {
    const std::string stats = primary_.Call({"INFO", "commandstats"});
    const std::string name = "cmdstat_wait:calls=";
    const size_t at = stats.find(name);
    return at == std::string::npos ? 0 : std::atoi(stats.c_str() + at + name.size());
  }
};

TEST_F(RoundsTest, WhatWaitsInSeveralPartitionsSharesOneWait) {
  TestLedger ledger(Options());
  ASSERT_TRUE(ledger.WaitReady());
  const std::vector<Submission> of_each = OneOfEach(ledger);
  ASSERT_THAT(of_each, SizeIs(kPartitions));
  const int before = WaitsSoFar();
  for (const auto& receipt : SubmitTogether(ledger, of_each)) {
    ASSERT_TRUE(receipt.ok()) << receipt.status();
    EXPECT_EQ(receipt->durability.replicas, 1);
  }
  EXPECT_GE(WaitsSoFar() - before, 1);
  EXPECT_LE(WaitsSoFar() - before, 2) << "the first, and all that came while it was under way";
}

TEST_F(RoundsTest, AFrozenReplicaIsNamedInEveryPartitionAndNoConnectionBreaksOfIt) {
  Ledger::Options options = Options();
  // A wait for each partition in turn would outlast what a command may take.
  options.replica_timeout = absl::Milliseconds(800);
  options.command_timeout = absl::Seconds(2);
  TestLedger ledger(options);
  ASSERT_TRUE(ledger.WaitReady());
  RecordingObserver observer;
  ledger->Follow(&observer);
  ASSERT_TRUE(SubmitUntilConfirmed(ledger, "first").ok());
  ASSERT_TRUE(observer.WaitFor(1));
  const std::string connection = CommitConnectionId();
  ASSERT_FALSE(connection.empty());

  replica_.Freeze();
  constexpr size_t kClues = 64;
  std::vector<std::future<absl::StatusOr<Receipt>>> receipts;
  for (size_t i = 0; i < kClues; ++i) {
    receipts.push_back(ledger.SubmitLater(ExampleSubmission(std::to_string(i))));
  }
  for (auto& receipt : receipts) {
    EXPECT_THAT(receipt.get(), FailsWith(Reason::kDurabilityNotReached));
  }
  EXPECT_EQ(CommitConnectionId(), connection);

  replica_.Thaw();
  EXPECT_TRUE(observer.WaitFor(1 + kClues));
  ledger->Follow(nullptr);
  std::set<int> partitions;
  for (const LogEntryPtr& entry : observer.entries()) partitions.insert(entry->partition);
  EXPECT_THAT(partitions, SizeIs(kPartitions));
}

TEST_F(RoundsTest, NothingThatStandsBehindAWaitBreaksTheConnection) {
  Ledger::Options options = Options();
  options.command_timeout = absl::Seconds(1);
  options.replica_timeout = absl::Seconds(2);
  TestLedger ledger(options);  // which looks at Redis' settings every 200 ms
  ASSERT_TRUE(ledger.WaitReady());
  const auto clue = SubmitUntilConfirmed(ledger, "first");
  ASSERT_TRUE(clue.ok());
  const std::string connection = CommitConnectionId();
  replica_.Freeze();
  auto behind_no_replica = ledger.SubmitLater(ExampleSubmission("second"));
  ASSERT_TRUE(testing::Eventually([&] { return Blocked(); }));
  // A script of another kind, whose caller has less time than the WAIT takes.
  const auto released = testing::Await<ReviewItem>([&](Ledger::Callback<ReviewItem> done) {
    ledger->ReleaseReview(ReleaseOf(*clue), absl::Milliseconds(500), std::move(done));
  });
  EXPECT_TRUE(released.ok()) << released.status();
  EXPECT_THAT(behind_no_replica.get(), FailsWith(Reason::kDurabilityNotReached));
  EXPECT_EQ(CommitConnectionId(), connection);
}

TEST_F(RoundsTest, AScriptThatFailsHarmsNoOtherOfItsRound) {
  TestLedger ledger(Options());
  ASSERT_TRUE(ledger.WaitReady());
  const std::vector<Submission> of_each = OneOfEach(ledger);
  ASSERT_THAT(of_each, SizeIs(kPartitions));
  primary_.Call({"SET", "sv:{1}:meta", "no hash"});
  primary_.Call({"SET", "sv:{3}:meta", "no hash"});  // the one before WAIT
  const auto receipts = SubmitTogether(ledger, of_each);
  for (const size_t sound : {0, 2}) {
    ASSERT_TRUE(receipts[sound].ok()) << receipts[sound].status();
    EXPECT_EQ(receipts[sound]->durability.replicas, 1);
  }
  EXPECT_THAT(receipts[1], FailsWith(Reason::kInternal));
  EXPECT_THAT(receipts[3], FailsWith(Reason::kInternal));
}

TEST_F(RoundsTest, ScriptsThatRedisHasLostAreRunInEveryPartitionAllTheSame) {
  TestLedger ledger(Options());
  ASSERT_TRUE(ledger.WaitReady());
  const std::vector<Submission> of_each = OneOfEach(ledger);
  ASSERT_THAT(of_each, SizeIs(kPartitions));
  primary_.Call({"SCRIPT", "FLUSH"});
  for (const auto& receipt : SubmitTogether(ledger, of_each)) {
    EXPECT_TRUE(receipt.ok()) << receipt.status();
  }
}

TEST_F(RoundsTest, WhoWaitsForARoundIsAnsweredAtItsDeadlineThatNothingWasWritten) {
  Ledger::Options options = Options();
  options.replica_timeout = testing::kPatience;
  TestLedger ledger(options);
  ASSERT_TRUE(ledger.WaitReady());
  const std::vector<Submission> of_each = OneOfEach(ledger);
  ASSERT_THAT(of_each, SizeIs(kPartitions));
  replica_.Freeze();
  auto first = ledger.SubmitLater(of_each[0]);
  ASSERT_TRUE(testing::Eventually([&] { return Blocked(); }));
  EXPECT_THAT(ledger.Submit(of_each[0], absl::Milliseconds(50)),
              FailsWith(Reason::kLedgerUnavailable));
  EXPECT_THAT(ledger.Submit(of_each[1], absl::Milliseconds(50)),
              FailsWith(Reason::kLedgerUnavailable));
  replica_.Thaw();
  EXPECT_TRUE(first.get().ok());
}

TEST_F(ReplicasTest, APromotionOpensANewEpochOnce) {
  {
    TestLedger ledger(Options(1));
    ASSERT_TRUE(ledger.WaitReady());
    ASSERT_TRUE(SubmitUntilConfirmed(ledger, "1").ok());
    EXPECT_EQ(ledger->state().partitions[0].epoch, 1);
  }
  primary_.Kill9();
  replica_.Call({"REPLICAOF", "NO", "ONE"});
  for (int round = 0; round < 2; ++round) {
    TestLedger promoted(OptionsFor(replica_));
    ASSERT_TRUE(promoted.WaitReady());
    EXPECT_EQ(promoted->state().partitions[0].epoch, 2);
    EXPECT_TRUE(promoted.Resolve(promoted->EncodeCursor(Place{{1}, {1}})).ok())
        << "what the replica had goes on";
  }
}

TEST_F(ReplicasTest, AReplicaIsNoPlaceForALedger) {
  TestLedger ledger(OptionsFor(replica_));
  ASSERT_TRUE(testing::Eventually([&] {
    const LedgerState state = ledger->state();
    return !state.not_ready_because.empty() &&
           state.not_ready_because[0].find("is a replica") != std::string::npos;
  }));
}

}  // namespace
}  // namespace supervision::ledger
