// Group commit and the tail under load.
#include <atomic>
#include <set>
#include <thread>

#include "tests/integration/ledger/ledger_fixture.h"

namespace supervision::ledger {
namespace {

using testing::ExampleSubmission;
using testing::OptionsFor;
using testing::RecordingObserver;
using ::testing::SizeIs;
using testing::TestLedger;

class TailTest : public ::testing::Test {
 protected:
  Ledger::Options Options(int partitions) {
    Ledger::Options options = OptionsFor(server_);
    options.partitions = partitions;
    return options;
  }
  testing::RedisServer server_;
};

int64_t ScriptCalls(const testing::RedisServer& server) {
  const std::string stats = server.Call({"INFO", "commandstats"});
  const size_t at = stats.find("cmdstat_evalsha:calls=");
  return at == std::string::npos ? 0 : std::atoll(stats.c_str() + at + 22);
}

TEST_F(TailTest, WhatWaitsGoesIntoOneCall) {
  TestLedger ledger(Options(1));
  ASSERT_TRUE(ledger.WaitReady());
  const int64_t before = ScriptCalls(server_);
  server_.Freeze();
  std::vector<std::future<absl::StatusOr<Receipt>>> answers;
  for (int i = 0; i < 1'000; ++i) {
    answers.push_back(ledger.SubmitLater(ExampleSubmission(std::to_string(i))));
  }
  server_.Thaw();
  for (auto& answer : answers) ASSERT_TRUE(answer.get().ok());
  // 128 a call: eight calls, and the first few that went out before the others had come.
  EXPECT_LE(ScriptCalls(server_) - before, 12);
  EXPECT_EQ(ledger->state().partitions[0].end, 1'000);
}

// The page and the state behind it are two moments: what is written between them is no hole.
TEST_F(TailTest, APageReadAtTheEndIsEmptyWhereOthersWriteMeanwhile) {
  TestLedger ledger(Options(1));
  ASSERT_TRUE(ledger.WaitReady());
  std::atomic<bool> stop = false;
  std::vector<std::thread> writers;
  for (int w = 0; w < 4; ++w) {
    writers.emplace_back([&, w] {
      for (int i = 0; !stop; ++i) {
        EXPECT_TRUE(ledger.Submit(ExampleSubmission(std::to_string(4 * i + w))).ok());
      }
    });
  }
  int failed = 0;
  for (int round = 0; round < 100; ++round) {
    std::vector<std::future<absl::StatusOr<LogPage>>> pages(500);
    const int64_t end = ledger->state().partitions[0].end;
    for (size_t i = 0; i < pages.size(); ++i) {
      ledger->ReadLog(0, 1, end + static_cast<int64_t>(i % 16), 10, 1 << 20, testing::kPatience,
                      testing::Into(&pages[i]));
    }
    for (auto& page : pages) failed += !page.get().ok();
  }
  stop = true;
  for (std::thread& writer : writers) writer.join();
  EXPECT_EQ(failed, 0);
}

TEST_F(TailTest, AHoleAtTheEndIsSaid) {
  TestLedger ledger(Options(1));
  ASSERT_TRUE(ledger.WaitReady());
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(ledger.Submit(ExampleSubmission(std::to_string(i))).ok());
  }
  server_.Call({"XDEL", "sv:{0}:log", "3-0"});
  EXPECT_THAT(ledger.ReadLog(0, 1, 2), testing::FailsWith(domain::Reason::kInternal));
  EXPECT_TRUE(ledger.ReadLog(0, 1, 1).ok()) << "what stands before it";
}

TEST_F(TailTest, ABatchIsBoundedInBytes) {
  Ledger::Options options = Options(1);
  options.max_batch_bytes = 64 << 10;
  TestLedger ledger(options);
  ASSERT_TRUE(ledger.WaitReady());
  const int64_t before = ScriptCalls(server_);
  server_.Freeze();
  std::vector<std::future<absl::StatusOr<Receipt>>> answers;
  for (int i = 0; i < 40; ++i) {
    Submission submission = ExampleSubmission(std::to_string(i));
    submission.content.content.append(30 << 10, 'x');
    answers.push_back(ledger.SubmitLater(submission));
  }
  server_.Thaw();
  for (auto& answer : answers) ASSERT_TRUE(answer.get().ok());
  EXPECT_GE(ScriptCalls(server_) - before, 20) << "two such clues fit into a call";
}

TEST_F(TailTest, AClueLargerThanABatchIsCommittedAlone) {
  Ledger::Options options = Options(1);
  options.max_batch_bytes = 1'000;
  TestLedger ledger(options);
  ASSERT_TRUE(ledger.WaitReady());
  Submission submission = ExampleSubmission("1");
  submission.content.content.append(50'000, 'x');
  EXPECT_TRUE(ledger.Submit(submission).ok());
}

TEST_F(TailTest, ReplayAndLiveMeetWithoutASeamWhilePublishersRun) {
  TestLedger ledger(Options(4));
  ASSERT_TRUE(ledger.WaitReady());
  std::atomic<bool> stop = false;
  std::atomic<int> accepted = 0;
  std::vector<std::thread> publishers;
  for (int t = 0; t < 4; ++t) {
    publishers.emplace_back([&, t] {
      for (int i = 0; !stop && i < 5'000; ++i) {
        accepted +=
            ledger.Submit(ExampleSubmission(std::to_string(t) + "-" + std::to_string(i))).ok();
      }
    });
  }
  EXPECT_TRUE(testing::Eventually([&] { return accepted >= 50; }));
  RecordingObserver observer;
  ledger->Follow(&observer);
  EXPECT_TRUE(observer.WaitFor(100));
  // Replay of what came before the first told entry, with the publishers still running.
  std::vector<int64_t> told_from(4, 0);
  for (const LogEntryPtr& entry : observer.entries()) {
    if (told_from[entry->partition] == 0) told_from[entry->partition] = entry->position;
  }
  stop = true;
  for (std::thread& publisher : publishers) publisher.join();
  std::set<std::string> seen;
  size_t live = 0;
  for (int p = 0; p < 4; ++p) {
    int64_t at = 0;
    while (at + 1 < told_from[p]) {
      const auto page = ledger.ReadLog(p, 1, at, 64);
      ASSERT_TRUE(page.ok());
      ASSERT_FALSE(page->entries.empty());
      for (const LogEntryPtr& entry : page->entries) {
        if (entry->position >= told_from[p]) break;
        ASSERT_EQ(entry->position, ++at);
        EXPECT_TRUE(seen.insert(entry->event.alert.clue_id).second);
      }
    }
    live += static_cast<size_t>(ledger.Latest()->positions[p]) - static_cast<size_t>(at);
  }
  EXPECT_TRUE(observer.WaitFor(live));
  ledger->Follow(nullptr);
  for (const LogEntryPtr& entry : observer.entries()) {
    ASSERT_EQ(entry->position, told_from[entry->partition]++);
    EXPECT_TRUE(seen.insert(entry->event.alert.clue_id).second);
  }
  EXPECT_EQ(seen.size(), static_cast<size_t>(accepted));
}

TEST_F(TailTest, TwoServicesHearOfEachOthersClues) {
  TestLedger first(Options(2));
  ASSERT_TRUE(first.WaitReady());
  TestLedger second(Options(2));
  ASSERT_TRUE(second.WaitReady());
  RecordingObserver observer;
  second->Follow(&observer);
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(first.Submit(ExampleSubmission(std::to_string(i))).ok());
  }
  EXPECT_TRUE(observer.WaitFor(20));
  second->Follow(nullptr);
}

TEST_F(TailTest, AfterABreakTheTailGoesOnWhereItWas) {
  TestLedger ledger(Options(1));
  ASSERT_TRUE(ledger.WaitReady());
  RecordingObserver observer;
  ledger->Follow(&observer);
  for (int i = 0; i < 10; ++i) {
    if (i % 3 == 0) server_.Call({"CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"});
    ASSERT_TRUE(testing::Eventually(
        [&] { return ledger.Submit(ExampleSubmission(std::to_string(i))).ok(); }));
  }
  ASSERT_TRUE(observer.WaitFor(10));
  ledger->Follow(nullptr);
  const auto entries = observer.entries();
  ASSERT_THAT(entries, SizeIs(10));
  for (int i = 0; i < 10; ++i) EXPECT_EQ(entries[i]->position, i + 1);
}

TEST_F(TailTest, ADamagedEventIsToldAsAnEntryWithoutAnAlert) {
  TestLedger ledger(Options(1));
  ASSERT_TRUE(ledger.WaitReady());
  RecordingObserver observer;
  ledger->Follow(&observer);
  server_.Call({"XADD", "sv:{0}:log", "1-0", "e", "\xff\xff"});
  server_.Call({"HSET", "sv:{0}:meta", "n", "1"});
  ASSERT_TRUE(ledger.Submit(ExampleSubmission("1")).ok());
  ASSERT_TRUE(observer.WaitFor(2));
  ledger->Follow(nullptr);
  EXPECT_EQ(observer.entries()[0]->event.alert.version, 0u);
  EXPECT_EQ(observer.entries()[1]->position, 2);
}

}  // namespace
}  // namespace supervision::ledger
