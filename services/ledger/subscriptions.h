#pragma once

#include <optional>
#include <string>
#include <vector>

#include "services/ledger/context.h"
#include "services/ledger/deadline.h"
#include "services/ledger/subscription.h"

namespace supervision::ledger {

// Of Redis' answer to TIME.
int64_t MillisOf(const redis::Reply& time);

// Named subscriptions and the places that they have acknowledged. All of them lie in partition 0:
// a place is of all partitions and moves as one. On the loop's thread; see SubscriptionDesk for
// what each method promises.
class Subscriptions {
 public:
  template <typename T>
  using Callback = Ledger::Callback<T>;

  explicit Subscriptions(Context* context) : context_(context) {}

  void Create(SubscriptionDraft draft, int quota, absl::Duration timeout,
              Callback<Subscription> callback);
  void Get(const SubscriptionKey& key, absl::Duration timeout, Callback<Subscription> callback);
  void List(const std::string& owner, int count, const std::string& behind, absl::Duration timeout,
            Callback<SubscriptionPage> callback);
  void Update(SubscriptionChange change, absl::Duration timeout, Callback<Subscription> callback);
  void Delete(const SubscriptionKey& key, const std::string& etag, bool in_use_too,
              absl::Duration timeout, Callback<Subscription> callback);
  void Attach(const SubscriptionKey& key, const Opening& opening, absl::Duration alive_for,
              absl::Duration timeout, Callback<Attachment> callback);
  void Keep(std::vector<PlaceUpdate> updates, absl::Duration alive_for, absl::Duration timeout,
            Callback<std::vector<PlaceResult>> callback);
  void ReadAll(absl::Duration timeout, Callback<std::vector<Subscription>> callback);
  // Deletes one that has expired. SUBSCRIPTION_IN_USE when somebody has connected meanwhile,
  // ETAG_MISMATCH when it has been changed.
  void Expire(const Subscription& subscription, absl::Duration timeout,
              Callback<Subscription> callback);
  // Keeps with it whether its history ends soon.
  void Mark(const Subscription& subscription, bool ends_soon, absl::Duration timeout,
            Callback<Subscription> callback);

  // What the keys of a subscription are made of.
  static std::string DigestOf(const SubscriptionKey& key);

 private:
  void UpdateNow(SubscriptionChange change, Deadline deadline, Callback<Subscription> callback,
                 int tries);
  using Fields = std::vector<redis::Reply>;

  std::string KeyOf(const SubscriptionKey& key) const;
  redis::Command ReadFields(const std::string& redis_key) const;
  redis::Command ReadMembers(const std::string& redis_key) const;
  // `now` is what Redis answered to TIME, the others to ReadFields and ReadMembers. One that is
  // damaged is named in the log. SUBSCRIPTION_DAMAGED, SUBSCRIPTION_NOT_FOUND.
  absl::StatusOr<Subscription> Read(const std::string& redis_key, const redis::Result& now,
                                    const redis::Result& fields,
                                    const redis::Result& members) const;
  absl::StatusOr<Subscription> FromFields(const redis::Result& now, const redis::Result& fields,
                                          const redis::Result& members) const;
  // `shared`: the place of a shared one, nil of others.
  std::optional<Progress> ProgressOf(const redis::Reply& exclusive,
                                     const redis::Reply& shared) const;
  void ReadMany(std::vector<std::string> redis_keys, absl::Duration timeout,
                Callback<std::vector<Subscription>> callback);
  void Change(const std::string& what, const Subscription& subscription,
              std::vector<std::string> details, absl::Duration timeout,
              Callback<Subscription> callback);
  std::string Etag(const SubscriptionKey& key, uint32_t version) const;

  Context* const context_;
};

}  // namespace supervision::ledger
