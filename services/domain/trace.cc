#include "services/domain/trace.h"

namespace supervision::domain {
namespace {

constexpr size_t kLength = 55;
constexpr size_t kTraceAt = 3, kTraceLength = 32;
constexpr size_t kSpanAt = 36, kSpanLength = 16;
constexpr size_t kFlagsAt = 53;

bool IsHex(std::string_view text) {
  return text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}
// All zeros are no id.
bool IsId(std::string_view text) {
  return IsHex(text) && text.find_first_not_of('0') != std::string_view::npos;
}

}  // namespace

std::string_view TraceParent(std::string_view text) {
  if (text.size() < kLength) return {};
  const std::string_view version = text.substr(0, 2);
  const std::string_view known = text.substr(0, kLength);
  if (!IsHex(version) || version == "ff") return {};
  if (text.size() > kLength && (version == "00" || text[kLength] != '-')) return {};
  if (known[2] != '-' || known[kSpanAt - 1] != '-' || known[kFlagsAt - 1] != '-') return {};
  if (!IsId(known.substr(kTraceAt, kTraceLength)) || !IsId(known.substr(kSpanAt, kSpanLength)) ||
      !IsHex(known.substr(kFlagsAt))) {
    return {};
  }
  return known;
}

std::string_view TraceIdOf(std::string_view trace_parent) {
  return trace_parent.empty() ? trace_parent : trace_parent.substr(kTraceAt, kTraceLength);
}

}  // namespace supervision::domain
