#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "clients/cpp/client.h"
#include "services/base/backoff.h"
#include "services/base/mutex.h"

namespace supervision::client {

// How a CluePipeline goes on.
struct PipelineOptions {
  // Clues on their way at most; the service answers no more than 256 at a time.
  size_t window = 256;
  base::Backoff::Options backoff = {absl::Milliseconds(100), absl::Seconds(5)};
  // Gives up when the service has settled no clue for this long.
  absl::Duration patience = absl::Seconds(60);
  // Gives up, with how the last of them ended, after so many streams in a row that ended without a
  // word of the service and without an answer, though clues were sent: something on the way may
  // break every stream on which one clue goes. 0: such ends are only a matter of `patience`.
  int streams_in_vain = 0;
  // A stream that owes answers and sends none for this long is taken for broken.
  absl::Duration answer_timeout = absl::Seconds(20);
  // The stream ended with clues unanswered and a new one begins after `delay`. `status` is OK when
  // the service ended it in order. On the pipeline's thread; may be empty.
  std::function<void(const absl::Status& status, absl::Duration delay)> on_break;
  // Told, in place of the answer, of each clue that the pipeline ended without an answer to, so
  // that such an end is not taken for a refusal of the clue; empty: on_answer is told the error.
  std::function<void(const v1::StreamCluesRequest& clue, const absl::Status& end)> on_unanswered;
};

// Submits many clues through ClueService.StreamClues, a window of them on their way at a time.
//
// When the stream breaks, or the service asks to come back later, what was not answered is sent
// again with the same request_id, so that nothing is lost or stored twice. Every clue is told of
// exactly once: with its receipt, with the service's refusal, or with the error that ended the
// pipeline.
//
// Send and Finish are for one thread. `on_answer` runs on the pipeline's own thread, one call at a
// time, in the order of the answers, and must not call the pipeline. The client must outlive it.
class CluePipeline {
 public:
  using OnAnswer = std::function<void(const v1::StreamCluesRequest& clue,
                                      const absl::StatusOr<v1::ClueReceipt>& answer)>;

  CluePipeline(Client* client, const PipelineOptions& options, OnAnswer on_answer);
  // Abandons what is not answered.
  ~CluePipeline();
  CluePipeline(const CluePipeline&) = delete;
  CluePipeline& operator=(const CluePipeline&) = delete;

  // Takes one clue, waiting while the window is full. A clue without a request_id gets a new one.
  // Not OK once the pipeline has ended; the clue was not taken then.
  absl::Status Send(v1::StreamCluesRequest clue);

  // Waits until every clue is told of. Not OK when the pipeline ended before that. Nothing can be
  // sent afterwards.
  absl::Status Finish();

  // How many clues had to be sent again.
  int64_t resent() const;

 private:
  class Stream;
  enum class Step : uint8_t { kWait, kTell, kWrite, kHalfClose, kCancel, kRelease, kEnd };
  struct Taken {
    uint64_t order;  // as it was taken
    v1::StreamCluesRequest clue;
  };
  struct Answer {
    v1::StreamCluesRequest clue;
    absl::StatusOr<v1::ClueReceipt> outcome;
    bool unanswered = false;  // `outcome` is how the pipeline ended
  };
  // The present stream.
  struct StreamState {
    uint64_t next_index = 0;
    v1::StreamCluesRequest writing;  // the clue of the last kWrite
    bool write_in_flight = false;
    bool half_closed = false;
    bool cancelled = false;
    bool broken = false;    // nothing more can be written
    bool released = false;  // the hold is given back: no operation starts outside a reaction
    bool done = false;
    absl::Status status;
  };

  void Run();
  // One stream from its start to its end.
  absl::Status RunStream();
  // What RunStream does next; the state already says that it is done.
  Step NextStep() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // When waiting is over at the latest.
  absl::Time NextWake() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // What the reactions of the stream report. Heard: whether to read on.
  bool Heard(bool ok, v1::StreamCluesResponse& response);
  void Written(bool ok);
  void Done(const absl::Status& status);
  void Settle(v1::StreamCluesResponse& response) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Puts unanswered clues back and says whether and when to try again after a stream ended with
  // `status`.
  bool PrepareNext(const absl::Status& status);
  // Calls on_answer for what was answered.
  void TellAnswers();
  // Tells what is left that the pipeline has ended with `status`.
  void End(const absl::Status& status);
  void WaitUntil(absl::Time time) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  size_t Outstanding() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return waiting_.size() + sent_.size() + answers_.size();
  }

  Client* const client_;
  const PipelineOptions options_;
  const OnAnswer on_answer_;

  mutable base::Mutex mutex_;
  base::CondVar changed_;
  base::Backoff backoff_ ABSL_GUARDED_BY(mutex_);
  StreamState stream_ ABSL_GUARDED_BY(mutex_);
  uint64_t taken_ ABSL_GUARDED_BY(mutex_) = 0;
  std::map<uint64_t, v1::StreamCluesRequest> waiting_ ABSL_GUARDED_BY(mutex_);  // by order
  std::map<uint64_t, Taken> sent_ ABSL_GUARDED_BY(mutex_);  // by index in the present stream
  std::vector<Answer> answers_ ABSL_GUARDED_BY(mutex_);     // to be told
  absl::Status last_trouble_ ABSL_GUARDED_BY(mutex_);       // what kept clues from being settled
  absl::Time pause_until_ ABSL_GUARDED_BY(mutex_) = absl::InfinitePast();
  absl::Time last_settled_ ABSL_GUARDED_BY(mutex_);  // or since when something is outstanding
  absl::Time last_heard_ ABSL_GUARDED_BY(mutex_);    // or since when an answer is owed
  int in_vain_ ABSL_GUARDED_BY(mutex_) = 0;          // see PipelineOptions::streams_in_vain
  int64_t resent_ ABSL_GUARDED_BY(mutex_) = 0;
  bool finishing_ ABSL_GUARDED_BY(mutex_) = false;
  bool abandoned_ ABSL_GUARDED_BY(mutex_) = false;
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Status end_ ABSL_GUARDED_BY(mutex_);
  std::thread thread_;
};

}  // namespace supervision::client
