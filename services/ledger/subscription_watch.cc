#include "services/ledger/subscription_watch.h"

#include <algorithm>
#include <map>
#include <utility>

#include "services/domain/error.h"
#include "services/ledger/age_search.h"
#include "services/ledger/reader.h"

namespace supervision::ledger {
namespace {

// Of the age and of the bytes that the log may have: what lies further back is about to be trimmed.
constexpr double kSoon = 0.8;
// Owners that have figures of their own: those whose subscriptions are furthest behind.
constexpr size_t kMostOwners = 20;

int64_t Behind(const Subscription& subscription, const std::vector<PartitionState>& states) {
  int64_t behind = 0;
  for (size_t p = 0; p < states.size(); ++p) {
    behind += std::max<int64_t>(states[p].confirmed - subscription.progress.place.positions[p], 0);
  }
  return behind;
}

// Entries of a partition that lie before this position go first when the log grows, by its bytes.
int64_t BorderByBytes(const PartitionState& state, int64_t most_bytes) {
  const int64_t entries = state.end - state.earliest + 1;
  if (entries <= 0 || state.log_bytes <= 0) return state.earliest;
  const double kept = kSoon * static_cast<double>(most_bytes) * static_cast<double>(entries) /
                      static_cast<double>(state.log_bytes);
  if (kept >= static_cast<double>(entries)) return state.earliest;
  return state.end + 1 - static_cast<int64_t>(kept);
}

}  // namespace

struct SubscriptionWatch::Round {
  std::vector<PartitionState> states;
  std::vector<int64_t> borders;  // what lies before is about to be trimmed
  std::function<void()> done;
  ~Round() { done(); }
};

void SubscriptionWatch::Look(std::function<void()> done) {
  auto round = std::make_shared<Round>();
  round->done = std::move(done);
  for (int p = 0; p < context_->descriptor.partitions; ++p) {
    round->states.push_back(context_->board->state(p));
  }
  FindBorder(round);
}

void SubscriptionWatch::FindBorder(const RoundPtr& round) {
  const size_t p = round->borders.size();
  const absl::Duration timeout = context_->options->command_timeout;
  if (p == round->states.size()) {
    return subscriptions_->ReadAll(timeout,
                                   [this, round](absl::StatusOr<std::vector<Subscription>> all) {
                                     if (!stopped_ && all.ok()) Judge(round, *std::move(all));
                                   });
  }
  const PartitionState& state = round->states[p];
  AgeSearch search;
  search.partition = static_cast<int>(p);
  search.low = state.earliest;
  search.high = state.confirmed + 1;
  search.since = context_->clock->Now() - kSoon * context_->options->log_age;
  FindFirstSince(context_, search, [this, round, state](std::optional<int64_t> young) {
    if (stopped_ || !young.has_value()) return;
    round->borders.push_back(std::max(*young, BorderByBytes(state, context_->options->log_bytes)));
    FindBorder(round);
  });
}

void SubscriptionWatch::Judge(const RoundPtr& round, std::vector<Subscription> all) {
  int64_t ending_soon = 0;
  std::vector<Subscription> left;
  for (Subscription& subscription : all) {
    if (subscription.expired) {
      Expire(round, subscription);
      continue;
    }
    bool soon = false;
    for (size_t p = 0; p < round->borders.size(); ++p) {
      const int64_t next = subscription.progress.place.positions[p] + 1;
      soon = soon || (next < round->borders[p] && next <= round->states[p].confirmed);
    }
    if (soon) ++ending_soon;
    if (soon != subscription.history_ends_soon) Mark(round, subscription, soon);
    left.push_back(std::move(subscription));
  }
  context_->metrics->subscriptions.Set(static_cast<double>(left.size()));
  context_->metrics->subscriptions_ending_soon.Set(static_cast<double>(ending_soon));
  ReadAges(round, left);
}

void SubscriptionWatch::Expire(const RoundPtr& round, const Subscription& subscription) {
  subscriptions_->Expire(subscription, context_->options->command_timeout,
                         [this, round](absl::StatusOr<Subscription> deleted) {
                           if (!deleted.ok())
                             return;  // somebody came; or the next round tries again
                           context_->metrics->subscriptions_expired.Increment();
                           context_->log->Info(
                               "ledger.subscription_expired",
                               {{"owner", std::string_view(deleted->key.owner)},
                                {"retention_seconds", absl::ToInt64Seconds(deleted->retention)}});
                         });
}

void SubscriptionWatch::Mark(const RoundPtr& round, const Subscription& subscription,
                             bool ends_soon) {
  subscriptions_->Mark(subscription, ends_soon, context_->options->command_timeout,
                       [this, round, ends_soon](absl::StatusOr<Subscription> marked) {
                         if (!marked.ok() || !ends_soon) return;
                         context_->log->Warning("ledger.subscription_history_ends_soon",
                                                {{"owner", std::string_view(marked->key.owner)}});
                       });
}

// How far owners are behind, and since when. An owner counts by the subscription of its that is
// furthest behind; so do all others together that have no figure of their own.
void SubscriptionWatch::ReadAges(const RoundPtr& round, const std::vector<Subscription>& all) {
  std::map<std::string, std::pair<int64_t, const Subscription*>> worst;
  for (const Subscription& subscription : all) {
    const int64_t behind = Behind(subscription, round->states);
    auto& entry = worst[subscription.key.owner];
    if (entry.second == nullptr || behind > entry.first) entry = {behind, &subscription};
  }
  std::vector<std::pair<int64_t, const Subscription*>> order;
  order.reserve(worst.size());
  for (const auto& [owner, entry] : worst) order.push_back(entry);
  std::stable_sort(order.begin(), order.end(),
                   [](const auto& a, const auto& b) { return a.first > b.first; });
  if (order.size() > kMostOwners + 1) order.resize(kMostOwners + 1);
  std::set<std::string> shown;
  std::vector<redis::Command> reads;
  std::vector<std::string> owners;  // of each read
  std::vector<int> partitions;
  context_->metrics->SetSubscriptionLag(Metrics::kOtherOwners, 0, 0);
  for (size_t i = 0; i < order.size(); ++i) {
    const auto& [behind, subscription] = order[i];
    const std::string owner = i < kMostOwners ? subscription->key.owner : Metrics::kOtherOwners;
    if (i < kMostOwners) shown.insert(owner);
    context_->metrics->SetSubscriptionLag(owner, static_cast<double>(behind), 0);
    for (size_t p = 0; p < round->states.size(); ++p) {
      const int64_t next =
          std::max(subscription->progress.place.positions[p] + 1, round->states[p].earliest);
      if (next > round->states[p].confirmed) continue;
      const std::string id = std::to_string(next) + "-0";
      reads.push_back({"XRANGE", context_->keys.Log(static_cast<int>(p)), id, id});
      owners.push_back(owner);
      partitions.push_back(static_cast<int>(p));
    }
  }
  for (const std::string& owner : shown_) {
    if (!shown.contains(owner)) context_->metrics->ForgetSubscriptionsOf(owner);
  }
  shown_ = std::move(shown);
  if (reads.empty()) return;
  context_->read->SendAll(
      std::move(reads), context_->options->command_timeout,
      [this, round, owners = std::move(owners),
       partitions = std::move(partitions)](const std::vector<redis::Result>& results) {
        if (stopped_) return;
        std::map<std::string, double> oldest;
        for (size_t i = 0; i < results.size(); ++i) {
          if (!results[i].ok() || results[i].reply().elements.empty()) continue;
          const LogEntryPtr entry =
              ReadEntry(context_, partitions[i], results[i].reply().elements[0]);
          if (entry == nullptr) continue;
          double& seconds = oldest[owners[i]];
          seconds = std::max(seconds, absl::ToDoubleSeconds(context_->clock->Now() -
                                                            entry->event.alert.raised_at));
        }
        for (const auto& [owner, seconds] : oldest) {
          context_->metrics->SetSubscriptionAge(owner, seconds);
        }
      });
}

void SubscriptionWatch::Rest() {
  for (const std::string& owner : shown_) context_->metrics->ForgetSubscriptionsOf(owner);
  shown_.clear();
  context_->metrics->SetSubscriptionLag(Metrics::kOtherOwners, 0, 0);
  context_->metrics->subscriptions.Set(0);
  context_->metrics->subscriptions_ending_soon.Set(0);
}

}  // namespace supervision::ledger
