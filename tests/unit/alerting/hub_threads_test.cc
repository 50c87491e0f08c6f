// The hub under threads: the loop's own, publishers, and clients whose reads, breaks and
// cancellations come from anywhere. ThreadSanitizer runs these too.

#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <deque>
#include <random>
#include <thread>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/alerting/ledger_source.h"
#include "tests/support/eventually.h"
#include "tests/unit/alerting/fake_log.h"
#include "tests/unit/alerting/test_stream.h"

namespace supervision::alerting {
namespace {

uint32_t Seed() {
  const char* fixed = std::getenv("SUPERVISION_SEED");
  const uint32_t seed = fixed != nullptr ? static_cast<uint32_t>(std::strtoul(fixed, nullptr, 10))
                                         : std::random_device()();
  std::printf("SUPERVISION_SEED=%u\n", seed);
  return seed;
}

// Clients that take messages on threads of their own, as gRPC's would.
class Clients {
 public:
  explicit Clients(int threads) {
    for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { Run(); });
  }
  ~Clients() { Stop(); }

  // A reader for streams; `fails` says whether a write breaks.
  TestStream::Reader Reader(std::function<bool()> fails = [] { return false; }) {
    return [this, fails = std::move(fails)](TestStream* stream) {
      base::MutexLock lock(&mutex_);
      if (stopped_) return;
      queue_.emplace_back(stream, !fails());
      changed_.Signal();
    };
  }

  // Takes nothing more. Streams may go away only afterwards.
  void Stop() {
    {
      base::MutexLock lock(&mutex_);
      stopped_ = true;
      changed_.SignalAll();
    }
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }

 private:
  void Run() {
    while (true) {
      std::pair<TestStream*, bool> next;
      {
        base::MutexLock lock(&mutex_);
        while (queue_.empty() && !stopped_) changed_.Wait(&mutex_);
        if (stopped_) return;
        next = queue_.front();
        queue_.pop_front();
      }
      next.first->Take(next.second);
    }
  }

  base::Mutex mutex_;
  base::CondVar changed_;
  std::deque<std::pair<TestStream*, bool>> queue_ ABSL_GUARDED_BY(mutex_);
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;
};

// Appends a1, a2, … until it is stopped, never far ahead of the tail; of the log it leaves `kept`
// entries.
class Publisher {
 public:
  Publisher(FakeLog* log, int64_t kept)
      : thread_([this, log, kept] {
          for (int i = 1; !stopped_; ++i) {
            log->Append(0, NewAlert("a" + std::to_string(i)));
            if (i % 32 == 0) testing::Eventually([&] { return stopped_ || log->untold() < 16; });
            if (i % 1000 == 0) log->Trim(0, log->end(0) - kept);
          }
        }) {}
  ~Publisher() { Stop(); }
  void Stop() {
    stopped_ = true;
    if (thread_.joinable()) thread_.join();
  }

 private:
  std::atomic<bool> stopped_ = false;
  std::thread thread_;
};

class HubThreadsTest : public ::testing::Test {
 protected:
  HubThreadsTest() : scheduler_(&loop_), log_(&scheduler_, 1) {}
  ~HubThreadsTest() override {
    hub_.reset();
    loop_.Stop();
  }

  // Without bookmarks, unless a test asks for them: a stream that misses its wake-up shall be seen
  // to sleep.
  static Hub::Options QuietOptions() {
    Hub::Options options;
    options.bookmark_interval = absl::Hours(1);
    return options;
  }

  void StartHub(const Hub::Options& options) {
    hub_ = std::make_unique<Hub>(&log_, &scheduler_, &encoder_, observability::Logger::Null(),
                                 &registry_, options);
  }

  static int64_t PositionOf(const std::string& cursor) { return std::stoll(cursor.substr(2)); }

  // Whether `stream` was told a(start+1), a(start+2), … without a hole.
  static void ExpectUnbroken(const TestStream& stream) {
    const std::vector<TestStream::Message> messages = stream.messages();
    if (messages.empty()) return;
    int64_t last = PositionOf(messages[0].cursor);
    for (const TestStream::Message& message : messages) {
      for (const std::string& update : message.updates) {
        ASSERT_EQ(update, "a" + std::to_string(++last) + " 1 full");
      }
      ASSERT_EQ(PositionOf(message.cursor), last);
    }
  }

  redis::Loop loop_;
  LoopScheduler scheduler_;
  FakeLog log_;
  TestEncoder encoder_;
  prometheus::Registry registry_;
  std::unique_ptr<Hub> hub_;
};

TEST_F(HubThreadsTest, StreamsThatJoinWhileAPublisherRunsMissNothing) {
  constexpr int kStreams = 400;
  std::mt19937 random(Seed());
  Hub::Options options = QuietOptions();
  options.tail_entries = 96;
  options.max_alerts_per_message = 48;
  StartHub(options);
  std::vector<std::unique_ptr<TestStream>> streams;
  Clients clients(2);
  Publisher publisher(&log_, 1'000'000);
  for (int i = 0; i < kStreams; ++i) {
    streams.push_back(std::make_unique<TestStream>(clients.Reader()));
    const int64_t back = static_cast<int64_t>(random() % 100);
    const int64_t start = std::max<int64_t>(0, log_.end(0) - back);
    streams.back()->Open(hub_.get(),
                         random() % 3 == 0 ? Latest() : Behind("1." + std::to_string(start) + ","));
    if (i < 20) continue;
    ASSERT_TRUE(testing::Eventually([&] { return streams[i - 20]->told() > 0; }));
    streams[i - 20]->Cancel();
  }
  publisher.Stop();
  for (int i = kStreams - 20; i < kStreams; ++i) {
    EXPECT_TRUE(testing::Eventually([&] {
      return !streams[i]->cursor().empty() && PositionOf(streams[i]->cursor()) == log_.end(0);
    })) << streams[i]->cursor()
        << " of " << log_.end(0);
  }
  clients.Stop();
  for (const auto& stream : streams) ExpectUnbroken(*stream);
}

TEST_F(HubThreadsTest, ThousandStreamsAreToldEverything) {
  constexpr int kStreams = 1000;
  constexpr int kAlerts = 200;
  StartHub(QuietOptions());
  std::vector<std::unique_ptr<TestStream>> streams;
  Clients clients(2);
  for (int i = 0; i < kStreams; ++i) {
    streams.push_back(std::make_unique<TestStream>(clients.Reader()));
    Hub::Request request = Behind("1.0,");
    if (i % 10 == 0) request.filter.unit = "unit " + std::to_string(i);  // hears nothing
    streams.back()->Open(hub_.get(), request);
  }
  ASSERT_TRUE(testing::Eventually([&] { return hub_->census().waiting == kStreams; }));
  for (int i = 1; i <= kAlerts; ++i) log_.Append(0, NewAlert("a" + std::to_string(i)));
  for (int i = 0; i < kStreams; ++i) {
    if (i % 10 == 0) continue;
    ASSERT_TRUE(testing::Eventually([&] { return streams[i]->told() == kAlerts; }))
        << i << ": " << streams[i]->told();
  }
  clients.Stop();
  for (int i = 0; i < kStreams; ++i) {
    if (i % 10 != 0) ExpectUnbroken(*streams[i]);
    EXPECT_EQ(streams[i]->told(), i % 10 == 0 ? 0u : static_cast<size_t>(kAlerts));
  }
  EXPECT_EQ(encoder_.alerts, kAlerts);
}

TEST_F(HubThreadsTest, CancelWriteAndFinishMeetInAnyOrder) {
  constexpr int kRounds = 30;
  constexpr int kStreams = 40;
  const uint32_t seed = Seed();
  Publisher publisher(&log_, 500);
  for (int round = 0; round < kRounds; ++round) {
    Hub::Options options;
    options.tail_entries = 64;
    options.max_alerts_per_message = 40;
    options.bookmark_interval = absl::Milliseconds(5);
    options.drain_grace = absl::Milliseconds(5);
    StartHub(options);
    std::vector<std::unique_ptr<TestStream>> streams;
    Clients clients(2);
    std::atomic<uint32_t> breaks = seed + round;
    const auto fails = [&] { return (breaks += 0x9E3779B9) % 50 == 0; };
    std::vector<std::thread> cancellers;
    for (int i = 0; i < kStreams; ++i) {
      streams.push_back(std::make_unique<TestStream>(clients.Reader(fails)));
      streams.back()->Open(hub_.get(), i % 2 == 0 ? Latest() : Earliest());
      if (i % 4 != 0) continue;
      cancellers.emplace_back([stream = streams.back().get(), after = (breaks >> 8) % 8] {
        testing::Eventually(
            [&] { return stream->messages().size() >= after || stream->finished().has_value(); });
        stream->Cancel();
        stream->Cancel();
      });
    }
    std::atomic<bool> drained = round % 3 == 0;
    if (!drained) hub_->Drain(absl::Milliseconds(3), [&] { drained = true; });
    for (std::thread& canceller : cancellers) canceller.join();
    EXPECT_TRUE(testing::Eventually([&] { return drained.load(); }));
    hub_.reset();  // in every third round with all its streams open
    clients.Stop();
    for (const auto& stream : streams) {
      EXPECT_TRUE(stream->finished().has_value());
      ExpectUnbroken(*stream);
    }
  }
}

TEST_F(HubThreadsTest, SlowStreamHarmsNobodyAndMissesNothing) {
  constexpr int kAlerts = 50'000;
  Hub::Options options = QuietOptions();
  options.tail_entries = 1024;
  StartHub(options);
  Clients clients(1);
  TestStream slow;
  TestStream fast(clients.Reader());
  slow.Open(hub_.get(), Behind("1.0,"));
  fast.Open(hub_.get(), Behind("1.0,"));
  for (int i = 1; i <= kAlerts; ++i) log_.Append(0, NewAlert("a" + std::to_string(i)));
  EXPECT_TRUE(testing::Eventually([&] { return fast.told() == kAlerts; })) << fast.told();
  EXPECT_LE(slow.messages().size(), 1u);
  EXPECT_LE(hub_->census().tail_entries, 1024u);
  while (slow.told() < kAlerts) {
    ASSERT_TRUE(testing::Eventually([&] { return slow.outstanding(); })) << slow.told();
    slow.Take();
  }
  clients.Stop();
  ExpectUnbroken(slow);
  ExpectUnbroken(fast);
}

}  // namespace
}  // namespace supervision::alerting
