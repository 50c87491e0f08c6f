#pragma once

#include <functional>
#include <vector>

#include "services/ledger/batch.h"
#include "services/ledger/context.h"
#include "services/redis/reply.h"

namespace supervision::ledger {

// What Redis said of the scripts that went there together.
struct RoundReply {
  std::vector<redis::Result> scripts;  // one for each call, in order
  // That have confirmed what those scripts wrote which succeeded, and all that these found written;
  // 0 as well when nobody knows, and when none are asked for.
  int replicas = 0;
};

// Sends batches to Redis on the connection on which the ledger was admitted: one, or where replicas
// are asked for those of several partitions with one WAIT behind them. `callback` runs on the
// loop's thread. REQUIRES: `calls` has one call, or at least one where replicas are asked for; with
// them no other round is under way.
//
// Redis executes what comes on a connection in order, and a WAIT holds up all that follows it: two
// in a row would take twice replica_timeout while a replica is slow, and outlast what the second
// may take. It speaks of the connection's last write. Each script that succeeds has written
// something, a marker when nothing else (commit.lua), behind all that it found in its partition; so
// the last write is behind all of them, also when the last script failed.
void SendRound(const Context& context, std::vector<BatchCall> calls,
               std::function<void(RoundReply)> callback);

}  // namespace supervision::ledger
