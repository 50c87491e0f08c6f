#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "services/base/mutex.h"

namespace supervision::rpc {

// When a stream of clues reads, writes and ends. Knows no gRPC, so that ThreadSanitizer runs on it.
//
// Invariants:
//   * at most one read and one write are under way;
//   * a message is "open" from its arrival until its answer has been written; no further message is
//     read while `window` are open, so memory is bounded whatever the client does;
//   * the stream ends once: when the client has sent everything and nothing is open, when it drains
//     and nothing is open, or at once when it is broken or cancelled; never while a write is under
//     way or another thread is still carrying out a step;
//   * after the end every event is ignored.
//
// Each event returns a step, which the caller carries out without a lock and then reports by
// Performed(), whose step it carries out next, and so on until one is empty or ends the stream.
// Thread-safe.
class ClueStreamState {
 public:
  explicit ClueStreamState(size_t window) : window_(window) {}

  struct Step {
    bool read = false;
    std::optional<std::string> write;    // one serialised answer
    std::optional<absl::Status> finish;  // alone, and the last step of all
    bool empty() const { return !read && !write.has_value() && !finish.has_value(); }
  };

  Step OnStart();
  // Instead: the caller may not open a stream, which ends at once.
  Step Refuse(absl::Status status);
  // A message came. Its number in the stream, from 0; the caller owes an answer for it. Nothing
  // when the stream has ended meanwhile: it is left unread.
  std::optional<uint64_t> OnMessage();
  Step OnMessageTaken();    // the caller has handed it on: the next may be read
  Step OnNoMoreMessages();  // the client has sent everything, or is gone
  Step OnAnswer(std::string answer);
  Step OnWritten(bool ok);
  Step OnCancelled();
  // Read no more; end with `status` when all answers are written.
  Step Drain(absl::Status status);
  Step Performed();

 private:
  Step Next() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::optional<absl::Status> End() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const size_t window_;
  base::Mutex mutex_;
  bool reading_ ABSL_GUARDED_BY(mutex_) = false;
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool no_more_messages_ ABSL_GUARDED_BY(mutex_) = false;
  bool broken_ ABSL_GUARDED_BY(mutex_) = false;
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
  int performing_ ABSL_GUARDED_BY(mutex_) = 0;  // steps handed out and not yet reported
  std::optional<absl::Status> draining_ ABSL_GUARDED_BY(mutex_);
  uint64_t messages_ ABSL_GUARDED_BY(mutex_) = 0;
  size_t open_ ABSL_GUARDED_BY(mutex_) = 0;
  std::deque<std::string> answers_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace supervision::rpc
