#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/types/span.h"
#include "services/ledger/subscription.h"

namespace supervision::ledger {

// Subscriptions to and from what lies in Redis. Decoding gives nothing for damaged bytes.

std::string EncodeSubscription(const Subscription& subscription);
// Key, filter and since when, sharing, retention and creation.
std::optional<Subscription> DecodeSubscription(std::string_view bytes);

std::string EncodeProgress(const Progress& progress);
std::optional<Progress> DecodeProgress(std::string_view bytes, int partitions);

std::string EncodeConnection(const Subscription::Connection& connection);
std::optional<Subscription::Connection> DecodeConnection(std::string_view bytes);

// The consumers of a shared one at one replica: the first kMostShownConsumers.
std::string EncodeConsumers(absl::Span<const Subscription::Connection> consumers);
std::optional<std::vector<Subscription::Connection>> DecodeConsumers(std::string_view bytes);

}  // namespace supervision::ledger
