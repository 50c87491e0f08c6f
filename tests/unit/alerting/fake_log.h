#pragma once

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "services/alerting/log_source.h"
#include "services/alerting/scheduler.h"
#include "services/base/mutex.h"

namespace supervision::alerting {

// A ledger's log in memory, with the alerts that it makes: appends, trims, loses history, and
// answers late or with failures when a test wants it. Answers and the tail run on the scheduler.
// Thread-safe.
class FakeLog final : public LogSource {
 public:
  FakeLog(Scheduler* scheduler, int partitions) : scheduler_(scheduler), partitions_(partitions) {}

  int64_t Append(int partition, domain::ChangeEvent event);
  void Trim(int partition, int64_t earliest);
  // Forgets what lies behind `last` and opens a new epoch there.
  void LoseHistory(int partition, int64_t last);

  void FailReads(int count);
  void HoldReads(bool hold);  // answers wait until it is false again
  // Entries appended from now on reach the observer only when it is false again.
  void HoldTail(bool hold);
  // The tail forgets to tell the next `count` changes.
  void DropNews(int count);
  int reads() const;
  int resolved() const;   // questions about cursors
  size_t untold() const;  // changes that the tail has yet to tell
  int64_t end(int partition) const;

  void ReadLog(const PageRequest& request, Callback<ledger::LogPage> callback) override;
  void ReadLogAside(const PageRequest& request, Callback<ledger::LogPage> callback) override {
    ReadLog(request, std::move(callback));
  }
  void PostAside(std::function<void()> task) override { scheduler_->Post(std::move(task)); }
  void List(ledger::ListQuery query, absl::Duration timeout,
            Callback<ledger::ListPage> callback) override;
  void LatestPlace(absl::Duration timeout, Callback<ledger::Place> callback) override;
  void EarliestPlace(absl::Duration timeout, Callback<ledger::Place> callback) override;
  void ResolveCursor(std::string cursor, absl::Duration timeout,
                     Callback<ledger::Place> callback) override;
  std::optional<ledger::Place> KnownPlace(const std::string& cursor) const override;
  std::string EncodeCursor(const ledger::Place& place) const override;
  void Follow(ledger::TailObserver* observer) override;

 private:
  struct Partition {
    int64_t epoch = 1;
    int64_t earliest = 1;
    int64_t end = 0;
    std::deque<ledger::LogEntryPtr> entries;                 // earliest .. end
    std::vector<std::pair<int64_t, int64_t>> begun{{1, 1}};  // (epoch, first)
  };

  absl::StatusOr<ledger::LogPage> Page(const PageRequest& request);
  absl::StatusOr<ledger::Place> Resolve(const std::string& cursor) const;
  ledger::Place PlaceOf(bool latest) const;
  bool Lost(const Partition& partition, int64_t epoch, int64_t position) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  ledger::ListPage PageOf(const ledger::ListQuery& query) const;
  void Tell(std::function<void(ledger::TailObserver*)> news) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void PostNews();

  Scheduler* const scheduler_;
  mutable base::Mutex mutex_;
  base::Mutex observer_mutex_;  // held while the observer is called
  ledger::TailObserver* observer_ ABSL_GUARDED_BY(observer_mutex_) = nullptr;
  std::vector<Partition> partitions_ ABSL_GUARDED_BY(mutex_);
  std::deque<std::function<void(ledger::TailObserver*)>> news_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::function<void()>> held_reads_ ABSL_GUARDED_BY(mutex_);
  // Each alert as it stands, by when it first came.
  std::map<int64_t, domain::Alert> alerts_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, int64_t> numbers_ ABSL_GUARDED_BY(mutex_);
  bool hold_tail_ ABSL_GUARDED_BY(mutex_) = false;
  bool hold_reads_ ABSL_GUARDED_BY(mutex_) = false;
  int dropped_news_ ABSL_GUARDED_BY(mutex_) = 0;
  int failures_ ABSL_GUARDED_BY(mutex_) = 0;
  int reads_ ABSL_GUARDED_BY(mutex_) = 0;
  int resolved_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace supervision::alerting
