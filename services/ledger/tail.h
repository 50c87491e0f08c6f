#pragma once

#include <deque>
#include <memory>
#include <unordered_map>
#include <vector>

#include "services/ledger/context.h"

namespace supervision::ledger {

// Follows the logs of all partitions with one blocking read on a connection of its own and hands
// every entry to the observer, in order, once. With replicas asked for it follows also what they
// have confirmed, and holds back what they have not.
//
// It begins at the confirmed end. Whenever the connection or the ledger was away it first looks at
// the epochs: after a loss it tells the observer, goes back to where the new epoch begins and tells
// what is there now. On the loop's thread.
class Tail {
 public:
  explicit Tail(Context* context);

  // Where the tail begins, unless it has begun already: said before the first change is admitted,
  // so that nothing committed by this process lies before it.
  void Place(const std::vector<PartitionMeta>& metas);
  // The ledger's history has been checked: goes on from where it was, after a look at the epochs.
  void Resume();
  // What is still under way belongs to a connection that may have been another history's.
  void Pause();
  // A new epoch showed elsewhere.
  void Recheck();
  void Stop();

  void Follow(TailObserver* observer) { observer_ = observer; }

 private:
  struct Lane {
    bool placed = false;   // `position` means something
    int64_t position = 0;  // last entry that was read
    int64_t told = 0;      // confirmed by replicas
    int64_t epoch = 1;
    std::deque<LogEntryPtr> held;  // read, not confirmed
  };

  void Check();
  void OnMetas(const std::vector<PartitionMeta>& metas);
  void Read();
  void OnRead(redis::Result result);
  void TakeEntries(int partition, const redis::Reply& elements);
  void Release(int partition);
  void RetryLater();
  void RecheckLater();
  void ReportLag();

  Context* const context_;
  const bool with_told_;
  std::vector<Lane> lanes_;
  std::unordered_map<std::string, int> logs_;   // key -> partition
  std::unordered_map<std::string, int> tolds_;  // key -> partition
  // Grows whenever what is under way must not be believed any more.
  uint64_t generation_ = 0;
  bool running_ = false;
  std::unique_ptr<redis::Loop::Timer> retry_timer_;
  std::unique_ptr<redis::Loop::Timer> recheck_timer_;
  TailObserver* observer_ = nullptr;
};

}  // namespace supervision::ledger
