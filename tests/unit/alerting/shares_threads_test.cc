// A shared subscription under threads: the loop's own, a publisher, and consumers that take,
// answer, break off and come again from anywhere. ThreadSanitizer runs these too.
#include <atomic>
#include <random>
#include <thread>

#include "tests/support/eventually.h"
#include "tests/unit/alerting/shares_fixture.h"

namespace supervision::alerting {
namespace {

constexpr int kConsumers = 4;
constexpr int kAlerts = 3000;

// What the sink was told, for the consumer's own thread to act upon.
class ThreadedSink final : public StreamSink {
 public:
  void Write(std::vector<SharedBytes> pieces) override {
    base::MutexLock lock(&mutex_);
    for (const std::string& line : LinesOf(pieces)) {
      const std::vector<std::string> words = absl::StrSplit(line, ' ');
      if (words[0] == "alert") ++alerts_;
    }
    written_ = true;
  }
  void Finish(absl::Status) override {
    base::MutexLock lock(&mutex_);
    finished_ = true;
  }
  bool TakeWritten() {
    base::MutexLock lock(&mutex_);
    return std::exchange(written_, false);
  }
  uint64_t alerts() {
    base::MutexLock lock(&mutex_);
    return alerts_;
  }
  bool finished() {
    base::MutexLock lock(&mutex_);
    return finished_;
  }

 private:
  base::Mutex mutex_;
  uint64_t alerts_ ABSL_GUARDED_BY(mutex_) = 0;
  bool written_ ABSL_GUARDED_BY(mutex_) = false;
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
};

class SharesThreadsTest : public ::testing::Test {
 protected:
  SharesThreadsTest() : scheduler_(&loop_), log_(&scheduler_, 1), ledger_(ledger::Place{{1}, {0}}) {
    ledger_.rules.min_delay = absl::Milliseconds(1);
    ledger_.rules.max_attempts = 1000;
    hub_ = std::make_unique<Hub>(&log_, &scheduler_, &encoder_, observability::Logger::Null(),
                                 &registry_, Hub::Options());
    shares_ = std::make_unique<Shares>(
        Shares::Parts{.hub = hub_.get(),
                      .source = std::shared_ptr<LogSource>(std::shared_ptr<void>(), &log_),
                      .keeper = std::make_shared<FakeShareKeeper>(&scheduler_, &ledger_),
                      .scheduler = std::shared_ptr<Scheduler>(std::shared_ptr<void>(), &scheduler_),
                      .alerts = &encoder_,
                      .captions = &captions_,
                      .log = observability::Logger::Null(),
                      .metrics = &registry_},
        Shares::Options());
  }
  ~SharesThreadsTest() override {
    shares_.reset();
    hub_.reset();
    loop_.Stop();
  }

  // One connection: acknowledges most, rejects some, and breaks off after a while.
  void Consume(std::minstd_rand* random) {
    ThreadedSink sink;
    Consumers::Request request;
    request.key = {"monitor-1", "night"};
    request.window = {8, 1 << 20};
    const auto connection = shares_->Open(std::move(request), &sink);
    uint64_t answered = 0;
    for (int left = 50 + static_cast<int>((*random)() % 300); left > 0 && !sink.finished();) {
      if (sink.TakeWritten()) connection->OnWritten(true);
      for (const uint64_t told = sink.alerts(); answered < told; --left) {
        ++answered;
        const std::vector<uint64_t> one = {answered};
        if ((*random)() % 10 == 0) {
          connection->Reject(one, "no", absl::ZeroDuration());
        } else {
          connection->Acknowledge(0, one);
        }
      }
      if (settled_ >= kAlerts) break;
      std::this_thread::yield();
    }
    (*random)() % 2 == 0 ? connection->OnCancelled() : connection->OnWritten(false);
    EXPECT_TRUE(testing::Eventually([&] { return sink.finished(); }));
  }

  // On the loop's thread, where the ledger lives.
  void CountSettled() {
    loop_.Post([this] {
      int settled = 0;
      for (int64_t position = 1; position <= kAlerts; ++position) {
        settled += ledger_.book.acked({0, position});
      }
      settled_ = settled;
    });
  }

  redis::Loop loop_;
  LoopScheduler scheduler_;
  FakeLog log_;
  SharedLedger ledger_;
  const TestEncoder encoder_;
  const ShareCaptionEncoder captions_;
  prometheus::Registry registry_;
  std::unique_ptr<Hub> hub_;
  std::unique_ptr<Shares> shares_;
  std::atomic<int> settled_ = 0;
};

TEST_F(SharesThreadsTest, EachAlertIsSettledOnceWhoeverComesAndGoes) {
  std::vector<std::thread> consumers;
  std::atomic<bool> over = false;
  for (int i = 0; i < kConsumers; ++i) {
    consumers.emplace_back([this, &over, i] {
      std::minstd_rand random(static_cast<uint32_t>(i + 1));
      while (!over) Consume(&random);
    });
  }
  std::thread publisher([this] {
    for (int i = 1; i <= kAlerts; ++i) {
      log_.Append(0, NewAlert("a" + std::to_string(i)));
      if (i % 32 == 0) testing::Eventually([&] { return log_.untold() < 64; });
    }
  });
  publisher.join();
  EXPECT_TRUE(testing::Eventually(
      [this] {
        CountSettled();
        return settled_ >= kAlerts;
      },
      std::chrono::seconds(60)))
      << settled_;
  over = true;
  for (std::thread& consumer : consumers) consumer.join();
  EXPECT_EQ(settled_, kAlerts);
  EXPECT_TRUE(testing::Eventually([this] { return shares_->size() == 0; }));
}

}  // namespace
}  // namespace supervision::alerting
