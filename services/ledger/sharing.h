#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "services/ledger/subscription.h"

// Work sharing (分担): several consumers of one subscription, on any replicas, each get a share.
namespace supervision::ledger {

// An entry of the log.
using EntryKey = std::pair<int, int64_t>;  // partition, position

// An alert that could not be dealt with (死信), or a gap in the history (`entry` is the last before
// it goes on, alert_version 0).
struct DeadLetter {
  std::string id;  // "epoch-partition-position"
  EntryKey entry;
  int64_t epoch = 0;
  std::string alert_id;
  uint32_t alert_version = 0;
  std::string reason;  // of the last attempt: a consumer's words, or one of those below
  int attempts = 0;
  absl::Time first_at;  // handed over first
  absl::Time died_at;
};

// All that a subscription has.
struct DeadLetters {
  std::vector<DeadLetter> letters;   // the oldest first
  std::vector<std::string> damaged;  // ids of those that cannot be read: they can only be dropped
};

// Reasons that are not a consumer's words.
inline constexpr char kRejected[] = "REJECTED";  // without a word
inline constexpr char kLeaseEnded[] = "LEASE_ENDED";
inline constexpr char kConnectionBroken[] = "CONNECTION_BROKEN";
inline constexpr char kHistoryGone[] = "HISTORY_GONE";

// What a replica does about one entry of a shared subscription. Doing it twice with the same token
// changes nothing the second time.
struct ShareStep {
  enum class What : uint8_t {
    kClaim,   // to hand it over, under a lease of the token
    kAck,     // it is settled
    kExtend,  // the lease begins anew
    kReject,  // it comes again after `delay` or the back-off, whichever is longer
    kReturn,  // it comes again at once; not counted as an attempt where `uncounted`
    kBury,    // it becomes `letter`
    kSkip,    // it is outside the view: settled unless it is handed over
    kClean,   // it is settled, and the place has passed it
  };
  What what = What::kClaim;
  EntryKey entry;
  std::string token;
  std::string reason;    // kReject, kReturn
  absl::Duration delay;  // kReject
  bool uncounted = false;
  bool unconditionally = false;  // kBury: though its attempts are not used up
  DeadLetter letter;             // kBury
};

struct ShareAnswer {
  enum class Kind : uint8_t {
    kRefused = 0,    // the lease has ended, or was never there
    kDone = 1,       // kClaim: it is ours, this is attempt number `attempts`
    kSettled = 2,    // of kClaim from here on: nothing is left to do
    kElsewhere = 3,  // handed to another; its lease ends in `wait`
    kWaits = 4,      // due in `wait`
    kWindow = 5,     // as much is under way as may be
    kHalted = 6,     // the dead letters are full; of kBury too
    kExhausted = 7,  // its attempts are used up: to be buried
  };
  Kind kind = Kind::kRefused;
  int attempts = 0;
  absl::Duration wait;
  absl::Time first_at;  // kExhausted: when it was handed over first
  std::string reason;   // kExhausted: of the last attempt
};

// All that one replica has to say about a shared subscription at a time.
struct ShareUpdate {
  SubscriptionKey key;
  std::string member;  // this replica's share, as long as it lives
  int consumers = 0;
  // Who they are, the oldest first; nothing: as they were told before. No more than
  // kMostShownConsumers are kept.
  std::optional<std::vector<Subscription::Connection>> connections;
  bool leaves = false;
  uint32_t version = 0;  // of the subscription, as it is known
  SharingRules rules;
  std::vector<int64_t> epochs;
  Place known;                 // the common place
  std::optional<Place> place;  // instead: all up to it is settled or outside the view
  std::vector<ShareStep> steps;
};

struct ShareResult {
  enum class Status : uint8_t {
    kDone = 0,
    kChanged = 1,  // it has another version: nothing was claimed, the place stays
    kRebased = 2,  // the ledger's history is another: nothing was done
    kGone = 3,
    kBroken = 4,  // what lies in Redis cannot be used
    kExclusive = 5,
  };
  Status status = Status::kBroken;
  Place place;  // the common one
  int64_t taken = 0;
  int64_t dead_letters = 0;
  std::vector<ShareAnswer> answers;  // one for each step; none unless kDone or kChanged
};

// What is taken and settled behind the common place, at one moment.
struct ShareState {
  Place place;  // the common one
  std::vector<EntryKey> handed_over;
  std::vector<EntryKey> waiting;
  std::vector<EntryKey> beyond;
  int64_t dead_letters = 0;
  int64_t redeliveries = 0;  // hand-overs so far, beyond the first of each alert
  int members = 0;           // replicas that have consumers
  int consumers = 0;         // of all of them
};

// What is done with dead letters that an owner names.
enum class LetterAction : uint8_t { kReplay, kDrop };
enum class LetterResult : uint8_t {
  kDone,
  kNotFound,
  kWindow,       // as much is under way as may be: later
  kHistoryGone,  // there is nothing left to hand over
};

}  // namespace supervision::ledger
