#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "google/rpc/status.pb.h"
#include "grpcpp/support/status.h"

namespace supervision::client {

// One mistake in a request: the path of the field, and what to do in English, then in Chinese.
struct FieldViolation {
  std::string field;
  std::string description;
};

// What the service said about a failure. Errors that did not come from the service (nobody listens,
// a proxy answered, the deadline passed here) have a code and an English sentence only.
struct Error {
  absl::StatusCode code = absl::StatusCode::kUnknown;
  std::string reason;   // word of the table in clients/README.md; empty: not from the service
  std::string english;  // what is wrong and what to do
  std::string chinese;  // the same; empty: not from the service
  std::map<std::string, std::string> metadata;  // facts: ids, limits, places
  std::vector<FieldViolation> violations;       // all mistakes of a bad request
  std::optional<absl::Duration> retry_after;    // asking again makes sense after this long
};

// The calls of this library return absl::Status: code and message as sent, the details in a
// payload. ErrorOf reads them.
absl::Status ToAbslStatus(const grpc::Status& status);
// The same for the answer to one item of a batch or stream.
absl::Status ToAbslStatus(const google::rpc::Status& status);

// The way back, for keeping an error: code, message and details.
google::rpc::Status ToRpcStatus(const absl::Status& status);

// What is known about a failed `status`.
Error ErrorOf(const absl::Status& status);

}  // namespace supervision::client
