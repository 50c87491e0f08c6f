#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "services/alerting/place_keeper.h"
#include "services/alerting/scheduler.h"
#include "services/domain/error.h"

namespace supervision::alerting {

// Subscriptions in memory, with the generations of the real ones; answers on the scheduler. Lives
// on one thread.
class FakePlaceKeeper final : public PlaceKeeper {
 public:
  struct Entry {
    domain::Filter filter;
    uint32_t version = 1;
    int64_t generation = 0;
    ledger::Progress progress;
    Attempt attempt;
    bool connected = false;
  };

  explicit FakePlaceKeeper(Scheduler* scheduler) : scheduler_(scheduler) {}

  Entry& Add(const std::string& name, ledger::Place start, domain::Filter filter = {}) {
    Entry& entry = entries_[name];
    entry.filter = std::move(filter);
    entry.progress.beyond.resize(start.positions.size());
    entry.progress.place = std::move(start);
    return entry;
  }
  Entry& At(const std::string& name) { return entries_.at(name); }
  void Remove(const std::string& name) { entries_.erase(name); }
  // The next calls of Keep do nothing; with `lost` they do it all and only the answer is lost.
  void FailKeeps(int count, bool lost = false) {
    failures_ = count;
    lost_ = lost;
  }
  void Hold(bool hold) {
    hold_ = hold;
    if (!hold) {
      for (auto& answer : std::exchange(held_, {})) scheduler_->Post(std::move(answer));
    }
  }
  // A planted mistake: each place that is kept from now on lies `by` further than it should.
  void Misplace(int64_t by) { misplaced_by_ = by; }
  // Another: places move over what was judged by conditions that are no longer in force.
  void MoveThoughChanged() { moves_though_changed_ = true; }
  int keeps() const { return keeps_; }
  size_t largest_group() const { return largest_group_; }

  void Attach(const ledger::SubscriptionKey& key, const Attempt& attempt, const std::string&,
              Callback<ledger::Attachment> callback) override {
    const auto found = entries_.find(key.name);
    if (found == entries_.end()) {
      return scheduler_->Post(
          [callback] { callback(domain::MakeError(domain::Reason::kSubscriptionNotFound)); });
    }
    Entry& entry = found->second;
    if (!attempt.reader.empty() && entry.attempt.reader == attempt.reader &&
        entry.attempt.number > attempt.number) {
      return scheduler_->Post(
          [callback] { callback(domain::MakeError(domain::Reason::kSubscriptionTakenOver)); });
    }
    entry.attempt = attempt;
    ledger::Attachment attachment;
    attachment.generation = ++entry.generation;
    attachment.subscription.key = key;
    attachment.subscription.version = entry.version;
    attachment.subscription.filter = entry.filter;
    attachment.subscription.progress = entry.progress;
    entry.connected = true;
    scheduler_->Post([callback, attachment] { callback(attachment); });
  }

  void Keep(std::vector<ledger::PlaceUpdate> updates,
            Callback<std::vector<ledger::PlaceResult>> callback) override {
    ++keeps_;
    largest_group_ = std::max(largest_group_, updates.size());
    const bool fails = failures_ > 0 && failures_-- > 0;
    std::vector<ledger::PlaceResult> results;
    if (!fails || lost_) {
      for (const ledger::PlaceUpdate& update : updates) results.push_back(KeepOne(update));
    }
    auto answer = [callback, fails, results] {
      if (fails) return callback(domain::MakeError(domain::Reason::kLedgerUnavailable));
      callback(results);
    };
    if (hold_) return held_.push_back(std::move(answer));
    scheduler_->Post(std::move(answer));
  }

 private:
  ledger::PlaceResult KeepOne(const ledger::PlaceUpdate& update) {
    const auto found = entries_.find(update.key.name);
    if (found == entries_.end()) return ledger::PlaceResult::kGone;
    Entry& entry = found->second;
    if (entry.generation != update.generation) return ledger::PlaceResult::kTakenOver;
    const bool changed = entry.version != update.version;
    if (update.progress.has_value() && (!changed || moves_though_changed_)) {
      entry.progress = *update.progress;
      int64_t& position = entry.progress.place.positions[0];
      position = std::max<int64_t>(position + misplaced_by_, 0);
    }
    if (update.leaves) entry.connected = false;
    return changed ? ledger::PlaceResult::kChanged : ledger::PlaceResult::kKept;
  }

  Scheduler* const scheduler_;
  std::map<std::string, Entry> entries_;
  std::vector<std::function<void()>> held_;
  int64_t misplaced_by_ = 0;
  bool moves_though_changed_ = false;
  bool hold_ = false;
  bool lost_ = false;
  int failures_ = 0;
  int keeps_ = 0;
  size_t largest_group_ = 0;
};

}  // namespace supervision::alerting
