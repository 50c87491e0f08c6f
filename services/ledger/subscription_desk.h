#pragma once

#include <string>
#include <vector>

#include "services/ledger/ledger.h"
#include "services/ledger/subscription.h"

namespace supervision::ledger {

// Named subscriptions, as others use them: a part of the ledger's face. `ledger` outlives it.
//
// Thread-safe; callbacks, errors and timeouts as the ledger's. SUBSCRIPTION_NOT_FOUND where the
// owner has none of that name; SUBSCRIPTION_DAMAGED where what Redis has of it cannot be read: it
// can be deleted all the same, and List leaves it out.
class SubscriptionDesk {
 public:
  template <typename T>
  using Callback = Ledger::Callback<T>;

  explicit SubscriptionDesk(Ledger* ledger);

  // SUBSCRIPTION_EXISTS; TOO_MANY_SUBSCRIPTIONS when the owner has `quota` of them.
  void Create(SubscriptionDraft draft, int quota, absl::Duration timeout,
              Callback<Subscription> callback);
  void Get(SubscriptionKey key, absl::Duration timeout, Callback<Subscription> callback);
  // At most `count` (1 to 500) of the owner's, by name, behind the name `behind`.
  void List(std::string owner, int count, std::string behind, absl::Duration timeout,
            Callback<SubscriptionPage> callback);
  // ETAG_MISMATCH when it has another; an empty etag fits any. A connection learns of it at its
  // next Keep. The answer has no connection.
  void Update(SubscriptionChange change, absl::Duration timeout, Callback<Subscription> callback);
  // SUBSCRIPTION_IN_USE while somebody is connected, unless `in_use_too`.
  void Delete(SubscriptionKey key, std::string etag, bool in_use_too, absl::Duration timeout,
              Callback<Subscription> callback);

  // Connects: from now on no older connection can move the place. It counts as alive for
  // `alive_for` and for as long again after each Keep. SUBSCRIPTION_TAKEN_OVER when the newest
  // connection is a later attempt of the same reader; then nothing has changed.
  void Attach(SubscriptionKey key, Opening opening, absl::Duration alive_for,
              absl::Duration timeout, Callback<Attachment> callback);
  // Moves places and keeps connections alive: one script call, a result for each update. What it
  // answers as kept is as durable as Redis is set to make it (not waited for on
  // replicas: what is lost there comes once more). Repeating it is safe.
  void Keep(std::vector<PlaceUpdate> updates, absl::Duration alive_for, absl::Duration timeout,
            Callback<std::vector<PlaceResult>> callback);

 private:
  const std::shared_ptr<Ledger::Core> core_;
};

}  // namespace supervision::ledger
