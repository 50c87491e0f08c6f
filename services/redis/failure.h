#pragma once

#include <array>
#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "absl/types/span.h"
#include "services/domain/reason.h"
#include "services/redis/reply.h"

namespace supervision::redis {

// The row of one kind of failure: how it is recognised, what a client is told, what the connection
// does about it.
struct FailureRow {
  FailureKind kind;
  std::string_view name;                        // for logs and metric labels
  std::array<std::string_view, 5> error_codes;  // first words of Redis' error replies
  domain::Reason reason;
  absl::Duration retry_after;  // zero: asking again does not help
  // The connection is drained and opened anew: the address may lead to another Redis by then.
  bool renews_connection;
};

// The one table, in the order of the enum.
absl::Span<const FailureRow> FailureTable();
const FailureRow& Row(FailureKind kind);

// The failure that an error reply means.
Failure ClassifyError(std::string error_text);

}  // namespace supervision::redis
