#include "services/ledger/alert_steps.h"

#include <algorithm>
#include <utility>

#include "services/domain/alert_policy.h"
#include "services/domain/error.h"
#include "services/ledger/codec.h"

namespace supervision::ledger {
namespace {

using domain::AlertAction;
using domain::MakeError;
using domain::Reason;

// The steps of one alert are read together: what is older than these is not shown.
constexpr uint32_t kMostChanges = 100;

absl::Status NotFound() { return MakeError(Reason::kAlertNotFound); }

absl::Status WrongState(domain::AlertState state) {
  domain::ErrorDetail detail;
  detail.reason = Reason::kWrongAlertState;
  detail.metadata = {{"state", std::string(domain::Code(state))}};
  return MakeError(std::move(detail));
}

// Of a step that the service takes by itself: there is one for each acknowledgement.
AlertStepRequest Expiry(const ClueSummary& summary) {
  AlertStepRequest request;
  request.alert_id = summary.alert.id;
  request.request_id = "expiry-" + std::to_string(summary.alert.version);
  request.etag = domain::AlertEtag(summary.alert.version);
  request.step.action = AlertAction::kExpire;
  return request;
}

// Of the clue when the step was taken that made `alert_version`; `now` where no version says.
const domain::Facets& FacetsBefore(uint32_t alert_version,
                                   const std::vector<WalkedVersion>& versions,
                                   const domain::Facets& now) {
  const domain::Facets* facets = &now;
  for (const WalkedVersion& version : versions) {
    if (version.alert_version >= alert_version) break;
    facets = &version.facets;
  }
  return *facets;
}

}  // namespace

void AlertSteps::ReadHead(const ClueRef& clue, const std::string& request_key, Deadline deadline,
                          Ledger::Callback<Head> callback) {
  redis::Command read = {"HMGET", context_->keys.Clue(clue), "l", "h", "q:" + request_key};
  context_->read->Send(
      std::move(read), deadline.left(), [clue, callback](const redis::Result& result) {
        if (!result.ok()) return callback(result.failure().ToStatus());
        const std::vector<redis::Reply>& fields = result.reply().elements;
        if (fields.size() != 3 || fields[0].is_nil()) return callback(NotFound());
        std::optional<ClueSummary> summary = DecodeSummary(fields[0].text, clue.ToText());
        if (!summary.has_value()) return callback(MakeError(Reason::kInternal));
        Head head;
        head.summary = *std::move(summary);
        head.steps = static_cast<uint32_t>(std::strtoul(fields[1].text.c_str(), nullptr, 10));
        head.stored_summary = fields[0].text;
        head.known_request = !fields[2].is_nil();
        callback(std::move(head));
      });
}

absl::StatusOr<domain::Alert> AlertSteps::Decide(const AlertStepRequest& request,
                                                 const Head& head) const {
  const domain::Alert& alert = head.summary.alert;
  const domain::AlertStep& step = request.step;
  if (alert.version == 0 || !domain::Sees(request.scope, alert.facets)) return NotFound();
  if (request.etag != domain::AlertEtag(alert.version)) return MakeError(Reason::kEtagMismatch);
  // Time's own step, and the last one that people have to take, find room.
  if (head.steps >= static_cast<uint32_t>(context_->options->max_alert_steps) &&
      step.action != AlertAction::kResolve && step.action != AlertAction::kExpire) {
    return MakeError(Reason::kTooManyAlertChanges);
  }
  // In microseconds from the start, so that the first answer is the one that is read back; and a
  // version is never older than the one before, whatever two replicas' clocks say.
  const absl::Time now =
      std::max(absl::FromUnixMicros(absl::ToUnixMicros(context_->clock->Now())), alert.raised_at);
  std::optional<domain::Alert> after = domain::AfterStep(alert, step, now);
  if (!after.has_value()) return WrongState(alert.facets.state);
  if (step.action == AlertAction::kAssign &&
      (!request.owner_scope.has_value() || !domain::Sees(*request.owner_scope, alert.facets))) {
    return MakeError(Reason::kOwnerUnfit);
  }
  return *std::move(after);
}

void AlertSteps::Commit(Change change, Deadline deadline, Ledger::Callback<AlertReceipt> callback) {
  committer_->Commit(
      std::move(change), deadline,
      [callback = std::move(callback)](absl::StatusOr<Receipt> receipt) {
        if (!receipt.ok()) return callback(receipt.status());
        if (receipt->step == nullptr) return callback(MakeError(Reason::kInternal));
        callback(AlertReceipt{std::move(receipt->alert_id), *receipt->step,
                              std::move(receipt->etag), receipt->durability, receipt->repeated});
      });
}

void AlertSteps::Take(AlertStepRequest request, Deadline deadline,
                      Ledger::Callback<AlertReceipt> callback) {
  const AlertAction action = request.step.action;
  callback = [this, action, callback = std::move(callback)](absl::StatusOr<AlertReceipt> receipt) {
    context_->metrics->CountStep(action,
                                 StepResultOf(receipt.status(), receipt.ok() && receipt->repeated));
    callback(std::move(receipt));
  };
  const std::optional<std::string> clue_id = domain::ClueIdOf(request.alert_id);
  const std::optional<ClueRef> clue =
      clue_id.has_value() ? ParseClueId(*clue_id, context_->descriptor.partitions) : std::nullopt;
  if (!clue.has_value()) return context_->loop->Post([callback] { callback(NotFound()); });
  const std::string key = RequestKeyOf(request);
  ReadHead(*clue, key, deadline,
           [this, clue = *clue, key, request = std::move(request), deadline,
            callback](absl::StatusOr<Head> head) {
             if (!head.ok()) return callback(head.status());
             // A known request is answered as it was, whatever has become of the alert since. Only
             // its author can have made it, so this tells nothing to anyone else.
             if (head->known_request) {
               Change probe = MakeProbe(context_->keys, clue, key, DigestOf(request));
               probe.of_alert = true;
               return Commit(std::move(probe), deadline, callback);
             }
             absl::StatusOr<domain::Alert> after = Decide(request, *head);
             if (!after.ok()) return callback(after.status());
             Commit(MakeStep(context_->keys, *context_->silences->index(), clue, request,
                             *std::move(after), *std::move(head)),
                    deadline, callback);
           });
}

void AlertSteps::Expire(const ClueRef& clue, Deadline deadline) {
  ReadHead(clue, "", deadline, [this, clue, deadline](absl::StatusOr<Head> head) {
    if (!head.ok()) return;
    const std::optional<domain::Handling>& handling = head->summary.alert.handling;
    if (!handling.has_value() || !handling->until.has_value() ||
        *handling->until > context_->clock->Now()) {
      return;
    }
    const AlertStepRequest request = Expiry(head->summary);
    absl::StatusOr<domain::Alert> after = Decide(request, *head);
    if (!after.ok()) return;
    Commit(MakeStep(context_->keys, *context_->silences->index(), clue, request, *std::move(after),
                    *std::move(head)),
           deadline, [this](const absl::StatusOr<AlertReceipt>& receipt) {
             context_->metrics->CountStep(
                 AlertAction::kExpire,
                 StepResultOf(receipt.status(), receipt.ok() && receipt->repeated));
           });
  });
}

void AlertSteps::ReadChanges(const std::string& clue_id, domain::Scope scope, Deadline deadline,
                             Ledger::Callback<std::vector<PastChange>> callback) {
  const std::optional<ClueRef> clue = ParseClueId(clue_id, context_->descriptor.partitions);
  if (!clue.has_value()) return context_->loop->Post([callback] { callback(NotFound()); });
  ReadHead(*clue, "", deadline,
           [this, clue = *clue, scope = std::move(scope), deadline,
            callback](const absl::StatusOr<Head>& head) {
             if (!head.ok()) return callback(head.status());
             const domain::Alert& alert = head->summary.alert;
             if (alert.version == 0 || !domain::Sees(scope, alert.facets)) {
               return callback(NotFound());
             }
             if (head->steps == 0) return callback(std::vector<PastChange>());
             // What a clue was when a step was taken, only an earlier version of it can say.
             if (head->summary.version <= 1 || alert.group != nullptr) {
               return ReadSteps(clue, *head, scope, {}, deadline, callback);
             }
             WalkHistory(context_->read, context_->keys.Clue(clue), head->summary, deadline,
                         [this, clue, head = *head, scope, deadline,
                          callback](absl::StatusOr<std::vector<WalkedVersion>> versions) {
                           if (!versions.ok()) return callback(versions.status());
                           ReadSteps(clue, head, scope, *std::move(versions), deadline, callback);
                         });
           });
}

void AlertSteps::ReadSteps(const ClueRef& clue, const Head& head, const domain::Scope& scope,
                           std::vector<WalkedVersion> versions, Deadline deadline,
                           const Ledger::Callback<std::vector<PastChange>>& callback) {
  redis::Command read = {"HMGET", context_->keys.Clue(clue)};
  const uint32_t first = head.steps > kMostChanges ? head.steps - kMostChanges + 1 : 1;
  for (uint32_t step = first; step <= head.steps; ++step) {
    read.push_back("h:" + std::to_string(step));
  }
  context_->read->Send(std::move(read), deadline.left(),
                       [scope, versions = std::move(versions), now = head.summary.alert.facets,
                        callback](const redis::Result& result) {
                         if (!result.ok()) return callback(result.failure().ToStatus());
                         std::vector<PastChange> changes;
                         for (const redis::Reply& bytes : result.reply().elements) {
                           std::optional<AlertChange> change = DecodeAlertChange(bytes.text);
                           if (bytes.is_nil() || !change.has_value())
                             return callback(MakeError(Reason::kInternal));
                           const domain::Facets& then =
                               FacetsBefore(change->alert_version, versions, now);
                           if (!domain::Sees(scope, then)) continue;
                           changes.push_back({*std::move(change),
                                              std::max(then.confidentiality, now.confidentiality)});
                         }
                         callback(std::move(changes));
                       });
}

}  // namespace supervision::ledger
