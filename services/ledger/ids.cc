#include "services/ledger/ids.h"

#include "services/base/hash.h"
#include "services/base/hex.h"

namespace supervision::ledger {
namespace {

constexpr size_t kIdBytes = 16;
constexpr size_t kPartitionDigits = 2;
constexpr size_t kTextLength = 1 + kPartitionDigits + 2 * kIdBytes;
constexpr size_t kEtagBytes = 8;

void Append(std::string_view value, std::string* text) {
  text->append(std::to_string(value.size()));
  text->push_back(':');
  text->append(value);
}

}  // namespace

ClueRef DerivedRef(std::string_view secret, int partition, std::string_view group,
                   std::string_view trigger) {
  std::string canonical = "derived-1;";
  Append(group, &canonical);
  Append(trigger, &canonical);
  return {partition, base::Prefix(base::HmacSha256(secret, canonical), kIdBytes)};
}

std::string ClueRef::ToText() const {
  return "c" + base::HexEncode(std::string(1, static_cast<char>(partition))) +
         base::HexEncode(bytes);
}

ClueRef ClueRefOf(std::string_view secret, int partitions, const Identity& identity) {
  const bool by_record = !identity.source_record_id.empty();
  std::string canonical = "clue-identity-1;";
  Append(identity.partner, &canonical);
  canonical += by_record ? "record" : "request";
  Append(by_record ? identity.source_record_id : identity.request_id, &canonical);
  const base::Sha256Digest digest = base::HmacSha256(secret, canonical);
  // The partition comes from bits that are not in the id, so it is as even as they are.
  const uint32_t bits = static_cast<uint32_t>(digest[kIdBytes]) << 16 |
                        static_cast<uint32_t>(digest[kIdBytes + 1]) << 8 | digest[kIdBytes + 2];
  return {static_cast<int>(bits % static_cast<uint32_t>(partitions)),
          base::Prefix(digest, kIdBytes)};
}

std::optional<ClueRef> ParseClueId(std::string_view text, int partitions) {
  if (text.size() != kTextLength || text.front() != 'c') return std::nullopt;
  const std::optional<std::string> bytes = base::HexDecode(text.substr(1));
  if (!bytes.has_value()) return std::nullopt;
  ClueRef clue{static_cast<unsigned char>(bytes->front()), bytes->substr(1)};
  // One clue has one id: upper-case digits are none.
  if (clue.partition >= partitions || clue.ToText() != text) return std::nullopt;
  return clue;
}

std::string EtagOf(std::string_view secret, std::string_view clue_id, uint32_t version) {
  std::string data = "etag-1;";
  Append(clue_id, &data);
  data += std::to_string(version);
  return base::HexEncode(base::Prefix(base::HmacSha256(secret, data), kEtagBytes));
}

}  // namespace supervision::ledger
