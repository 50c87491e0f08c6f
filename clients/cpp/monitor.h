#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "clients/cpp/client.h"
#include "clients/cpp/repeats.h"
#include "clients/cpp/watcher.h"
#include "services/base/mutex.h"

namespace supervision::client {

// Where a Monitor is: keep it once the updates that came with it are dealt with, and begin with it
// the next time.
struct MonitorPlace {
  std::string cursor;
  std::string high_cursor;  // of the second stream; empty without MonitorOptions::high_first
};

// What a Monitor watches, and where its callbacks run.
struct MonitorOptions {
  // Filter, start and pace; its cursor is replaced by that of `place`.
  WatcherOptions watch;
  MonitorPlace place;
  // HIGH alerts do not wait behind a long catch-up: a second stream brings only them, ahead of the
  // rest. Then a version of an alert may come before an older one of the same alert: compare
  // versions.
  bool high_first = false;
  // Runs each callback, once and soon, for example by posting it to an event loop; empty: threads
  // of the monitor's own. The next message is read only when the callback has run.
  std::function<void(std::function<void()> callback)> executor;
  // So many updates are remembered, the newest, to drop repeats by (id, version).
  size_t remembered = 100'000;
};

// Watches alerts in the background and goes on by itself after a break, see Watcher: each update
// once, at least once over the end of this process (what came after the place that was kept comes
// again).
//
// Callbacks come one at a time. The client must outlive it.
class Monitor {
 public:
  struct Callbacks {
    // What happened, in order, and the place behind it. Empty updates: only the place moved.
    std::function<void(const std::vector<v1::AlertUpdate>& updates, const MonitorPlace& place)>
        on_updates;
    // A stream is over and will be resumed after `delay`; OK: the service ended it in order. May be
    // empty.
    std::function<void(const absl::Status& status, absl::Duration delay)> on_break;
    // Watching cannot go on: bad input, no permission, a place that is no longer there (ErrorOf
    // says where the history goes on). The last callback; does not come after Stop(). May be empty.
    std::function<void(const absl::Status& status)> on_end;
  };

  // Begins at once.
  Monitor(Client* client, MonitorOptions options, Callbacks callbacks);
  // Stop(). Not inside a callback.
  ~Monitor();
  Monitor(const Monitor&) = delete;
  Monitor& operator=(const Monitor&) = delete;

  // No callback begins any more; one that runs is waited for, unless this is called inside of it.
  // Safe to call twice and from any thread.
  void Stop();

 private:
  // One of the two streams.
  struct Stream {
    bool high = false;
    std::unique_ptr<Watcher> watcher;
    std::thread thread;
  };
  // What callbacks that wait in the executor share with the monitor, which may be gone by then.
  struct Turn;

  void Open(bool high);
  void Run(Stream* stream);
  void Hear(bool high, const google::protobuf::RepeatedPtrField<v1::AlertUpdate>& updates,
            const std::string& cursor);
  // Runs `callback` by the executor when no other one runs, and waits for it; not after Stop().
  void Call(const std::function<void()>& callback);
  void StopStreams();

  const MonitorOptions options_;
  const Callbacks callbacks_;
  Client* const client_;
  const std::shared_ptr<Turn> turn_;
  // Of the thread whose turn it is.
  MonitorPlace place_;
  Repeats repeats_;

  std::vector<std::unique_ptr<Stream>> streams_;  // fixed once the threads run
};

}  // namespace supervision::client
