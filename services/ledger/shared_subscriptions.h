#pragma once

#include <string>
#include <vector>

#include "services/ledger/context.h"
#include "services/ledger/sharing.h"

namespace supervision::ledger {

// What is kept of shared subscriptions beside what Subscriptions has: all of it lies beside the
// subscription, in partition 0. On the loop's thread; see SharingDesk for what each method
// promises.
class SharedSubscriptions {
 public:
  template <typename T>
  using Callback = Ledger::Callback<T>;

  explicit SharedSubscriptions(Context* context) : context_(context) {}

  void Share(ShareUpdate update, absl::Duration alive_for, const std::string& replica,
             absl::Duration timeout, Callback<ShareResult> callback);
  void Look(const SubscriptionKey& key, absl::Duration timeout, Callback<ShareState> callback);
  void Rebase(const SubscriptionKey& key, const Place& known, const Place& place,
              const std::optional<DeadLetter>& gap, absl::Duration timeout,
              Callback<bool> callback);
  void ListLetters(const SubscriptionKey& key, absl::Duration timeout,
                   Callback<DeadLetters> callback);
  void Act(const SubscriptionKey& key, LetterAction action, int max_in_flight,
           const std::vector<DeadLetter>& letters, absl::Duration timeout,
           Callback<std::vector<LetterResult>> callback);

 private:
  std::vector<std::string> KeysOf(const SubscriptionKey& key) const;

  Context* const context_;
};

}  // namespace supervision::ledger
