#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <memory>

#include "absl/time/time.h"
#include "absl/types/span.h"
#include "services/alerting/encoder.h"
#include "services/alerting/tail_entry.h"
#include "services/alerting/view.h"
#include "services/base/mutex.h"

namespace supervision::alerting {

// What every stream of one view is told of a stretch of the log, as one piece: a hundred streams
// that are behind send it by reference, instead of looking at each alert a hundred times.
struct Bundle {
  SharedBytes bytes;  // null when nothing passes the view
  size_t alerts = 0;
  absl::Duration oldest;  // of them, when the first reached the tail
  // It cannot be sent as it is: a silence hides some of it from somebody, or it is too much for one
  // message. Then each stream looks for itself, and `bytes` is null.
  bool differs = false;
};
using BundlePtr = std::shared_ptr<const Bundle>;

// `decisions`: what the view says of each of `entries`. `max_alerts`, `max_bytes`: of a message.
BundlePtr MakeBundle(absl::Span<const TailEntryPtr> entries,
                     absl::Span<const View::Decision> decisions, const AlertEncoder& encoder,
                     size_t max_alerts, size_t max_bytes);

// The bundles used last, up to a number of bytes. Thread-safe.
class Bundles {
 public:
  // Which stretch, for which view. Numbers are never used twice, so that what one view sees is
  // never taken for another's.
  struct Key {
    uint64_t view = 0;
    uint64_t page = 0;   // of the ledger; 0: of the tail
    uint64_t index = 0;  // in the tail, where it begins
    auto operator<=>(const Key&) const = default;
  };

  explicit Bundles(size_t max_bytes) : max_bytes_(max_bytes) {}

  BundlePtr Find(const Key& key);
  void Keep(const Key& key, BundlePtr bundle);
  void Clear();
  size_t bytes() const;

 private:
  struct Kept {
    Key key;
    BundlePtr bundle;
  };

  const size_t max_bytes_;
  mutable base::Mutex mutex_;
  std::list<Kept> kept_ ABSL_GUARDED_BY(mutex_);  // the one used last is the first
  std::map<Key, std::list<Kept>::iterator> places_ ABSL_GUARDED_BY(mutex_);
  size_t bytes_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace supervision::alerting
