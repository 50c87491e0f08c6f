#pragma once

#include <algorithm>
#include <cstdlib>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "services/alerting/ledger_source.h"
#include "services/alerting/shares.h"
#include "tests/unit/alerting/fake_share_keeper.h"
#include "tests/unit/alerting/hub_fixture.h"

namespace supervision::alerting {

// "share FIRST KEPT REFUSED ATTEMPTS HALTED", lists as "-" or "4,6".
class ShareCaptionEncoder final : public CaptionEncoder {
 public:
  SharedBytes EncodeCaption(const Caption& caption) const override {
    const auto list = [](const auto& values) {
      return values.empty() ? std::string("-") : absl::StrJoin(values, ",");
    };
    return std::make_shared<const std::string>(absl::StrCat(
        "share ", caption.first_delivery, " ",
        caption.kept.has_value() ? list(caption.kept->singles) : "-", " ", list(caption.refusals),
        " ", list(caption.attempts), " ", caption.halted ? "halted" : "-"));
  }
};

// A consumer, on the test's thread: takes each message at once unless it is told not to.
class TestSharer final : public StreamSink {
 public:
  struct Delivered {
    uint64_t number = 0;
    std::string id;
    int attempts = 0;
    absl::Duration at;
    int64_t order = 0;  // among those of all consumers
  };

  explicit TestSharer(const Scheduler* scheduler) : scheduler_(scheduler) {}
  void Open(Shares* shares, Consumers::Request request) {
    connection_ = shares->Open(std::move(request), this);
  }

  void Write(std::vector<SharedBytes> pieces) override {
    EXPECT_FALSE(outstanding_) << "a second write before the first was taken";
    EXPECT_FALSE(finished_.has_value()) << "a write behind Finish";
    outstanding_ = true;
    ++messages_;
    std::vector<std::string> ids;
    for (const std::string& line : LinesOf(pieces)) {
      const std::vector<std::string> words = absl::StrSplit(line, ' ');
      if (words[0] == "alert" || words[0] == "left") ids.push_back(words[1]);
      if (words[0] == "ending") ending_ = true;
      if (words[0] == "share") TakeCaption(words, ids);
    }
    if (!stalls_) Take();
  }
  void Finish(absl::Status status) override {
    EXPECT_FALSE(finished_.has_value()) << "a second Finish";
    finished_ = std::move(status);
  }
  void Take() {
    if (std::exchange(outstanding_, false)) connection_->OnWritten(true);
  }
  void Stall(bool stalls) {
    stalls_ = stalls;
    if (!stalls) Take();
  }
  SharedConnection* operator->() { return connection_.get(); }
  void Ack(const std::vector<uint64_t>& numbers) { connection_->Acknowledge(0, numbers); }
  // Acknowledges all that it has not answered.
  void AckAll() {
    std::vector<uint64_t> numbers;
    for (; answered_ < delivered_.size(); ++answered_) {
      numbers.push_back(delivered_[answered_].number);
    }
    if (!numbers.empty()) Ack(numbers);
  }

  std::vector<std::string> ids() const {
    std::vector<std::string> ids;
    for (const Delivered& one : delivered_) ids.push_back(one.id);
    return ids;
  }
  const std::vector<Delivered>& delivered() const { return delivered_; }
  const std::vector<uint64_t>& kept() const { return kept_; }
  const std::vector<uint64_t>& refused() const { return refused_; }
  bool halted() const { return halted_; }
  bool ending() const { return ending_; }
  int messages() const { return messages_; }
  bool outstanding() const { return outstanding_; }
  const std::optional<absl::Status>& finished() const { return finished_; }

 private:
  static std::vector<uint64_t> List(const std::string& text) {
    std::vector<uint64_t> numbers;
    if (text == "-") return numbers;
    for (const std::string& word : std::vector<std::string>(absl::StrSplit(text, ','))) {
      numbers.push_back(std::strtoull(word.c_str(), nullptr, 10));
    }
    return numbers;
  }
  void TakeCaption(const std::vector<std::string>& words, const std::vector<std::string>& ids) {
    const uint64_t first = std::strtoull(words[1].c_str(), nullptr, 10);
    EXPECT_EQ(first == 0, ids.empty()) << "alerts have numbers";
    for (const uint64_t number : List(words[2])) kept_.push_back(number);
    for (const uint64_t number : List(words[3])) refused_.push_back(number);
    const std::vector<uint64_t> attempts = List(words[4]);
    EXPECT_EQ(attempts.size(), ids.size());
    if (words[5] == "halted") halted_ = true;
    for (size_t i = 0; i < ids.size(); ++i) {
      EXPECT_EQ(first + i, delivered_.size() + 1);
      delivered_.push_back(
          {first + i, ids[i], static_cast<int>(attempts[i]), scheduler_->Now(), ++orders_});
    }
  }

  static inline int64_t orders_ = 0;
  const Scheduler* const scheduler_;
  std::shared_ptr<SharedConnection> connection_;
  bool outstanding_ = false;
  bool stalls_ = false;
  bool ending_ = false;
  bool halted_ = false;
  int messages_ = 0;
  size_t answered_ = 0;
  std::vector<Delivered> delivered_;
  std::vector<uint64_t> kept_;
  std::vector<uint64_t> refused_;
  std::optional<absl::Status> finished_;
};

// One log for several hubs.
class LogOfReplicas final : public ledger::TailObserver {
 public:
  explicit LogOfReplicas(FakeLog* log) : log_(log) { log_->Follow(this); }
  ~LogOfReplicas() override { log_->Follow(nullptr); }

  void OnEntries(int partition, absl::Span<const ledger::LogEntryPtr> entries) override {
    for (ledger::TailObserver* const one : observers_) one->OnEntries(partition, entries);
  }
  void OnNewEpoch(int partition, int64_t epoch, int64_t first) override {
    for (ledger::TailObserver* const one : observers_) one->OnNewEpoch(partition, epoch, first);
  }

  class Source final : public LogSource {
   public:
    explicit Source(LogOfReplicas* all) : all_(all), log_(all->log_) {}
    ~Source() override { Follow(nullptr); }
    void ReadLog(const PageRequest& request, Callback<ledger::LogPage> callback) override {
      log_->ReadLog(request, std::move(callback));
    }
    void ReadLogAside(const PageRequest& request, Callback<ledger::LogPage> callback) override {
      log_->ReadLogAside(request, std::move(callback));
    }
    void PostAside(std::function<void()> task) override { log_->PostAside(std::move(task)); }
    void List(ledger::ListQuery query, absl::Duration timeout,
              Callback<ledger::ListPage> callback) override {
      log_->List(std::move(query), timeout, std::move(callback));
    }
    void LatestPlace(absl::Duration timeout, Callback<ledger::Place> callback) override {
      log_->LatestPlace(timeout, std::move(callback));
    }
    void EarliestPlace(absl::Duration timeout, Callback<ledger::Place> callback) override {
      log_->EarliestPlace(timeout, std::move(callback));
    }
    void ResolveCursor(std::string cursor, absl::Duration timeout,
                       Callback<ledger::Place> callback) override {
      log_->ResolveCursor(std::move(cursor), timeout, std::move(callback));
    }
    std::optional<ledger::Place> KnownPlace(const std::string& cursor) const override {
      return log_->KnownPlace(cursor);
    }
    std::string EncodeCursor(const ledger::Place& place) const override {
      return log_->EncodeCursor(place);
    }
    void Follow(ledger::TailObserver* observer) override {
      auto& observers = all_->observers_;
      observers.erase(std::remove(observers.begin(), observers.end(), own_), observers.end());
      own_ = observer;
      if (observer != nullptr) observers.push_back(observer);
    }

   private:
    LogOfReplicas* const all_;
    FakeLog* const log_;
    ledger::TailObserver* own_ = nullptr;
  };

 private:
  FakeLog* const log_;
  std::vector<ledger::TailObserver*> observers_;
};

// Replicas that share one subscription, on the test's own thread and time.
class SharesFixture : public ::testing::Test {
 protected:
  struct Replica {
    Replica(FakeScheduler* scheduler, LogOfReplicas* log, SharedLedger* ledger,
            const TestEncoder* encoder, const CaptionEncoder* captions, Hub::Options hub_options,
            const Shares::Options& options)
        : source(std::make_shared<LogOfReplicas::Source>(log)),
          keeper(std::make_shared<FakeShareKeeper>(scheduler, ledger)),
          hub(std::make_unique<Hub>(source.get(), scheduler, encoder, observability::Logger::Null(),
                                    &registry, hub_options)) {
      shares = std::make_unique<Shares>(
          Shares::Parts{.hub = hub.get(),
                        .source = source,
                        .keeper = keeper,
                        .scheduler = std::shared_ptr<Scheduler>(std::shared_ptr<void>(), scheduler),
                        .alerts = encoder,
                        .captions = captions,
                        .log = observability::Logger::Null(),
                        .metrics = &registry},
          options);
    }
    prometheus::Registry registry;
    std::shared_ptr<LogOfReplicas::Source> source;
    std::shared_ptr<FakeShareKeeper> keeper;
    std::unique_ptr<Hub> hub;
    std::unique_ptr<Shares> shares;
  };

  explicit SharesFixture(int replicas = 2, int partitions = 2, Shares::Options options = {})
      : options_(options),
        log_(&scheduler_, partitions),
        all_(&log_),
        ledger_(ledger::Place{std::vector<int64_t>(static_cast<size_t>(partitions), 1),
                              std::vector<int64_t>(static_cast<size_t>(partitions), 0)}),
        replicas_(static_cast<size_t>(replicas)) {
    for (int i = 0; i < replicas; ++i) Start(i);
  }
  ~SharesFixture() override { KillAll(); }

  void Start(int i) {
    Hub::Options options;
    options.tail_entries = 16;
    options.max_alerts_per_message = 4;
    replicas_[static_cast<size_t>(i)] = std::make_unique<Replica>(
        &scheduler_, &all_, &ledger_, &encoder_, &captions_, options, options_);
    scheduler_.RunUntilIdle();
  }
  // Nothing that it still had to say reaches the ledger.
  void Kill(int i) {
    std::unique_ptr<Replica>& replica = replicas_[static_cast<size_t>(i)];
    if (replica == nullptr) return;
    replica->keeper->Fail(1 << 20);
    replica->keeper->Hold(false);
    replica->shares.reset();
    scheduler_.RunUntilIdle();
    replica->hub.reset();
    scheduler_.RunUntilIdle();
    replica.reset();
  }
  // Whoever has consumers as members does this before they go: a replica finishes what it has open.
  void KillAll() {
    for (size_t i = 0; i < replicas_.size(); ++i) Kill(static_cast<int>(i));
  }
  Replica& At(int i) { return *replicas_[static_cast<size_t>(i)]; }

  static Consumers::Request RequestOf(size_t window = 100, domain::Scope scope = {}) {
    Consumers::Request request;
    request.key = {"monitor-1", "night"};
    request.window = {window, 1 << 20};
    request.scope = std::move(scope);
    return request;
  }
  void Connect(TestSharer* sharer, int replica, Consumers::Request request = RequestOf()) {
    sharer->Open(At(replica).shares.get(), std::move(request));
    Run();
  }
  void PublishMany(int from, int to) {
    for (int i = from; i <= to; ++i) log_.Append(i % 2, NewAlert("a" + std::to_string(i)));
    Run();
  }
  void Run() { scheduler_.RunUntilIdle(); }
  void Pass(absl::Duration time) { scheduler_.Advance(time); }

  static double Metric(const prometheus::Registry& registry, const std::string& name) {
    double sum = 0;
    for (const prometheus::MetricFamily& family : registry.Collect()) {
      if (family.name != name) continue;
      for (const auto& metric : family.metric) sum += metric.gauge.value + metric.counter.value;
    }
    return sum;
  }

  const Shares::Options options_;
  FakeScheduler scheduler_;
  FakeLog log_;
  LogOfReplicas all_;
  SharedLedger ledger_;
  const TestEncoder encoder_;
  const ShareCaptionEncoder captions_;
  std::vector<std::unique_ptr<Replica>> replicas_;
};

inline std::vector<std::string> Ids(int from, int to) {
  std::vector<std::string> ids;
  for (int i = from; i <= to; ++i) ids.push_back("a" + std::to_string(i));
  return ids;
}
inline std::vector<std::string> Together(const TestSharer& a, const TestSharer& b) {
  std::vector<std::string> ids = a.ids();
  for (const std::string& id : b.ids()) ids.push_back(id);
  return ids;
}

// Two consumers, wherever a test connects them.
class SharesTest : public SharesFixture {
 protected:
  explicit SharesTest(const Shares::Options& options = {}) : SharesFixture(2, 2, options) {}
  ~SharesTest() override { KillAll(); }

  TestSharer a_{&scheduler_};
  TestSharer b_{&scheduler_};
};

}  // namespace supervision::alerting
