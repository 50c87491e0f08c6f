#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "clients/cpp/client.h"
#include "clients/cpp/pipeline.h"
#include "clients/cpp/spool.h"
#include "services/base/backoff.h"
#include "services/base/mutex.h"

namespace supervision::client {

// How a Submitter goes on, and whom it tells. The callbacks run on its own thread, must not block
// for long, and must not call the Submitter; each may be empty.
struct SubmitterOptions {
  // Clues on their way at most. The service takes them in the order of the spool, except those that
  // it asks to send again later; 1 keeps the order also then.
  size_t window = 256;
  // Between attempts while the service cannot be reached or does not let the caller in.
  base::Backoff::Options backoff = {absl::Milliseconds(200), absl::Seconds(30)};
  // The service has the clue. Told before the spool forgets it, so after a crash perhaps again.
  std::function<void(const std::string& request_id, const v1::ClueReceipt& receipt)> on_receipt;
  // The service has said of the clue that it does not take it as it is, or what was stored of it is
  // damaged (DATA_LOSS); it is among the spool's refused ones now.
  std::function<void(const std::string& request_id, const absl::Status& error)> on_refused;
  // Something keeps clues back; the next attempt comes after `delay`. OK: the service ended a
  // stream. Of a clue at which the service fails again and again, that those behind it go on.
  std::function<void(const absl::Status& trouble, absl::Duration delay)> on_trouble;
};

// Takes clues and hands them over in the background, oldest first: accepted means stored in the
// spool, and every clue reaches the service once, whatever ends first, this process, the service or
// the connection. What the service refuses is kept in the spool with its error. Where the service
// fails (INTERNAL and the like, or no reason of ours), nothing is refused: the hand-over ends and
// comes again later. A clue at which it has failed five times lets those behind it pass, and is
// tried again by itself; so does one on which something between here and the service breaks every
// stream, unless nobody can be reached then (UNAVAILABLE). The count is in memory only.
//
// Thread-safe. Client and spool must outlive it; only one Submitter works on a spool.
class Submitter {
 public:
  Submitter(Client* client, Spool* spool, SubmitterOptions options);
  // Stop().
  ~Submitter();
  Submitter(const Submitter&) = delete;
  Submitter& operator=(const Submitter&) = delete;

  // Stores a clue and returns its request_id, see Spool::Add. Does not wait for the service.
  absl::StatusOr<std::string> Submit(v1::StreamCluesRequest clue);
  // All or none, see Spool::AddAll.
  absl::StatusOr<std::vector<std::string>> SubmitAll(std::vector<v1::StreamCluesRequest> clues);

  // Tries at once and waits until no clue waits, those that Spool::Retry let wait again among them.
  // Not OK: `limit` is over, or only a person can help (no valid token); the error says what keeps
  // the rest back, and the rest stays in the spool.
  absl::Status Flush(absl::Duration limit);

  // Ends the work soon; what is not answered stays in the spool. Safe to call twice.
  void Stop();

 private:
  struct Answer {
    std::string request_id;
    absl::StatusOr<v1::ClueReceipt> outcome;
  };

  void Run();
  // Hands over until the pipeline ends, or Stop(). Why it ended.
  absl::Status HandOver();
  // See Spool::Oldest; what is damaged is told as refused.
  absl::StatusOr<std::vector<SpooledClue>> Oldest(int64_t after, size_t limit);
  // Sends what fits into the window; `position`: of the newest clue sent.
  absl::Status SendMore(CluePipeline& pipeline, int64_t& position);
  // Writes down what was answered since the last time. Not OK also when the service failed at one.
  absl::Status Record();
  // A receipt or a refusal.
  absl::Status RecordOne(int64_t sequence, const Answer& answer, std::vector<int64_t>& settled);
  // The service failed at this clue, once more: what the hand-over ends with.
  absl::Status Failed(int64_t sequence, const Answer& answer);
  void ForgetFailures(int64_t sequence);
  // A stream that ends as bad input, and several that break one behind the other, may have done so
  // on one clue: the oldest that no others pass goes alone. Where nobody can be reached that way
  // either, it is taken for an outage. `end`: with which the stream ended.
  absl::Status SendOldestAlone(const absl::Status& end);
  // OK: it is settled or refused.
  absl::Status SendAlone(SpooledClue& spooled);
  // Where they are due, those that others pass: one after the other, until one fails. Not OK: the
  // spool cannot be read.
  absl::Status TryAside();
  bool AsideIsDue() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Something was written down: Flush looks at the spool again.
  void TellFlush();
  // Waits for the next attempt; Flush and Stop end it.
  void Pause(absl::Duration delay);
  // What the pipeline said of a stream that ended; it says so on a thread of its own.
  void TellBreak();
  void Trouble(const absl::Status& status, absl::Duration delay);

  Client* const client_;
  Spool* const spool_;
  const SubmitterOptions options_;

  base::Mutex mutex_;
  base::CondVar changed_;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  bool more_ ABSL_GUARDED_BY(mutex_) = true;      // something was stored since the last look
  bool hurry_ ABSL_GUARDED_BY(mutex_) = false;    // Flush wants an attempt now
  int64_t barred_ ABSL_GUARDED_BY(mutex_) = 0;    // attempts that ended where a person must help
  int64_t recorded_ ABSL_GUARDED_BY(mutex_) = 0;  // times that the spool has lost clues
  absl::Status trouble_ ABSL_GUARDED_BY(mutex_);  // OK after an answer
  absl::Status end_ ABSL_GUARDED_BY(mutex_);      // of the present pipeline
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;    // the same
  std::optional<std::pair<absl::Status, absl::Duration>> break_
      ABSL_GUARDED_BY(mutex_);                           // of a stream, not yet told
  std::vector<Answer> answers_ ABSL_GUARDED_BY(mutex_);  // not yet written down
  absl::Status aside_trouble_ ABSL_GUARDED_BY(mutex_);   // OK: none is passed by others

  // For the thread alone.
  std::unordered_map<std::string, int64_t> sent_;  // request_id -> sequence
  std::map<int64_t, int> failures_;  // by sequence: how often the service failed at it
  std::set<int64_t> aside_;          // so often that those behind pass
  base::Backoff aside_backoff_;
  absl::Time aside_due_;  // when these are tried again
  absl::Status failure_;  // of the present hand-over
  bool taken_ = false;    // the service took or refused something in the present hand-over
  std::thread thread_;
};

}  // namespace supervision::client
