#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/time/time.h"
#include "services/alerting/log_source.h"
#include "services/domain/visibility.h"
#include "services/ledger/deadline.h"
#include "services/ledger/subscription.h"

namespace supervision::alerting {

// How far a subscription is behind, for one who sees `scope`.
struct Lag {
  int64_t alerts = 0;
  bool more = false;  // there are more than were looked at
  // The oldest of them; version 0: there is none.
  std::string oldest_id;
  uint32_t oldest_version = 0;
  absl::Time oldest_raised_at;
  bool sought_found = false;    // the sought version is among them
  int64_t ahead_of_sought = 0;  // of them are older
  bool gap = false;             // history that it was not told is gone
};

struct LagQuery {
  // A version of an alert whose place in the queue is asked for; version 0: none.
  struct Sought {
    std::string id;
    uint32_t version = 0;
    absl::Time raised_at;
  };
  domain::Scope scope;
  domain::Filter filter;
  std::string principal;  // what silences hide from it does not count
  ledger::Progress progress;
  Sought sought;
  int max_entries = 4096;                           // of the log are looked at
  ledger::Deadline deadline{absl::ZeroDuration()};  // of all its reads together
};

// Counts in the log, page by page. The callback runs once, as LogSource's. `source` outlives that.
void MeasureLag(LogSource* source, LagQuery query, LogSource::Callback<Lag> callback);

}  // namespace supervision::alerting
