#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/time/time.h"
#include "services/alerting/log_source.h"
#include "services/domain/visibility.h"
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
  bool gap = false;  // history that it was not told is gone
};

struct LagQuery {
  domain::Scope scope;
  domain::Filter filter;
  ledger::Progress progress;
  int max_entries = 4096;  // of the log are looked at
  absl::Duration timeout;
};

// Counts in the log, page by page. The callback runs once, as LogSource's. `source` outlives that.
void MeasureLag(LogSource* source, LagQuery query, LogSource::Callback<Lag> callback);

}  // namespace supervision::alerting
