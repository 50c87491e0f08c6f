#include "services/ledger/sharing_desk.h"

#include <utility>

#include "services/ledger/core.h"

namespace supervision::ledger {

SharingDesk::SharingDesk(Ledger* ledger) : core_(ledger->core_) {}

void SharingDesk::Share(ShareUpdate update, absl::Duration alive_for, std::string replica,
                        absl::Duration timeout, Callback<ShareResult> callback) {
  core_->OnLoop(
      std::move(callback), [update = std::move(update), alive_for, replica = std::move(replica),
                            timeout](OpenParts* parts, Callback<ShareResult> answer) mutable {
        parts->shared.Share(std::move(update), alive_for, replica, timeout, std::move(answer));
      });
}

void SharingDesk::Look(SubscriptionKey key, absl::Duration timeout, Callback<ShareState> callback) {
  core_->OnLoop(std::move(callback),
                [key = std::move(key), timeout](OpenParts* parts, Callback<ShareState> answer) {
                  parts->shared.Look(key, timeout, std::move(answer));
                });
}

void SharingDesk::Rebase(SubscriptionKey key, Place known, Place place,
                         std::optional<DeadLetter> gap, absl::Duration timeout,
                         Callback<bool> callback) {
  core_->OnLoop(std::move(callback),
                [key = std::move(key), known = std::move(known), place = std::move(place),
                 gap = std::move(gap), timeout](OpenParts* parts, Callback<bool> answer) {
                  parts->shared.Rebase(key, known, place, gap, timeout, std::move(answer));
                });
}

void SharingDesk::ListLetters(SubscriptionKey key, absl::Duration timeout,
                              Callback<DeadLetters> callback) {
  core_->OnLoop(std::move(callback),
                [key = std::move(key), timeout](OpenParts* parts, Callback<DeadLetters> answer) {
                  parts->shared.ListLetters(key, timeout, std::move(answer));
                });
}

void SharingDesk::Act(SubscriptionKey key, LetterAction action, int max_in_flight,
                      std::vector<DeadLetter> letters, absl::Duration timeout,
                      Callback<std::vector<LetterResult>> callback) {
  core_->OnLoop(std::move(callback),
                [key = std::move(key), action, max_in_flight, letters = std::move(letters),
                 timeout](OpenParts* parts, Callback<std::vector<LetterResult>> answer) {
                  parts->shared.Act(key, action, max_in_flight, letters, timeout,
                                    std::move(answer));
                });
}

}  // namespace supervision::ledger
