#include "services/ledger/board.h"

#include <algorithm>

namespace supervision::ledger {

bool Board::Learn(int partition, const PartitionMeta& meta) {
  base::MutexLock lock(&mutex_);
  Partition& known = partitions_[partition];
  // Answers of several connections may come out of order: an older epoch or a smaller end in the
  // same epoch is old news.
  if (meta.epochs.current() < known.epochs.current()) return false;
  const int64_t last_epoch = known.known ? known.epochs.current() : known.witness.epoch;
  const bool is_new = last_epoch > 0 && meta.epochs.current() > last_epoch;
  if (is_new) known.witness.position = std::min(known.witness.position, meta.confirmed);
  if (is_new || !known.known) {
    known.epochs = meta.epochs;
    known.witness.epoch = meta.epochs.current();
    known.state = PartitionState();
    known.known = true;
  }
  known.state.epoch = meta.epochs.current();
  known.state.end = std::max(known.state.end, meta.end);
  known.state.confirmed = std::max(known.state.confirmed, meta.confirmed);
  known.state.earliest = std::max(known.state.earliest, meta.earliest);
  known.state.log_bytes = meta.log_bytes;
  known.state.trims = std::max(known.state.trims, meta.trims);
  return is_new;
}

void Board::Acknowledge(int partition, int64_t epoch, int64_t position) {
  base::MutexLock lock(&mutex_);
  Partition& known = partitions_[partition];
  if (epoch != known.epochs.current()) return;
  known.state.end = std::max(known.state.end, position);
  known.state.confirmed = std::max(known.state.confirmed, position);
  known.witness.position = std::max(known.witness.position, position);
}

void Board::Confirm(int partition, int64_t position) {
  base::MutexLock lock(&mutex_);
  PartitionState& state = partitions_[partition].state;
  state.confirmed = std::max(state.confirmed, position);
}

void Board::LearnEnd(int partition, int64_t end) {
  base::MutexLock lock(&mutex_);
  PartitionState& state = partitions_[partition].state;
  state.end = std::max(state.end, end);
}

void Board::Remember(int partition, int64_t epoch, int64_t position) {
  base::MutexLock lock(&mutex_);
  Witness& witness = partitions_[partition].witness;
  if (epoch > witness.epoch || (epoch == witness.epoch && position > witness.position)) {
    witness = {epoch, position};
  }
}

Board::Witness Board::witness(int partition) const {
  base::MutexLock lock(&mutex_);
  return partitions_[partition].witness;
}

EpochList Board::epochs(int partition) const {
  base::MutexLock lock(&mutex_);
  return partitions_[partition].epochs;
}

PartitionState Board::state(int partition) const {
  base::MutexLock lock(&mutex_);
  return partitions_[partition].state;
}

}  // namespace supervision::ledger
