#include "services/ledger/silence_desk.h"

#include <algorithm>
#include <utility>

#include "services/domain/error.h"
#include "services/ledger/core.h"

namespace supervision::ledger {

namespace {

// A repeat gets its first answer, whatever speaks against it by now; what is none is refused for
// `why`.
void AnswerRepeat(Silences* silences, const SilenceDraft& draft, const absl::Status& why,
                  Deadline deadline, SilenceDesk::Callback<domain::Silence> answer) {
  if (draft.request_id.empty()) return answer(why);
  silences->Repeat(draft, deadline,
                   [why, answer = std::move(answer)](absl::StatusOr<domain::Silence> first) {
                     if (domain::HasReason(first.status(), domain::Reason::kSilenceNotFound)) {
                       return answer(why);
                     }
                     answer(std::move(first));
                   });
}

// Of a draft whose alert could not be read for `why`.
void AnswerUnseen(Silences* silences, const SilenceDraft& draft, const absl::Status& why,
                  Deadline deadline, SilenceDesk::Callback<domain::Silence> answer) {
  if (!domain::HasReason(why, domain::Reason::kAlertNotFound)) return answer(why);
  AnswerRepeat(silences, draft, why, deadline, std::move(answer));
}

}  // namespace

SilenceDesk::SilenceDesk(Ledger* ledger) : core_(ledger->core_) {}

// Of a silence that names its alert, the alert is looked up first: how grave it is now is how grave
// it may be and be hidden.
void SilenceDesk::Create(SilenceDraft draft, SilenceQuota quota, absl::Duration timeout,
                         Callback<domain::Silence> callback) {
  core_->OnLoop(
      std::move(callback), [draft = std::move(draft), quota, deadline = Deadline(timeout)](
                               OpenParts* parts, Callback<domain::Silence> answer) mutable {
        const std::string alert_id = draft.silence.alert_id;
        if (alert_id.empty()) {
          return parts->silences.Create(std::move(draft), quota, deadline.left(),
                                        std::move(answer));
        }
        const domain::Scope scope = draft.scope;
        parts->reader.GetAlert(
            alert_id, scope, deadline.left(),
            [parts, draft = std::move(draft), quota, deadline,
             answer](const absl::StatusOr<domain::Alert>& alert) mutable {
              if (!alert.ok()) {
                return AnswerUnseen(&parts->silences, draft, alert.status(), deadline,
                                    std::move(answer));
              }
              draft.silence.hides_up_to = std::min(alert->facets.risk, draft.at_most);
              parts->silences.Create(std::move(draft), quota, deadline.left(), std::move(answer));
            });
      });
}

void SilenceDesk::Repeat(SilenceDraft draft, absl::Status why, absl::Duration timeout,
                         Callback<domain::Silence> callback) {
  core_->OnLoop(std::move(callback),
                [draft = std::move(draft), why = std::move(why), deadline = Deadline(timeout)](
                    OpenParts* parts, Callback<domain::Silence> answer) {
                  AnswerRepeat(&parts->silences, draft, why, deadline, std::move(answer));
                });
}

void SilenceDesk::Change(SilenceChange change, absl::Duration timeout,
                         Callback<domain::Silence> callback) {
  core_->OnLoop(std::move(callback),
                [change = std::move(change), timeout](OpenParts* parts,
                                                      Callback<domain::Silence> answer) mutable {
                  parts->silences.Change(std::move(change), timeout, std::move(answer));
                });
}

void SilenceDesk::Get(std::string id, MayRead may_read, absl::Duration timeout,
                      Callback<domain::Silence> callback) {
  core_->OnLoop(std::move(callback), [id = std::move(id), may_read = std::move(may_read), timeout](
                                         OpenParts* parts, Callback<domain::Silence> answer) {
    parts->silences.Get(id, may_read, timeout, std::move(answer));
  });
}

void SilenceDesk::List(SilenceQuery query, absl::Duration timeout, Callback<SilencePage> callback) {
  core_->OnLoop(std::move(callback), [query = std::move(query), timeout](
                                         OpenParts* parts, Callback<SilencePage> answer) mutable {
    parts->silences.List(std::move(query), timeout, std::move(answer));
  });
}

void SilenceDesk::GetAlertAsTold(std::string alert_id, domain::Scope scope, absl::Duration timeout,
                                 Callback<domain::Alert> callback) {
  core_->OnLoop(std::move(callback), [alert_id = std::move(alert_id), scope = std::move(scope),
                                      timeout](OpenParts* parts, Callback<domain::Alert> answer) {
    parts->reader.GetAlertAsTold(alert_id, scope, timeout, std::move(answer));
  });
}

bool SilenceDesk::Consider(const std::string& principal, domain::Alert* alert) const {
  OpenParts* const parts = core_->parts();
  return parts != nullptr &&
         parts->context.silences->Consider(principal, core_->clock()->Now(), alert);
}

std::vector<std::shared_ptr<const domain::Silence>> SilenceDesk::Active() const {
  std::vector<std::shared_ptr<const domain::Silence>> active;
  OpenParts* const parts = core_->parts();
  if (parts == nullptr) return active;
  const absl::Time now = core_->clock()->Now();
  const std::shared_ptr<const domain::SilenceIndex> known = parts->context.silences->index();
  for (const domain::SilencePtr& silence : known->all()) {
    if (domain::IsActive(*silence, now)) active.push_back(silence);
  }
  return active;
}

}  // namespace supervision::ledger
