#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "clients/cpp/client.h"
#include "google/protobuf/repeated_ptr_field.h"
#include "services/base/backoff.h"
#include "services/base/mutex.h"

namespace supervision::client {

// What a Watcher watches, and how it goes on.
struct WatcherOptions {
  v1::AlertFilter filter;
  bool include_silenced = false;  // also what silences hide from the caller
  // Where to begin: a cursor that a stream sent, or, when it is empty, `start_from`.
  std::string cursor;
  v1::StartFrom start_from = v1::START_FROM_LATEST;
  // How long the stream may be quiet before the service sends a cursor; zero: as the service is
  // set.
  absl::Duration bookmark_interval = absl::ZeroDuration();
  base::Backoff::Options backoff = {absl::Milliseconds(200), absl::Seconds(15)};
  // The service sends a first message at once. A stream without it for this long is opened anew:
  // gRPC 1.51 can leave one hanging whose connection is refused in the moment that it is opened.
  absl::Duration opening_limit = absl::Seconds(10);
  // After that, a stream on which nothing comes for this long, not even a cursor, is taken for
  // broken. More than the longest bookmark interval (60 s).
  absl::Duration silence_limit = absl::Seconds(90);
  // Gives up when no message came for this long; infinite: never.
  absl::Duration patience = absl::InfiniteDuration();
};

// Watches alerts and goes on by itself, from the newest cursor, after a break, a restart of the
// service or its orderly end of a stream: none missing, none twice. Only what needs a decision ends
// it: bad input, no permission, a place that is no longer there.
//
// Run() blocks its caller and runs all callbacks there. The next message is read only after the
// last one was handled, so a slow handler is a slow monitor: the service keeps the place for it.
// Stop() is for any thread, callbacks included. The client must outlive it.
class Watcher {
 public:
  struct Callbacks {
    // One message: what happened, in order, and the cursor behind all of it. Keep the cursor once
    // the updates are dealt with. Empty updates: only the cursor moved. The cursor is empty as long
    // as a snapshot (START_FROM_SNAPSHOT) is told: after a break it is told anew.
    std::function<void(const google::protobuf::RepeatedPtrField<v1::AlertUpdate>& updates,
                       const std::string& cursor)>
        on_updates;
    // The stream is over and will be resumed after `delay`. `status` is OK when the service ended
    // it in order. May be empty.
    std::function<void(const absl::Status& status, absl::Duration delay)> on_break;
    // What the service says about the stream, after the updates of its message. May be empty.
    std::function<void(v1::StreamNotice notice)> on_notice;
  };

  Watcher(Client* client, WatcherOptions options, Callbacks callbacks);
  ~Watcher();
  Watcher(const Watcher&) = delete;
  Watcher& operator=(const Watcher&) = delete;

  // OK after Stop(); otherwise why watching cannot go on (see ErrorOf). To be called once.
  absl::Status Run();
  // Makes Run() return soon.
  void Stop();

  // The newest cursor; empty before the first message. For the thread of Run() or after it.
  const std::string& cursor() const { return options_.cursor; }

 private:
  class Stream;
  enum class Event : uint8_t { kMessage, kOver, kSilence, kStopped };

  absl::Status RunStream();
  v1::WatchAlertsRequest NextRequest() const;
  // kSilence after `limit`. Once `cancelled`, only a message or the end of reading is waited for.
  Event WaitForEvent(bool cancelled, absl::Duration limit);
  absl::Status WaitForEnd();
  void Handle(const v1::WatchAlertsResponse& message);
  // False once stopped.
  bool Sleep(absl::Duration duration);

  // What the reactions of the present stream report.
  void Heard(bool ok);
  void Done(const absl::Status& status);

  Client* const client_;
  WatcherOptions options_;  // cursor and filter: those of the next stream
  const Callbacks callbacks_;
  base::Backoff backoff_;
  absl::Duration ending_delay_ = absl::ZeroDuration();  // what the service asked for at its end
  absl::Time last_message_;

  base::Mutex mutex_;
  base::CondVar changed_;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  bool message_ready_ ABSL_GUARDED_BY(mutex_) = false;
  bool reading_over_ ABSL_GUARDED_BY(mutex_) = false;
  bool done_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Status status_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace supervision::client
