// The commit script alone: what it writes, and what it never writes by halves.
#include <set>

#include "services/base/hash.h"
#include "services/ledger/batch.h"
#include "services/ledger/scripts.h"
#include "tests/integration/ledger/ledger_fixture.h"
#include "tests/support/redis_calls.h"

namespace supervision::ledger {
namespace {

using ::testing::Each;
using testing::ExampleSubmission;

constexpr int kBatch = 64;
constexpr int kPoisoned = 31;

class CommitScriptTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    testing::RedisServer::Options options;
    options.settings = {"--enable-debug-command", "yes"};
    server_ = new testing::RedisServer(options);
  }
  static void TearDownTestSuite() {
    delete server_;
    server_ = nullptr;
  }
  CommitScriptTest() : keys_("", 1), client_(&loop_, ClientOptions()) {
    server_->Call({"FLUSHALL"});
    descriptor_.id = std::string(16, 'i');
    descriptor_.secret = std::string(32, 's');
  }

  static redis::Client::Options ClientOptions() {
    redis::Client::Options options;
    options.address.unix_path = server_->path();
    options.scripts = AllScripts();
    return options;
  }

  Change Create(const Submission& submission) {
    return MakeCreate(descriptor_, keys_, domain::SilenceIndex(), submission,
                      absl::FromUnixSeconds(1'000'000));
  }

  redis::Result RunRaw(const std::vector<Change>& changes, bool wait_follows = false) {
    std::vector<const Change*> pointers;
    for (const Change& change : changes) pointers.push_back(&change);
    const BatchCall call = MakeBatchCall(keys_, 0, pointers, wait_follows);
    return testing::RunScript(client_, CommitScript(), call.keys, call.arguments);
  }
  BatchReply Run(const std::vector<Change>& changes) {
    redis::Result result = RunRaw(changes);
    EXPECT_TRUE(result.ok()) << testing::Show(result);
    if (!result.ok()) return {};
    return ParseBatchReply(std::move(result.reply()), changes.size()).value_or(BatchReply());
  }
  std::string Ask(redis::Command command) {
    return testing::Show(testing::Call(client_, std::move(command)));
  }

  // Of everything in Redis.
  std::string Digest() {
    std::string digest = Ask({"DEBUG", "DIGEST"});
    EXPECT_EQ(digest.size(), 40u) << digest;
    return digest;
  }

  // Clues that differ in every facet but their index of all, so that every other key of the
  // poisoned one is its own.
  std::vector<Change> Batch() {
    std::vector<Change> changes;
    for (int i = 0; i < kBatch; ++i) {
      Submission submission = ExampleSubmission(std::to_string(i));
      if (i == kPoisoned) {
        submission.partner = "court";
        submission.content.region_code = "330108";
        submission.content.unit = {"某区法院", "11330108MB7654321X"};
        submission.verdict.scenario = domain::Scenario::kJudicial;
        submission.verdict.risk = domain::Risk::kHigh;
      }
      changes.push_back(Create(submission));
    }
    return changes;
  }

  static testing::RedisServer* server_;
  redis::Loop loop_;
  Descriptor descriptor_;
  Keys keys_;
  redis::Client client_;
};
testing::RedisServer* CommitScriptTest::server_ = nullptr;

TEST_F(CommitScriptTest, AKeyOfAWrongTypeFailsItsOwnClueAndNothingElse) {
  const Change poisoned = Batch()[kPoisoned];
  std::vector<std::string> own = poisoned.join;
  own.erase(std::remove(own.begin(), own.end(), keys_.All(0)), own.end());
  own.push_back(poisoned.clue_key);
  ASSERT_EQ(own.size(), 7u) << "scenario, risk, partner, region, unit by name and code, the clue";
  for (const std::string& key : own) {
    SCOPED_TRACE(key);
    server_->Call({"FLUSHALL"});
    ASSERT_EQ(Ask({"SET", key, "poison"}), "OK");
    const BatchReply reply = Run(Batch());
    ASSERT_EQ(reply.outcomes.size(), static_cast<size_t>(kBatch));
    for (int i = 0; i < kBatch; ++i) {
      EXPECT_EQ(reply.outcomes[i].decision,
                i == kPoisoned ? Decision::kWrongType : Decision::kAccepted)
          << i;
    }
    EXPECT_EQ(reply.end, kBatch - 1);
    EXPECT_EQ(Ask({"XLEN", keys_.Log(0)}), std::to_string(kBatch - 1));
    EXPECT_EQ(Ask({"XLEN", keys_.All(0)}), "1") << "one entry for all that were committed together";
    for (const std::string& other : own) {
      EXPECT_EQ(Ask({"TYPE", other}), other == key ? "string" : "none") << other;
    }
  }
}

TEST_F(CommitScriptTest, AWrongTypeOfWhatAllShareWritesNothingAtAll) {
  for (const std::string& key : {keys_.Meta(0), keys_.Log(0)}) {
    SCOPED_TRACE(key);
    server_->Call({"FLUSHALL"});
    ASSERT_EQ(Ask({"SET", key, "poison"}), "OK");
    EXPECT_FALSE(RunRaw(Batch()).ok());
    EXPECT_EQ(Ask({"DBSIZE"}), "1");
  }
  server_->Call({"FLUSHALL"});
  ASSERT_EQ(Ask({"SET", keys_.All(0), "poison"}), "OK");
  const BatchReply reply = Run(Batch());
  for (const Outcome& outcome : reply.outcomes) {
    EXPECT_EQ(outcome.decision, Decision::kWrongType);
  }
  EXPECT_EQ(Ask({"DBSIZE"}), "1");
}

TEST_F(CommitScriptTest, RunningItTwiceChangesNothing) {
  const std::vector<Change> batch = Batch();
  Run(batch);
  const std::string before = Digest();
  const BatchReply again = Run(batch);
  EXPECT_EQ(Digest(), before);
  ASSERT_EQ(again.outcomes.size(), batch.size());
  for (size_t i = 0; i < batch.size(); ++i) {
    EXPECT_EQ(again.outcomes[i].decision, Decision::kRepeated);
    EXPECT_EQ(again.outcomes[i].stored, batch[i].version);
  }
}

TEST_F(CommitScriptTest, ALogThatDoesNotEndWhereMetaSaysIsNotWritten) {
  Run({Create(ExampleSubmission("1"))});
  ASSERT_EQ(Ask({"XADD", keys_.Log(0), "7-0", "e", "stranger"}), "7-0");
  const std::string before = Digest();
  EXPECT_FALSE(RunRaw({Create(ExampleSubmission("2"))}).ok());
  EXPECT_EQ(Digest(), before);
}

TEST_F(CommitScriptTest, OrderKeysGrowStrictlyWhateverTheClockSays) {
  Run({Create(ExampleSubmission("1")), Create(ExampleSubmission("2"))});
  Submission late = ExampleSubmission("3");
  const Change from_the_past =
      MakeCreate(descriptor_, keys_, domain::SilenceIndex(), late, absl::FromUnixSeconds(500'000));
  Run({from_the_past});
  EXPECT_EQ(Ask({"HGET", keys_.Meta(0), "t"}), "1000000000002");
  EXPECT_EQ(Ask({"HGET", from_the_past.clue_key, "t"}), "1000000000002");
}

// The order key of an index entry is behind all before it, or nothing is written.
TEST_F(CommitScriptTest, AnIndexThatIsAheadOfTheLedgerFailsItsClues) {
  Run({Create(ExampleSubmission("1"))});
  ASSERT_EQ(Ask({"XADD", keys_.All(0), "9000000000000000-0", "b", ""}), "9000000000000000-0");
  const std::string before = Digest();
  EXPECT_EQ(Run({Create(ExampleSubmission("2"))}).outcomes[0].decision, Decision::kWrongType);
  EXPECT_EQ(Digest(), before);
}

TEST_F(CommitScriptTest, AChangedFacetMovesTheClueToItsNewIndexesAtItsOldPlace) {
  const Submission submission = ExampleSubmission("1");
  const Change create = Create(submission);
  Run({create});
  Current current;
  current.version = *DecodeVersion(create.version, create.clue.ToText());
  current.summary = *DecodeSummary(create.summary, create.clue.ToText());
  Revision revision = testing::RevisionOf(submission, create.receipt, "req-2");
  revision.verdict.risk = domain::Risk::kHigh;
  const Change change = MakeRevision(descriptor_, keys_, domain::SilenceIndex(), revision, current,
                                     absl::FromUnixSeconds(2'000'000));
  ASSERT_EQ(Run({change}).outcomes[0].decision, Decision::kAccepted);
  const std::string later = keys_.Later(0, keys_.Risk(0, domain::Risk::kHigh));
  EXPECT_EQ(Ask({"ZSCORE", later, create.clue.bytes}), Ask({"HGET", create.clue_key, "t"}));
  EXPECT_EQ(Ask({"EXISTS", keys_.Later(0, keys_.All(0))}), "0") << "it never left that one";
}

// By its manual, WAIT speaks of what its own connection has written: a batch that accepts nothing
// says "confirmed" of what others wrote meanwhile, so there must be a write that it speaks of.
TEST_F(CommitScriptTest, BeforeAWaitABatchWritesWhateverBecomesOfItsChanges) {
  const Change first = Create(ExampleSubmission("1"));
  Submission other = ExampleSubmission("1");
  other.content.content += "另一件事";
  const Change reused = Create(other);
  other.request_id = "req-2";
  const Change exists = Create(other);
  ASSERT_TRUE(RunRaw({first}, true).ok());
  const std::string before = Digest();
  ASSERT_TRUE(RunRaw({reused}, false).ok());
  EXPECT_EQ(Digest(), before) << "nobody waits: a refusal writes nothing";
  std::set<std::string> digests = {before};
  for (const Change& change : {first, reused, exists}) {
    const redis::Result result = RunRaw({change}, true);
    ASSERT_TRUE(result.ok()) << testing::Show(result);
    digests.insert(Digest());
  }
  ASSERT_TRUE(RunRaw({}, true).ok());
  digests.insert(Digest());
  EXPECT_EQ(digests.size(), 5u) << "each has written its marker";
}

TEST_F(CommitScriptTest, FullMemoryRefusesTheWholeBatchBeforeItWrites) {
  Run({Create(ExampleSubmission("1"))});
  const std::string before = Digest();
  ASSERT_EQ(Ask({"CONFIG", "SET", "maxmemory", "1"}), "OK");
  const redis::Result refused = RunRaw({Create(ExampleSubmission("2"))});
  ASSERT_EQ(Ask({"CONFIG", "SET", "maxmemory", "0"}), "OK");
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.failure().kind, redis::FailureKind::kOutOfMemory);
  EXPECT_EQ(Digest(), before);
}

// Memory runs full somewhere among 3,000 clues that are committed in batches.
TEST_F(CommitScriptTest, WhenMemoryRunsFullEachClueIsThereWhollyOrNotAtAll) {
  ASSERT_EQ(Ask({"CONFIG", "SET", "maxmemory", "6mb"}), "OK");
  std::vector<Change> all;
  std::set<std::string> accepted;
  bool refused = false;
  for (int b = 0; b < 60; ++b) {
    std::vector<Change> batch;
    for (int i = 0; i < 50; ++i) {
      Submission submission = ExampleSubmission(std::to_string(b * 50 + i));
      submission.content.content.append(2000, 'x');
      batch.push_back(Create(submission));
    }
    redis::Result result = RunRaw(batch);
    if (result.ok()) {
      for (const Change& change : batch) accepted.insert(change.clue_key);
    } else {
      EXPECT_EQ(result.failure().kind, redis::FailureKind::kOutOfMemory);
      refused = true;
    }
    std::move(batch.begin(), batch.end(), std::back_inserter(all));
  }
  ASSERT_EQ(Ask({"CONFIG", "SET", "maxmemory", "0"}), "OK");
  ASSERT_TRUE(refused) << "the limit was never reached";
  ASSERT_FALSE(accepted.empty());
  for (const Change& change : all) {
    const bool there = accepted.count(change.clue_key) > 0;
    EXPECT_EQ(Ask({"HLEN", change.clue_key}), there ? "5" : "0");
  }
  const std::string all_ids = Ask({"XRANGE", keys_.All(0), "-", "+"});
  for (const Change& change : all) {
    const bool there = accepted.count(change.clue_key) > 0;
    EXPECT_EQ(all_ids.find(change.clue.bytes) != std::string::npos, there);
  }
  EXPECT_EQ(Ask({"XLEN", keys_.Log(0)}), std::to_string(accepted.size()));
  EXPECT_EQ(Ask({"HGET", keys_.Meta(0), "n"}), std::to_string(accepted.size()));
}

}  // namespace
}  // namespace supervision::ledger
