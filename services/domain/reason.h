#pragma once

#include <cstdint>
#include <string_view>

#include "absl/status/status.h"
#include "absl/types/span.h"

namespace supervision::domain {

// Why a call failed: one word per cause that a client can act on differently. A reason is part of
// the API (google.rpc.ErrorInfo.reason): it is never renamed. Each has one row in the table.
enum class Reason : uint8_t {
  // The request.
  kInvalidRequest,        // field violations are attached
  kMalformedMessage,      // the bytes are not the message that the method takes
  kBatchTooLarge,         // more than 500 items or 4 MiB
  kMessageTooLarge,       // one message over its limit
  kIdempotencyKeyReused,  // same request_id, other content
  kSourceRecordExists,    // the partner's record is known under another request_id
  kClueNotFound,
  kAlertNotFound,
  kEtagMismatch,     // the thing has changed since it was read
  kClueWithdrawn,    // a withdrawn clue takes no further change
  kTooManyVersions,  // the clue has as many versions as it may have
  kPageTokenInvalid,
  // Review.
  kReviewNotNeeded,    // the clue is not in the review queue
  kReviewClaimed,      // another reviewer holds the clue
  kCorrectedByPerson,  // what a person decided is not changed by the system
  kRulesChanged,       // another set is in force than the one that was seen
  kTextWithheld,       // the caller may not see the text that this needs
  // Handling of alerts.
  kWrongAlertState,      // the alert's state does not allow the step
  kTooManyAlertChanges,  // the alert was handled as often as it may be
  kOwnerUnfit,           // no handler of that name who sees the alert
  // Streams.
  kCursorMalformed,
  kCursorUnknown,  // well-formed, but not signed by this ledger
  kCursorForeign,  // of another ledger
  kCursorTrimmed,  // the place has been trimmed
  kHistoryLost,    // the place was of history that no longer exists
  // Subscriptions.
  kSubscriptionNotFound,   // the caller has none of that name
  kSubscriptionDamaged,    // what Redis has of it cannot be read
  kSubscriptionExists,     // the caller has one of that name
  kTooManySubscriptions,   // the caller has as many as it may have
  kSubscriptionInUse,      // somebody is connected to it
  kSubscriptionTakenOver,  // a newer connection of the same subscription
  kWrongSubscriptionMode,  // it is shared, and this is for exclusive ones, or the reverse
  kNarrowedToken,          // the token sees less than its principal, whose subscription it is
  kDeadLetterNotFound,     // the subscription has none of that id
  kDeadLetterDamaged,      // what Redis has of it cannot be read
  kDeadLettersFull,        // they must be replayed or dropped before anything is handed over
  kAckBeyondSent,          // an acknowledgement of what was not sent
  // Silences.
  kSilenceNotFound,  // none that the caller may read
  kSilenceEnded,     // its time is over
  kTooManySilences,  // the caller, or all, have as many as they may have
  kReceiverUnfit,    // no principal of that name who watches alerts
  // The caller.
  kUnauthenticated,
  kPermissionDenied,
  // The service.
  kOverloaded,  // a bounded queue is full
  kTooManyStreams,
  kQuotaExceeded,         // the caller uses as much as it may
  kDraining,              // the replica is shutting down
  kLedgerUnavailable,     // Redis cannot be reached; nothing was stored
  kOutcomeUnknown,        // sent, but the answer was lost; asking again is safe
  kDurabilityNotReached,  // stored, but not on as many replicas as configured
  kLedgerFull,            // Redis' memory or disk is full
  kDeadlineExceeded,
  kInternal,
};

// The row of one reason.
struct ReasonRow {
  Reason reason;
  std::string_view name;     // the wire name, UPPER_SNAKE, at most 63 characters
  absl::StatusCode code;     // the gRPC status code
  std::string_view english;  // short ASCII: what is wrong and what to do
  std::string_view chinese;  // the same for a person who reads Chinese
};

// The one table, in the order of the enum.
absl::Span<const ReasonRow> ReasonTable();
const ReasonRow& Row(Reason reason);

}  // namespace supervision::domain
