#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "services/ledger/ledger.h"
#include "services/ledger/route_desk.h"

namespace supervision::combining {

// The log of all partitions as one sequence in the order of time: from the first entry that is
// young enough, through what lay there at the beginning (the replay), on into what comes. Pages are
// read ahead, one of a partition at a time.
//
// Held by a shared_ptr: whoever lets go of it is called back no more. On the loop's thread. A
// callback runs once, inside the call when there is nothing to be read; after an error this is of
// no use any more.
class MergedLog : public std::enable_shared_from_this<MergedLog> {
 public:
  using States = std::vector<ledger::PartitionState>;
  using Done = std::function<void(absl::Status)>;

  // The replay ends at `latest`. `ledger` outlives this.
  MergedLog(ledger::Ledger* ledger, const ledger::Place& latest, int page, absl::Duration timeout);

  // Begins with the first entry of each partition that was raised at `since` or later.
  void FindStart(States states, absl::Time since, Done done);
  // Since when all is known that came, of what was asked for by FindStart; the log may have been
  // trimmed, or be young. After the first Read and before the first Next.
  absl::Time KnownSince(absl::Time now) const;
  // Reads a page of each partition of which no entry is held, as far as `states` allow.
  void Read(const States& states, Done done);
  // The next entry; null when an earlier one may still be read, and at the end.
  ledger::LogEntryPtr Next();

  bool replayed() const;  // all that lay there at the beginning has been handed out
  bool more() const;      // there are more entries, held or to be read
  bool InEpochsOf(const States& states) const;

  size_t partitions() const { return sources_.size(); }
  int64_t epoch(size_t partition) const { return sources_[partition].epoch; }
  // Up to here entries have been handed out.
  int64_t taken(size_t partition) const { return sources_[partition].taken; }

 private:
  struct Source {
    int64_t epoch = 1;
    bool goes_back = false;  // earlier entries are left than those that were asked for
    bool trimmed = false;
    int64_t read = 0;    // up to here
    int64_t taken = 0;   // by whoever follows
    int64_t target = 0;  // where the replay ends
    int64_t end = 0;     // what may be read
    std::deque<ledger::LogEntryPtr> entries;
  };

  void FindStartOf(size_t partition, States states, absl::Time since, Done done);
  void ReadPage(size_t partition);
  void OnPage(size_t partition, absl::StatusOr<ledger::LogPage> page);
  // Whether it was that: what has been trimmed meanwhile can be counted no more.
  bool SkipTrimmed(size_t partition, const absl::Status& status);

  ledger::Ledger* const ledger_;
  ledger::RouteDesk desk_;
  const int page_;
  const absl::Duration timeout_;
  std::vector<Source> sources_;
  absl::Time since_;
  size_t reads_ = 0;  // that have not been answered
  Done done_;         // of these
};

}  // namespace supervision::combining
