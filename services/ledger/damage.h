#pragma once

#include "absl/status/status.h"
#include "services/domain/error.h"
#include "services/redis/reply.h"

namespace supervision::ledger {

// What lies in Redis may be damaged, by a hand or by a disk. It harms no other: whoever reads many
// records leaves out those that are damaged, names each in the log by its id alone, and answers
// with the rest; whoever asks for such a one by its name gets an error, and what can be deleted
// can be deleted while it is damaged.

// Whether Redis answered of this key, if only that it is of a wrong type: then the record is
// damaged, else nothing is known of it.
inline bool IsAnswered(const redis::Result& result) {
  return result.ok() || result.failure().kind == redis::FailureKind::kWrongType;
}

// The status of a failure: `damaged` where the key is of a wrong type. REQUIRES: !result.ok()
inline absl::Status FailureOf(const redis::Result& result, domain::Reason damaged) {
  return IsAnswered(result) ? domain::MakeError(damaged) : result.failure().ToStatus();
}

}  // namespace supervision::ledger
