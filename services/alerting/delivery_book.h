#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "services/base/mutex.h"
#include "services/ledger/subscription.h"

namespace supervision::alerting {

// One alert as it is handed to a subscription's client.
struct Delivery {
  int partition = 0;
  int64_t position = 0;  // of its log entry
  size_t bytes = 0;      // of its encoding
};

// What one connection of a subscription has handed over and what has been acknowledged of it: the
// arithmetic of windows and places, and nothing else.
//
// Deliveries of a connection are numbered 1, 2, 3, … A partition's place is the position before its
// first delivery that is not acknowledged; where there is none, all that has been looked at. So a
// place never passes what somebody has yet to acknowledge, and it moves over what the view does not
// pass without anybody's word. A gap in the history that the client must hear of is a delivery
// too: no place moves before it is acknowledged.
//
// Thread-safe.
class DeliveryBook {
 public:
  // How much may be handed over without being acknowledged.
  struct Window {
    size_t alerts = 0;
    size_t bytes = 0;
  };

  explicit DeliveryBook(Window window) : window_(window) {}

  // Goes on from `kept`, which the ledger has. With `gap`, delivery 1 is the news of a gap.
  void Begin(ledger::Progress kept, bool gap);

  // What still fits into the window. While nothing waits for an acknowledgement a first alert fits
  // whatever its size.
  struct Room {
    size_t alerts = 0;
    size_t bytes = 0;
    bool first_fits = false;
  };
  Room room() const;
  void SetWindow(Window window);

  // Whether an earlier connection has acknowledged this entry by itself.
  bool Acknowledged(int partition, int64_t position) const;
  // Notes what a message hands over, and that all up to `place` has been looked at. The number of
  // the first delivery.
  uint64_t Hand(absl::Span<const Delivery> deliveries, const ledger::Place& place);

  // All up to number `through`, and each of `singles`. ACK_BEYOND_SENT, and nothing is noted, when
  // one of them has not been handed over. Acknowledging twice is no mistake.
  absl::Status Acknowledge(uint64_t through, absl::Span<const uint64_t> singles);

  // Something has been acknowledged since the last Take.
  bool urgent() const;
  // What the ledger is to keep now; nothing when it has that already, or must not move yet. Until
  // Kept or NotKept nothing more is to be taken.
  std::optional<ledger::Progress> Take();
  void Kept();
  void NotKept();

  // What is kept and the client has not been told: all up to `through` and each of `singles`.
  struct Receipt {
    uint64_t through = 0;
    std::vector<uint64_t> singles;
  };
  bool has_receipt() const;
  std::optional<Receipt> TakeReceipt();

  size_t unacknowledged() const;

 private:
  struct Item {
    Delivery delivery;
    bool acknowledged = false;
  };
  static constexpr int kGap = -1;  // the partition of the delivery that tells a gap

  void Settle(Item* item) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // False when it was settled before.
  bool SettleNumber(uint64_t number) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  uint64_t through() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return first_ - 1; }

  mutable base::Mutex mutex_;
  Window window_ ABSL_GUARDED_BY(mutex_);
  // Deliveries first_, first_ + 1, …; the first of them is not acknowledged.
  std::deque<Item> items_ ABSL_GUARDED_BY(mutex_);
  uint64_t first_ ABSL_GUARDED_BY(mutex_) = 1;
  size_t open_alerts_ ABSL_GUARDED_BY(mutex_) = 0;
  size_t open_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  bool gap_open_ ABSL_GUARDED_BY(mutex_) = false;
  ledger::Place looked_at_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::set<int64_t>> open_ ABSL_GUARDED_BY(mutex_);    // positions, by partition
  std::vector<std::set<int64_t>> beyond_ ABSL_GUARDED_BY(mutex_);  // acknowledged behind the place

  bool moved_ ABSL_GUARDED_BY(mutex_) = false;   // since the last Take
  bool urgent_ ABSL_GUARDED_BY(mutex_) = false;  // by an acknowledgement
  std::vector<uint64_t> new_singles_ ABSL_GUARDED_BY(mutex_);
  // Taken and not yet kept.
  std::optional<Receipt> taken_ ABSL_GUARDED_BY(mutex_);
  // Kept and not yet told.
  Receipt to_tell_ ABSL_GUARDED_BY(mutex_);
  uint64_t told_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace supervision::alerting
