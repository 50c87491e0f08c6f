#pragma once

#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <vector>

#include "absl/time/time.h"
#include "absl/types/span.h"
#include "services/alerting/delivery_book.h"
#include "services/alerting/encoder.h"
#include "services/ledger/sharing.h"

namespace supervision::alerting {

// The alerts of a shared subscription that one replica has read and that are not settled as far as
// it knows, and how far the common place may go: arithmetic, and nothing else.
//
// An alert is open from when it was read until it is settled. The place of a partition may stand
// before its first open alert; where there is none, behind all that has been looked at. What comes
// from behind the place (a dead letter that is handed over again, what a replica that died has
// left) is no concern of the place: the ledger knows it as taken.
//
// On one thread.
class SharePool {
 public:
  explicit SharePool(size_t capacity) : capacity_(capacity) {}

  // Reads on from `place`, behind which `beyond` are settled.
  void Begin(ledger::Place place, absl::Span<const ledger::EntryKey> beyond);

  // What was read, and that all up to `place` has been looked at.
  void Add(absl::Span<const Delivery> deliveries, std::vector<SharedBytes> pieces,
           const ledger::Place& place, absl::Duration now);
  // What was read by itself, from behind what has been looked at.
  void AddBehind(const ledger::EntryKey& entry, SharedBytes piece, absl::Duration now);

  size_t room() const { return items_.size() < capacity_ ? capacity_ - items_.size() : 0; }
  const ledger::Place& looked_at() const { return looked_at_; }
  size_t size() const { return items_.size(); }
  size_t taken() const { return taken_; }
  bool Has(const ledger::EntryKey& entry) const { return items_.contains(entry); }
  bool LookedAt(const ledger::EntryKey& entry) const;
  SharedBytes Piece(const ledger::EntryKey& entry) const;

  // The one that has been due for longest; it is not due any more until Postpone says so.
  std::optional<ledger::EntryKey> TakeDue(absl::Duration now);
  bool HasDue(absl::Duration now) const;
  // When something becomes due; never: infinite.
  absl::Duration next_due() const;
  // It is due then. `taken`: the ledger knows it as taken.
  void Postpone(const ledger::EntryKey& entry, absl::Duration due, bool taken);

  void Settle(const ledger::EntryKey& entry);
  // The common place is known to stand here: all up to it is settled, but for what is taken.
  void OnPlace(const ledger::Place& common);

  // Where the common place may go from `common`; nothing: it stands there.
  std::optional<ledger::Place> Proposal(const ledger::Place& common) const;
  // What is settled before `place` and has not been cleaned away.
  std::vector<ledger::EntryKey> SettledBefore(const ledger::Place& place, size_t most) const;
  void Cleaned(const ledger::EntryKey& entry) { settled_.erase(entry); }

 private:
  struct Item {
    SharedBytes piece;
    uint64_t order = 0;
    absl::Duration due;
    bool queued = false;
    bool taken = false;
  };
  using Items = std::map<ledger::EntryKey, Item>;
  using Due = std::tuple<absl::Duration, uint64_t, ledger::EntryKey>;

  void Insert(const ledger::EntryKey& entry, SharedBytes piece, absl::Duration now);
  void Remove(Items::iterator item);

  const size_t capacity_;
  Items items_;
  std::set<Due> due_;
  std::vector<std::set<int64_t>> open_;  // positions before which the place stands, by partition
  std::set<ledger::EntryKey> settled_;   // and perhaps still kept as beyond
  ledger::Place looked_at_;
  uint64_t next_order_ = 0;
  size_t taken_ = 0;
};

}  // namespace supervision::alerting
