#include "services/ledger/subscription_codec.h"

#include <algorithm>
#include <utility>

#include "services/ledger/filter_codec.h"
#include "supervision/storage/v1/subscription.pb.h"

namespace supervision::ledger {
namespace {

using storage::v1::StoredBeyond;
using storage::v1::StoredConnection;
using storage::v1::StoredConsumers;
using storage::v1::StoredFilter;
using storage::v1::StoredProgress;
using storage::v1::StoredSharing;
using storage::v1::StoredSubscription;

template <typename Message>
bool Parse(std::string_view bytes, Message* message) {
  return message->ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
}

StoredConnection StoredOf(const Subscription::Connection& connection) {
  StoredConnection stored;
  stored.set_replica(connection.replica);
  stored.set_since_millis(absl::ToUnixMillis(connection.since));
  stored.set_address(connection.address);
  stored.set_in_hand(connection.in_hand);
  stored.set_silent(connection.silent);
  return stored;
}

Subscription::Connection ConnectionOf(const StoredConnection& stored) {
  return {stored.replica(), absl::FromUnixMillis(stored.since_millis()), stored.address(),
          stored.in_hand(), stored.silent()};
}

}  // namespace

std::string EncodeSubscription(const Subscription& subscription) {
  StoredSubscription stored;
  stored.set_owner(subscription.key.owner);
  stored.set_name(subscription.key.name);
  stored.mutable_filter()->set_data(StoredFilterOf(subscription.filter).SerializeAsString());
  stored.set_retention_millis(absl::ToInt64Milliseconds(subscription.retention));
  stored.set_created_at_micros(absl::ToUnixMicros(subscription.created_at));
  if (subscription.filter_since.has_value()) {
    stored.set_filter_since_micros(absl::ToUnixMicros(*subscription.filter_since));
  }
  if (subscription.sharing.has_value()) {
    StoredSharing* const sharing = stored.mutable_sharing();
    sharing->set_lease_millis(absl::ToInt64Milliseconds(subscription.sharing->lease));
    sharing->set_max_attempts(subscription.sharing->max_attempts);
    sharing->set_min_delay_millis(absl::ToInt64Milliseconds(subscription.sharing->min_delay));
    sharing->set_max_delay_millis(absl::ToInt64Milliseconds(subscription.sharing->max_delay));
    sharing->set_max_in_flight(subscription.sharing->max_in_flight);
  }
  return stored.SerializeAsString();
}

std::optional<Subscription> DecodeSubscription(std::string_view bytes) {
  StoredSubscription stored;
  StoredFilter filter;
  if (!Parse(bytes, &stored) || stored.filter().key_id() != 0 ||
      !Parse(stored.filter().data(), &filter)) {
    return std::nullopt;
  }
  std::optional<domain::Filter> known = FilterOf(filter);
  if (!known.has_value()) return std::nullopt;
  Subscription subscription;
  subscription.key = {stored.owner(), stored.name()};
  subscription.filter = *std::move(known);
  subscription.retention = absl::Milliseconds(stored.retention_millis());
  subscription.created_at = absl::FromUnixMicros(stored.created_at_micros());
  if (stored.filter_since_micros() != 0) {
    subscription.filter_since = absl::FromUnixMicros(stored.filter_since_micros());
  }
  if (stored.has_sharing()) {
    const StoredSharing& sharing = stored.sharing();
    subscription.sharing = {absl::Milliseconds(sharing.lease_millis()), sharing.max_attempts(),
                            absl::Milliseconds(sharing.min_delay_millis()),
                            absl::Milliseconds(sharing.max_delay_millis()),
                            sharing.max_in_flight()};
  }
  return subscription;
}

std::string EncodeProgress(const Progress& progress) {
  StoredProgress stored;
  stored.mutable_epochs()->Add(progress.place.epochs.begin(), progress.place.epochs.end());
  stored.mutable_positions()->Add(progress.place.positions.begin(), progress.place.positions.end());
  for (size_t p = 0; p < progress.beyond.size(); ++p) {
    if (progress.beyond[p].empty()) continue;
    StoredBeyond* const beyond = stored.add_beyond();
    beyond->set_partition(static_cast<int32_t>(p));
    int64_t last = progress.place.positions[p];
    for (const int64_t position : progress.beyond[p]) {
      beyond->add_steps(position - last);
      last = position;
    }
  }
  return stored.SerializeAsString();
}

std::optional<Progress> DecodeProgress(std::string_view bytes, int partitions) {
  StoredProgress stored;
  if (!Parse(bytes, &stored) || stored.epochs_size() != partitions ||
      stored.positions_size() != partitions) {
    return std::nullopt;
  }
  Progress progress;
  progress.place.epochs.assign(stored.epochs().begin(), stored.epochs().end());
  progress.place.positions.assign(stored.positions().begin(), stored.positions().end());
  progress.beyond.resize(static_cast<size_t>(partitions));
  for (const StoredBeyond& beyond : stored.beyond()) {
    if (beyond.partition() < 0 || beyond.partition() >= partitions) return std::nullopt;
    const auto p = static_cast<size_t>(beyond.partition());
    int64_t last = progress.place.positions[p];
    for (const int64_t step : beyond.steps()) {
      if (step <= 0) return std::nullopt;
      last += step;
      progress.beyond[p].push_back(last);
    }
  }
  return progress;
}

std::string EncodeConnection(const Subscription::Connection& connection) {
  return StoredOf(connection).SerializeAsString();
}

std::optional<Subscription::Connection> DecodeConnection(std::string_view bytes) {
  StoredConnection stored;
  if (!Parse(bytes, &stored)) return std::nullopt;
  return ConnectionOf(stored);
}

std::string EncodeConsumers(absl::Span<const Subscription::Connection> consumers) {
  StoredConsumers stored;
  for (const Subscription::Connection& one :
       consumers.first(std::min(consumers.size(), kMostShownConsumers))) {
    *stored.add_consumers() = StoredOf(one);
  }
  return stored.SerializeAsString();
}

std::optional<std::vector<Subscription::Connection>> DecodeConsumers(std::string_view bytes) {
  StoredConsumers stored;
  if (!Parse(bytes, &stored)) return std::nullopt;
  std::vector<Subscription::Connection> consumers;
  for (const StoredConnection& one : stored.consumers()) consumers.push_back(ConnectionOf(one));
  return consumers;
}

}  // namespace supervision::ledger
