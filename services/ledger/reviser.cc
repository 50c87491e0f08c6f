#include "services/ledger/reviser.h"

#include <utility>

#include "services/domain/error.h"
#include "services/domain/standing.h"
#include "services/ledger/claim.h"

namespace supervision::ledger {
namespace {

using domain::MakeError;
using domain::Reason;

absl::Status OtherRecord() {
  domain::ErrorDetail detail;
  detail.reason = Reason::kInvalidRequest;
  detail.violations = {{"clue.source_record_id",
                        "must be that of the clue's first version; submit another record as a "
                        "clue of its own",
                        "必须与该线索首个版本的来源记录编号一致；其他记录请作为新线索提交"}};
  return MakeError(std::move(detail));
}

CorrectionResult ResultOf(const absl::StatusOr<Receipt>& receipt, bool confirms) {
  if (receipt.ok()) {
    if (receipt->repeated) return CorrectionResult::kRepeated;
    return confirms ? CorrectionResult::kConfirmed : CorrectionResult::kReclassified;
  }
  switch (receipt.status().code()) {
    case absl::StatusCode::kAborted:
    case absl::StatusCode::kAlreadyExists:
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kNotFound:
      return CorrectionResult::kRefused;
    default:
      return CorrectionResult::kFailed;
  }
}

}  // namespace

void Reviser::Revise(Revision revision, Deadline deadline, Committer::Callback callback) {
  Request request{.request_id = revision.request_id,
                  .clue_id = revision.clue_id,
                  .etag = revision.etag,
                  .digest = DigestOf(revision),
                  .partner = revision.partner};
  Begin(
      std::move(request), deadline,
      [this, revision](const Current& current) -> absl::StatusOr<Change> {
        if (revision.content.source_record_id != current.version.clue.content.source_record_id) {
          return OtherRecord();
        }
        // The last version that may be is left for a withdrawal.
        if (current.summary.version >= static_cast<uint32_t>(context_->options->max_versions)) {
          return MakeError(Reason::kTooManyVersions);
        }
        return MakeRevision(context_->descriptor, context_->keys, *context_->silences->index(),
                            revision, current, context_->clock->Now());
      },
      std::move(callback));
}

void Reviser::Withdraw(Withdrawal withdrawal, Deadline deadline, Committer::Callback callback) {
  Request request{.request_id = withdrawal.request_id,
                  .clue_id = withdrawal.clue_id,
                  .etag = withdrawal.etag,
                  .digest = DigestOf(withdrawal),
                  .partner = withdrawal.partner};
  Begin(
      std::move(request), deadline,
      [this, withdrawal](const Current& current) -> absl::StatusOr<Change> {
        return MakeWithdrawal(context_->descriptor, context_->keys, *context_->silences->index(),
                              withdrawal, current, context_->clock->Now());
      },
      std::move(callback));
}

void Reviser::Correct(CorrectionRequest correction, Deadline deadline,
                      Committer::Callback callback) {
  Request request{.request_id = RequestKeyOf(correction),
                  .clue_id = correction.clue_id,
                  .etag = correction.etag,
                  .digest = DigestOf(correction),
                  .author = correction.author,
                  .scope = correction.scope};
  // Reclassified unless the change is made and turns out to confirm.
  auto confirms = std::make_shared<bool>(false);
  const domain::CorrectedBy by = correction.by;
  Begin(
      std::move(request), deadline,
      [this, correction, confirms](const Current& current) -> absl::StatusOr<Change> {
        if (correction.by == domain::CorrectedBy::kSystem &&
            domain::CorrectedByPerson(current.version.clue)) {
          return MakeError(Reason::kCorrectedByPerson);
        }
        if (correction.by == domain::CorrectedBy::kSystem &&
            correction.verdict.scenario == domain::Scenario::kUnspecified) {
          return MakeError(Reason::kEtagMismatch);
        }
        const bool by_person = correction.by == domain::CorrectedBy::kPerson;
        if (!by_person && AwaitsPerson(current)) {
          // It may find another class, but that nobody need look is not its to say.
          domain::Verdict waiting = correction.verdict;
          waiting.needs_review = true;
          if (!domain::DifferenceOf(domain::Standing(current.version.clue), waiting).any()) {
            return MakeError(Reason::kCorrectedByPerson);
          }
        }
        // What waits for a person finds room for the word that ends the waiting.
        const bool has_room = by_person && domain::NeedsReview(current.version.clue);
        if (!has_room &&
            current.summary.version >= static_cast<uint32_t>(context_->options->max_versions)) {
          return MakeError(Reason::kTooManyVersions);
        }
        const domain::Facets& told = current.summary.alert.facets;
        *confirms = told.scenario ==
                        (by_person ? correction.finding.scenario : correction.verdict.scenario) &&
                    told.risk == (by_person ? correction.finding.risk : correction.verdict.risk);
        return MakeCorrection(context_->descriptor, context_->keys, *context_->silences->index(),
                              correction, current, context_->clock->Now());
      },
      [this, by, confirms, callback = std::move(callback)](absl::StatusOr<Receipt> receipt) {
        context_->metrics->CountCorrection(by, ResultOf(receipt, *confirms));
        callback(std::move(receipt));
      });
}

void Reviser::Repeat(const Submission& submission, Deadline deadline,
                     Committer::Callback callback) {
  const Descriptor& ledger = context_->descriptor;
  const Identity identity{submission.partner, submission.content.source_record_id,
                          submission.request_id};
  Begin({.request_id = submission.request_id,
         .clue_id = ClueRefOf(ledger.secret, ledger.partitions, identity).ToText(),
         .digest = DigestOf(submission),
         .partner = submission.partner,
         .repeat_only = true},
        deadline, nullptr, std::move(callback));
}

void Reviser::Repeat(const Revision& revision, Deadline deadline, Committer::Callback callback) {
  Begin({.request_id = revision.request_id,
         .clue_id = revision.clue_id,
         .digest = DigestOf(revision),
         .partner = revision.partner,
         .repeat_only = true},
        deadline, nullptr, std::move(callback));
}

void Reviser::Begin(Request request, Deadline deadline, Make make, Committer::Callback callback,
                    int tries) {
  const std::optional<ClueRef> clue = ParseClueId(request.clue_id, context_->descriptor.partitions);
  if (!clue.has_value()) {
    return context_->loop->Post([callback] { callback(MakeError(Reason::kClueNotFound)); });
  }
  redis::Command read = {
      "HMGET", context_->keys.Clue(*clue), "v", "l", "q:" + request.request_id, kClaimField, "h"};
  context_->read->Send(std::move(read), deadline.left(),
                       [this, request = std::move(request), clue = *clue, deadline,
                        make = std::move(make), callback, tries](const redis::Result& head) {
                         OnHead(request, clue, deadline, make, callback, tries, head);
                       });
}

absl::Status Reviser::MayChange(const Request& request, const ClueSummary& summary,
                                const redis::Reply& claim) const {
  const bool correction = request.partner.empty();
  if (correction && !domain::Sees(request.scope, summary.alert.facets)) {
    return MakeError(Reason::kClueNotFound);
  }
  if (summary.state == domain::ClueState::kWithdrawn) return MakeError(Reason::kClueWithdrawn);
  if (EtagOf(context_->descriptor.secret, request.clue_id, summary.version) != request.etag) {
    return MakeError(Reason::kEtagMismatch);
  }
  if (!correction) return absl::OkStatus();
  const std::optional<Claim> held = ParseClaim(claim.text);
  if (held.has_value() && held->until > context_->clock->Now() && held->holder != request.author) {
    return ClaimedError(*held);
  }
  return absl::OkStatus();
}

void Reviser::OnHead(const Request& request, const ClueRef& clue, Deadline deadline,
                     const Make& make, const Committer::Callback& callback, int tries,
                     const redis::Result& head) {
  if (!head.ok()) return callback(head.failure().ToStatus());
  const std::vector<redis::Reply>& fields = head.reply().elements;
  if (fields.size() != 5 || fields[0].is_nil()) {
    return callback(MakeError(Reason::kClueNotFound));
  }
  std::optional<ClueSummary> summary = DecodeSummary(fields[1].text, request.clue_id);
  if (!summary.has_value()) return callback(MakeError(Reason::kInternal));
  if (!request.partner.empty() && summary->alert.facets.partner != request.partner) {
    return callback(MakeError(Reason::kClueNotFound));  // no hint that another's clue exists
  }
  // A known request is answered as it was, whatever has become of the clue since.
  if (!fields[2].is_nil()) {
    return committer_->Commit(MakeProbe(context_->keys, clue, request.request_id, request.digest),
                              deadline, callback);
  }
  if (request.repeat_only) return callback(MakeError(Reason::kClueNotFound));
  if (absl::Status may = MayChange(request, *summary, fields[3]); !may.ok()) return callback(may);
  const auto steps = static_cast<uint32_t>(std::strtoul(fields[4].text.c_str(), nullptr, 10));
  context_->read->Send(
      {"HGET", context_->keys.Clue(clue), "s:" + fields[0].text}, deadline.left(),
      [this, request, summary = *std::move(summary), steps, stored = fields[1].text,
       claim = fields[3].text, deadline, make, tries, callback](const redis::Result& body) {
        if (!body.ok()) return callback(body.failure().ToStatus());
        std::optional<VersionRecord> version = DecodeVersion(body.reply().text, request.clue_id);
        if (body.reply().is_nil() || !version.has_value()) {
          return callback(MakeError(Reason::kInternal));
        }
        absl::StatusOr<Change> change =
            make(Current{*std::move(version), summary, steps, body.reply().text, stored, claim});
        if (!change.ok()) return callback(change.status());
        committer_->Commit(
            *std::move(change), deadline,
            [this, request, deadline, make, tries, callback](absl::StatusOr<Receipt> receipt) {
              // Either the clue has moved, or another holds it now, which beginning anew finds out;
              // or only its alert has, of which the caller's etag says nothing.
              if (domain::HasReason(receipt.status(), Reason::kEtagMismatch) && tries > 1) {
                return Begin(request, deadline, make, callback, tries - 1);
              }
              callback(std::move(receipt));
            });
      });
}

}  // namespace supervision::ledger
