#include "services/rpc/to_proto.h"

#include "services/domain/alert_life.h"
#include "services/domain/standing.h"
#include "services/rpc/convert_time.h"

namespace supervision::rpc {
namespace {

using domain::Projection;

v1::Scenario Number(domain::Scenario scenario) { return static_cast<v1::Scenario>(scenario); }
v1::Risk Number(domain::Risk risk) { return static_cast<v1::Risk>(risk); }
v1::AlertState Number(domain::AlertState state) { return static_cast<v1::AlertState>(state); }

void Copy(const domain::ReportedUnit& unit, v1::ReportedUnit* proto) {
  proto->set_name(unit.name);
  proto->set_credit_code(unit.credit_code);
}

bool IsGiven(const domain::ReportedUnit& unit) {
  return !unit.name.empty() || !unit.credit_code.empty();
}

void Copy(const domain::RiskReason& reason, v1::RiskReason* proto) {
  proto->set_code(reason.code);
  proto->set_points(reason.points);
  proto->set_text_zh(reason.chinese);
  proto->set_text_en(reason.english);
}

void Copy(const domain::EvidenceSpan& span, v1::EvidenceSpan* proto) {
  proto->set_part(static_cast<v1::TextPart>(span.part));
  proto->set_begin(span.begin);
  proto->set_end(span.end);
  proto->set_rule_id(span.rule_id);
  proto->set_scenario(Number(span.scenario));
}

void Copy(const domain::Verdict& verdict, v1::Verdict* proto) {
  proto->set_scenario(Number(verdict.scenario));
  proto->set_secondary_scenario(Number(verdict.secondary));
  proto->set_confidence(verdict.confidence);
  proto->set_risk(Number(verdict.risk));
  proto->set_risk_score(verdict.risk_score);
  for (const domain::RiskReason& one : verdict.risk_reasons) Copy(one, proto->add_risk_reasons());
  for (const std::string& code : verdict.problem_codes) proto->add_problem_codes(code);
  for (const domain::EvidenceSpan& one : verdict.evidence) Copy(one, proto->add_evidence());
  proto->set_needs_review(verdict.needs_review);
  proto->set_catalogue_version(verdict.catalogue_version);
  proto->set_rules_version(verdict.rules_version);
}

void Copy(const ledger::Durability& durability, v1::Durability* proto) {
  proto->set_level(durability.fsynced ? v1::DURABILITY_LEVEL_FSYNCED : v1::DURABILITY_LEVEL_MEMORY);
  proto->set_replicas(durability.replicas);
}

void Copy(const domain::Instrument& instrument, v1::Instrument* proto) {
  proto->set_type(static_cast<v1::InstrumentType>(instrument.type));
  proto->set_number(instrument.number);
  if (instrument.date.has_value()) *proto->mutable_date() = ToProto(*instrument.date);
}

void Copy(const domain::Evidence& evidence, v1::Evidence* proto) {
  proto->set_uri(evidence.uri);
  proto->set_sha256(evidence.sha256);
  proto->set_size_bytes(evidence.size_bytes);
  proto->set_media_type(evidence.media_type);
}

// Everything of a secret clue in which a person may be named: texts, papers, files, purposes.
void Withhold(v1::ClueContent* content) {
  content->clear_title();
  content->clear_content();
  content->clear_instruments();
  content->clear_evidence();
  for (v1::Amount& amount : *content->mutable_amounts()) amount.clear_purpose();
}

}  // namespace

domain::Projection ShownTo(const domain::Scope& scope, domain::Confidentiality confidentiality) {
  if (!scope.partner.empty()) return Projection::kFull;
  return domain::ProjectionFor(scope, confidentiality);
}

v1::CivilDate ToProto(absl::CivilDay day) {
  v1::CivilDate proto;
  proto.set_year(static_cast<int32_t>(day.year()));
  proto.set_month(day.month());
  proto.set_day(day.day());
  return proto;
}

v1::ClueContent ToProto(const domain::ClueContent& content) {
  v1::ClueContent proto;
  proto.set_source_record_id(content.source_record_id);
  proto.set_title(content.title);
  proto.set_content(content.content);
  if (content.occurred_on.has_value()) *proto.mutable_occurred_on() = ToProto(*content.occurred_on);
  proto.set_region_code(content.region_code);
  if (IsGiven(content.unit)) Copy(content.unit, proto.mutable_reported_unit());
  proto.set_party_kind(static_cast<v1::PartyKind>(content.party_kind));
  for (const domain::Instrument& one : content.instruments) Copy(one, proto.add_instruments());
  for (const domain::Amount& one : content.amounts) {
    v1::Amount* const amount = proto.add_amounts();
    amount->set_fen(one.fen);
    amount->set_purpose(one.purpose);
  }
  if (content.persons_affected) proto.set_persons_affected(*content.persons_affected);
  for (const domain::Evidence& one : content.evidence) Copy(one, proto.add_evidence());
  proto.set_confidentiality(static_cast<v1::Confidentiality>(content.confidentiality));
  proto.set_channel(static_cast<v1::Channel>(content.channel));
  return proto;
}

v1::Verdict ToProto(const domain::Verdict& verdict) {
  v1::Verdict proto;
  Copy(verdict, &proto);
  return proto;
}

v1::EvidenceSpan ToProto(const domain::EvidenceSpan& span) {
  v1::EvidenceSpan proto;
  Copy(span, &proto);
  return proto;
}

void ToProto(const ledger::Receipt& receipt, v1::ClueReceipt* proto) {
  proto->set_clue_id(receipt.clue_id);
  proto->set_version(receipt.version);
  proto->set_etag(receipt.etag);
  Copy(receipt.verdict, proto->mutable_verdict());
  proto->set_alert_id(receipt.alert_id);
  if (receipt.version == 0) return;  // validate_only: nothing was kept, so there is no when
  *proto->mutable_accepted_at() = ToProto(receipt.accepted_at);
  Copy(receipt.durability, proto->mutable_durability());
}

v1::Clue ToProto(const ledger::ClueRecord& record, const domain::Scope& viewer) {
  const domain::Clue& clue = record.clue;
  const Projection projection = ShownTo(viewer, clue.content.confidentiality);
  v1::Clue proto;
  proto.set_id(clue.id);
  proto.set_version(clue.version);
  proto.set_etag(record.etag);
  proto.set_partner(clue.partner);
  proto.set_state(static_cast<v1::ClueState>(clue.state));
  *proto.mutable_content() = ToProto(clue.content);
  *proto.mutable_verdict() = ToProto(clue.verdict);
  *proto.mutable_received_at() = ToProto(clue.received_at);
  *proto.mutable_changed_at() = ToProto(clue.changed_at);
  if (projection == Projection::kFull) {
    proto.set_withdraw_reason(clue.withdraw_reason);
  } else {
    Withhold(proto.mutable_content());
  }
  proto.set_backfill(clue.backfill);
  if (const domain::Alert& alert = record.alert; alert.version > 0) {
    proto.set_alert_id(alert.id);
    proto.set_alert_state(Number(alert.facets.state));
    if (viewer.partner.empty() && alert.handling.has_value()) {
      *proto.mutable_alert_handling() = ToProto(*alert.handling, alert.facets.owner, projection);
    }
  }
  if (clue.correction.has_value()) {
    *proto.mutable_correction() = ToProto(*clue.correction, viewer, projection);
  }
  return proto;
}

v1::Correction ToProto(const domain::Correction& correction, const domain::Scope& viewer,
                       Projection projection) {
  v1::Correction proto;
  proto.set_by(static_cast<v1::CorrectedBy>(correction.by));
  const bool to_partner = !viewer.partner.empty();
  if (!to_partner && correction.by == domain::CorrectedBy::kPerson) {
    proto.set_author(correction.author);
  }
  if (!to_partner && projection == Projection::kFull) proto.set_reason(correction.reason);
  *proto.mutable_made_at() = ToProto(correction.made_at);
  proto.set_clue_version(correction.clue_version);
  Copy(correction.verdict, proto.mutable_verdict());
  return proto;
}

v1::ClueVersion ToProto(const domain::Clue& version, const domain::Scope& viewer,
                        Projection projection) {
  v1::ClueVersion proto;
  proto.set_version(version.version);
  *proto.mutable_changed_at() = ToProto(version.changed_at);
  proto.set_state(static_cast<v1::ClueState>(version.state));
  Copy(version.verdict, proto.mutable_verdict());
  if (version.correction.has_value()) {
    *proto.mutable_correction() = ToProto(*version.correction, viewer, projection);
  }
  return proto;
}

v1::ReviewItem ToProto(const ledger::ReviewItem& item, const domain::Scope& viewer) {
  const domain::Alert& alert = item.clue.alert;
  const Projection projection = ShownTo(viewer, alert.facets.confidentiality);
  v1::ReviewItem proto;
  *proto.mutable_clue() = ToProto(item.clue, projection);
  proto.set_etag(item.etag);
  if (projection == Projection::kFull) {
    for (const std::string& passage : alert.why) proto.add_why(passage);
  }
  if (item.claim.has_value()) {
    proto.mutable_claim()->set_holder(item.claim->holder);
    *proto.mutable_claim()->mutable_until() = ToProto(item.claim->until);
  }
  return proto;
}

v1::CorrectedClue ToProto(const ledger::CorrectedClue& corrected, const domain::Scope& viewer,
                          bool with_texts) {
  const domain::Clue& clue = corrected.clue;
  const Projection projection = ShownTo(viewer, corrected.confidentiality);
  v1::CorrectedClue proto;
  proto.set_clue_id(clue.id);
  proto.set_state(static_cast<v1::ClueState>(corrected.state));
  if (clue.correction.has_value()) {
    *proto.mutable_correction() = ToProto(*clue.correction, viewer, projection);
  }
  Copy(domain::MachineVerdict(clue), proto.mutable_judged());
  proto.set_partner(clue.partner);
  proto.set_version(clue.version);
  proto.set_superseded(corrected.superseded);
  if (!with_texts || projection != Projection::kFull) return proto;
  proto.set_has_texts(true);
  proto.set_title(clue.content.title);
  proto.set_content(clue.content.content);
  return proto;
}

v1::ClueSummary ToProto(const ledger::ClueSummary& summary, Projection projection) {
  const domain::Alert& alert = summary.alert;
  v1::ClueSummary proto;
  proto.set_id(summary.clue_id);
  proto.set_version(summary.version);
  proto.set_partner(alert.facets.partner);
  proto.set_state(static_cast<v1::ClueState>(summary.state));
  if (projection == Projection::kFull) proto.set_title(alert.title);
  proto.set_region_code(alert.facets.region_code);
  if (IsGiven(alert.facets.unit)) Copy(alert.facets.unit, proto.mutable_reported_unit());
  proto.set_scenario(Number(alert.facets.scenario));
  proto.set_secondary_scenario(Number(alert.facets.secondary));
  proto.set_confidence(alert.confidence);
  proto.set_risk(Number(alert.facets.risk));
  for (const std::string& code : alert.problem_codes) proto.add_problem_codes(code);
  *proto.mutable_received_at() = ToProto(alert.received_at);
  proto.set_backfill(summary.backfill);
  if (alert.version > 0) {
    proto.set_alert_id(alert.id);
    proto.set_alert_state(Number(alert.facets.state));
  }
  return proto;
}

v1::Alert ToProto(const domain::Alert& alert, Projection projection) {
  v1::Alert proto;
  proto.set_id(alert.id);
  proto.set_version(alert.version);
  proto.set_kind(static_cast<v1::AlertKind>(alert.kind));
  proto.set_provisional(alert.provisional);
  if (alert.group != nullptr) {
    *proto.mutable_group() = ToProto(*alert.group);
  } else {
    proto.set_clue_id(alert.clue_id);
    proto.set_clue_version(alert.clue_version);
  }
  for (const domain::SilenceMark& mark : alert.facets.silences) {
    proto.add_silenced_by(mark.silence_id);
  }
  proto.set_scenario(Number(alert.facets.scenario));
  proto.set_secondary_scenario(Number(alert.facets.secondary));
  proto.set_confidence(alert.confidence);
  proto.set_risk(Number(alert.facets.risk));
  for (const domain::RiskReason& one : alert.risk_reasons) Copy(one, proto.add_risk_reasons());
  for (const std::string& code : alert.problem_codes) proto.add_problem_codes(code);
  proto.set_region_code(alert.facets.region_code);
  if (IsGiven(alert.facets.unit)) Copy(alert.facets.unit, proto.mutable_reported_unit());
  proto.set_partner(alert.facets.partner);
  *proto.mutable_received_at() = ToProto(alert.received_at);
  *proto.mutable_raised_at() = ToProto(alert.raised_at);
  proto.set_trace_parent(alert.trace_parent);
  proto.set_projection(static_cast<v1::Projection>(projection));
  if (projection == Projection::kFull) {
    proto.set_title(alert.title);
    for (const std::string& passage : alert.why) proto.add_why(passage);
  }
  proto.set_state(Number(alert.facets.state));
  if (alert.handling.has_value()) {
    *proto.mutable_handling() = ToProto(*alert.handling, alert.facets.owner, projection);
  }
  proto.set_etag(domain::AlertEtag(alert.version));
  return proto;
}

v1::AlertHandling ToProto(const domain::Handling& handling, const std::string& owner,
                          Projection projection) {
  v1::AlertHandling proto;
  proto.set_owner(owner);
  proto.set_changed_by(handling.by);
  *proto.mutable_changed_at() = ToProto(handling.changed_at);
  if (handling.until.has_value()) *proto.mutable_acknowledged_until() = ToProto(*handling.until);
  proto.set_outcome(static_cast<v1::AlertOutcome>(handling.outcome));
  if (projection == Projection::kFull) proto.set_note(handling.note);
  return proto;
}

v1::AlertChange ToProto(const ledger::AlertChange& change, Projection projection) {
  v1::AlertChange proto;
  proto.set_version(change.alert_version);
  proto.set_kind(static_cast<v1::AlertKind>(change.kind));
  proto.set_state(Number(change.state));
  *proto.mutable_handling() = ToProto(change.handling, change.owner, projection);
  return proto;
}

// To who made the change: with the note that it wrote.
v1::AlertReceipt ToProto(const ledger::AlertReceipt& receipt) {
  const ledger::AlertChange& change = receipt.change;
  v1::AlertReceipt proto;
  proto.set_alert_id(receipt.alert_id);
  proto.set_version(change.alert_version);
  proto.set_etag(receipt.etag);
  proto.set_state(Number(change.state));
  *proto.mutable_handling() = ToProto(change.handling, change.owner, Projection::kFull);
  Copy(receipt.durability, proto.mutable_durability());
  return proto;
}

}  // namespace supervision::rpc
