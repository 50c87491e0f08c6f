#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "services/domain/visibility.h"
#include "services/ledger/types.h"

namespace supervision::ledger {

// A named subscription (具名订阅): what one principal wants to hear, and how far it has
// acknowledged.
struct SubscriptionKey {
  std::string owner;  // id of the principal; others' subscriptions do not exist for it
  std::string name;   // among the owner's
  bool operator==(const SubscriptionKey&) const = default;
  template <typename H>
  friend H AbslHashValue(H hash, const SubscriptionKey& key) {
    return H::combine(std::move(hash), key.owner, key.name);
  }
};

// How far a subscription has acknowledged.
struct Progress {
  Place place;  // all up to here
  // For each partition the positions behind that, ascending; may be shorter than the partitions.
  std::vector<std::vector<int64_t>> beyond;
  bool operator==(const Progress&) const = default;
};

// How several consumers share a subscription.
struct SharingRules {
  // How long an alert is a consumer's, from its hand-over on.
  absl::Duration lease = absl::Minutes(1);
  int max_attempts = 5;  // hand-overs of an alert; then it is a dead letter
  // Before the second hand-over; doubled before each further one.
  absl::Duration min_delay = absl::Seconds(5);
  absl::Duration max_delay = absl::Minutes(10);
  int max_in_flight = 1000;  // alerts handed over or waiting, of all consumers together
  bool operator==(const SharingRules&) const = default;
};
// Letters of one subscription. As long as it has so many nothing is handed over.
inline constexpr int kMostDeadLetters = 1000;
// Consumers of one shared subscription that are told of one by one; all are counted.
inline constexpr size_t kMostShownConsumers = 32;

struct Subscription {
  SubscriptionKey key;
  uint32_t version = 0;
  std::string etag;
  domain::Filter filter;
  std::optional<SharingRules> sharing;  // nothing: one connection reads it at a time
  // For how long it outlives its last reader; zero: for ever. The log's retention does not look at
  // it: it trims by the log's own age and size.
  absl::Duration retention;
  absl::Time created_at;
  // Since when the filter is as it is; nothing: an older release has written it last.
  std::optional<absl::Time> filter_since;
  Progress progress;
  std::optional<absl::Time> acknowledged_at;  // when the place last moved

  struct Connection {
    std::string replica;
    absl::Time since;
    std::string address;  // of the peer, as the replica sees it; empty: not known
    // Of a consumer of a shared one: alerts that it has to answer for, and whether it has let their
    // leases run out in silence.
    int in_hand = 0;
    bool silent = false;
  };
  // Nothing: nobody is connected. Of a shared one, the first of its consumers.
  std::optional<Connection> connection;
  // Of a shared one: its consumers on all replicas, at most kMostShownConsumers, the oldest first.
  std::vector<Connection> consumers;
  // When it is deleted unless somebody connects before. Whether that time has come is by Redis'
  // clock.
  std::optional<absl::Time> expires_at;
  bool expired = false;
  // What it has not acknowledged is about to be trimmed; as old as the last look of
  // SubscriptionWatch.
  bool history_ends_soon = false;
};

// A subscription to be made.
struct SubscriptionDraft {
  SubscriptionKey key;
  domain::Filter filter;
  std::optional<SharingRules> sharing;
  absl::Duration retention;
  Place start;
};

struct SubscriptionChange {
  SubscriptionKey key;
  std::string etag;
  std::optional<domain::Filter> filter;
  std::optional<absl::Duration> retention;
  std::optional<SharingRules> sharing;  // WRONG_SUBSCRIPTION_MODE where it is exclusive
};

struct SubscriptionPage {
  std::vector<Subscription> subscriptions;  // by name
  std::string next_name;                    // go on behind this one; empty: no more
};

// Who wants to connect. The attempts of one reader stand in its own order, whenever they arrive:
// one that it gave up may reach a replica that was paused long after it has connected elsewhere.
struct Opening {
  std::string replica;  // that carries the connection
  std::string reader;   // empty: unnamed, the order of arrival counts
  uint32_t attempt = 0;
  std::string address;  // of the peer, as the replica sees it
};

// A connection to a subscription: the newest of all, as long as nobody connects after it.
struct Attachment {
  Subscription subscription;
  int64_t generation = 0;
};

// What one connection has to say about its subscription.
struct PlaceUpdate {
  SubscriptionKey key;
  int64_t generation = 0;
  uint32_t version = 0;              // of the subscription, as the connection knows it
  std::optional<Progress> progress;  // nothing: it has not moved
  bool leaves = false;               // the connection ends with this
};

enum class PlaceResult : uint8_t {
  kKept = 0,
  kTakenOver = 1,  // a newer connection exists: nothing was moved
  kChanged = 2,    // the subscription is no longer the one that the connection knows: not moved
  kGone = 3,       // it has been deleted
  kBroken = 4,     // what lies in Redis cannot be used
};

}  // namespace supervision::ledger
