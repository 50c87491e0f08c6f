#include "services/ledger/subscriptions.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "services/domain/error.h"
#include "services/ledger/damage.h"
#include "services/ledger/ids.h"
#include "services/ledger/scripts.h"
#include "services/ledger/share_members.h"
#include "services/ledger/sharing_codec.h"
#include "services/ledger/subscription_codec.h"

namespace supervision::ledger {
namespace {

using domain::MakeError;
using domain::Reason;

constexpr size_t kPlaceArguments = 5;  // of each item of place.lua
constexpr size_t kFields = 9;          // that are read of a subscription
constexpr int kUpdateTries = 3;        // while others change the subscription

// As subscription.lua answers.
absl::Status Refusal(int64_t answer) {
  switch (answer) {
    case 1:
      return MakeError(Reason::kSubscriptionExists);
    case 2:
      return MakeError(Reason::kTooManySubscriptions);
    case 3:
      return MakeError(Reason::kSubscriptionNotFound);
    case 4:
      return MakeError(Reason::kEtagMismatch);
    case 5:
      return MakeError(Reason::kSubscriptionInUse);
    case 7:
      return MakeError(Reason::kSubscriptionDamaged);
    default:
      return MakeError(Reason::kInternal);
  }
}

// As place.lua answers to "attach".
absl::Status AttachRefusal(int64_t answer) {
  switch (answer) {
    case 1:
      return MakeError(Reason::kSubscriptionTakenOver);
    case 3:
      return MakeError(Reason::kSubscriptionNotFound);
    case 4:
      return MakeError(Reason::kSubscriptionDamaged);
    case 5:
      return MakeError(Reason::kWrongSubscriptionMode);
    default:
      return MakeError(Reason::kInternal);
  }
}

int64_t NumberOf(const redis::Reply& reply) {
  return reply.is_nil() ? 0 : std::strtoll(reply.text.c_str(), nullptr, 10);
}

// The digest of what a key of Redis is made of, `text`: a name is of any length and any letters.
std::string OwnerText(const std::string& owner) { return "owner;" + owner; }
std::string SubscriptionText(const SubscriptionKey& key) {
  return "subscription;" + std::to_string(key.owner.size()) + ";" + key.owner + key.name;
}

}  // namespace

// Seconds and microseconds.
int64_t MillisOf(const redis::Reply& time) {
  if (time.elements.size() != 2) return 0;
  return NumberOf(time.elements[0]) * 1000 + NumberOf(time.elements[1]) / 1000;
}

std::string Subscriptions::DigestOf(const SubscriptionKey& key) {
  return Keys::Digest(SubscriptionText(key));
}

std::string Subscriptions::KeyOf(const SubscriptionKey& key) const {
  return context_->keys.Subscription(DigestOf(key));
}

std::string Subscriptions::Etag(const SubscriptionKey& key, uint32_t version) const {
  return EtagOf(context_->descriptor.secret, SubscriptionText(key), version);
}

redis::Command Subscriptions::ReadFields(const std::string& redis_key) const {
  return {"HMGET", redis_key, "v", "d", "p", "a", "c", "u", "x", "w", "q"};
}

redis::Command Subscriptions::ReadMembers(const std::string& redis_key) const {
  return {"HGETALL", Keys::MembersOf(redis_key)};
}

std::optional<Progress> Subscriptions::ProgressOf(const redis::Reply& exclusive,
                                                  const redis::Reply& shared) const {
  const int partitions = context_->descriptor.partitions;
  if (shared.is_nil()) return DecodeProgress(exclusive.text, partitions);
  std::optional<Place> place = DecodeSharedPlace(shared.text, partitions);
  if (!place.has_value()) return std::nullopt;
  return Progress{*std::move(place), std::vector<std::vector<int64_t>>(partitions)};
}

absl::StatusOr<Subscription> Subscriptions::Read(const std::string& redis_key,
                                                 const redis::Result& now,
                                                 const redis::Result& fields,
                                                 const redis::Result& members) const {
  absl::StatusOr<Subscription> subscription = FromFields(now, fields, members);
  if (domain::HasReason(subscription.status(), Reason::kSubscriptionDamaged)) {
    context_->log->Error("ledger.subscription_damaged", {{"key", redis_key}});
  }
  return subscription;
}

absl::StatusOr<Subscription> Subscriptions::FromFields(const redis::Result& now,
                                                       const redis::Result& result,
                                                       const redis::Result& members) const {
  if (!now.ok()) return now.failure().ToStatus();
  for (const redis::Result* const one : {&result, &members}) {
    if (!one->ok()) return FailureOf(*one, Reason::kSubscriptionDamaged);
  }
  const Fields& fields = result.reply().elements;
  if (fields.size() != kFields) return MakeError(Reason::kInternal);
  if (fields[0].is_nil()) return MakeError(Reason::kSubscriptionNotFound);
  std::optional<Subscription> subscription = DecodeSubscription(fields[1].text);
  std::optional<Progress> progress = ProgressOf(fields[2], fields[8]);
  if (!subscription.has_value() || !progress.has_value()) {
    return MakeError(Reason::kSubscriptionDamaged);
  }
  // A release that knows no shared ones writes their conditions without the rules.
  if (!fields[8].is_nil() && !subscription->sharing.has_value()) subscription->sharing.emplace();
  subscription->version = static_cast<uint32_t>(NumberOf(fields[0]));
  subscription->etag = Etag(subscription->key, subscription->version);
  subscription->progress = *std::move(progress);
  if (!fields[3].is_nil()) {
    subscription->acknowledged_at = absl::FromUnixMillis(NumberOf(fields[3]));
  }
  const int64_t now_millis = MillisOf(now.reply());
  if (!fields[4].is_nil() && NumberOf(fields[5]) > now_millis) {
    subscription->connection = DecodeConnection(fields[4].text);
  } else if (subscription->retention > absl::ZeroDuration()) {
    // As subscription.lua looks at it. A connection that broke was last seen until it no longer
    // counted as alive.
    const absl::Time seen =
        std::max(subscription->created_at,
                 absl::FromUnixMillis(std::max(NumberOf(fields[5]), NumberOf(fields[6]))));
    subscription->expires_at = seen + subscription->retention;
    subscription->expired = *subscription->expires_at <= absl::FromUnixMillis(now_millis);
  }
  subscription->consumers = MembersOf(members.reply(), now_millis).shown;
  if (!subscription->consumers.empty()) subscription->connection = subscription->consumers[0];
  subscription->history_ends_soon = fields[7].text == "1";
  return *std::move(subscription);
}

void Subscriptions::Create(SubscriptionDraft draft, int quota, absl::Duration timeout,
                           Callback<Subscription> callback) {
  Subscription subscription;
  subscription.key = std::move(draft.key);
  subscription.filter = std::move(draft.filter);
  subscription.retention = draft.retention;
  subscription.sharing = draft.sharing;
  subscription.created_at = absl::FromUnixMicros(absl::ToUnixMicros(context_->clock->Now()));
  subscription.filter_since = subscription.created_at;
  subscription.progress.place = std::move(draft.start);
  subscription.progress.beyond.resize(subscription.progress.place.positions.size());
  Change("create", subscription,
         {EncodeSubscription(subscription), EncodeProgress(subscription.progress),
          std::to_string(quota),
          draft.sharing.has_value() ? EncodeSharedPlace(subscription.progress.place) : ""},
         timeout, std::move(callback));
}

// Runs subscription.lua; `details` are its arguments from the fourth on.
void Subscriptions::Change(const std::string& what, const Subscription& subscription,
                           std::vector<std::string> details, absl::Duration timeout,
                           Callback<Subscription> callback) {
  const SubscriptionKey& key = subscription.key;
  std::vector<std::string> arguments = {what, key.name, Keys::Digest(SubscriptionText(key))};
  for (std::string& detail : details) arguments.push_back(std::move(detail));
  std::vector<std::string> keys = context_->keys.SharedSubscription(DigestOf(key));
  keys.push_back(context_->keys.SubscriptionNames(Keys::Digest(OwnerText(key.owner))));
  keys.push_back(context_->keys.AllSubscriptions());
  context_->RunAdmitted(SubscriptionScript(), std::move(keys), arguments, timeout,
                        [this, subscription = Subscription(subscription),
                         callback](const redis::Result& result) mutable {
                          if (!result.ok()) return callback(result.failure().ToStatus());
                          const Fields& words = result.reply().elements;
                          if (words.empty() || words[0].integer != 0 || words.size() != 2) {
                            return callback(Refusal(words.empty() ? -1 : words[0].integer));
                          }
                          subscription.version = static_cast<uint32_t>(words[1].integer);
                          subscription.etag = Etag(subscription.key, subscription.version);
                          callback(std::move(subscription));
                        });
}

void Subscriptions::Get(const SubscriptionKey& key, absl::Duration timeout,
                        Callback<Subscription> callback) {
  const std::string redis_key = KeyOf(key);
  context_->read->SendAll(
      {{"TIME"}, ReadFields(redis_key), ReadMembers(redis_key)}, timeout,
      [this, redis_key, callback = std::move(callback)](const std::vector<redis::Result>& results) {
        callback(Read(redis_key, results[0], results[1], results[2]));
      });
}

void Subscriptions::List(const std::string& owner, int count, const std::string& behind,
                         absl::Duration timeout, Callback<SubscriptionPage> callback) {
  const Deadline deadline(timeout);
  context_->read->Send(
      {"ZRANGEBYLEX", context_->keys.SubscriptionNames(Keys::Digest(OwnerText(owner))),
       behind.empty() ? "-" : "(" + behind, "+", "LIMIT", "0", std::to_string(count + 1)},
      timeout, [this, owner, count, deadline, callback](const redis::Result& result) {
        if (!result.ok()) return callback(result.failure().ToStatus());
        SubscriptionPage page;
        std::vector<std::string> keys;
        for (const redis::Reply& name : result.reply().elements) {
          if (static_cast<int>(keys.size()) == count) break;
          keys.push_back(KeyOf({owner, name.text}));
          page.next_name = name.text;
        }
        if (static_cast<int>(result.reply().elements.size()) <= count) page.next_name.clear();
        ReadMany(std::move(keys), deadline.left(),
                 [page = std::move(page),
                  callback](absl::StatusOr<std::vector<Subscription>> found) mutable {
                   if (!found.ok()) return callback(found.status());
                   page.subscriptions = *std::move(found);
                   callback(std::move(page));
                 });
      });
}

// What has been deleted meanwhile is left out, and so is what is damaged: it harms no other.
void Subscriptions::ReadMany(std::vector<std::string> redis_keys, absl::Duration timeout,
                             Callback<std::vector<Subscription>> callback) {
  if (redis_keys.empty()) return callback(std::vector<Subscription>());
  std::vector<redis::Command> commands = {{"TIME"}};
  for (const std::string& key : redis_keys) {
    commands.push_back(ReadFields(key));
    commands.push_back(ReadMembers(key));
  }
  context_->read->SendAll(
      std::move(commands), timeout,
      [this, redis_keys = std::move(redis_keys),
       callback = std::move(callback)](const std::vector<redis::Result>& results) {
        std::vector<Subscription> subscriptions;
        for (size_t i = 1; i + 1 < results.size(); i += 2) {
          absl::StatusOr<Subscription> subscription =
              Read(redis_keys[(i - 1) / 2], results[0], results[i], results[i + 1]);
          if (subscription.ok()) {
            subscriptions.push_back(*std::move(subscription));
          } else if (!domain::HasReason(subscription.status(), Reason::kSubscriptionNotFound) &&
                     !domain::HasReason(subscription.status(), Reason::kSubscriptionDamaged)) {
            return callback(subscription.status());
          }
        }
        callback(std::move(subscriptions));
      });
}

void Subscriptions::ReadAll(absl::Duration timeout, Callback<std::vector<Subscription>> callback) {
  const Deadline deadline(timeout);
  context_->read->Send({"SMEMBERS", context_->keys.AllSubscriptions()}, timeout,
                       [this, deadline, callback](const redis::Result& result) {
                         if (!result.ok()) return callback(result.failure().ToStatus());
                         std::vector<std::string> keys;
                         for (const redis::Reply& digest : result.reply().elements) {
                           keys.push_back(context_->keys.Subscription(digest.text));
                         }
                         ReadMany(std::move(keys), deadline.left(), callback);
                       });
}

void Subscriptions::Update(SubscriptionChange change, absl::Duration timeout,
                           Callback<Subscription> callback) {
  UpdateNow(std::move(change), Deadline(timeout), std::move(callback), kUpdateTries);
}

void Subscriptions::UpdateNow(SubscriptionChange change, Deadline deadline,
                              Callback<Subscription> callback, int tries) {
  const SubscriptionKey key = change.key;
  Get(key, deadline.left(),
      [this, change = std::move(change), deadline, callback,
       tries](absl::StatusOr<Subscription> found) mutable {
        if (!found.ok()) return callback(found.status());
        if (!change.etag.empty() && change.etag != found->etag) {
          return callback(MakeError(Reason::kEtagMismatch));
        }
        const std::string version = std::to_string(found->version);
        if (change.filter.has_value() && !(*change.filter == found->filter)) {
          found->filter = *change.filter;
          found->filter_since = absl::FromUnixMicros(absl::ToUnixMicros(context_->clock->Now()));
        }
        if (change.retention.has_value()) found->retention = *change.retention;
        if (change.sharing.has_value() && !found->sharing.has_value()) {
          return callback(MakeError(Reason::kWrongSubscriptionMode));
        }
        if (change.sharing.has_value()) found->sharing = change.sharing;
        const std::string stored = EncodeSubscription(*found);
        // Who named no version asks for the change of the subscription as it is now.
        const bool again = tries > 1 && change.etag.empty();
        Change("update", *found, {stored, version}, deadline.left(),
               [this, again, change = std::move(change), deadline, callback,
                tries](absl::StatusOr<Subscription> updated) mutable {
                 if (again && domain::HasReason(updated.status(), Reason::kEtagMismatch)) {
                   return UpdateNow(std::move(change), deadline, callback, tries - 1);
                 }
                 callback(std::move(updated));
               });
      });
}

// One that is damaged is deleted like any other; of a key of a wrong type no version is known.
void Subscriptions::Delete(const SubscriptionKey& key, const std::string& etag, bool in_use_too,
                           absl::Duration timeout, Callback<Subscription> callback) {
  const Deadline deadline(timeout);
  context_->read->Send(
      {"HGET", KeyOf(key), "v"}, timeout,
      [this, key, etag, in_use_too, deadline, callback](const redis::Result& result) {
        if (!IsAnswered(result)) return callback(result.failure().ToStatus());
        if (result.ok() && result.reply().is_nil()) {
          return callback(MakeError(Reason::kSubscriptionNotFound));
        }
        Subscription subscription;
        subscription.key = key;
        if (result.ok()) subscription.version = static_cast<uint32_t>(NumberOf(result.reply()));
        if (!etag.empty() && etag != Etag(key, subscription.version)) {
          return callback(MakeError(Reason::kEtagMismatch));
        }
        Change("delete", subscription,
               {in_use_too ? "1" : "", etag.empty() ? "" : std::to_string(subscription.version)},
               deadline.left(), callback);
      });
}

void Subscriptions::Expire(const Subscription& subscription, absl::Duration timeout,
                           Callback<Subscription> callback) {
  Change("expire", subscription,
         {std::to_string(absl::ToInt64Milliseconds(subscription.retention)),
          std::to_string(subscription.version),
          std::to_string(absl::ToUnixMillis(subscription.created_at))},
         timeout, std::move(callback));
}

void Subscriptions::Mark(const Subscription& subscription, bool ends_soon, absl::Duration timeout,
                         Callback<Subscription> callback) {
  Change("mark", subscription, {ends_soon ? "1" : "", std::to_string(subscription.version)},
         timeout, std::move(callback));
}

void Subscriptions::Attach(const SubscriptionKey& key, const Opening& opening,
                           absl::Duration alive_for, absl::Duration timeout,
                           Callback<Attachment> callback) {
  const Subscription::Connection connection{
      opening.replica, absl::FromUnixMillis(absl::ToUnixMillis(context_->clock->Now())),
      opening.address, 0};
  context_->RunAdmitted(
      PlaceScript(), {KeyOf(key)},
      {std::to_string(absl::ToInt64Milliseconds(alive_for)), "attach", EncodeConnection(connection),
       opening.reader, std::to_string(opening.attempt), ""},
      timeout, [this, connection, callback = std::move(callback)](const redis::Result& result) {
        if (!result.ok()) return callback(result.failure().ToStatus());
        const bool whole = result.reply().elements.size() == 1;
        const Fields& words = whole ? result.reply().elements[0].elements : Fields();
        if (words.size() != 5) {
          return callback(AttachRefusal(words.size() == 1 ? words[0].integer : -1));
        }
        std::optional<Subscription> subscription = DecodeSubscription(words[3].text);
        std::optional<Progress> progress =
            DecodeProgress(words[4].text, context_->descriptor.partitions);
        if (!subscription.has_value() || !progress.has_value()) {
          return callback(MakeError(Reason::kSubscriptionDamaged));
        }
        subscription->version = static_cast<uint32_t>(words[2].integer);
        subscription->etag = Etag(subscription->key, subscription->version);
        subscription->progress = *std::move(progress);
        subscription->connection = connection;
        callback(Attachment{*std::move(subscription), words[1].integer});
      });
}

void Subscriptions::Keep(std::vector<PlaceUpdate> updates, absl::Duration alive_for,
                         absl::Duration timeout, Callback<std::vector<PlaceResult>> callback) {
  std::vector<std::string> keys;
  std::vector<std::string> arguments = {std::to_string(absl::ToInt64Milliseconds(alive_for))};
  arguments.reserve(1 + kPlaceArguments * updates.size());
  for (const PlaceUpdate& update : updates) {
    keys.push_back(KeyOf(update.key));
    arguments.emplace_back(update.leaves ? "leave" : "keep");
    arguments.emplace_back();
    arguments.push_back(std::to_string(update.generation));
    arguments.push_back(std::to_string(update.version));
    arguments.push_back(update.progress.has_value() ? EncodeProgress(*update.progress) : "");
  }
  context_->RunAdmitted(
      PlaceScript(), keys, arguments, timeout,
      [count = keys.size(), callback = std::move(callback)](const redis::Result& result) {
        if (!result.ok()) return callback(result.failure().ToStatus());
        if (result.reply().elements.size() != count) return callback(MakeError(Reason::kInternal));
        std::vector<PlaceResult> kept;
        for (const redis::Reply& item : result.reply().elements) {
          const int64_t answer = item.elements.empty() ? -1 : item.elements[0].integer;
          const bool known = answer >= 0 && answer <= static_cast<int64_t>(PlaceResult::kBroken);
          kept.push_back(known ? static_cast<PlaceResult>(answer) : PlaceResult::kBroken);
        }
        callback(std::move(kept));
      });
}

}  // namespace supervision::ledger
