#include "services/rpc/clue_stream_state.h"

#include <atomic>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "gtest/gtest.h"

namespace supervision::rpc {
namespace {

using Step = ClueStreamState::Step;

// Carries out steps as a reactor does, and remembers what was asked for.
class Carrier {
 public:
  explicit Carrier(size_t window) : state(window) {}

  void Perform(Step step) {
    while (!step.empty()) {
      if (step.finish.has_value()) {
        EXPECT_FALSE(writing) << "finished beside a write";
        finished.push_back(*step.finish);
        return;
      }
      if (step.read) reading = true;
      if (step.write.has_value()) {
        writing = true;
        written.push_back(*step.write);
      }
      step = state.Performed();
    }
  }
  uint64_t Message() {
    EXPECT_TRUE(reading);
    reading = false;
    const uint64_t index = state.OnMessage().value();
    Perform(state.OnMessageTaken());
    return index;
  }
  void NoMoreMessages() {
    reading = false;
    Perform(state.OnNoMoreMessages());
  }
  void Answer(const std::string& text) { Perform(state.OnAnswer(text)); }
  void WriteDone(bool ok = true) {
    EXPECT_TRUE(writing);
    writing = false;
    Perform(state.OnWritten(ok));
  }

  ClueStreamState state;
  bool reading = false;
  bool writing = false;
  std::vector<std::string> written;
  std::vector<absl::Status> finished;
};

TEST(ClueStreamStateTest, ReadsAtOnceAndNumbersMessages) {
  Carrier carrier(4);
  carrier.Perform(carrier.state.OnStart());
  EXPECT_TRUE(carrier.reading);
  EXPECT_EQ(carrier.Message(), 0u);
  EXPECT_EQ(carrier.Message(), 1u);
}

TEST(ClueStreamStateTest, AStreamThatIsRefusedEndsOnceAlsoWhenItIsCancelled) {
  Carrier stream(4);
  stream.Perform(stream.state.Refuse(absl::UnauthenticatedError("nobody")));
  stream.Perform(stream.state.OnCancelled());
  stream.Perform(stream.state.OnNoMoreMessages());
  EXPECT_EQ(stream.finished, std::vector<absl::Status>{absl::UnauthenticatedError("nobody")});
}

TEST(ClueStreamStateTest, WhatIsReadWhileTheStreamEndsIsLeftUnread) {
  Carrier stream(4);
  stream.Perform(stream.state.OnStart());
  stream.Perform(stream.state.Drain(absl::UnavailableError("old")));
  ASSERT_EQ(stream.finished.size(), 1u);
  EXPECT_EQ(stream.state.OnMessage(), std::nullopt);
}

TEST(ClueStreamStateTest, PausesReadingWhileTheWindowIsOpen) {
  Carrier carrier(2);
  carrier.Perform(carrier.state.OnStart());
  carrier.Message();
  carrier.Message();
  EXPECT_FALSE(carrier.reading);
  carrier.Answer("a");
  EXPECT_FALSE(carrier.reading) << "an answer that is not written yet still counts";
  carrier.WriteDone();
  EXPECT_TRUE(carrier.reading);
}

TEST(ClueStreamStateTest, WritesOneAnswerAtATime) {
  Carrier carrier(4);
  carrier.Perform(carrier.state.OnStart());
  carrier.Message();
  carrier.Message();
  carrier.Answer("a");
  carrier.Answer("b");
  EXPECT_EQ(carrier.written, std::vector<std::string>({"a"}));
  carrier.WriteDone();
  EXPECT_EQ(carrier.written, std::vector<std::string>({"a", "b"}));
}

TEST(ClueStreamStateTest, EndsOkWhenEverythingSentIsAnswered) {
  Carrier carrier(4);
  carrier.Perform(carrier.state.OnStart());
  carrier.Message();
  carrier.NoMoreMessages();
  EXPECT_TRUE(carrier.finished.empty());
  carrier.Answer("a");
  EXPECT_TRUE(carrier.finished.empty());
  carrier.WriteDone();
  ASSERT_EQ(carrier.finished.size(), 1u);
  EXPECT_TRUE(carrier.finished[0].ok());
}

TEST(ClueStreamStateTest, EndsAtOnceWhenNothingWasSent) {
  Carrier carrier(4);
  carrier.Perform(carrier.state.OnStart());
  carrier.NoMoreMessages();
  ASSERT_EQ(carrier.finished.size(), 1u);
}

TEST(ClueStreamStateTest, ACancelDoesNotWaitForAnswers) {
  Carrier carrier(4);
  carrier.Perform(carrier.state.OnStart());
  carrier.Message();
  carrier.Perform(carrier.state.OnCancelled());
  ASSERT_EQ(carrier.finished.size(), 1u);
  EXPECT_EQ(carrier.finished[0].code(), absl::StatusCode::kCancelled);
  carrier.Answer("late");
  carrier.NoMoreMessages();
  EXPECT_EQ(carrier.finished.size(), 1u);
  EXPECT_TRUE(carrier.written.empty());
}

TEST(ClueStreamStateTest, ACancelWaitsForTheWriteUnderWay) {
  Carrier carrier(4);
  carrier.Perform(carrier.state.OnStart());
  carrier.Message();
  carrier.Answer("a");
  carrier.Perform(carrier.state.OnCancelled());
  EXPECT_TRUE(carrier.finished.empty());
  carrier.WriteDone(false);
  EXPECT_EQ(carrier.finished.size(), 1u);
}

TEST(ClueStreamStateTest, ABrokenWriteEndsTheStream) {
  Carrier carrier(4);
  carrier.Perform(carrier.state.OnStart());
  carrier.Message();
  carrier.Message();
  carrier.Answer("a");
  carrier.WriteDone(false);
  EXPECT_EQ(carrier.finished.size(), 1u);
}

TEST(ClueStreamStateTest, ADrainReadsNoMoreAndAnswersWhatWasTaken) {
  Carrier carrier(4);
  carrier.Perform(carrier.state.OnStart());
  carrier.Message();
  carrier.Perform(carrier.state.Drain(absl::UnavailableError("draining")));
  EXPECT_TRUE(carrier.finished.empty());
  carrier.Answer("a");
  carrier.WriteDone();
  ASSERT_EQ(carrier.finished.size(), 1u);
  EXPECT_EQ(carrier.finished[0].code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(carrier.written.size(), 1u);
}

TEST(ClueStreamStateTest, NoThreadIsCarryingOutAStepWhenTheStreamEnds) {
  ClueStreamState state(4);
  Step read = state.OnStart();
  ASSERT_TRUE(read.read);  // not reported yet
  EXPECT_TRUE(state.OnCancelled().empty());
  EXPECT_TRUE(state.Performed().finish.has_value());
}

// Reader, answering threads, writer and a canceller at once: one end, and nothing after it.
TEST(ClueStreamStateTest, EndsExactlyOnceUnderEveryInterleaving) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  for (unsigned round = 0; round < 500; ++round) {
    ClueStreamState state(3);
    std::atomic<int> finished{0};
    std::atomic<int> reads{0};
    std::atomic<int> writes{0};
    std::atomic<int> unanswered{0};
    const auto perform = [&](Step step) {
      while (!step.empty()) {
        EXPECT_EQ(finished.load(), 0) << "a step after the end";
        if (step.finish.has_value()) {
          finished.fetch_add(1);
          return;
        }
        if (step.read) reads.fetch_add(1);
        if (step.write.has_value()) writes.fetch_add(1);
        step = state.Performed();
      }
    };
    const auto take = [](std::atomic<int>& count) {
      int now = count.load();
      while (now > 0 && !count.compare_exchange_weak(now, now - 1)) {
      }
      return now > 0;
    };
    const auto over = [&] { return finished.load() > 0; };
    perform(state.OnStart());
    std::thread reader([&] {
      int messages = 0;
      while (!over()) {
        if (!take(reads)) {
          std::this_thread::yield();
          continue;
        }
        if (messages++ == 20) return perform(state.OnNoMoreMessages());
        if (state.OnMessage().has_value()) unanswered.fetch_add(1);
        perform(state.OnMessageTaken());
      }
    });
    std::thread writer([&] {
      while (!over()) {
        if (take(writes)) perform(state.OnWritten(true));
        std::this_thread::yield();
      }
    });
    std::vector<std::thread> answerers;
    for (int i = 0; i < 2; ++i) {
      answerers.emplace_back([&] {
        while (!over()) {
          if (take(unanswered)) perform(state.OnAnswer("a"));
          std::this_thread::yield();
        }
      });
    }
    std::thread canceller([&] {
      std::mt19937 random(seed + round);
      for (unsigned spins = random() % 2000; spins > 0 && !over(); --spins) {
        std::this_thread::yield();
      }
      if (round % 2 == 0) perform(state.OnCancelled());
      if (round % 4 == 1) perform(state.Drain(absl::UnavailableError("draining")));
    });
    reader.join();
    canceller.join();
    for (std::thread& answerer : answerers) answerer.join();
    writer.join();
    ASSERT_EQ(finished.load(), 1) << "round " << round;
  }
}

}  // namespace
}  // namespace supervision::rpc
