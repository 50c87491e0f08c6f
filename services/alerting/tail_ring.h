#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "services/alerting/tail_entry.h"
#include "services/ledger/types.h"

namespace supervision::alerting {

// The newest entries of the log, of all partitions, in the order in which they reached this
// process. Index i is an entry; "place i" is the place of the ledger before it, and place end() the
// place behind the last. Indices only grow, so an index names one entry for ever.
//
// Invariants, for every partition p that the ring knows:
// - the ring holds exactly the entries of p with positions in (base, told];
// - the positions of places grow with the index.
// So a stream whose own place lies at or behind every base finds all that it still needs here, and
// one that lies before any base does not.
//
// Not thread-safe: Tail guards it.
class TailRing {
 public:
  TailRing(size_t max_entries, size_t max_bytes);

  uint64_t begin() const { return begin_; }
  uint64_t end() const { return begin_ + slots_.size(); }
  size_t bytes() const { return bytes_; }
  // Grows whenever what was told before can no longer be continued from an index alone: a new
  // epoch, or a hole in what the ledger's tail hands over.
  uint64_t generation() const { return generation_; }
  std::vector<int64_t> told() const;

  // What was told before is skipped. A hole empties the ring: streams fill it from the ledger.
  void Append(int partition, absl::Span<const ledger::LogEntryPtr> entries, absl::Duration now);
  // The ledger has said that nothing but what the tail will tell lies behind `place`, in
  // `partition` or in all. A partition that the ring does not know begins there. Returns whether
  // any was new.
  bool Learn(const ledger::Place& place, std::optional<int> partition);
  void BeginEpoch(int partition, int64_t epoch, int64_t first);
  // The tail should have told all before `place` and has not: gives up on it, as on a hole. Returns
  // whether anything was missing.
  bool SkipTo(const ledger::Place& place);

  // Moves the epochs of `place` to those that the ring knows. False when `place` saw history that
  // is lost.
  bool AdoptEpochs(ledger::Place* place) const;
  // Whether it holds all that lies behind `place`, which this process has been told of, in epochs
  // that it knows: then nobody else need be asked about it.
  bool Covers(const ledger::Place& place) const;
  // A partition, the first from `hint` on, of which the ring lacks entries behind `place`.
  std::optional<int> Lacks(const ledger::Place& place, int hint) const;
  // The last index whose place is not behind `place`. REQUIRES: !Lacks(place).
  uint64_t IndexOf(const ledger::Place& place) const;

  // REQUIRES: begin() <= index < end().
  const TailEntryPtr& At(uint64_t index) const { return slots_[index - begin_].entry; }
  // REQUIRES: begin() <= index <= end().
  const TailPlacePtr& PlaceAt(uint64_t index) const {
    return index == end() ? end_place_ : slots_[index - begin_].before;
  }

 private:
  struct Partition {
    bool known = false;
    int64_t epoch = 0;  // 0: not known
    int64_t base = -1;
    int64_t told = -1;
    std::vector<std::pair<int64_t, int64_t>> begun;  // epochs since the start: (epoch, first)
  };
  struct Slot {
    TailEntryPtr entry;
    TailPlacePtr before;
  };

  void Grow(size_t partitions);
  void Empty();
  void PopFront();
  void RenewEndPlace();

  const size_t max_entries_;
  const size_t max_bytes_;
  std::deque<Slot> slots_;
  uint64_t begin_ = 0;
  size_t bytes_ = 0;
  uint64_t generation_ = 1;
  std::vector<Partition> partitions_;
  TailPlacePtr end_place_;
};

}  // namespace supervision::alerting
