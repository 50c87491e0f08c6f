#include "services/ledger/change.h"

#include <algorithm>
#include <utility>

#include "services/base/hash.h"
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

// Encodes the clue as it is after the change and all that follows from it.
void Encode(const Descriptor& ledger, VersionRecord record, const domain::Alert& before,
            std::vector<uint32_t> corrections, Change* change) {
  const domain::Clue& clue = record.clue;
  EventRecord event;
  event.summary.clue_id = clue.id;
  event.summary.version = clue.version;
  event.summary.state = clue.state;
  event.summary.alert = domain::NextAlert(clue, before);
  event.summary.corrections = std::move(corrections);
  if (before.version > 0) event.previous = before.facets;
  record.alert_version = event.summary.alert.version;
  change->version = EncodeVersion(record);
  change->event = EncodeEvent(event, &change->summary);
  change->receipt = ReceiptOf(ledger, std::move(record));
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
Change Succeed(const Descriptor& ledger, const Keys& keys, Change change, domain::Clue clue,
               const Current& current, absl::Time now, domain::Correction* correction = nullptr) {
  change.expected = current.summary.version;
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
  change.enter = QueueOf(keys, change.clue.partition, clue);
  change.leave = QueueOf(keys, change.clue.partition, current.version.clue);
  if (change.enter == change.leave) {
    change.enter.clear();
    change.leave.clear();
  }
  std::vector<uint32_t> corrections = CorrectionsAfter(current, clue);
  VersionRecord record{std::move(clue), change.request_id, 0};
  Encode(ledger, std::move(record), current.summary.alert, std::move(corrections), &change);
  return change;
}

}  // namespace

Change MakeCreate(const Descriptor& ledger, const Keys& keys, Submission submission,
                  absl::Time now) {
  const Identity identity{submission.partner, submission.content.source_record_id,
                          submission.request_id};
  Change change =
      Begin(keys, Change::Kind::kCreate, ClueRefOf(ledger.secret, ledger.partitions, identity),
            std::move(submission.request_id),
            OperationDigest("submit", domain::ContentDigest(submission.content)));
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
  change.join = keys.IndexesOf(change.clue.partition, domain::FacetsOf(clue));
  change.enter = QueueOf(keys, change.clue.partition, clue);
  Encode(ledger, std::move(record), domain::Alert(), {}, &change);
  return change;
}

Change MakeRevision(const Descriptor& ledger, const Keys& keys, Revision revision,
                    const Current& current, absl::Time now) {
  const ClueRef clue_ref = *ParseClueId(current.summary.clue_id, ledger.partitions);
  std::string digest = DigestOf(revision);
  Change change = Begin(keys, Change::Kind::kRevise, clue_ref, std::move(revision.request_id),
                        std::move(digest));
  domain::Clue clue;
  clue.partner = current.version.clue.partner;
  clue.state = domain::ClueState::kActive;
  clue.content = std::move(revision.content);
  clue.verdict = domain::AfterRevision(std::move(revision.verdict), current.version.clue);
  return Succeed(ledger, keys, std::move(change), std::move(clue), current, now);
}

Change MakeWithdrawal(const Descriptor& ledger, const Keys& keys, Withdrawal withdrawal,
                      const Current& current, absl::Time now) {
  const ClueRef clue_ref = *ParseClueId(current.summary.clue_id, ledger.partitions);
  std::string digest = DigestOf(withdrawal);
  Change change = Begin(keys, Change::Kind::kWithdraw, clue_ref, std::move(withdrawal.request_id),
                        std::move(digest));
  domain::Clue clue = current.version.clue;
  clue.state = domain::ClueState::kWithdrawn;
  clue.withdraw_reason = std::move(withdrawal.reason);
  return Succeed(ledger, keys, std::move(change), std::move(clue), current, now);
}

Change MakeCorrection(const Descriptor& ledger, const Keys& keys, CorrectionRequest request,
                      const Current& current, absl::Time now) {
  const ClueRef clue_ref = *ParseClueId(current.summary.clue_id, ledger.partitions);
  Change change =
      Begin(keys, Change::Kind::kRevise, clue_ref, RequestKeyOf(request), DigestOf(request));
  const domain::Clue& clue = current.version.clue;
  domain::Correction correction;
  correction.by = request.by;
  correction.author = std::move(request.author);
  correction.reason = std::move(request.reason);
  correction.verdict = request.by == domain::CorrectedBy::kPerson
                           ? domain::VerdictOf(request.finding, domain::MachineVerdict(clue))
                           : std::move(request.verdict);
  return Succeed(ledger, keys, std::move(change), clue, current, now, &correction);
}

Change MakeProbe(const Keys& keys, const ClueRef& clue, std::string request_id,
                 std::string digest) {
  return Begin(keys, Change::Kind::kProbe, clue, std::move(request_id), std::move(digest));
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

// Neither '@' nor '!' is in any request_id or principal's id.
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

}  // namespace supervision::ledger
