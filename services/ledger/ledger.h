#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "prometheus/registry.h"
#include "services/base/clock.h"
#include "services/ledger/types.h"
#include "services/observability/log.h"
#include "services/redis/client.h"
#include "services/redis/loop.h"

namespace supervision::ledger {

// Hears of the log's entries as they are confirmed, in the order of each partition, each once. All
// calls come on the loop's thread and must not block.
class TailObserver {
 public:
  virtual ~TailObserver() = default;
  virtual void OnEntries(int partition, absl::Span<const LogEntryPtr> entries) = 0;
  // The partition now begins a new epoch at `first`: entries from there on that were told before
  // are gone, and what follows is other history.
  virtual void OnNewEpoch(int partition, int64_t epoch, int64_t first) = 0;
};

// Everything kept in Redis (台账): one ordered log of changes per partition, and the state written
// with each change. The only user of redis/.
//
// Promises (services/ARCHITECTURE.md): a commit is atomic and idempotent, and answered only when it
// is as durable as Options::durability says; positions are dense; a page of the log or of a list is
// bounded; a cursor goes on until its place is trimmed or its history is lost, and either is said.
//
// Thread-safe. Each callback runs exactly once, on the loop's thread unless said otherwise, never
// inside the call, never under a lock. Errors carry a domain::Reason. `timeout` bounds the wait of
// the caller: what has been sent when it passes may still take effect (OUTCOME_UNKNOWN); repeating
// by request_id is safe.
class Ledger {
 public:
  struct Options {
    redis::Address address;
    std::string key_prefix;     // up to 32 of [A-Za-z0-9_:-]
    int partitions = 1;         // of a new ledger; a found one keeps its own
    bool require_fsync = true;  // not ready unless Redis is set to keep the promise
    int replicas = 0;           // that must have received a change
    absl::Duration replica_timeout = absl::Seconds(1);
    absl::Duration command_timeout = absl::Seconds(2);
    size_t max_queued = 4096;  // changes waiting, per partition
    size_t max_queued_bytes = 64 << 20;
    size_t max_batch = 128;  // changes in one script call
    size_t max_batch_bytes = 1 << 20;
    absl::Duration retry_delay = absl::Milliseconds(500);  // what an overloaded caller is told
    absl::Duration log_age = absl::Hours(24 * 90);
    int64_t log_bytes = int64_t{1} << 30;
    int max_versions = 50;          // of a clue
    int max_alert_steps = 500;      // of an alert's life
    std::string witness_directory;  // holds the witness file; empty: none (tests)
    bool accept_lost_ledger = false;
    absl::Duration check_interval = absl::Minutes(1);  // of Redis' settings and role
    absl::Duration retention_interval = absl::Minutes(1);
    absl::Duration review_interval = absl::Seconds(15);  // of the review queue's gauges
    absl::Duration expiry_interval = absl::Seconds(2);   // of looking for what has expired
  };

  // Starts connecting at once and keeps trying; state() tells how far it is. `loop`, `clock`, `log`
  // and `metrics` outlive the ledger.
  Ledger(redis::Loop* loop, const base::Clock* clock, observability::Logger* log,
         prometheus::Registry* metrics, Options options);
  ~Ledger();  // Stop()s
  Ledger(const Ledger&) = delete;
  Ledger& operator=(const Ledger&) = delete;

  template <typename T>
  using Callback = std::function<void(absl::StatusOr<T>)>;

  // Changes. When the queue is full the callback gets OVERLOADED with a retry delay, at once.
  void Submit(Submission submission, absl::Duration timeout, Callback<Receipt> callback);
  void Revise(Revision revision, absl::Duration timeout, Callback<Receipt> callback);
  // The first answer of a submission or a revision that was made before, of which verdict and trace
  // are not looked at; CLUE_NOT_FOUND when it was not. Changes nothing.
  void Repeat(Submission submission, absl::Duration timeout, Callback<Receipt> callback);
  void Repeat(Revision revision, absl::Duration timeout, Callback<Receipt> callback);
  void Withdraw(Withdrawal withdrawal, absl::Duration timeout, Callback<Receipt> callback);
  // A correction beside the verdict: a new version of clue and alert, told to whom it now concerns
  // and to whom it no longer does. REVIEW_CLAIMED while another reviewer holds the clue;
  // CORRECTED_BY_PERSON to the system once a person has decided.
  void Correct(CorrectionRequest correction, absl::Duration timeout, Callback<Receipt> callback);

  // A step of an alert's life: its next version, told to everyone in whose view it is. The clue's
  // version and etag stay. ALERT_NOT_FOUND outside the caller's scope, ETAG_MISMATCH,
  // WRONG_ALERT_STATE, TOO_MANY_ALERT_CHANGES, OWNER_UNFIT.
  void TakeStep(AlertStepRequest request, absl::Duration timeout, Callback<AlertReceipt> callback);
  // The last 100 steps of the alert of a clue, oldest first, without those that were taken while
  // the clue was outside `scope`. ALERT_NOT_FOUND.
  void ReadAlertChanges(std::string clue_id, domain::Scope scope, absl::Duration timeout,
                        Callback<std::vector<PastChange>> callback);

  // State. CLUE_NOT_FOUND when there is none, or none within `scope`.
  void GetClue(std::string clue_id, domain::Scope scope, absl::Duration timeout,
               Callback<ClueRecord> callback);
  void FindClue(Identity identity, domain::Scope scope, absl::Duration timeout,
                Callback<ClueRecord> callback);
  // An alert as it stands, one that a route raised too. ALERT_NOT_FOUND.
  void GetAlert(std::string alert_id, domain::Scope scope, absl::Duration timeout,
                Callback<domain::Alert> callback);
  // A bounded number of candidates is looked at: a page may be short and still have a next token.
  void List(ListQuery query, absl::Duration timeout, Callback<ListPage> callback);

  // Every version of a clue that was within `scope`: what the machine said and who corrected it.
  // CLUE_NOT_FOUND as above.
  void ReadHistory(std::string clue_id, domain::Scope scope, absl::Duration timeout,
                   Callback<History> callback);

  // Review. A claim keeps other reviewers away from a clue that waits until it ends by itself; who
  // holds it may renew it by claiming again. REVIEW_NOT_NEEDED for a clue that does not wait,
  // REVIEW_CLAIMED while another holds it. Giving back what one does not hold changes nothing.
  void ListReviewQueue(ReviewQuery query, absl::Duration timeout, Callback<ReviewPage> callback);
  void ClaimReview(ClaimRequest request, absl::Duration timeout, Callback<ReviewItem> callback);
  void ReleaseReview(ClaimRequest request, absl::Duration timeout, Callback<ReviewItem> callback);
  // Of `query`, its scope, filter, times and page count; all of them by what the clue is now. A
  // page ends with the clue that fills it, at most to 32 corrections. What is damaged is left out.
  void ListCorrections(ListQuery query, absl::Duration timeout, Callback<CorrectionPage> callback);

  // The log. Entries behind `after`, up to the confirmed end, bounded in entries and bytes, read on
  // a connection of its own. CURSOR_TRIMMED (with the earliest place in the metadata) when `after`
  // + 1 is no longer there; HISTORY_LOST when `epoch` ended before it.
  void ReadLog(int partition, int64_t epoch, int64_t after, int max_entries, size_t max_bytes,
               absl::Duration timeout, Callback<LogPage> callback);
  // The same, answered on the thread that reads pages, where what the callback makes of it keeps
  // nothing waiting but other pages. For what reads on and on.
  void ReadLogAside(int partition, int64_t epoch, int64_t after, int max_entries, size_t max_bytes,
                    absl::Duration timeout, Callback<LogPage> callback);
  // Runs `task` on that thread too, which lasts until Stop.
  void PostAside(std::function<void()> task);

  // Places. Latest and Earliest ask Redis, so that what is committed afterwards is behind them.
  void LatestPlace(absl::Duration timeout, Callback<Place> callback);
  void EarliestPlace(absl::Duration timeout, Callback<Place> callback);
  // The text of a place: opaque, signed, valid until the place is trimmed. REQUIRES: state().open.
  std::string EncodeCursor(const Place& place) const;
  // The place of a cursor; asks Redis where needed. Errors: CURSOR_MALFORMED, CURSOR_UNKNOWN (not
  // signed by this ledger), CURSOR_FOREIGN, CURSOR_TRIMMED (metadata earliest_cursor), HISTORY_LOST
  // (metadata resume_cursor, lost_from, lost_to). A genuine cursor behind the end of the log is a
  // witness that history was lost: it opens a new epoch.
  void ResolveCursor(std::string cursor, absl::Duration timeout, Callback<Place> callback);

  // The place of a cursor where this process knows without asking Redis that it stands: signed by
  // this ledger, in the present epochs, not beyond what somebody was told of, not trimmed as far as
  // is known, and history has been checked on the present connection. Nothing: ask ResolveCursor.
  // Any thread; may be called before the ledger is open.
  std::optional<Place> KnownPlace(const std::string& cursor) const;

  // Follows the log from its confirmed end on. At most one observer, set before the first entry
  // matters; removed by nullptr, after which it is not called again once this returns (never call
  // it on the loop's thread).
  void Follow(TailObserver* observer);

  LedgerState state() const;
  // Called on the loop's thread whenever state().ready or its reasons change; set once, before use.
  void OnStateChange(std::function<void()> callback);

  // Answers everyone who waits, stops the tail and the timers and closes the connections.
  void Stop();

 private:
  friend class RouteDesk;
  friend class SharingDesk;
  friend class SilenceDesk;
  friend class SubscriptionDesk;
  class Core;
  std::shared_ptr<Core> core_;
};

}  // namespace supervision::ledger
