#pragma once

#include <memory>

#include "absl/time/time.h"
#include "services/alerting/encoder.h"
#include "services/alerting/view.h"
#include "services/base/mutex.h"
#include "services/ledger/types.h"

namespace supervision::alerting {

// An entry of the log with the pieces that streams send of it: each made when the first stream asks
// for it, then shared by all. Thread-safe.
class TailEntry {
 public:
  TailEntry(ledger::LogEntryPtr entry, absl::Duration appended_at)
      : entry_(std::move(entry)), appended_at_(appended_at) {}

  const ledger::LogEntry& entry() const { return *entry_; }
  absl::Duration appended_at() const { return appended_at_; }

  // REQUIRES: decision is not kNothing.
  SharedBytes Piece(View::Decision decision, const AlertEncoder& encoder);

 private:
  const ledger::LogEntryPtr entry_;
  const absl::Duration appended_at_;  // by the scheduler's clock
  base::Mutex mutex_;
  SharedBytes full_ ABSL_GUARDED_BY(mutex_);
  SharedBytes withheld_ ABSL_GUARDED_BY(mutex_);
  SharedBytes left_ ABSL_GUARDED_BY(mutex_);
};
using TailEntryPtr = std::shared_ptr<TailEntry>;

// A place of the ledger between two entries of the tail, with the piece of its cursor, made once.
// Thread-safe.
class TailPlace {
 public:
  explicit TailPlace(ledger::Place place) : place_(std::move(place)) {}

  const ledger::Place& place() const { return place_; }

  // `encode` makes a cursor's text of a place.
  template <typename Encode>
  SharedBytes Piece(const Encode& encode, const AlertEncoder& encoder) {
    base::MutexLock lock(&mutex_);
    if (cursor_ == nullptr) cursor_ = encoder.EncodeCursor(encode(place_));
    return cursor_;
  }

 private:
  const ledger::Place place_;
  base::Mutex mutex_;
  SharedBytes cursor_ ABSL_GUARDED_BY(mutex_);
};
using TailPlacePtr = std::shared_ptr<TailPlace>;

}  // namespace supervision::alerting
