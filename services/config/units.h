#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/time/time.h"

namespace supervision::config {

// Durations and sizes as people write them: whole numbers with a unit, so that no setting needs a
// comment to say what it counts.

// "250ms", "5s", "10m", "2h", "90d", or several from large to small: "1h30m". At most 100 years.
std::optional<absl::Duration> ParseDuration(std::string_view text);

// "512B", "64KiB", "64MiB", "1GiB", "2TiB", or "0".
std::optional<int64_t> ParseSize(std::string_view text);

// What the two take, for messages.
inline constexpr char kDurationForms[] = "a duration such as 250ms, 5s, 10m, 2h or 90d";
inline constexpr char kSizeForms[] = "a size such as 0, 64KiB, 64MiB or 1GiB";

// The text that gives `value` again, in the largest unit that divides it.
std::string DurationText(absl::Duration value);
std::string SizeText(int64_t value);

}  // namespace supervision::config
