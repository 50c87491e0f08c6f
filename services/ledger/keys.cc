#include "services/ledger/keys.h"

#include <algorithm>

#include "services/base/hash.h"
#include "services/base/hex.h"

namespace supervision::ledger {
namespace {

constexpr size_t kMaxPrefixLength = 32;
constexpr size_t kUnitDigestBytes = 12;
constexpr size_t kDigestBytes = 16;

bool IsPrefixCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == ':' || c == '-';
}

std::string Base(std::string_view prefix, int partition) {
  return std::string(prefix) + "sv:{" + std::to_string(partition) + "}:";
}

}  // namespace

Keys::Keys(std::string_view prefix, int partitions) {
  for (int partition = 0; partition < partitions; ++partition) {
    bases_.push_back(Base(prefix, partition));
  }
}

std::optional<std::string> Keys::CheckPrefix(std::string_view prefix) {
  if (prefix.size() <= kMaxPrefixLength &&
      std::all_of(prefix.begin(), prefix.end(), IsPrefixCharacter)) {
    return std::nullopt;
  }
  return "The key prefix may have up to 32 characters of A-Z, a-z, 0-9, '_', ':' and '-'; correct "
         "it in the configuration.";
}

std::string Keys::Descriptor(std::string_view prefix) { return Base(prefix, 0) + "ledger"; }

std::string Keys::Clue(const ClueRef& clue) const {
  return bases_[clue.partition] + "c:" + base::HexEncode(clue.bytes);
}

std::string Keys::Scenario(int partition, domain::Scenario scenario) const {
  return bases_[partition] + "i:s:" + std::to_string(static_cast<int>(scenario));
}

std::string Keys::Risk(int partition, domain::Risk risk) const {
  return bases_[partition] + "i:k:" + std::to_string(static_cast<int>(risk));
}

std::string Keys::Region(int partition, std::string_view code) const {
  return bases_[partition] + "i:r:" + std::string(code.substr(0, kRegionDigits));
}

// Digested, because a name is of any length and may name a person.
std::string Keys::Unit(int partition, std::string_view name_or_code) const {
  return bases_[partition] +
         "i:u:" + base::HexEncode(base::Prefix(base::Sha256(name_or_code), kUnitDigestBytes));
}

std::string Keys::Partner(int partition, std::string_view partner) const {
  return bases_[partition] + "i:p:" + std::string(partner);
}

std::string Keys::State(int partition, domain::AlertState state) const {
  return bases_[partition] + "i:a:" + std::to_string(static_cast<int>(state));
}

std::string Keys::Owner(int partition, std::string_view owner) const {
  return bases_[partition] + "i:o:" + Digest(owner);
}

std::string Keys::Later(int partition, const std::string& index) const {
  std::string key = index;
  key[bases_[partition].size()] = 'j';
  return key;
}

std::string Keys::ReviewQueue(int partition, domain::Risk risk, int doubt) const {
  return bases_[partition] + "q:" + std::to_string(static_cast<int>(risk)) + ":" +
         std::to_string(doubt);
}

std::string Keys::Digest(std::string_view text) {
  return base::HexEncode(base::Prefix(base::Sha256(text), kDigestBytes));
}

std::vector<std::string> Keys::IndexesOf(int partition, const domain::Facets& facets) const {
  std::vector<std::string> keys = {All(partition), Scenario(partition, facets.scenario),
                                   Risk(partition, facets.risk),
                                   Partner(partition, facets.partner)};
  if (facets.region_code.size() >= kRegionDigits) {
    keys.push_back(Region(partition, facets.region_code));
  }
  const domain::ReportedUnit& unit = facets.unit;
  if (!unit.name.empty()) keys.push_back(Unit(partition, unit.name));
  if (!unit.credit_code.empty() && unit.credit_code != unit.name) {
    keys.push_back(Unit(partition, unit.credit_code));
  }
  return keys;
}

}  // namespace supervision::ledger
