#pragma once

#include <optional>

#include "absl/time/time.h"
#include "google/protobuf/duration.pb.h"
#include "google/protobuf/timestamp.pb.h"

namespace supervision::rpc {

google::protobuf::Timestamp ToProto(absl::Time time);
google::protobuf::Duration ToProto(absl::Duration duration);

// Nothing for what the well-known types forbid: a year outside 1 to 9999, nanoseconds outside their
// range, signs that differ.
std::optional<absl::Time> FromProto(const google::protobuf::Timestamp& timestamp);
std::optional<absl::Duration> FromProto(const google::protobuf::Duration& duration);

}  // namespace supervision::rpc
