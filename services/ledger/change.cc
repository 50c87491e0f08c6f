#include "services/ledger/change.h"

#include <algorithm>
#include <utility>

#include "services/base/hash.h"
#include "services/domain/alert_policy.h"

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
            Change* change) {
  const domain::Clue& clue = record.clue;
  EventRecord event;
  event.summary.clue_id = clue.id;
  event.summary.version = clue.version;
  event.summary.state = clue.state;
  event.summary.alert = domain::NextAlert(clue, before);
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

// A new version of `current`, as `clue` describes it.
Change Succeed(const Descriptor& ledger, const Keys& keys, Change change, domain::Clue clue,
               const Current& current, absl::Time now) {
  change.expected = current.summary.version;
  clue.id = current.summary.clue_id;
  clue.version = current.summary.version + 1;
  clue.received_at = current.summary.alert.received_at;
  // Clocks of two replicas may differ; a version is never older than the one before.
  // In microseconds from the start, so that the first answer is the one that is read back.
  clue.changed_at =
      std::max(absl::FromUnixMicros(absl::ToUnixMicros(now)), current.summary.alert.raised_at);
  const std::vector<std::string> before =
      keys.IndexesOf(change.clue.partition, current.summary.alert.facets);
  const std::vector<std::string> after =
      keys.IndexesOf(change.clue.partition, domain::FacetsOf(clue));
  for (const std::string& index : Without(after, before)) {
    change.join.push_back(keys.Later(change.clue.partition, index));
  }
  VersionRecord record{std::move(clue), change.request_id, 0};
  Encode(ledger, std::move(record), current.summary.alert, &change);
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
  Encode(ledger, std::move(record), domain::Alert(), &change);
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
  clue.verdict = std::move(revision.verdict);
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

Receipt ReceiptOf(const Descriptor& ledger, VersionRecord record) {
  Receipt receipt;
  receipt.version = record.clue.version;
  receipt.etag = EtagOf(ledger.secret, record.clue.id, record.clue.version);
  if (record.alert_version > 0) receipt.alert_id = domain::AlertIdOf(record.clue.id);
  receipt.accepted_at = record.clue.changed_at;
  receipt.clue_id = std::move(record.clue.id);
  receipt.verdict = std::move(record.clue.verdict);
  return receipt;
}

}  // namespace supervision::ledger
