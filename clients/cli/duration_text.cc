#include "clients/cli/duration_text.h"

#include "absl/strings/numbers.h"

namespace supervision::cli {
namespace {

std::optional<absl::Duration> UnitOf(char letter) {
  switch (letter) {
    case 's':
      return absl::Seconds(1);
    case 'm':
      return absl::Minutes(1);
    case 'h':
      return absl::Hours(1);
    case 'd':
      return absl::Hours(24);
    case 'w':
      return absl::Hours(24 * 7);
    default:
      return std::nullopt;
  }
}

}  // namespace

std::optional<absl::Duration> DurationFromText(std::string_view text) {
  absl::Duration sum;
  while (!text.empty()) {
    const size_t end = text.find_first_not_of("0123456789.");
    if (end == 0 || end == std::string_view::npos) return std::nullopt;
    double number = 0;
    if (!absl::SimpleAtod(absl::string_view(text.data(), end), &number)) return std::nullopt;
    const std::optional<absl::Duration> unit = UnitOf(text[end]);
    if (!unit.has_value()) return std::nullopt;
    sum += *unit * number;
    text.remove_prefix(end + 1);
  }
  sum = absl::Trunc(sum, absl::Seconds(1));
  if (sum <= absl::ZeroDuration() || sum == absl::InfiniteDuration()) return std::nullopt;
  return sum;
}

}  // namespace supervision::cli
