#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "services/domain/visibility.h"
#include "services/ledger/types.h"

namespace supervision::alerting {

// What a stream that begins with a snapshot (START_FROM_SNAPSHOT) must remember until the snapshot
// and the log have met.
//
// The stream's place is taken first, then the open alerts are listed page by page, then the end of
// the log is asked for. So whatever changes meanwhile lies in the log between the place and that
// end: told from there, except for what the list had in that version or a later one. Behind the end
// nothing can have been listed, and all of this is let go. No cursor may be sent before: who
// resumed from it would miss the rest of the list, or hear of an alert twice.
//
// Not thread-safe.
class Snapshot {
 public:
  // At most `most` alerts: more than that is a list to page through, not a picture to begin with.
  Snapshot(domain::Scope scope, domain::Filter filter, size_t most);

  // The next page to ask for; nothing once all of them have been taken.
  std::optional<ledger::ListQuery> NextQuery() const;
  // INVALID_ARGUMENT naming the filter when there are too many alerts.
  absl::Status Take(ledger::ListPage page);

  // Alerts that have been listed and not been told yet, in the order of the list.
  bool empty() const { return untold_.empty(); }
  const domain::Alert& front() const { return untold_.front(); }
  void Pop() { untold_.pop_front(); }

  // The end of the log, asked for behind the last page.
  void SetEnd(ledger::Place end) { end_ = std::move(end); }
  bool has_end() const { return end_.has_value(); }
  // The stream has told all of it, and stands where nothing of it can come again.
  bool Over(const ledger::Place& place) const;

  // The list had the alert in this version or a later one.
  bool Had(const domain::Alert& alert) const;

  domain::Projection ProjectionOf(const domain::Alert& alert) const;

 private:
  ledger::ListQuery query_;
  const size_t most_;
  bool listed_ = false;
  std::deque<domain::Alert> untold_;
  absl::flat_hash_map<std::string, uint32_t> versions_;  // by id
  std::optional<ledger::Place> end_;
};

}  // namespace supervision::alerting
