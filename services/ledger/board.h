#pragma once

#include <cstdint>
#include <vector>

#include "services/base/mutex.h"
#include "services/ledger/meta.h"
#include "services/ledger/types.h"

namespace supervision::ledger {

// What this process knows of the partitions, gathered from every answer of Redis. Thread-safe.
//
// `acknowledged` is the witness: the highest place of the current epoch that a caller or a monitor
// was told of, and that therefore may never be missing.
class Board {
 public:
  explicit Board(int partitions) : partitions_(partitions) {}

  // What was just read. Returns true when it tells of an epoch that began since this process, or
  // its witness, last looked.
  bool Learn(int partition, const PartitionMeta& meta);
  // Something at `position` was written, synchronised and confirmed in `epoch`; ignored when that
  // epoch is over.
  void Acknowledge(int partition, int64_t epoch, int64_t position);
  void Confirm(int partition, int64_t position);
  void LearnEnd(int partition, int64_t end);
  // From a witness of an earlier run.
  void Remember(int partition, int64_t epoch, int64_t position);

  struct Witness {
    int64_t epoch = 0;
    int64_t position = 0;
    bool operator==(const Witness&) const = default;
  };
  Witness witness(int partition) const;
  EpochList epochs(int partition) const;
  PartitionState state(int partition) const;

 private:
  struct Partition {
    bool known = false;  // something was read
    PartitionState state;
    EpochList epochs;
    Witness witness;
  };
  mutable base::Mutex mutex_;
  std::vector<Partition> partitions_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace supervision::ledger
