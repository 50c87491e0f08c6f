#include "clients/cli/time_text.h"

#include "absl/time/time.h"

namespace supervision::cli {

std::optional<google::protobuf::Timestamp> TimeFromText(const std::string& text) {
  absl::Time time;
  bool read = absl::ParseTime(absl::RFC3339_full, text, &time, nullptr);
  for (const char* const format : {"%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S"}) {
    read = read || absl::ParseTime(format, text, absl::LocalTimeZone(), &time, nullptr);
  }
  if (!read) return std::nullopt;
  google::protobuf::Timestamp timestamp;
  timestamp.set_seconds(absl::ToUnixSeconds(time));
  return timestamp;
}

}  // namespace supervision::cli
