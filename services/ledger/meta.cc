#include "services/ledger/meta.h"

#include <algorithm>
#include <charconv>

namespace supervision::ledger {
namespace {

bool ParseNumber(const redis::Reply& reply, int64_t if_absent, int64_t* number) {
  *number = if_absent;
  if (reply.is_nil()) return true;
  const char* const end = reply.text.data() + reply.text.size();
  const auto [stopped, error] = std::from_chars(reply.text.data(), end, *number);
  return error == std::errc() && stopped == end;
}

}  // namespace

redis::Command ReadMeta(const Keys& keys, int partition) {
  return {"HMGET", keys.Meta(partition), "n", "f", "b", "g", "e", "r"};
}

redis::Command ReadTold(const Keys& keys, int partition) {
  return {"XREVRANGE", keys.Told(partition), "+", "-", "COUNT", "1"};
}

redis::Command ReadEnd(const Keys& keys, int partition) {
  return {"HGET", keys.Meta(partition), "n"};
}

std::optional<PartitionMeta> ParseMeta(const redis::Result& meta, const redis::Result* told) {
  if (!meta.ok() || !meta.reply().is_array() || meta.reply().elements.size() != 6) {
    return std::nullopt;
  }
  const std::vector<redis::Reply>& fields = meta.reply().elements;
  PartitionMeta parsed;
  const std::optional<EpochList> epochs = EpochList::Parse(fields[4].text);
  if (!ParseNumber(fields[0], 0, &parsed.end) || !ParseNumber(fields[1], 1, &parsed.earliest) ||
      !ParseNumber(fields[2], 0, &parsed.log_bytes) || !ParseNumber(fields[3], 0, &parsed.trims) ||
      !epochs.has_value()) {
    return std::nullopt;
  }
  parsed.epochs = *epochs;
  parsed.sign = fields[5].text;
  parsed.confirmed = parsed.end;
  if (told != nullptr) {
    const std::optional<int64_t> position = ParseTold(*told);
    if (!position.has_value()) return std::nullopt;
    parsed.confirmed = std::min(*position, parsed.end);
  }
  return parsed;
}

std::optional<int64_t> ParseTold(const redis::Result& told) {
  if (!told.ok() || !told.reply().is_array()) return std::nullopt;
  const std::vector<redis::Reply>& entries = told.reply().elements;
  if (entries.empty()) return 0;
  if (!entries[0].is_array() || entries[0].elements.empty()) return std::nullopt;
  return ParsePosition(entries[0].elements[0].text);
}

std::optional<int64_t> ParseEnd(const redis::Result& end) {
  int64_t position = 0;
  if (!end.ok() || !ParseNumber(end.reply(), 0, &position)) return std::nullopt;
  return position;
}

std::optional<int64_t> ParsePosition(std::string_view id) {
  int64_t position = 0;
  const auto [stopped, error] = std::from_chars(id.data(), id.data() + id.size(), position);
  if (error != std::errc() || position < 1) return std::nullopt;
  if (id.substr(static_cast<size_t>(stopped - id.data())) != "-0") return std::nullopt;
  return position;
}

}  // namespace supervision::ledger
