#pragma once

#include <cstdint>
#include <string>

#include "absl/time/time.h"
#include "services/domain/alert.h"

namespace supervision::combining {

// An alert that a route wants told. Its record is named by route, key and trigger, so that whoever
// comes to the same finding writes the same record, and only once.
struct Firing {
  std::string trigger;   // id of the clue that made it due
  std::string record;    // id of the record, when it is known already
  uint32_t version = 1;  // of what the route tells of the record
  absl::Time due;        // when it was found
  absl::Time tell_at;    // when it might be told, by the calendar
  // Since when it hangs in the log: a replay that begins there, less the reach of the routes, finds
  // it again.
  absl::Time since;
  // Of the trigger's entry in the log; 0: it hangs on no single one.
  int partition = 0;
  int64_t position = 0;
  // What is told: kind, facets, codes, reasons, received_at, title and group. Ids, versions, times
  // of telling and handling are the ledger's.
  domain::Alert alert;
};

}  // namespace supervision::combining
