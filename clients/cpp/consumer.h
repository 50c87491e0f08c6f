#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "clients/cpp/client.h"
#include "clients/cpp/repeats.h"
#include "grpcpp/client_context.h"
#include "grpcpp/support/sync_stream.h"
#include "services/base/backoff.h"
#include "services/base/mutex.h"
#include "supervision/v1/subscription_service.grpc.pb.h"

namespace supervision::client {

// Which subscription a Consumer reads, and how it goes on.
struct ConsumerOptions {
  std::string subscription;
  int window_alerts = 0;  // that may be on the way without being acknowledged; 0: the service's
  // Be one of several consumers of a shared subscription. What on_update does not deal with is
  // rejected then, and comes again to whoever has room.
  bool share = false;
  std::string reject_reason;  // said with that
  // Of a share: for how long one update may be held. While on_update runs, and no longer than this,
  // the lease of its update is extended again and again, and so are those of the updates that came
  // with it and wait behind it; whoever takes longer lets another have it. Zero: nothing is
  // extended. What has come meanwhile is not read before, nor extended, so let the window be 1
  // where updates take long: then others have what this one has not begun with.
  absl::Duration hold_limit = absl::Minutes(10);
  // As WatcherOptions'.
  absl::Duration bookmark_interval = absl::ZeroDuration();
  base::Backoff::Options backoff = {absl::Milliseconds(200), absl::Seconds(15)};
  // The same.
  absl::Duration opening_limit = absl::Seconds(10);
  absl::Duration silence_limit = absl::Seconds(90);
  absl::Duration patience = absl::InfiniteDuration();
};

// Reads a named subscription and acknowledges what has been dealt with; the service keeps the
// place, so it goes on by itself after a break or a restart of either side. What this object has
// handled is not handed over again. Only what needs a decision ends it: SUBSCRIPTION_TAKEN_OVER
// among that, for whoever came later is the right one now.
//
// Run() blocks its caller and runs all callbacks there. Stop() is for any thread, callbacks
// included: what was dealt with is acknowledged, and Run() returns when the service has kept it.
// The client must outlive it.
class Consumer {
 public:
  struct Callbacks {
    // Something happened. True: it has been dealt with, and need not come again. False: it has not;
    // the consumer stops; of a share it goes on.
    std::function<bool(const v1::AlertUpdate& update)> on_update;
    // Of a share, behind an on_update that gave false: why, as its rejection is to say. Empty:
    // ConsumerOptions' reject_reason.
    std::function<std::string()> reject_reason;
    // A message has come, with or without updates. May be empty.
    std::function<void()> on_message;
    // History that the subscription was not told is gone. True: the reader knows now. False: stop,
    // and be told again. Empty: as true.
    std::function<bool(const v1::HistoryGap& gap)> on_gap;
    // As Watcher's.
    std::function<void(const absl::Status& status, absl::Duration delay)> on_break;
  };

  Consumer(Client* client, ConsumerOptions options, Callbacks callbacks);
  ~Consumer();
  Consumer(const Consumer&) = delete;
  Consumer& operator=(const Consumer&) = delete;

  // OK after Stop(); otherwise why it cannot go on (see ErrorOf). To be called once.
  absl::Status Run();
  void Stop();

 private:
  using Stream = grpc::ClientReaderWriter<v1::ConsumeAlertsRequest, v1::ConsumeAlertsResponse>;

  absl::Status RunStream();
  bool Open();
  void Handle(const v1::ConsumeAlertsResponse& message);
  void HandleShare(const v1::ConsumeAlertsResponse& message);
  // Around on_update, of a share: from the update that is dealt with to the end of its message.
  void Hold(uint64_t from, uint64_t to);
  void LetGo();
  void Acknowledge(uint64_t through);
  void Send(const v1::ConsumeAlertsRequest& request);
  void CloseOurSide() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Cancels a stream on which nothing comes any more, and extends what is held.
  void Guard();
  void CancelIfSilent() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void ExtendIfDue();
  bool ExtensionIsDue() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void LookUpLease();
  bool Sleep(absl::Duration duration);
  bool stopped();

  Client* const client_;
  const ConsumerOptions options_;
  const Callbacks callbacks_;
  // So that an opening that was given up and is read late takes nothing over.
  const std::string reader_;
  uint32_t attempt_ = 0;
  base::Backoff backoff_;
  absl::Duration ending_delay_ = absl::ZeroDuration();
  absl::Time last_message_;
  Repeats handled_;

  base::Mutex mutex_;
  base::CondVar changed_;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  bool handling_ ABSL_GUARDED_BY(mutex_) = false;  // its acknowledgement is still to be sent
  bool opened_ ABSL_GUARDED_BY(mutex_) = false;    // a first message has come
  bool silent_ ABSL_GUARDED_BY(mutex_) = false;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;  // our side of the stream
  absl::Time silent_at_ ABSL_GUARDED_BY(mutex_) = absl::InfiniteFuture();
  bool over_ ABSL_GUARDED_BY(mutex_) = false;
  grpc::ClientContext* context_ ABSL_GUARDED_BY(mutex_) = nullptr;  // of the stream that runs
  Stream* stream_ = nullptr;  // set and cleared under the mutex
  // Of a share. A stream takes one write at a time: while something is held the guard may write,
  // and whoever lets go waits until it has written.
  uint64_t streams_ ABSL_GUARDED_BY(mutex_) = 0;                 // so many were opened
  std::optional<absl::Duration> lease_ ABSL_GUARDED_BY(mutex_);  // on this one, once it is known
  uint64_t held_from_ ABSL_GUARDED_BY(mutex_) = 0;               // deliveries from here on
  uint64_t held_to_ ABSL_GUARDED_BY(mutex_) = 0;                 // and before here
  absl::Time leased_at_ ABSL_GUARDED_BY(mutex_);                 // their leases began then
  absl::Time hold_until_ ABSL_GUARDED_BY(mutex_);
  bool extending_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace supervision::client
