#include "services/ledger/subscription_desk.h"

#include <utility>

#include "services/ledger/core.h"

namespace supervision::ledger {

SubscriptionDesk::SubscriptionDesk(Ledger* ledger) : core_(ledger->core_) {}

void SubscriptionDesk::Create(SubscriptionDraft draft, int quota, absl::Duration timeout,
                              Callback<Subscription> callback) {
  core_->OnLoop(std::move(callback), [draft = std::move(draft), quota, timeout](
                                         OpenParts* parts, Callback<Subscription> answer) mutable {
    parts->subscriptions.Create(std::move(draft), quota, timeout, std::move(answer));
  });
}

void SubscriptionDesk::Get(SubscriptionKey key, absl::Duration timeout,
                           Callback<Subscription> callback) {
  core_->OnLoop(std::move(callback),
                [key = std::move(key), timeout](OpenParts* parts, Callback<Subscription> answer) {
                  parts->subscriptions.Get(key, timeout, std::move(answer));
                });
}

void SubscriptionDesk::List(std::string owner, int count, std::string behind,
                            absl::Duration timeout, Callback<SubscriptionPage> callback) {
  core_->OnLoop(std::move(callback),
                [owner = std::move(owner), count, behind = std::move(behind), timeout](
                    OpenParts* parts, Callback<SubscriptionPage> answer) {
                  parts->subscriptions.List(owner, count, behind, timeout, std::move(answer));
                });
}

void SubscriptionDesk::Update(SubscriptionChange change, absl::Duration timeout,
                              Callback<Subscription> callback) {
  core_->OnLoop(std::move(callback), [change = std::move(change), timeout](
                                         OpenParts* parts, Callback<Subscription> answer) mutable {
    parts->subscriptions.Update(std::move(change), timeout, std::move(answer));
  });
}

void SubscriptionDesk::Delete(SubscriptionKey key, std::string etag, bool in_use_too,
                              absl::Duration timeout, Callback<Subscription> callback) {
  core_->OnLoop(std::move(callback), [key = std::move(key), etag = std::move(etag), in_use_too,
                                      timeout](OpenParts* parts, Callback<Subscription> answer) {
    parts->subscriptions.Delete(key, etag, in_use_too, timeout, std::move(answer));
  });
}

void SubscriptionDesk::Attach(SubscriptionKey key, Opening opening, absl::Duration alive_for,
                              absl::Duration timeout, Callback<Attachment> callback) {
  core_->OnLoop(std::move(callback), [key = std::move(key), opening = std::move(opening), alive_for,
                                      timeout](OpenParts* parts, Callback<Attachment> answer) {
    parts->subscriptions.Attach(key, opening, alive_for, timeout, std::move(answer));
  });
}

void SubscriptionDesk::Keep(std::vector<PlaceUpdate> updates, absl::Duration alive_for,
                            absl::Duration timeout, Callback<std::vector<PlaceResult>> callback) {
  core_->OnLoop(std::move(callback), [updates = std::move(updates), alive_for, timeout](
                                         OpenParts* parts,
                                         Callback<std::vector<PlaceResult>> answer) mutable {
    parts->subscriptions.Keep(std::move(updates), alive_for, timeout, std::move(answer));
  });
}

}  // namespace supervision::ledger
