#pragma once

#include <optional>

#include "absl/status/status.h"
#include "services/base/mutex.h"

namespace supervision::rpc {

// The order of read, write, cancel and finish in a server stream. Knows no gRPC, so that
// ThreadSanitizer runs on it. Thread-safe.
//
// Once gRPC has been given the end it may delete the stream at any moment, on another thread. So
// whoever still needs the stream (to start a read, to break it) says so, and the end waits for
// that.
//
// Whoever fills the stream may ask for its end while a write is under way on another thread; the
// end then waits for that write. After the end has been asked for, or the client has gone, nobody
// is told of a write any more.
class WriteOrder {
 public:
  // Before a write is started.
  void BeginWrite();

  struct Written {
    bool tell = false;                   // whoever fills the stream may go on
    std::optional<absl::Status> finish;  // the end that waited: finish with it now
  };
  // A write is done.
  Written EndWrite();

  // Before a read is started: false when the end has been asked for, and none may be started.
  bool BeginRead();
  // It has been started. The end that waited for that: finish with it now.
  std::optional<absl::Status> ReadStarted();

  enum class Finish {
    kNow,    // finish the stream with `status`
    kSoon,   // another thread is starting a read: ReadStarted or EndWrite gives `status`
    kLater,  // a write is under way, which may hang on a client that does not read: break the
             // stream, then call Broken, which or EndWrite gives `status`
    kNever,  // the end has been asked for before
  };
  Finish RequestFinish(const absl::Status& status);
  // The stream has been broken, as kLater asks. The end that waited for that: finish with it now.
  std::optional<absl::Status> Broken();

  // The client has gone. True when whoever fills the stream has to be told: once, and not when the
  // end has been asked for.
  bool Cancel();

 private:
  // The end, once nobody uses the stream any more.
  std::optional<absl::Status> TakeEnd() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  base::Mutex mutex_;
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool cancelled_ ABSL_GUARDED_BY(mutex_) = false;
  bool ending_ ABSL_GUARDED_BY(mutex_) = false;
  bool starting_read_ ABSL_GUARDED_BY(mutex_) = false;
  bool breaking_ ABSL_GUARDED_BY(mutex_) = false;
  std::optional<absl::Status> waiting_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace supervision::rpc
