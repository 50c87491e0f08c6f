#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "prometheus/registry.h"
#include "services/alerting/encoder.h"
#include "services/alerting/log_source.h"
#include "services/alerting/receiver.h"
#include "services/alerting/scheduler.h"
#include "services/alerting/turns.h"
#include "services/domain/visibility.h"
#include "services/ledger/ledger.h"
#include "services/observability/log.h"
#include "services/redis/loop.h"

namespace supervision::alerting {

// What one stream needs of whoever carries its messages: a gRPC reactor, or a test. The session
// calls it never under a lock and with at most one Write outstanding.
class StreamSink {
 public:
  virtual ~StreamSink() = default;
  // Sends one message made of `pieces`. The carrier calls Session::OnWritten when it may take
  // another.
  virtual void Write(std::vector<SharedBytes> pieces) = 0;
  // Ends the stream; the last call of a session, made exactly once. OK after an ending message.
  // CANCELLED after OnCancelled or OnWritten(false). It comes while a Write is outstanding only
  // when the client has gone or has not taken its last message in time.
  virtual void Finish(absl::Status status) = 0;
};

// One stream of alerts: a place in the ledger, a view, and nothing else to grow. A session takes
// what is new from the hub's tail ring while its place lies in it; when it lies before the ring (a
// resume, or a monitor that reads slowly: "parked") it catches up page by page from the ledger, on
// the ledger's bulk connection, and joins the ring again without a seam. Publishers never wait for
// it.
//
// Thread-safe. The carrier keeps it until Finish or OnCancelled; what it calls after either does
// nothing. The sink may be called on any thread, also before Open has returned, but never inside
// Open.
class Session {
 public:
  virtual ~Session() = default;
  // The last Write has been taken (ok), or the stream is broken (!ok).
  virtual void OnWritten(bool ok) = 0;
  // The client has gone: no call to the sink begins after Finish(CANCELLED), which follows.
  virtual void OnCancelled() = 0;

  // The request's receiver has more room, or news.
  virtual void OnReceiverChanged() = 0;
  // Ends with `status` once the outstanding message has been taken, at the latest after
  // drain_grace.
  virtual void End(absl::Status status) = 0;
  // Ends with an ending message, a last cursor and OK.
  virtual void EndGently(EndingReason reason) = 0;
};

// Tells alerts to streams. It has no thread: the ledger's tail hands over a batch on the loop's
// thread, and each session drains the ring as its writes finish. An alert is encoded once per
// projection, a filter is evaluated once per distinct view and alert; sessions with one view share
// both.
//
// The six words (promise 3) hold for filtered and unfiltered streams: ordered, unique, reliable,
// atomic (an entry of the log is never split), resumable, bookmarkable (a cursor is written by the
// session's own writer, behind everything it covers).
//
// Thread-safe.
class Hub final : public ledger::TailObserver {
 public:
  struct Options {
    size_t max_streams = 4096;
    size_t tail_entries = 16384;  // of all partitions
    size_t tail_bytes = 64 << 20;
    absl::Duration bookmark_interval = absl::Seconds(5);
    absl::Duration max_age;  // of a stream, give or take a tenth; zero: any
    size_t max_alerts_per_message = 256;
    size_t max_message_bytes = 1 << 20;
    size_t page_entries = 512;            // of a catch-up read
    size_t max_concurrent_catch_ups = 8;  // the rest wait their turn
    Turns::Options catch_up_turns;
    size_t shelf_bytes = 8 << 20;         // of pages that those who catch up share
    size_t bundle_bytes = 16 << 20;       // of stretches, encoded, that streams of a view share
    size_t max_snapshot_alerts = 10'000;  // with which a stream may begin
    absl::Duration read_timeout = absl::Seconds(5);
    absl::Duration read_patience = absl::Seconds(30);  // how long a stream outlasts failing reads
    absl::Duration retry_delay = absl::Milliseconds(500);
    absl::Duration drain_grace = absl::Seconds(2);  // for slow clients, behind a drain's spread
  };

  // All outlive the hub, and the scheduler whatever its thread still runs then. Follows the ledger
  // at once.
  Hub(LogSource* source, Scheduler* scheduler, const AlertEncoder* encoder,
      observability::Logger* log, prometheus::Registry* metrics, Options options);
  Hub(ledger::Ledger* ledger, redis::Loop* loop, const AlertEncoder* encoder,
      observability::Logger* log, prometheus::Registry* metrics, Options options);
  // Ends every stream with DRAINING. Not on the loop's thread, nor inside a call of a sink.
  ~Hub() override;
  Hub(const Hub&) = delete;
  Hub& operator=(const Hub&) = delete;

  struct Start {
    enum class From { kLatest, kEarliest, kCursor, kSnapshot };
    From from = From::kLatest;
    std::string cursor;
  };
  struct Request {
    Start start;
    domain::Scope scope;
    domain::Filter filter;
    std::string principal;               // is not told what silences hide from it; empty: told all
    absl::Duration bookmark_interval;    // zero: the hub's
    std::shared_ptr<Receiver> receiver;  // null: nobody answers for the alerts
  };

  // Opens a stream. Errors of the start (see Ledger::ResolveCursor) and TOO_MANY_STREAMS come as
  // Finish. The first message has the cursor of the start, but for a snapshot, whose messages have
  // none until all of it has been told. `sink` outlives its Finish.
  std::shared_ptr<Session> Open(Request request, StreamSink* sink);

  // Ends every stream with a last cursor and OK, spread evenly over `spread`; new ones are refused
  // with DRAINING. A client that has not taken its last message drain_grace after that is ended
  // with DRAINING. `done` runs on the loop's thread when the last one has finished.
  void Drain(absl::Duration spread, std::function<void()> done);

  size_t open_streams() const;
  // What is kept for streams: all zero when none is open. For tests and the status page.
  struct Census {
    size_t sessions = 0;
    size_t views = 0;
    size_t waiting = 0;
    size_t deadlines = 0;
    size_t reads_waiting = 0;
    size_t shelf_bytes = 0;
    size_t bundle_bytes = 0;
    size_t tail_entries = 0;
    size_t tail_bytes = 0;
  };
  Census census() const;
  // Per partition: the last position that the ring has.
  std::vector<int64_t> told_positions() const;

  void OnEntries(int partition, absl::Span<const ledger::LogEntryPtr> entries) override;
  void OnNewEpoch(int partition, int64_t epoch, int64_t first) override;

 private:
  class Core;

  // Shared with what may still run on the loop's thread while the hub goes away.
  struct Ports {
    std::shared_ptr<LogSource> source;
    std::shared_ptr<Scheduler> scheduler;
  };
  static Ports Adapt(ledger::Ledger* ledger, redis::Loop* loop);
  Hub(Ports ports, const AlertEncoder* encoder, observability::Logger* log,
      prometheus::Registry* metrics, Options options);

  const std::shared_ptr<Core> core_;
};

}  // namespace supervision::alerting
