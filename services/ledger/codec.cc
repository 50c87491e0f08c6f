#include "services/ledger/codec.h"

#include "google/protobuf/arena.h"
#include "services/domain/alert_policy.h"
#include "services/ledger/carry.h"
#include "services/ledger/group_codec.h"
#include "services/ledger/matter_codec.h"
#include "supervision/storage/v1/ledger.pb.h"

namespace supervision::ledger {
namespace {

using storage::v1::Envelope;
using storage::v1::StoredAlertChange;
using storage::v1::StoredClue;
using storage::v1::StoredContent;
using storage::v1::StoredCorrection;
using storage::v1::StoredCorrectionWords;
using storage::v1::StoredEvent;
using storage::v1::StoredFacets;
using storage::v1::StoredHandling;
using storage::v1::StoredHandlingWords;
using storage::v1::StoredPrincipal;
using storage::v1::StoredQuotation;
using storage::v1::StoredRiskReason;
using storage::v1::StoredSummary;
using storage::v1::StoredUnit;
using storage::v1::StoredVerdict;

constexpr absl::CivilDay kEpochDay(1970, 1, 1);

template <typename E>
int32_t Number(E value) {
  return static_cast<int32_t>(value);
}
template <typename E>
E Enum(int32_t number) {
  return static_cast<E>(number);
}

int32_t Days(absl::CivilDay day) { return static_cast<int32_t>(day - kEpochDay); }

// A message that lives as long as one call: its many small parts lie together on the stack, as far
// as they fit, and are not freed one by one.
template <typename Message>
class ShortLived {
 public:
  ShortLived() : arena_(Options(block_)) {}
  Message* operator->() { return message_; }
  Message& operator*() { return *message_; }
  Message* get() { return message_; }

 private:
  static google::protobuf::ArenaOptions Options(char (&block)[4096]) {
    google::protobuf::ArenaOptions options;
    options.initial_block = block;
    options.initial_block_size = sizeof(block);
    return options;
  }
  alignas(8) char block_[4096];
  google::protobuf::Arena arena_;
  Message* const message_ = google::protobuf::Arena::CreateMessage<Message>(&arena_);
};

// Key id 0: clear. Sealing will set the id and the nonce and nothing else.
template <typename Message>
void Put(const Message& message, Envelope* envelope) {
  message.SerializeToString(envelope->mutable_data());
}
template <typename Message>
bool Take(const Envelope& envelope, Message* message) {
  return envelope.key_id() == 0 && message->ParseFromString(envelope.data());
}

bool Parse(std::string_view bytes, google::protobuf::MessageLite* message) {
  return message->ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
}

void ToStored(const domain::RiskReason& reason, StoredRiskReason* stored) {
  stored->set_code(reason.code);
  stored->set_points(reason.points);
  stored->set_chinese(reason.chinese);
  stored->set_english(reason.english);
}

domain::RiskReason FromStored(const StoredRiskReason& stored) {
  return {stored.code(), stored.points(), stored.chinese(), stored.english()};
}

void ToStored(const domain::ClueContent& content, StoredContent* stored) {
  stored->set_source_record_id(content.source_record_id);
  stored->set_title(content.title);
  stored->set_content(content.content);
  if (content.occurred_on.has_value()) stored->set_occurred_on_days(Days(*content.occurred_on));
  stored->set_unit_name(content.unit.name);
  stored->set_unit_credit_code(content.unit.credit_code);
  stored->set_party_kind(Number(content.party_kind));
  for (const domain::Instrument& instrument : content.instruments) {
    storage::v1::StoredInstrument* const one = stored->add_instruments();
    one->set_type(Number(instrument.type));
    one->set_number(instrument.number);
    if (instrument.date.has_value()) one->set_date_days(Days(*instrument.date));
  }
  for (const domain::Amount& amount : content.amounts) {
    storage::v1::StoredAmount* const one = stored->add_amounts();
    one->set_fen(amount.fen);
    one->set_purpose(amount.purpose);
  }
  if (content.persons_affected.has_value()) {
    stored->set_persons_affected(*content.persons_affected);
  }
  for (const domain::Evidence& evidence : content.evidence) {
    storage::v1::StoredEvidence* const one = stored->add_evidence();
    one->set_uri(evidence.uri);
    one->set_sha256(evidence.sha256);
    one->set_size_bytes(evidence.size_bytes);
    one->set_media_type(evidence.media_type);
  }
  stored->set_channel(Number(content.channel));
}

void FromStored(const StoredContent& stored, domain::ClueContent* content) {
  content->source_record_id = stored.source_record_id();
  content->title = stored.title();
  content->content = stored.content();
  if (stored.has_occurred_on_days()) {
    content->occurred_on = kEpochDay + stored.occurred_on_days();
  }
  content->unit = {stored.unit_name(), stored.unit_credit_code()};
  content->party_kind = Enum<domain::PartyKind>(stored.party_kind());
  for (const storage::v1::StoredInstrument& one : stored.instruments()) {
    domain::Instrument& instrument = content->instruments.emplace_back();
    instrument.type = Enum<domain::InstrumentType>(one.type());
    instrument.number = one.number();
    if (one.has_date_days()) instrument.date = kEpochDay + one.date_days();
  }
  for (const storage::v1::StoredAmount& one : stored.amounts()) {
    content->amounts.push_back({one.fen(), one.purpose()});
  }
  if (stored.has_persons_affected()) content->persons_affected = stored.persons_affected();
  for (const storage::v1::StoredEvidence& one : stored.evidence()) {
    content->evidence.push_back({one.uri(), one.sha256(), one.size_bytes(), one.media_type()});
  }
  content->channel = Enum<domain::Channel>(stored.channel());
}

void ToStored(const domain::Verdict& verdict, StoredVerdict* stored) {
  stored->set_scenario(Number(verdict.scenario));
  stored->set_secondary(Number(verdict.secondary));
  stored->set_confidence(verdict.confidence);
  stored->set_risk(Number(verdict.risk));
  stored->set_risk_score(verdict.risk_score);
  for (const domain::RiskReason& reason : verdict.risk_reasons) {
    ToStored(reason, stored->add_risk_reasons());
  }
  for (const std::string& code : verdict.problem_codes) stored->add_problem_codes(code);
  for (const domain::EvidenceSpan& span : verdict.evidence) {
    storage::v1::StoredSpan* const one = stored->add_evidence();
    one->set_part(Number(span.part));
    one->set_begin(span.begin);
    one->set_end(span.end);
    one->set_rule_id(span.rule_id);
    one->set_scenario(Number(span.scenario));
    one->set_weight(span.weight);
  }
  stored->set_needs_review(verdict.needs_review);
  stored->set_catalogue_version(verdict.catalogue_version);
  stored->set_rules_version(verdict.rules_version);
}

void FromStored(const StoredVerdict& stored, domain::Verdict* verdict) {
  verdict->scenario = Enum<domain::Scenario>(stored.scenario());
  verdict->secondary = Enum<domain::Scenario>(stored.secondary());
  verdict->confidence = stored.confidence();
  verdict->risk = Enum<domain::Risk>(stored.risk());
  verdict->risk_score = stored.risk_score();
  for (const StoredRiskReason& one : stored.risk_reasons()) {
    verdict->risk_reasons.push_back(FromStored(one));
  }
  verdict->problem_codes = {stored.problem_codes().begin(), stored.problem_codes().end()};
  for (const storage::v1::StoredSpan& one : stored.evidence()) {
    verdict->evidence.push_back({Enum<domain::TextPart>(one.part()), one.begin(), one.end(),
                                 one.rule_id(), Enum<domain::Scenario>(one.scenario()),
                                 one.weight()});
  }
  verdict->needs_review = stored.needs_review();
  verdict->catalogue_version = stored.catalogue_version();
  verdict->rules_version = stored.rules_version();
}

void ToStored(const domain::Correction& correction, StoredCorrection* stored) {
  StoredCorrectionWords words;
  words.set_author(correction.author);
  words.set_reason(correction.reason);
  Put(words, stored->mutable_words());
  stored->set_by(Number(correction.by));
  stored->set_clue_version(correction.clue_version);
  stored->set_made_at_micros(absl::ToUnixMicros(correction.made_at));
  ToStored(correction.verdict, stored->mutable_verdict());
  if (correction.judged.has_value()) ToStored(*correction.judged, stored->mutable_judged());
}

bool FromStored(const StoredCorrection& stored, domain::Correction* correction) {
  StoredCorrectionWords words;
  if (!Take(stored.words(), &words)) return false;
  correction->by = Enum<domain::CorrectedBy>(stored.by());
  correction->author = words.author();
  correction->reason = words.reason();
  correction->clue_version = stored.clue_version();
  correction->made_at = absl::FromUnixMicros(stored.made_at_micros());
  FromStored(stored.verdict(), &correction->verdict);
  if (stored.has_judged()) FromStored(stored.judged(), &correction->judged.emplace());
  return true;
}

// What costs nothing where nobody has done anything: open is not written, nor is an empty owner.
template <typename Stored>
void PutStateAndOwner(domain::AlertState state, const std::string& owner, Stored* stored) {
  if (state > domain::AlertState::kOpen) stored->set_state(Number(state));
  if (owner.empty()) return;
  StoredPrincipal principal;
  principal.set_id(owner);
  Put(principal, stored->mutable_owner());
}

template <typename Stored>
bool TakeStateAndOwner(const Stored& stored, domain::AlertState* state, std::string* owner) {
  *state =
      stored.state() == 0 ? domain::AlertState::kOpen : Enum<domain::AlertState>(stored.state());
  if (!stored.has_owner()) return true;
  StoredPrincipal principal;
  if (!Take(stored.owner(), &principal)) return false;
  *owner = principal.id();
  return true;
}

void ToStored(const domain::Handling& handling, StoredHandling* stored) {
  StoredHandlingWords words;
  words.set_by(handling.by);
  words.set_note(handling.note);
  Put(words, stored->mutable_words());
  stored->set_changed_at_micros(absl::ToUnixMicros(handling.changed_at));
  if (handling.until.has_value()) stored->set_until_micros(absl::ToUnixMicros(*handling.until));
  stored->set_outcome(Number(handling.outcome));
}

bool FromStored(const StoredHandling& stored, domain::Handling* handling) {
  StoredHandlingWords words;
  if (!Take(stored.words(), &words)) return false;
  handling->by = words.by();
  handling->note = words.note();
  handling->changed_at = absl::FromUnixMicros(stored.changed_at_micros());
  if (stored.until_micros() != 0) handling->until = absl::FromUnixMicros(stored.until_micros());
  handling->outcome = Enum<domain::AlertOutcome>(stored.outcome());
  return true;
}

void ToStored(const domain::Facets& facets, StoredFacets* stored) {
  stored->set_scenario(Number(facets.scenario));
  stored->set_secondary(Number(facets.secondary));
  stored->set_risk(Number(facets.risk));
  stored->set_region_code(facets.region_code);
  StoredUnit unit;
  unit.set_name(facets.unit.name);
  unit.set_credit_code(facets.unit.credit_code);
  Put(unit, stored->mutable_unit());
  stored->set_partner(facets.partner);
  stored->set_confidentiality(Number(facets.confidentiality));
  PutStateAndOwner(facets.state, facets.owner, stored);
  for (const domain::SilenceMark& mark : facets.silences) {
    storage::v1::StoredSilenceMark* const one = stored->add_silences();
    one->set_silence_id(mark.silence_id);
    storage::v1::StoredReceivers receivers;
    receivers.mutable_ids()->Add(mark.receivers.begin(), mark.receivers.end());
    Put(receivers, one->mutable_receivers());
  }
}

bool FromStored(const StoredFacets& stored, domain::Facets* facets) {
  StoredUnit unit;
  if (!Take(stored.unit(), &unit)) return false;
  facets->scenario = Enum<domain::Scenario>(stored.scenario());
  facets->secondary = Enum<domain::Scenario>(stored.secondary());
  facets->risk = Enum<domain::Risk>(stored.risk());
  facets->region_code = stored.region_code();
  facets->unit = {unit.name(), unit.credit_code()};
  facets->partner = stored.partner();
  facets->confidentiality = Enum<domain::Confidentiality>(stored.confidentiality());
  for (const storage::v1::StoredSilenceMark& one : stored.silences()) {
    storage::v1::StoredReceivers receivers;
    if (!Take(one.receivers(), &receivers)) return false;
    facets->silences.push_back(
        {one.silence_id(), {receivers.ids().begin(), receivers.ids().end()}});
  }
  return TakeStateAndOwner(stored, &facets->state, &facets->owner);
}

void ToStored(const ClueSummary& summary, StoredSummary* stored) {
  const domain::Alert& alert = summary.alert;
  stored->set_clue_version(summary.version);
  stored->set_clue_state(Number(summary.state));
  stored->set_alert_version(alert.version);
  stored->set_alert_kind(Number(alert.kind));
  stored->set_provisional(alert.provisional);
  ToStored(alert.facets, stored->mutable_facets());
  stored->set_confidence(alert.confidence);
  for (const std::string& code : alert.problem_codes) stored->add_problem_codes(code);
  for (const domain::RiskReason& reason : alert.risk_reasons) {
    ToStored(reason, stored->add_risk_reasons());
  }
  stored->set_received_at_micros(absl::ToUnixMicros(alert.received_at));
  stored->set_changed_at_micros(absl::ToUnixMicros(alert.raised_at));
  if (!alert.trace_parent.empty()) stored->set_trace_parent(alert.trace_parent);
  StoredQuotation quotation;
  quotation.set_title(alert.title);
  for (const std::string& passage : alert.why) quotation.add_why(passage);
  Put(quotation, stored->mutable_quotation());
  for (const uint32_t version : summary.corrections) stored->add_corrections(version);
  if (alert.handling.has_value()) ToStored(*alert.handling, stored->mutable_handling());
  stored->set_backfill(summary.backfill);
  if (alert.group != nullptr) PutGroup(*alert.group, stored->mutable_group());
  if (alert.matter != nullptr) stored->mutable_matter()->set_data(EncodeMatter(*alert.matter));
}

bool FromStored(const StoredSummary& stored, std::string_view clue_id, ClueSummary* summary) {
  StoredQuotation quotation;
  domain::Alert& alert = summary->alert;
  if (!Take(stored.quotation(), &quotation) || !FromStored(stored.facets(), &alert.facets)) {
    return false;
  }
  summary->clue_id = std::string(clue_id);
  summary->version = stored.clue_version();
  summary->state = Enum<domain::ClueState>(stored.clue_state());
  alert.version = stored.alert_version();
  summary->backfill = stored.backfill();
  if (alert.version > 0) {
    alert.id = domain::AlertIdOf(clue_id);
  } else {
    alert.facets.state = domain::AlertState::kUnspecified;
  }
  if (stored.has_group() && (alert.group = TakeGroup(stored.group())) == nullptr) return false;
  // What is sealed by a later service says nothing here: no link is no loss of the clue.
  if (stored.has_matter() && stored.matter().key_id() == 0) {
    alert.matter = DecodeMatter(stored.matter().data());
  }
  if (stored.has_handling() && !FromStored(stored.handling(), &alert.handling.emplace())) {
    return false;
  }
  alert.kind = Enum<domain::AlertKind>(stored.alert_kind());
  alert.provisional = stored.provisional();
  alert.clue_id = summary->clue_id;
  alert.clue_version = stored.clue_version();
  alert.confidence = stored.confidence();
  alert.problem_codes = {stored.problem_codes().begin(), stored.problem_codes().end()};
  for (const StoredRiskReason& one : stored.risk_reasons()) {
    alert.risk_reasons.push_back(FromStored(one));
  }
  alert.received_at = absl::FromUnixMicros(stored.received_at_micros());
  alert.raised_at = absl::FromUnixMicros(stored.changed_at_micros());
  alert.trace_parent = stored.trace_parent();
  alert.title = quotation.title();
  alert.why = {quotation.why().begin(), quotation.why().end()};
  summary->corrections = {stored.corrections().begin(), stored.corrections().end()};
  return true;
}

}  // namespace

std::string EncodeVersion(const VersionRecord& record, std::string_view same_text) {
  const domain::Clue& clue = record.clue;
  ShortLived<StoredClue> stored;
  ShortLived<StoredContent> content;
  ToStored(clue.content, content.get());
  content->set_withdraw_reason(clue.withdraw_reason);
  content->set_request_id(record.request_id);
  stored->set_version(clue.version);
  stored->set_partner(clue.partner);
  stored->set_state(Number(clue.state));
  Put(*content, stored->mutable_content());
  ToStored(clue.verdict, stored->mutable_verdict());
  if (clue.correction.has_value()) ToStored(*clue.correction, stored->mutable_correction());
  stored->set_received_at_micros(absl::ToUnixMicros(clue.received_at));
  stored->set_changed_at_micros(absl::ToUnixMicros(clue.changed_at));
  if (!clue.trace_parent.empty()) stored->set_trace_parent(clue.trace_parent);
  stored->set_alert_version(record.alert_version);
  stored->set_region_code(clue.content.region_code);
  stored->set_confidentiality(Number(clue.content.confidentiality));
  stored->set_backfill(clue.backfill);
  CarryText(same_text, stored.get());
  return stored->SerializeAsString();
}

std::optional<VersionRecord> DecodeVersion(std::string_view bytes, std::string_view clue_id) {
  StoredClue stored;
  StoredContent content;
  if (!Parse(bytes, &stored) || !Take(stored.content(), &content)) return std::nullopt;
  VersionRecord record;
  domain::Clue& clue = record.clue;
  clue.id = std::string(clue_id);
  clue.version = stored.version();
  clue.partner = stored.partner();
  clue.state = Enum<domain::ClueState>(stored.state());
  FromStored(content, &clue.content);
  clue.content.region_code = stored.region_code();
  clue.content.confidentiality = Enum<domain::Confidentiality>(stored.confidentiality());
  clue.backfill = stored.backfill();
  FromStored(stored.verdict(), &clue.verdict);
  if (stored.has_correction() && !FromStored(stored.correction(), &clue.correction.emplace())) {
    return std::nullopt;
  }
  clue.withdraw_reason = content.withdraw_reason();
  clue.received_at = absl::FromUnixMicros(stored.received_at_micros());
  clue.changed_at = absl::FromUnixMicros(stored.changed_at_micros());
  clue.trace_parent = stored.trace_parent();
  record.request_id = content.request_id();
  record.alert_version = stored.alert_version();
  return record;
}

std::string EncodeSummary(const ClueSummary& summary) {
  StoredSummary stored;
  ToStored(summary, &stored);
  return stored.SerializeAsString();
}

std::optional<ClueSummary> DecodeSummary(std::string_view bytes, std::string_view clue_id) {
  StoredSummary stored;
  ClueSummary summary;
  if (!Parse(bytes, &stored) || !FromStored(stored, clue_id, &summary)) return std::nullopt;
  return summary;
}

std::string EncodeAlertChange(const AlertChange& change) {
  StoredAlertChange stored;
  stored.set_alert_version(change.alert_version);
  stored.set_kind(Number(change.kind));
  PutStateAndOwner(change.state, change.owner, &stored);
  ToStored(change.handling, stored.mutable_handling());
  return stored.SerializeAsString();
}

std::optional<AlertChange> DecodeAlertChange(std::string_view bytes) {
  StoredAlertChange stored;
  AlertChange change;
  if (!Parse(bytes, &stored) || !FromStored(stored.handling(), &change.handling) ||
      !TakeStateAndOwner(stored, &change.state, &change.owner)) {
    return std::nullopt;
  }
  change.alert_version = stored.alert_version();
  change.kind = Enum<domain::AlertKind>(stored.kind());
  return change;
}

std::string EncodeEvent(const EventRecord& event, std::string* summary, const Replaced& replaced) {
  ShortLived<StoredEvent> stored;
  stored->set_clue_id(event.summary.clue_id);
  ToStored(event.summary, stored->mutable_summary());
  if (event.previous.has_value()) ToStored(*event.previous, stored->mutable_previous());
  Carry(replaced, stored.get());
  if (summary != nullptr) stored->summary().SerializeToString(summary);
  return stored->SerializeAsString();
}

std::optional<EventRecord> DecodeEvent(std::string_view bytes) {
  ShortLived<StoredEvent> stored;
  EventRecord event;
  if (!Parse(bytes, stored.get()) ||
      !FromStored(stored->summary(), stored->clue_id(), &event.summary)) {
    return std::nullopt;
  }
  if (stored->has_previous()) {
    domain::Facets previous;
    if (!FromStored(stored->previous(), &previous)) return std::nullopt;
    event.previous = std::move(previous);
  }
  return event;
}

}  // namespace supervision::ledger
