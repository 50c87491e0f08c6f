#include "services/config/units.h"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <limits>

#include "absl/strings/str_cat.h"

namespace supervision::config {
namespace {

struct Unit {
  std::string_view name;
  int64_t value;
};

// From large to small: the order in which a text may name them.
constexpr Unit kDurationUnits[] = {
    {"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}};
constexpr Unit kSizeUnits[] = {{"TiB", int64_t{1} << 40},
                               {"GiB", int64_t{1} << 30},
                               {"MiB", int64_t{1} << 20},
                               {"KiB", int64_t{1} << 10},
                               {"B", 1}};
constexpr int64_t kMaxDurationMs = int64_t{36'500} * 86'400'000;

// Takes "<digits><letters>" from the front of `text`.
struct Part {
  int64_t count = 0;
  std::string_view unit;
};
std::optional<Part> TakePart(std::string_view* text) {
  const size_t digits = std::min(text->find_first_not_of("0123456789"), text->size());
  Part part;
  const char* const end = text->data() + digits;
  if (digits == 0 || std::from_chars(text->data(), end, part.count).ec != std::errc()) {
    return std::nullopt;
  }
  text->remove_prefix(digits);
  part.unit = text->substr(0, text->find_first_of("0123456789"));
  text->remove_prefix(part.unit.size());
  return part;
}

template <size_t N>
std::string InLargestUnit(int64_t value, const Unit (&units)[N]) {
  for (const Unit& unit : units) {
    if (value % unit.value == 0 && (value != 0 || unit.value == 1)) {
      return absl::StrCat(value / unit.value, std::string(unit.name));
    }
  }
  return "0";
}

}  // namespace

std::optional<absl::Duration> ParseDuration(std::string_view text) {
  int64_t total = 0;
  size_t next_unit = 0;  // units before it have been used or passed
  do {
    const std::optional<Part> part = TakePart(&text);
    if (!part.has_value()) return std::nullopt;
    while (next_unit < std::size(kDurationUnits) && kDurationUnits[next_unit].name != part->unit) {
      ++next_unit;
    }
    if (next_unit == std::size(kDurationUnits)) return std::nullopt;
    const int64_t unit = kDurationUnits[next_unit++].value;
    if (part->count > kMaxDurationMs / unit) return std::nullopt;
    total += part->count * unit;
  } while (!text.empty());
  if (total > kMaxDurationMs) return std::nullopt;
  return absl::Milliseconds(total);
}

std::optional<int64_t> ParseSize(std::string_view text) {
  if (text == "0") return 0;
  const std::optional<Part> part = TakePart(&text);
  if (!part.has_value() || !text.empty()) return std::nullopt;
  for (const Unit& unit : kSizeUnits) {
    if (part->unit != unit.name) continue;
    if (part->count > std::numeric_limits<int64_t>::max() / unit.value) return std::nullopt;
    return part->count * unit.value;
  }
  return std::nullopt;
}

std::string DurationText(absl::Duration value) {
  return InLargestUnit(absl::ToInt64Milliseconds(value), kDurationUnits);
}

std::string SizeText(int64_t value) { return value == 0 ? "0" : InLargestUnit(value, kSizeUnits); }

}  // namespace supervision::config
