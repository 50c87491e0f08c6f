#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/time/time.h"

namespace supervision::cli {

// "1,204".
std::string CountText(int64_t count);
// Of something a second: "0", "0.3", "12.5", "1,204".
std::string RateText(double per_second);
// "512 B", "1.5 KiB", "3.2 GiB".
std::string BytesText(int64_t bytes);
// Seconds: "0.4 ms", "12 ms", "1.5 s"; "-" for nothing.
std::string LatencyText(std::optional<double> seconds);
// The two greatest parts: "12 s", "3 min 5 s", "2 d 3 h".
std::string SpanText(absl::Duration duration);

}  // namespace supervision::cli
