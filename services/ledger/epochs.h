#pragma once

#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "services/ledger/context.h"

namespace supervision::ledger {

// Reads every partition's meta on `client`, puts it on the board and hands it over.
void ReadMetas(Context* context, redis::Client* client, absl::Duration timeout,
               std::function<void(absl::StatusOr<std::vector<PartitionMeta>>)> callback);

// Evidence that history may be lost: for each partition an acknowledged place (epoch 0: none), and
// the sign of an event after which it may be: Redis' master_replid2, which a promotion leaves, or
// the mark of a restored backup (empty: neither). A sign counts once.
struct Evidence {
  std::vector<Board::Witness> witnesses;
  std::string sign;
};

// Whether a place that was acknowledged lies beyond all that the partition has: its history was
// lost.
bool IsBeyond(const Board::Witness& place, const PartitionMeta& meta);

// Opens a new epoch in every partition where `evidence` says that history was lost or may have
// been, by script and on this connection of `commit` alone, and hands over the partitions as they
// then stand. Without loss it only reads, so it may be asked at any time and by every replica, also
// of a Redis that takes no change for want of memory or of replicas.
void CheckHistory(Context* context, Evidence evidence, absl::Duration timeout,
                  redis::Client::ConnectionNumber on,
                  std::function<void(absl::StatusOr<std::vector<PartitionMeta>>)> callback);

}  // namespace supervision::ledger
