#pragma once

#include <functional>
#include <memory>

#include "services/base/clock.h"
#include "services/ledger/board.h"
#include "services/ledger/descriptor.h"
#include "services/ledger/keys.h"
#include "services/ledger/ledger.h"
#include "services/ledger/metrics.h"
#include "services/ledger/silence_book.h"
#include "services/observability/log.h"
#include "services/redis/client.h"
#include "services/redis/loop.h"

namespace supervision::ledger {

// How long a WAIT (round.h) may hold up what is sent behind it on the connection of `commit`. All
// that goes there has this time besides its own: it would be given up else, and the connection with
// it, and whoever else waits would not learn what came of his change. Redis looks whether a WAIT is
// over every tenth of a second at least.
inline absl::Duration LongestWait(const Ledger::Options& options) {
  return options.replicas > 0 ? options.replica_timeout + absl::Milliseconds(100)
                              : absl::ZeroDuration();
}

// What the parts of an open ledger share. The clients are used on the loop's thread, but for
// `bulk`, whose answers come on a thread of their own, so that a page that is decoded there keeps
// neither a commit nor what is new waiting.
struct Context {
  redis::Loop* loop;
  const base::Clock* clock;
  observability::Logger* log;
  Metrics* metrics;
  const Ledger::Options* options;
  redis::Client* commit;  // scripts that write
  redis::Client* read;    // short reads
  redis::Client* bulk;    // pages of the log
  redis::Client* tail;    // blocks
  Descriptor descriptor;
  Keys keys;
  std::unique_ptr<Board> board;
  std::function<void()> on_new_epoch;  // on the loop's thread
  std::shared_ptr<SilenceBook> silences = std::make_shared<SilenceBook>();
  // The connection of `commit` on which this ledger was admitted last: what is written goes on no
  // other, since that may lead to another Redis, or to one that has lost history which nobody has
  // looked for yet. None while Redis is refused. On the loop's thread.
  redis::Client::ConnectionNumber admitted_on = redis::Client::kNoConnection;

  // Runs `script` there, or fails with kNotSent. `timeout` does not count a WAIT before it.
  void RunAdmitted(const redis::Script& script, const std::vector<std::string>& script_keys,
                   const std::vector<std::string>& arguments, absl::Duration timeout,
                   redis::Client::Callback callback) const {
    commit->Run(script, script_keys, arguments, timeout + LongestWait(*options),
                std::move(callback), admitted_on);
  }

  // Puts what was read on the board, and tells when a new epoch shows. Any thread.
  void Learn(int partition, const PartitionMeta& meta) {
    if (!board->Learn(partition, meta)) return;
    metrics->epochs.Increment();
    log->Error("ledger.history_lost", {{"partition", int64_t{partition}},
                                       {"epoch", meta.epochs.current()},
                                       {"first", meta.epochs.current_first()}});
    if (!on_new_epoch) return;
    loop->OnLoopThread() ? on_new_epoch() : loop->Post(on_new_epoch);
  }
};

}  // namespace supervision::ledger
