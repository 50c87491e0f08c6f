#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "services/domain/reason.h"

namespace supervision::domain {

// One mistake in a request. `field` is the path as the client wrote it ("clue.amounts[3].fen");
// no sentence quotes the value, which may be personal data.
struct FieldViolation {
  std::string field;
  std::string english;  // what is wrong and the remedy
  std::string chinese;
};

// Everything that a client is told about a failure beside the table's row.
struct ErrorDetail {
  Reason reason = Reason::kInternal;
  std::vector<std::pair<std::string, std::string>> metadata;  // facts: ids, limits, places
  std::optional<absl::Duration> retry_after;                  // when asking again makes sense
  std::vector<FieldViolation> violations;
};

// A status with the code and English sentence of the reason's row, carrying `detail`.
absl::Status MakeError(ErrorDetail detail);
absl::Status MakeError(Reason reason);
// The same, of what passes: the caller may ask again after `retry_after`.
absl::Status MakeError(Reason reason, absl::Duration retry_after);

// The detail that MakeError put into `status`; nothing for any other status.
std::optional<ErrorDetail> DetailOf(const absl::Status& status);

// True when `status` was made for `reason`.
bool HasReason(const absl::Status& status, Reason reason);

}  // namespace supervision::domain
