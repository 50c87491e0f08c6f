#include "services/redis/loop.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <thread>
#include <vector>

#include "tests/support/eventually.h"

namespace supervision::redis {
namespace {

using ::supervision::testing::Eventually;
using ::testing::ElementsAre;

constexpr absl::Duration kLong = absl::Hours(1);

void WaitForLoop(Loop* loop) {
  std::promise<void> done;
  loop->Post([&done] { done.set_value(); });
  done.get_future().wait();
}

TEST(LoopTest, RunsTasksOnItsOwnThread) {
  Loop loop;
  std::promise<bool> on_loop;
  loop.Post([&] { on_loop.set_value(loop.OnLoopThread()); });
  EXPECT_TRUE(on_loop.get_future().get());
  EXPECT_FALSE(loop.OnLoopThread());
}

TEST(LoopTest, RunsEachThreadsTasksInTheOrderPosted) {
  constexpr int kThreads = 4;
  constexpr int kTasks = 2000;
  std::vector<std::vector<int>> seen(kThreads);
  {
    Loop loop;
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&, t] {
        for (int i = 0; i < kTasks; ++i) loop.Post([&, t, i] { seen[t].push_back(i); });
      });
    }
    for (std::thread& thread : threads) thread.join();
  }
  for (const std::vector<int>& tasks : seen) {
    ASSERT_EQ(tasks.size(), static_cast<size_t>(kTasks));
    EXPECT_TRUE(std::is_sorted(tasks.begin(), tasks.end()));
  }
}

TEST(LoopTest, RunsATaskAfterTheOneThatPostedIt) {
  Loop loop;
  std::vector<int> order;
  loop.Post([&] {
    loop.Post([&] { order.push_back(2); });
    order.push_back(1);
  });
  loop.Stop();
  EXPECT_THAT(order, ElementsAre(1, 2));
}

TEST(LoopTest, StopRunsWhatWasPostedAndDropsTheRest) {
  Loop loop;
  int ran = 0;
  for (int i = 0; i < 100; ++i) loop.Post([&] { ++ran; });
  loop.Stop();
  loop.Post([&] { ran = -1; });
  loop.Stop();
  EXPECT_EQ(ran, 100);
}

TEST(LoopTest, StopsOnceWhenSeveralThreadsAsk) {
  Loop loop;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) threads.emplace_back([&] { loop.Stop(); });
  for (std::thread& thread : threads) thread.join();
}

TEST(LoopTest, RunsTimersByTheirDelay) {
  Loop loop;
  std::vector<int> order;
  std::atomic<int> ran = 0;
  std::unique_ptr<Loop::Timer> late;
  std::unique_ptr<Loop::Timer> soon;
  loop.Post([&] {  // both at one time, however busy the machine is
    late = loop.RunAfter(absl::Milliseconds(30), [&] { order.push_back(2), ++ran; });
    soon = loop.RunAfter(absl::Milliseconds(1), [&] { order.push_back(1), ++ran; });
  });
  ASSERT_TRUE(Eventually([&] { return ran == 2; }));
  EXPECT_THAT(order, ElementsAre(1, 2));
}

TEST(LoopTest, RunsATimerWhoseDelayHasPassed) {
  Loop loop;
  std::promise<void> ran;
  const auto timer = loop.RunAfter(-absl::Seconds(1), [&] { ran.set_value(); });
  ran.get_future().wait();
}

TEST(LoopTest, DoesNotRunATimerWhoseHandleIsGone) {
  Loop loop;
  std::atomic<bool> ran = false;
  std::promise<void> later;
  std::unique_ptr<Loop::Timer> after;
  loop.Post([&] {  // before the loop can look at its timers
    loop.RunAfter(absl::Milliseconds(1), [&] { ran = true; }).reset();
    after = loop.RunAfter(absl::Milliseconds(20), [&] { later.set_value(); });
  });
  later.get_future().wait();
  EXPECT_FALSE(ran);
}

TEST(LoopTest, ATimerMayDestroyItselfAndOthersFromItsTask) {
  Loop loop;
  std::unique_ptr<Loop::Timer> self;
  std::unique_ptr<Loop::Timer> other;
  std::atomic<bool> other_ran = false;
  std::promise<void> ran;
  loop.Post([&] {
    other = loop.RunAfter(absl::Milliseconds(5), [&] { other_ran = true; });
    self = loop.RunAfter(absl::Milliseconds(1), [&] {
      self.reset();
      other.reset();
      ran.set_value();
    });
  });
  ran.get_future().wait();
  WaitForLoop(&loop);
  EXPECT_FALSE(other_ran);
}

TEST(LoopTest, FreesACancelledTask) {
  Loop loop;
  auto held = std::make_shared<int>(1);
  auto timer = loop.RunAfter(kLong, [held] {});
  timer.reset();
  WaitForLoop(&loop);
  EXPECT_EQ(held.use_count(), 1);
}

TEST(LoopTest, StopFreesTimersThatWait) {
  auto held = std::make_shared<int>(1);
  std::unique_ptr<Loop::Timer> timer;
  {
    Loop loop;
    timer = loop.RunAfter(kLong, [held] {});
  }
  EXPECT_EQ(held.use_count(), 1);
  timer.reset();  // after its loop: harmless
}

TEST(LoopTest, TimersMadeAndCancelledByManyThreadsAreSafe) {
  Loop loop;
  std::vector<std::thread> threads;
  std::atomic<int> ran = 0;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 300; ++i) {
        const auto timer = loop.RunAfter(absl::Milliseconds(i % 3), [&] { ++ran; });
        if (i % 7 == 0) std::this_thread::yield();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  loop.Stop();
  EXPECT_LE(ran, 1200);
}

}  // namespace
}  // namespace supervision::redis
