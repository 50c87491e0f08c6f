#include "tests/faults/library_consumer.h"

#include <algorithm>
#include <chrono>
#include <set>
#include <utility>

#include "tests/support/eventually.h"

namespace supervision::faults {
namespace {

constexpr std::chrono::seconds kPatience{120};
constexpr int kShortestLease = 5;  // seconds
constexpr int kMostAttempts = 100;

}  // namespace

absl::Status MakeSubscription(client::Client* client, const std::string& name, bool shared) {
  v1::CreateSubscriptionRequest request;
  v1::Subscription* const subscription = request.mutable_subscription();
  subscription->set_name(name);
  if (shared) {
    subscription->set_mode(v1::SUBSCRIPTION_MODE_SHARED);
    v1::SharingRules* const rules = subscription->mutable_sharing();
    rules->mutable_lease()->set_seconds(kShortestLease);
    rules->set_max_attempts(kMostAttempts);
    rules->mutable_min_delay()->set_nanos(10'000'000);
    rules->mutable_max_delay()->set_nanos(100'000'000);
  }
  request.set_start_from(v1::START_FROM_EARLIEST);
  return client->CreateSubscription(request).status();
}

LibraryConsumer::LibraryConsumer(Options options) : client_(std::move(options.client)) {
  client::ConsumerOptions consumer;
  consumer.subscription = options.subscription;
  consumer.share = options.shared;
  consumer.window_alerts = options.window_alerts;
  consumer.bookmark_interval = absl::Milliseconds(200);
  consumer.backoff = {absl::Milliseconds(20), absl::Milliseconds(200)};
  consumer.opening_limit = absl::Seconds(3);
  consumer.silence_limit = absl::Seconds(10);
  client::Consumer::Callbacks callbacks;
  callbacks.on_message = [this] { outages_.Message(); };
  callbacks.on_update = [this](const v1::AlertUpdate& update) {
    base::MutexLock lock(&mutex_);
    told_.push_back({update.alert().clue_id(), update.alert().version()});
    return true;
  };
  callbacks.on_break = [this](const absl::Status&, absl::Duration) {
    outages_.Break();
    base::MutexLock lock(&mutex_);
    ++breaks_;
  };
  consumer_ = std::make_unique<client::Consumer>(&client_, consumer, callbacks);
  thread_ = std::thread([this] {
    end_ = consumer_->Run();
    base::MutexLock lock(&mutex_);
    ended_ = true;
  });
}

void LibraryConsumer::Stop() {
  consumer_->Stop();
  if (thread_.joinable()) thread_.join();
}

std::vector<Told> LibraryConsumer::told() const {
  base::MutexLock lock(&mutex_);
  return told_;
}

bool LibraryConsumer::WaitForClue(const std::string& id) const {
  bool told = false;
  testing::Eventually(
      [&] {
        base::MutexLock lock(&mutex_);
        told = !told_.empty() && told_.back().clue_id == id;
        return told || ended_;
      },
      kPatience);
  return told;
}

size_t LibraryConsumer::count() const {
  base::MutexLock lock(&mutex_);
  return told_.size();
}

int LibraryConsumer::breaks() const {
  base::MutexLock lock(&mutex_);
  return breaks_;
}

std::vector<Told> ToldTogether(const std::vector<std::unique_ptr<LibraryConsumer>>& consumers) {
  std::vector<Told> together;
  for (const auto& consumer : consumers) {
    for (Told& told : consumer->told()) together.push_back(std::move(told));
  }
  return together;
}

bool WaitForAll(const std::vector<std::unique_ptr<LibraryConsumer>>& consumers,
                const std::vector<Told>& history) {
  return testing::Eventually(
      [&] {
        size_t count = 0;
        for (const auto& consumer : consumers) count += consumer->count();
        if (count < history.size()) return false;
        std::set<std::string> told;
        for (const Told& one : ToldTogether(consumers)) told.insert(ToLine(one));
        return std::all_of(history.begin(), history.end(),
                           [&](const Told& one) { return told.contains(ToLine(one)); });
      },
      kPatience);
}

}  // namespace supervision::faults
