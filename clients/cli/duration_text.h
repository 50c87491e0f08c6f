#pragma once

#include <optional>
#include <string_view>

#include "absl/time/time.h"

namespace supervision::cli {

// How long: numbers with their units, s, m, h, d (24 hours) or w (7 days), such as "90m", "3d" or
// "1d12h"; whole seconds of the sum, at least one. Nothing for anything else.
std::optional<absl::Duration> DurationFromText(std::string_view text);

// What a flag says that takes one, behind "For how long: ".
inline constexpr char kDurationForms[] = "90m, 8h, 3d, 2w";

}  // namespace supervision::cli
