#pragma once

#include <optional>
#include <string>

#include "google/protobuf/timestamp.pb.h"

namespace supervision::cli {

// "2025-03-12", "2025-03-12 14:05" or RFC 3339, in the local zone where none is given.
std::optional<google::protobuf::Timestamp> TimeFromText(const std::string& text);

}  // namespace supervision::cli
