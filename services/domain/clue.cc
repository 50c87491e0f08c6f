#include "services/domain/clue.h"

#include <string_view>

#include "services/base/hash.h"

namespace supervision::domain {
namespace {

// The canonical text that is hashed: each field as "name:length:value;", fields that are absent
// left out. The length makes the text unambiguous, whatever the values hold.
class Canonical {
 public:
  explicit Canonical(size_t expected) { text_.reserve(expected); }
  void Add(std::string_view name, std::string_view value) {
    text_.append(name);
    text_.push_back(':');
    text_.append(std::to_string(value.size()));
    text_.push_back(':');
    text_.append(value);
    text_.push_back(';');
  }
  void Add(std::string_view name, int64_t value) { Add(name, std::to_string(value)); }
  void Add(std::string_view name, const std::optional<absl::CivilDay>& day) {
    if (day.has_value()) Add(name, *day - absl::CivilDay(1970, 1, 1));
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

}  // namespace

std::string ContentDigest(const ClueContent& content) {
  constexpr size_t kRoomForTheRest = 1024;  // of a clue without long lists
  Canonical canonical(content.content.size() + kRoomForTheRest);
  // The format's own name: a field that joins later changes it, and with it every digest.
  canonical.Add("format", "clue-content-1");
  canonical.Add("source_record_id", content.source_record_id);
  canonical.Add("title", content.title);
  canonical.Add("content", content.content);
  canonical.Add("occurred_on", content.occurred_on);
  canonical.Add("region_code", content.region_code);
  canonical.Add("unit.name", content.unit.name);
  canonical.Add("unit.credit_code", content.unit.credit_code);
  canonical.Add("party_kind", static_cast<int64_t>(content.party_kind));
  canonical.Add("instruments", static_cast<int64_t>(content.instruments.size()));
  for (const Instrument& instrument : content.instruments) {
    canonical.Add("type", static_cast<int64_t>(instrument.type));
    canonical.Add("number", instrument.number);
    canonical.Add("date", instrument.date);
  }
  canonical.Add("amounts", static_cast<int64_t>(content.amounts.size()));
  for (const Amount& amount : content.amounts) {
    canonical.Add("fen", amount.fen);
    canonical.Add("purpose", amount.purpose);
  }
  if (content.persons_affected.has_value()) {
    canonical.Add("persons_affected", *content.persons_affected);
  }
  canonical.Add("evidence", static_cast<int64_t>(content.evidence.size()));
  for (const Evidence& evidence : content.evidence) {
    canonical.Add("uri", evidence.uri);
    canonical.Add("sha256", evidence.sha256);
    canonical.Add("size_bytes", evidence.size_bytes);
    canonical.Add("media_type", evidence.media_type);
  }
  // "Not said" means normal, so both are the same content.
  const Confidentiality confidentiality = content.confidentiality == Confidentiality::kUnspecified
                                              ? Confidentiality::kNormal
                                              : content.confidentiality;
  canonical.Add("confidentiality", static_cast<int64_t>(confidentiality));
  canonical.Add("channel", static_cast<int64_t>(content.channel));
  return base::Prefix(base::Sha256(canonical.text()), sizeof(base::Sha256Digest));
}

}  // namespace supervision::domain
