#include "services/ledger/change.h"

#include <algorithm>
#include <utility>

#include "services/base/hash.h"
#include "services/domain/alert_life.h"
#include "services/domain/alert_policy.h"
#include "services/domain/standing.h"

namespace supervision::ledger {
namespace {

// The etag is no part of it: asking again after the clue has changed is the same request.
std::string OperationDigest(std::string_view operation, std::string_view content) {
  std::string text(operation);
  text.push_back('\0');
  text.append(content);
  return base::Prefix(base::Sha256(text), sizeof(base::Sha256Digest));
}

// Decides from whom the version `alert` that `change` makes is hidden.
void Silence(const domain::SilenceIndex& silences, const domain::Alert& before,
             domain::Alert* alert, Change* change) {
  alert->facets.silences =
      silences.MarksOf(*alert, before.version > 0 ? &before : nullptr, alert->raised_at);
  change->silenced = !alert->facets.silences.empty();
}

// Whether the change leaves the clue's text as it is.
enum class Text : uint8_t { kSame, kNew };

// Encodes the clue as it is after the change and all that follows from it; its alert. `current`:
// the clue before, null where it is new.
domain::Alert Encode(const Descriptor& ledger, const domain::SilenceIndex& silences,
                     VersionRecord record, const Current* current, Text text,
                     std::vector<uint32_t> corrections, Change* change) {
  const domain::Alert none;
  const domain::Alert& before = current == nullptr ? none : current->summary.alert;
  const domain::Clue& clue = record.clue;
  EventRecord event;
  event.summary.clue_id = clue.id;
  event.summary.version = clue.version;
  event.summary.state = clue.state;
  event.summary.backfill = clue.backfill;
  event.summary.alert = domain::NextAlert(clue, before);
  Silence(silences, before, &event.summary.alert, change);
  event.summary.corrections = std::move(corrections);
  if (before.version > 0) event.previous = before.facets;
  record.alert_version = event.summary.alert.version;
  Replaced replaced;
  std::string_view same_text;
  if (current != nullptr) replaced = {current->stored_summary, text == Text::kSame};
  if (replaced.same_text) same_text = current->stored_version;
  change->version = EncodeVersion(record, same_text);
  change->event = EncodeEvent(event, &change->summary, replaced);
  change->receipt = ReceiptOf(ledger, std::move(record));
  return std::move(event.summary.alert);
}

std::vector<std::string> Without(std::vector<std::string> keys,
                                 const std::vector<std::string>& others) {
  keys.erase(std::remove_if(keys.begin(), keys.end(),
                            [&](const std::string& key) {
                              return std::find(others.begin(), others.end(), key) != others.end();
                            }),
             keys.end());
  return keys;
}

// The review queue that a clue waits in; empty: none.
std::string QueueOf(const Keys& keys, int partition, const domain::Clue& clue) {
  if (!domain::NeedsReview(clue)) return "";
  const domain::Verdict& standing = domain::Standing(clue);
  return keys.ReviewQueue(partition, standing.risk, domain::DoubtOf(standing));
}

// Whether a reviewer's claim on `before` is over now that it has become `after`: nobody need look
// any more, or its holder may see it, or its text, no longer.
bool EndsClaim(const domain::Clue& before, const domain::Clue& after) {
  if (!domain::NeedsReview(after)) return true;
  const domain::Facets was = domain::FacetsOf(before);
  const domain::Facets is = domain::FacetsOf(after);
  return was.region_code != is.region_code || was.confidentiality != is.confidentiality ||
         was.scenario != is.scenario || was.secondary != is.secondary;
}

// The versions that persons' words made, once `current` has become `clue`.
std::vector<uint32_t> CorrectionsAfter(const Current& current, const domain::Clue& clue) {
  const domain::Clue& before = current.version.clue;
  std::vector<uint32_t> versions = current.summary.corrections;
  // Of a ledger that did not keep the list yet.
  if (versions.empty() && domain::CorrectedByPerson(before)) {
    versions.push_back(before.correction->clue_version);
  }
  if (!domain::CorrectedByPerson(clue) || !domain::IsCorrectionItself(clue)) return versions;
  // The last word on a text replaces the one before.
  if (domain::CorrectedByPerson(before)) versions.pop_back();
  versions.push_back(clue.version);
  return versions;
}

bool IsListed(domain::AlertState state) { return state > domain::AlertState::kOpen; }

// Moves the clue between the lists of states and owners, and sets when the acknowledgement ends.
void Follow(const Keys& keys, const domain::Alert& before, const domain::Alert& after,
            Change* change) {
  const int p = change->clue.partition;
  const domain::Facets& was = before.facets;
  const domain::Facets& is = after.facets;
  if (was.state != is.state) {
    if (IsListed(was.state)) change->leave.push_back(keys.Later(p, keys.State(p, was.state)));
    if (IsListed(is.state)) change->enter.push_back(keys.Later(p, keys.State(p, is.state)));
  }
  if (was.owner != is.owner) {
    if (!was.owner.empty()) change->leave.push_back(keys.Later(p, keys.Owner(p, was.owner)));
    if (!is.owner.empty()) change->enter.push_back(keys.Later(p, keys.Owner(p, is.owner)));
  }
  const auto until = [](const domain::Alert& alert) {
    return alert.handling.has_value() ? alert.handling->until : std::nullopt;
  };
  if (until(before) == until(after)) return;
  change->due = until(after).has_value() ? std::to_string(absl::ToUnixMicros(*until(after))) : "0";
}

Change Begin(const Keys& keys, Change::Kind kind, const ClueRef& clue, std::string request_id,
             std::string digest) {
  Change change;
  change.kind = kind;
  change.clue = clue;
  change.clue_key = keys.Clue(clue);
  change.request_id = std::move(request_id);
  change.digest = std::move(digest);
  return change;
}

// A new version of `current`, as `clue` describes it, made by `correction` unless null.
Change Succeed(const Descriptor& ledger, const Keys& keys, const domain::SilenceIndex& silences,
               Change change, domain::Clue clue, const Current& current, Text text, absl::Time now,
               domain::Correction* correction = nullptr) {
  change.expected = current.summary.version + current.steps;
  clue.id = current.summary.clue_id;
  clue.version = current.summary.version + 1;
  clue.received_at = current.summary.alert.received_at;
  // Clocks of two replicas may differ; a version is never older than the one before.
  // In microseconds from the start, so that the first answer is the one that is read back.
  clue.changed_at =
      std::max(absl::FromUnixMicros(absl::ToUnixMicros(now)), current.summary.alert.raised_at);
  if (correction != nullptr) {
    correction->made_at = clue.changed_at;
    domain::Apply(std::move(*correction), &clue);
  }
  const std::vector<std::string> before =
      keys.IndexesOf(change.clue.partition, domain::FacetsOf(current.version.clue));
  const std::vector<std::string> after =
      keys.IndexesOf(change.clue.partition, domain::FacetsOf(clue));
  for (const std::string& index : Without(after, before)) {
    change.join.push_back(keys.Later(change.clue.partition, index));
  }
  if (domain::CorrectedByPerson(clue)) {
    change.join.push_back(keys.Later(change.clue.partition, keys.Corrected(change.clue.partition)));
  }
  const std::string enter = QueueOf(keys, change.clue.partition, clue);
  const std::string leave = QueueOf(keys, change.clue.partition, current.version.clue);
  if (enter != leave) {
    if (!enter.empty()) change.enter.push_back(enter);
    if (!leave.empty()) change.leave.push_back(leave);
  }
  if (correction != nullptr) {
    // What was decided before another's claim is refused.
    change.claim = "=" + current.stored_claim;
  } else if (EndsClaim(current.version.clue, clue)) {
    change.claim = "-";
  }
  std::vector<uint32_t> corrections = CorrectionsAfter(current, clue);
  VersionRecord record{std::move(clue), change.request_id, 0};
  const domain::Alert alert =
      Encode(ledger, silences, std::move(record), &current, text, std::move(corrections), &change);
  Follow(keys, current.summary.alert, alert, &change);
  return change;
}

}  // namespace

Change MakeCreate(const Descriptor& ledger, const Keys& keys, const domain::SilenceIndex& silences,
                  Submission submission, absl::Time now) {
  const Identity identity{submission.partner, submission.content.source_record_id,
                          submission.request_id};
  std::string digest = DigestOf(submission);
  Change change =
      Begin(keys, Change::Kind::kCreate, ClueRefOf(ledger.secret, ledger.partitions, identity),
            std::move(submission.request_id), std::move(digest));
  change.order = absl::ToUnixMicros(now);
  VersionRecord record;
  record.request_id = change.request_id;
  domain::Clue& clue = record.clue;
  clue.id = change.clue.ToText();
  clue.version = 1;
  clue.partner = std::move(submission.partner);
  clue.state = domain::ClueState::kActive;
  clue.content = std::move(submission.content);
  clue.verdict = std::move(submission.verdict);
  clue.received_at = clue.changed_at = absl::FromUnixMicros(change.order);
  clue.backfill = submission.backfill;
  clue.trace_parent = std::move(submission.trace_parent);
  change.join = keys.IndexesOf(change.clue.partition, domain::FacetsOf(clue));
  std::string enter = QueueOf(keys, change.clue.partition, clue);
  if (!enter.empty()) change.enter.push_back(std::move(enter));
  Encode(ledger, silences, std::move(record), nullptr, Text::kNew, {}, &change);
  return change;
}

bool AwaitsPerson(const Current& current) {
  return !current.summary.corrections.empty() && domain::NeedsReview(current.version.clue);
}

Change MakeRevision(const Descriptor& ledger, const Keys& keys,
                    const domain::SilenceIndex& silences, Revision revision, const Current& current,
                    absl::Time now) {
  const ClueRef clue_ref = *ParseClueId(current.summary.clue_id, ledger.partitions);
  std::string digest = DigestOf(revision);
  Change change = Begin(keys, Change::Kind::kRevise, clue_ref, std::move(revision.request_id),
                        std::move(digest));
  domain::Clue clue;
  clue.partner = current.version.clue.partner;
  clue.state = domain::ClueState::kActive;
  clue.content = std::move(revision.content);
  clue.trace_parent = std::move(revision.trace_parent);
  clue.verdict = domain::AfterRevision(std::move(revision.verdict), current.version.clue);
  if (AwaitsPerson(current)) clue.verdict.needs_review = true;
  return Succeed(ledger, keys, silences, std::move(change), std::move(clue), current, Text::kNew,
                 now);
}

Change MakeWithdrawal(const Descriptor& ledger, const Keys& keys,
                      const domain::SilenceIndex& silences, Withdrawal withdrawal,
                      const Current& current, absl::Time now) {
  const ClueRef clue_ref = *ParseClueId(current.summary.clue_id, ledger.partitions);
  std::string digest = DigestOf(withdrawal);
  Change change = Begin(keys, Change::Kind::kWithdraw, clue_ref, std::move(withdrawal.request_id),
                        std::move(digest));
  domain::Clue clue = current.version.clue;
  clue.state = domain::ClueState::kWithdrawn;
  clue.withdraw_reason = std::move(withdrawal.reason);
  clue.trace_parent = std::move(withdrawal.trace_parent);
  return Succeed(ledger, keys, silences, std::move(change), std::move(clue), current, Text::kSame,
                 now);
}

Change MakeCorrection(const Descriptor& ledger, const Keys& keys,
                      const domain::SilenceIndex& silences, CorrectionRequest request,
                      const Current& current, absl::Time now) {
  const ClueRef clue_ref = *ParseClueId(current.summary.clue_id, ledger.partitions);
  Change change =
      Begin(keys, Change::Kind::kRevise, clue_ref, RequestKeyOf(request), DigestOf(request));
  domain::Clue clue = current.version.clue;
  clue.trace_parent = std::move(request.trace_parent);
  domain::Correction correction;
  correction.by = request.by;
  correction.author = std::move(request.author);
  correction.reason = std::move(request.reason);
  correction.verdict = request.by == domain::CorrectedBy::kPerson
                           ? domain::VerdictOf(request.finding, domain::MachineVerdict(clue))
                           : std::move(request.verdict);
  if (request.by == domain::CorrectedBy::kSystem && AwaitsPerson(current)) {
    correction.verdict.needs_review = true;
  }
  return Succeed(ledger, keys, silences, std::move(change), std::move(clue), current, Text::kSame,
                 now, &correction);
}

Change MakeStep(const Keys& keys, const domain::SilenceIndex& silences, const ClueRef& clue,
                const AlertStepRequest& request, domain::Alert after, CurrentAlert current) {
  ClueSummary& summary = current.summary;
  Change change = Begin(keys, Change::Kind::kStep, clue, RequestKeyOf(request), DigestOf(request));
  change.of_alert = true;
  change.expected = summary.version + current.steps;
  Silence(silences, summary.alert, &after, &change);
  Follow(keys, summary.alert, after, &change);
  after.trace_parent = request.trace_parent;
  AlertChange step{after.version, after.kind, after.facets.state, after.facets.owner,
                   after.handling.value_or(domain::Handling())};
  change.version = EncodeAlertChange(step);
  change.receipt = ReceiptOf(summary.clue_id, std::move(step));
  EventRecord event{std::move(summary), std::nullopt};
  event.previous = std::move(event.summary.alert.facets);
  event.summary.alert = std::move(after);
  change.event = EncodeEvent(event, &change.summary, {current.stored_summary, true});
  return change;
}

Change MakeDerived(const Keys& keys, const domain::SilenceIndex& silences, const ClueRef& record,
                   domain::Alert alert, const std::optional<CurrentAlert>& before, uint32_t version,
                   absl::Time now) {
  Change change;
  change.clue = record;
  change.clue_key = keys.Clue(record);
  change.order = absl::ToUnixMicros(now);
  const domain::Alert was = before.has_value() ? before->summary.alert : domain::Alert();
  EventRecord event;
  event.summary.clue_id = alert.clue_id = record.ToText();
  event.summary.version = alert.clue_version = version;
  alert.id = domain::AlertIdOf(alert.clue_id);
  alert.version = was.version + 1;
  alert.raised_at = absl::FromUnixMicros(change.order);
  alert.facets.state = domain::AlertState::kOpen;
  if (before.has_value()) {
    alert.raised_at = std::max(alert.raised_at, was.raised_at);
    event.previous = was.facets;
    domain::KeepHandling(was, &alert);
  }
  for (const std::string& index : keys.IndexesOf(record.partition, alert.facets)) {
    change.enter.push_back(keys.Later(record.partition, index));
  }
  Silence(silences, was, &alert, &change);
  Follow(keys, was, alert, &change);
  event.summary.alert = std::move(alert);
  Replaced replaced;
  if (before.has_value()) replaced.summary = before->stored_summary;
  change.event = EncodeEvent(event, &change.summary, replaced);
  return change;
}

Change MakeProbe(const Keys& keys, const ClueRef& clue, std::string request_id,
                 std::string digest) {
  return Begin(keys, Change::Kind::kProbe, clue, std::move(request_id), std::move(digest));
}

std::string DigestOf(const Submission& submission) {
  return OperationDigest("submit", domain::ContentDigest(submission.content));
}

std::string DigestOf(const Revision& revision) {
  return OperationDigest("revise", domain::ContentDigest(revision.content));
}

std::string DigestOf(const Withdrawal& withdrawal) {
  return OperationDigest("withdraw", withdrawal.reason);
}

std::string DigestOf(const CorrectionRequest& request) {
  // Its request_id stands for a version of the clue: what later rules say of it follows from them.
  if (request.by == domain::CorrectedBy::kSystem) {
    return OperationDigest("reclassify", request.verdict.rules_version);
  }
  std::string content;
  const auto add = [&content](std::string_view value) {
    content += std::to_string(value.size());
    content += ':';
    content += value;
  };
  add(std::to_string(static_cast<int>(request.by)));
  add(request.reason);
  add(domain::Code(request.finding.scenario));
  add(domain::Code(request.finding.secondary));
  add(domain::Code(request.finding.risk));
  for (const std::string& code : request.finding.problem_codes) add(code);
  return OperationDigest("correct", content);
}

std::string DigestOf(const AlertStepRequest& request) {
  const domain::AlertStep& step = request.step;
  const std::string facts =
      std::to_string(static_cast<int>(step.outcome)) + ',' +
      (step.duration.has_value() ? std::to_string(absl::ToInt64Milliseconds(*step.duration)) : "") +
      ',' + step.owner + ',';
  return OperationDigest("step " + std::to_string(static_cast<int>(step.action)),
                         facts + step.note);
}

// None of '@', '!' and '#' is in any request_id or principal's id.
std::string RequestKeyOf(const AlertStepRequest& request) {
  return '#' + request.step.by + '#' + request.request_id;
}

std::string RequestKeyOf(const CorrectionRequest& request) {
  const char mark = request.by == domain::CorrectedBy::kPerson ? '@' : '!';
  return mark + request.author + mark + request.request_id;
}

Receipt ReceiptOf(const Descriptor& ledger, VersionRecord record) {
  Receipt receipt;
  receipt.version = record.clue.version;
  receipt.etag = EtagOf(ledger.secret, record.clue.id, record.clue.version);
  if (record.alert_version > 0) receipt.alert_id = domain::AlertIdOf(record.clue.id);
  receipt.accepted_at = record.clue.changed_at;
  receipt.clue_id = std::move(record.clue.id);
  receipt.verdict = domain::Standing(record.clue);
  return receipt;
}

Receipt ReceiptOf(const std::string& clue_id, AlertChange change) {
  Receipt receipt;
  receipt.clue_id = clue_id;
  receipt.alert_id = domain::AlertIdOf(clue_id);
  receipt.etag = domain::AlertEtag(change.alert_version);
  receipt.accepted_at = change.handling.changed_at;
  receipt.step = std::make_shared<const AlertChange>(std::move(change));
  return receipt;
}

}  // namespace supervision::ledger
