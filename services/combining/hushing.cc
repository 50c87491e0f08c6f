#include "services/combining/hushing.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "services/domain/alert_policy.h"
#include "services/domain/error.h"
#include "services/domain/silence_index.h"

namespace supervision::combining {
namespace {

using domain::Reason;

// No principal's id has a ':'.
constexpr char kAuthorPrefix[] = "route:";
// Of the 10,000 silences of a service people must not find too few left.
constexpr ledger::SilenceQuota kQuota = {5000, 10'000};

std::string AuthorOf(const Hush& hush) { return absl::StrCat(kAuthorPrefix, hush.route->id); }
std::string RequestOf(const Hush& hush) { return absl::StrCat(hush.matter, "-", hush.clue_id); }

}  // namespace

void Hushing::Make(const Hush& hush, absl::Time now, absl::Duration timeout,
                   ledger::Ledger::Callback<Result> callback) {
  if (hush.over) return End(hush, timeout, std::move(callback));
  ledger::SilenceDraft draft;
  draft.at_most = domain::Risk::kLow;
  domain::Silence& silence = draft.silence;
  if (watchers_of_) silence.receivers = watchers_of_(hush.facets);
  if (silence.receivers.empty()) return callback(Result::kRefused);
  if (silence.receivers.size() > domain::SilenceIndex::kMostReceivers) {
    silence.receivers.resize(domain::SilenceIndex::kMostReceivers);
  }
  const std::string matter = domain::AlertIdOf(hush.matter);
  silence.author = AuthorOf(hush);
  silence.alert_id = domain::AlertIdOf(hush.clue_id);
  silence.reason = absl::StrCat("同一事项已有高风险预警 ", matter, "（", hush.route->title_zh,
                                "） / told by the alert of its matter, which is HIGH");
  silence.ends_at = now + hush.length;
  draft.request_id = RequestOf(hush);
  desk_.Create(std::move(draft), kQuota, timeout,
               [callback = std::move(callback), now](absl::StatusOr<domain::Silence> made) {
                 if (made.ok()) {
                   const bool before = made->created_at < now - absl::Microseconds(1);
                   return callback(before ? Result::kMadeBefore : Result::kMade);
                 }
                 // Made before, for those who watched then.
                 if (domain::HasReason(made.status(), Reason::kIdempotencyKeyReused)) {
                   return callback(Result::kMadeBefore);
                 }
                 if (domain::HasReason(made.status(), Reason::kTooManySilences) ||
                     domain::HasReason(made.status(), Reason::kAlertNotFound)) {
                   return callback(Result::kRefused);
                 }
                 callback(made.status());
               });
}

void Hushing::End(const Hush& hush, absl::Duration timeout,
                  ledger::Ledger::Callback<Result> callback) {
  ledger::SilenceChange change;
  change.by = AuthorOf(hush);
  change.request_id = RequestOf(hush);
  change.may = [](const domain::Silence&) { return true; };
  desk_.Change(std::move(change), timeout,
               [callback = std::move(callback)](absl::StatusOr<domain::Silence> ended) {
                 if (!ended.ok() && !domain::HasReason(ended.status(), Reason::kSilenceNotFound)) {
                   return callback(ended.status());
                 }
                 callback(Result::kEnded);
               });
}

}  // namespace supervision::combining
