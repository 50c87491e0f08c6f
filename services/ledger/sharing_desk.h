#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "services/ledger/ledger.h"
#include "services/ledger/sharing.h"

namespace supervision::ledger {

// Shared subscriptions, as others use them beside SubscriptionDesk: a part of the ledger's face.
// `ledger` outlives it. All leases are by Redis' clock.
//
// Thread-safe; callbacks, errors and timeouts as the ledger's.
class SharingDesk {
 public:
  template <typename T>
  using Callback = Ledger::Callback<T>;

  explicit SharingDesk(Ledger* ledger);

  // One script call: moves the place unless another has moved it meanwhile, then takes the steps in
  // their order. The member counts as alive for `alive_for`. Repeating it is safe. Durable as
  // SubscriptionDesk::Keep.
  void Share(ShareUpdate update, absl::Duration alive_for, std::string replica,
             absl::Duration timeout, Callback<ShareResult> callback);
  void Look(SubscriptionKey key, absl::Duration timeout, Callback<ShareState> callback);
  // History was trimmed or lost: the place goes on from `known` to `place`, and `gap` tells of it
  // where alerts may be missing. False: another has done so. DEAD_LETTERS_FULL: nothing was done.
  void Rebase(SubscriptionKey key, Place known, Place place, std::optional<DeadLetter> gap,
              absl::Duration timeout, Callback<bool> callback);

  // All of them: at most kMostDeadLetters.
  void ListLetters(SubscriptionKey key, absl::Duration timeout, Callback<DeadLetters> callback);
  // Hands letters over again, or drops them, for which an id is enough; a result for each.
  void Act(SubscriptionKey key, LetterAction action, int max_in_flight,
           std::vector<DeadLetter> letters, absl::Duration timeout,
           Callback<std::vector<LetterResult>> callback);

 private:
  const std::shared_ptr<Ledger::Core> core_;
};

}  // namespace supervision::ledger
