#include "services/rpc/from_proto.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/rpc/convert_time.h"
#include "services/rpc/parse.h"

namespace supervision::rpc {
namespace {

constexpr int kMinYear = 1900;
constexpr int kMaxYear = 9999;

std::string Indexed(std::string_view path, std::string_view list, int index) {
  return absl::StrCat(JoinPath(path, list), "[", index, "]");
}

// The enum's number as a domain value. A number that this server does not know is refused rather
// than dropped: the partner meant something by it.
template <typename Domain, typename Proto>
Domain EnumFromProto(Proto proto, bool known, std::string_view path, std::string_view field,
                     Violations* violations) {
  if (known) return static_cast<Domain>(proto);
  violations->push_back({JoinPath(path, field),
                         "is no value of the enum; write one of those that the interface names",
                         "枚举值未知；请使用接口定义中列出的值"});
  return Domain{};
}

// Of a list that is too long as many are taken over as intake looks at, which is enough for it to
// say so.
size_t CountTaken(int size) {
  return std::min(static_cast<size_t>(size), intake::kMaxCheckedEntries);
}

domain::Instrument InstrumentFromProto(v1::Instrument&& proto, const std::string& path,
                                       Violations* violations) {
  domain::Instrument instrument;
  instrument.type = EnumFromProto<domain::InstrumentType>(
      proto.type(), v1::InstrumentType_IsValid(proto.type()), path, "type", violations);
  instrument.number = std::move(*proto.mutable_number());
  if (proto.has_date()) {
    instrument.date = FromProto(proto.date(), JoinPath(path, "date"), violations);
  }
  return instrument;
}

domain::Evidence EvidenceFromProto(v1::Evidence&& proto) {
  return {.uri = std::move(*proto.mutable_uri()),
          .sha256 = std::move(*proto.mutable_sha256()),
          .size_bytes = proto.size_bytes(),
          .media_type = std::move(*proto.mutable_media_type())};
}

void CopyLists(v1::ClueContent* proto, std::string_view path, domain::ClueContent* content,
               Violations* violations) {
  content->instruments = FromProto(std::move(*proto->mutable_instruments()), path, violations);
  const size_t amounts = CountTaken(proto->amounts_size());
  content->amounts.reserve(amounts);
  for (size_t i = 0; i < amounts; ++i) {
    v1::Amount& amount = *proto->mutable_amounts(static_cast<int>(i));
    content->amounts.push_back(
        {.fen = amount.fen(), .purpose = std::move(*amount.mutable_purpose())});
  }
  const size_t evidence = CountTaken(proto->evidence_size());
  content->evidence.reserve(evidence);
  for (size_t i = 0; i < evidence; ++i) {
    content->evidence.push_back(
        EvidenceFromProto(std::move(*proto->mutable_evidence(static_cast<int>(i)))));
  }
}

}  // namespace

std::optional<absl::CivilDay> FromProto(const v1::CivilDate& proto, std::string_view path,
                                        Violations* violations) {
  const absl::CivilDay day(proto.year(), proto.month(), proto.day());
  const bool exists = proto.year() >= kMinYear && proto.year() <= kMaxYear &&
                      day.year() == proto.year() && day.month() == proto.month() &&
                      day.day() == proto.day();
  if (exists) return day;
  violations->push_back(
      {std::string(path),
       "does not exist; write a year from 1900 to 9999, a month from 1 to 12 and a day of "
       "that month",
       "日期不存在；年份应为 1900 至 9999，月份为 1 至 12，日期须在当月之内"});
  return std::nullopt;
}

std::vector<domain::Instrument> FromProto(
    google::protobuf::RepeatedPtrField<v1::Instrument>&& proto, std::string_view path,
    Violations* violations) {
  std::vector<domain::Instrument> instruments;
  const auto taken = static_cast<int>(CountTaken(proto.size()));
  instruments.reserve(static_cast<size_t>(taken));
  for (int i = 0; i < taken; ++i) {
    instruments.push_back(InstrumentFromProto(std::move(*proto.Mutable(i)),
                                              Indexed(path, "instruments", i), violations));
  }
  return instruments;
}

domain::ClueContent FromProto(v1::ClueContent&& proto, std::string_view path,
                              Violations* violations) {
  domain::ClueContent content;
  content.source_record_id = std::move(*proto.mutable_source_record_id());
  content.title = std::move(*proto.mutable_title());
  content.content = std::move(*proto.mutable_content());
  if (proto.has_occurred_on()) {
    content.occurred_on = FromProto(proto.occurred_on(), JoinPath(path, "occurred_on"), violations);
  }
  content.region_code = std::move(*proto.mutable_region_code());
  if (proto.has_reported_unit()) {
    content.unit.name = std::move(*proto.mutable_reported_unit()->mutable_name());
    content.unit.credit_code = std::move(*proto.mutable_reported_unit()->mutable_credit_code());
  }
  content.party_kind = EnumFromProto<domain::PartyKind>(proto.party_kind(),
                                                        v1::PartyKind_IsValid(proto.party_kind()),
                                                        path, "party_kind", violations);
  CopyLists(&proto, path, &content, violations);
  if (proto.has_persons_affected()) content.persons_affected = proto.persons_affected();
  content.confidentiality = EnumFromProto<domain::Confidentiality>(
      proto.confidentiality(), v1::Confidentiality_IsValid(proto.confidentiality()), path,
      "confidentiality", violations);
  content.channel = EnumFromProto<domain::Channel>(
      proto.channel(), v1::Channel_IsValid(proto.channel()), path, "channel", violations);
  return content;
}

void ValidateFacts(const v1::ClassifyTextRequest& proto, std::string_view path,
                   Violations* violations) {
  constexpr int64_t kMaxPersons = 10'000'000;
  if (proto.instruments_size() > static_cast<int>(intake::kMaxListLength)) {
    violations->push_back({JoinPath(path, "instruments"), "has too many papers; write at most 50",
                           "文书过多；最多 50 件"});
  }
  if (proto.has_persons_affected() &&
      (proto.persons_affected() < 0 || proto.persons_affected() > kMaxPersons)) {
    violations->push_back({JoinPath(path, "persons_affected"),
                           "is out of range; write 0 to 10,000,000",
                           "人数超出范围；应为 0 至 10,000,000"});
  }
}

}  // namespace supervision::rpc
