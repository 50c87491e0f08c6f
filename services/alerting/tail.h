#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/types/span.h"
#include "services/alerting/tail_ring.h"
#include "services/alerting/view.h"
#include "services/base/mutex.h"

namespace supervision::alerting {

// The tail ring and who waits at its end.
//
// Waiting streams are grouped by view. When entries come, each view with waiters looks at them
// once; where none of them passes, its waiters sleep on and only their common place moves. So a
// thousand filtered streams cost nothing while what passes is none of their business.
//
// Thread-safe; Append, BeginEpoch and SkipTo are called by one thread. Who must be woken is
// returned, to be called by the caller without a lock.
class Tail {
 public:
  class Listener {
   public:
    virtual ~Listener() = default;
    // Something may have come. Everything before `index` has been seen to be of no interest.
    virtual void OnTail(uint64_t index) = 0;
  };
  using ListenerPtr = std::shared_ptr<Listener>;
  struct Wake {
    ListenerPtr listener;
    uint64_t index = 0;
  };
  class Audience;  // the streams of one view
  using AudiencePtr = std::shared_ptr<Audience>;

  Tail(size_t max_entries, size_t max_bytes) : ring_(max_entries, max_bytes) {}

  // Each Join is matched by one Leave.
  AudiencePtr Join(const domain::Scope& scope, const domain::Filter& filter);
  void Leave(const AudiencePtr& audience);
  static View& ViewOf(const AudiencePtr& audience);
  // Of its view; no other view ever has it.
  static uint64_t NumberOf(const AudiencePtr& audience);

  std::vector<Wake> Append(int partition, absl::Span<const ledger::LogEntryPtr> entries,
                           absl::Duration now);
  std::vector<Wake> BeginEpoch(int partition, int64_t epoch, int64_t first);
  // Nothing when the tail is not behind (see TailRing::SkipTo).
  std::optional<std::vector<Wake>> SkipTo(const ledger::Place& place);
  // What the ledger has told about the end of one partition, or of all (see TailRing::Learn).
  std::vector<Wake> Learn(const ledger::Place& place, std::optional<int> partition);

  // Where a place lies.
  struct Seat {
    enum class Kind {
      kInTail,  // `index` is where to go on
      kBehind,  // entries of `partition` must be read from the ledger first
      kLost,    // it saw history that no longer exists
    };
    Kind kind = Kind::kLost;
    uint64_t index = 0;
    int partition = 0;
    uint64_t generation = 0;
  };
  bool Covers(const ledger::Place& place) const;  // see TailRing::Covers
  // Moves the place's epochs on where they went on unnoticed. Looks at partition `hint` first.
  Seat Find(ledger::Place* place, int hint) const;

  // Entries from `index` on, at most `max`. Not `valid` when they are no longer there or
  // `generation` has passed.
  struct Slice {
    bool valid = false;
    std::vector<TailEntryPtr> entries;
  };
  Slice Read(uint64_t index, uint64_t generation, size_t max) const;
  // Nothing where Read would not be valid, or beyond the end.
  TailPlacePtr PlaceAt(uint64_t index, uint64_t generation) const;
  uint64_t begin() const;
  uint64_t generation() const;

  // Calls listener->OnTail once when there is more; `in_step` says that the listener's place is
  // place `index`, so that it may be moved while it waits. False, and no call, when there is more
  // already.
  bool Wait(const AudiencePtr& audience, ListenerPtr listener, uint64_t index, uint64_t generation,
            bool in_step);
  // The index to go on from, or nothing when it does not wait (any more).
  std::optional<uint64_t> StopWaiting(const AudiencePtr& audience, const Listener* listener);

  struct Size {
    size_t entries = 0;
    size_t bytes = 0;
    size_t audiences = 0;
    size_t waiting = 0;
  };
  Size size() const;
  std::vector<int64_t> told() const;

 private:
  struct Waiting {
    ListenerPtr listener;
    uint64_t index = 0;
  };
  using WaitingMap = absl::flat_hash_map<const Listener*, Waiting>;

  void WakeRestless(std::vector<Wake>* wakes) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void WakeEveryone(std::vector<Wake>* wakes) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  mutable base::Mutex mutex_;
  TailRing ring_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_map<std::string, AudiencePtr> audiences_ ABSL_GUARDED_BY(mutex_);
  uint64_t last_number_ ABSL_GUARDED_BY(mutex_) = 0;  // of a view
  // Those that wait out of step with the ring: woken by whatever comes.
  WaitingMap restless_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace supervision::alerting
