#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "services/ledger/sharing.h"

namespace supervision::testing {

// What share.lua and rebase.lua keep of one shared subscription, in memory and by the time that the
// caller says. A test compares it with the scripts; others then rely on it.
class ShareBook {
 public:
  using Entry = ledger::EntryKey;
  using Step = ledger::ShareStep;
  using Answer = ledger::ShareAnswer;
  using Kind = Answer::Kind;
  using What = Step::What;

  explicit ShareBook(ledger::Place place) : place_(std::move(place)) {}

  ledger::ShareResult Share(const ledger::ShareUpdate& update, absl::Duration now) {
    using Status = ledger::ShareResult::Status;
    ledger::ShareResult result;
    result.status = update.version == version ? Status::kDone : Status::kChanged;
    if (update.epochs != place_.epochs) result.status = Status::kRebased;
    if (update.leaves) {
      members_.erase(update.member);
    } else {
      members_[update.member] = update.consumers;
    }
    if (result.status == Status::kDone && update.place.has_value() && update.known == place_) {
      place_ = *update.place;
    }
    if (result.status != Status::kRebased) {
      for (const Step& step : update.steps) {
        result.answers.push_back(Take(step, update, result.status == Status::kDone, now));
      }
    }
    result.place = place_;
    result.taken = static_cast<int64_t>(taken_.size());
    result.dead_letters = static_cast<int64_t>(letters_.size());
    return result;
  }

  ledger::ShareState Look(absl::Duration now) const {
    ledger::ShareState state;
    state.place = place_;
    for (const auto& [entry, item] : taken_) {
      const bool leased = item.leased && item.at > now;
      (leased ? state.handed_over : state.waiting).push_back(entry);
    }
    for (const auto& [entry, token] : beyond_) state.beyond.push_back(entry);
    state.dead_letters = static_cast<int64_t>(letters_.size());
    state.redeliveries = redeliveries_;
    state.members = static_cast<int>(members_.size());
    for (const auto& [member, consumers] : members_) state.consumers += consumers;
    return state;
  }

  bool Rebase(const ledger::Place& known, const ledger::Place& place,
              const std::optional<ledger::DeadLetter>& gap) {
    if (!(known == place_)) return false;
    if (gap.has_value()) letters_.emplace(gap->id, *gap);
    const auto gone = [&](const auto& one) {
      const auto p = static_cast<size_t>(one.first.first);
      const int64_t position = one.first.second;
      if (position <= known.positions[p]) return position > place.positions[p];
      return place.epochs[p] != known.epochs[p] || position <= place.positions[p];
    };
    std::erase_if(taken_, gone);
    std::erase_if(beyond_, gone);
    place_ = place;
    return true;
  }

  std::vector<ledger::LetterResult> Act(ledger::LetterAction action, int max_in_flight,
                                        const std::vector<ledger::DeadLetter>& letters,
                                        absl::Duration now) {
    std::vector<ledger::LetterResult> results;
    for (const ledger::DeadLetter& letter : letters) {
      results.push_back(ActOn(action, max_in_flight, letter, now));
    }
    return results;
  }

  std::vector<ledger::DeadLetter> letters() const {
    std::vector<ledger::DeadLetter> all;
    for (const auto& [id, letter] : letters_) all.push_back(letter);
    return all;
  }
  const ledger::Place& place() const { return place_; }
  size_t taken() const { return taken_.size(); }
  size_t beyond() const { return beyond_.size(); }
  size_t members() const { return members_.size(); }
  // How often an acknowledgement of the entry was taken.
  int acked(const Entry& entry) const {
    const auto found = acked_.find(entry);
    return found == acked_.end() ? 0 : found->second;
  }
  void ForgetAcked() { acked_.clear(); }
  // Who has a lease that runs; empty: nobody.
  std::string Holder(const Entry& entry, absl::Duration now) const {
    const auto found = taken_.find(entry);
    if (found == taken_.end() || !found->second.leased || found->second.at <= now) return "";
    return found->second.token;
  }

  uint32_t version = 1;

 private:
  struct Item {
    bool leased = false;
    absl::Duration at;  // end of the lease, or when it is due
    int attempts = 0;
    std::string token;
    std::string reason;
  };

  bool Behind(const Entry& entry) const {
    return entry.second <= place_.positions[static_cast<size_t>(entry.first)];
  }
  static absl::Duration Delay(const ledger::SharingRules& rules, int attempts) {
    absl::Duration delay = rules.min_delay;
    for (int i = 1; i < attempts && delay < rules.max_delay; ++i) delay *= 2;
    return std::min(delay, rules.max_delay);
  }
  std::optional<Item> Read(const Entry& entry, const ledger::SharingRules& rules,
                           absl::Duration now) const {
    const auto found = taken_.find(entry);
    if (found == taken_.end()) return std::nullopt;
    Item item = found->second;
    if (item.leased && item.at <= now) {
      item.leased = false;
      item.reason = ledger::kLeaseEnded;
      item.at += Delay(rules, item.attempts);
    }
    return item;
  }
  void Settle(const Entry& entry, const std::string& token) {
    taken_.erase(entry);
    if (!Behind(entry)) beyond_[entry] = token;
  }
  bool Full() const { return letters_.size() >= static_cast<size_t>(ledger::kMostDeadLetters); }

  Answer Claim(const Step& step, const ledger::SharingRules& rules, absl::Duration now) {
    std::optional<Item> item = Read(step.entry, rules, now);
    if (!item.has_value()) {
      if (Behind(step.entry) || beyond_.contains(step.entry)) return {Kind::kSettled};
      if (static_cast<int>(taken_.size()) >= rules.max_in_flight) return {Kind::kWindow};
      item.emplace();
    } else if (item->leased) {
      if (item->token == step.token) return {Kind::kDone, item->attempts};
      return {Kind::kElsewhere, 0, item->at - now};
    } else if (item->attempts >= rules.max_attempts) {
      return {Kind::kExhausted, item->attempts, {}, {}, item->reason};
    } else if (item->at > now) {
      return {Kind::kWaits, 0, item->at - now};
    }
    if (Full()) return {Kind::kHalted};
    if (item->attempts > 0) ++redeliveries_;
    taken_[step.entry] = {true, now + rules.lease, item->attempts + 1, step.token, item->reason};
    return {Kind::kDone, item->attempts + 1};
  }

  Answer Take(const Step& step, const ledger::ShareUpdate& update, bool may_claim,
              absl::Duration now) {
    const ledger::SharingRules& rules = update.rules;
    if (step.what == What::kClaim) {
      return may_claim ? Claim(step, rules, now) : Answer{Kind::kRefused};
    }
    if (step.what == What::kClean) {
      if (Behind(step.entry)) beyond_.erase(step.entry);
      return {Kind::kDone};
    }
    std::optional<Item> item = Read(step.entry, rules, now);
    if (step.what == What::kBury) {
      if (letters_.contains(step.letter.id)) return {Kind::kDone};
      if (!item.has_value() || item->leased) return {Kind::kRefused};
      if (!step.unconditionally && item->attempts < rules.max_attempts) return {Kind::kRefused};
      if (Full()) return {Kind::kHalted};
      letters_.emplace(step.letter.id, step.letter);
      Settle(step.entry, "");
      return {Kind::kDone};
    }
    if (step.what == What::kSkip) {
      if (item.has_value() && !item->leased) Settle(step.entry, "");
      return {Kind::kDone};
    }
    if (step.what == What::kAck) {
      if (!item.has_value()) {
        const auto found = beyond_.find(step.entry);
        const bool mine = found != beyond_.end() && found->second == step.token;
        return {mine ? Kind::kDone : Kind::kRefused};
      }
      if (!item->leased || item->token != step.token) return {Kind::kRefused};
      Settle(step.entry, step.token);
      ++acked_[step.entry];
      return {Kind::kDone};
    }
    if (!item.has_value() || item->token != step.token) return {Kind::kRefused};
    if (!item->leased) {
      const bool again = step.what != What::kExtend && item->reason == step.reason;
      return {again ? Kind::kDone : Kind::kRefused};
    }
    if (step.what == What::kExtend) {
      item->at = now + rules.lease;
    } else if (step.what == What::kReject) {
      item->leased = false;
      item->reason = step.reason;
      item->at = now + std::max(step.delay, Delay(rules, item->attempts));
    } else {
      item->leased = false;
      item->reason = step.reason;
      item->at = now;
      if (step.uncounted) --item->attempts;
    }
    taken_[step.entry] = *item;
    return {Kind::kDone};
  }

  ledger::LetterResult ActOn(ledger::LetterAction action, int max_in_flight,
                             const ledger::DeadLetter& letter, absl::Duration now) {
    using Result = ledger::LetterResult;
    if (action == ledger::LetterAction::kDrop) {
      return letters_.erase(letter.id) > 0 ? Result::kDone : Result::kNotFound;
    }
    if (!letters_.contains(letter.id)) return Result::kNotFound;
    if (place_.epochs[static_cast<size_t>(letter.entry.first)] != letter.epoch) {
      return Result::kHistoryGone;
    }
    if (!taken_.contains(letter.entry)) {
      if (static_cast<int>(taken_.size()) >= max_in_flight) return Result::kWindow;
      taken_[letter.entry] = {false, now, 0, "", ledger::kLeaseEnded};
    }
    letters_.erase(letter.id);
    return Result::kDone;
  }

  ledger::Place place_;
  std::map<Entry, Item> taken_;
  std::map<Entry, std::string> beyond_;
  std::map<std::string, ledger::DeadLetter> letters_;
  std::map<std::string, int> members_;
  std::map<Entry, int> acked_;
  int64_t redeliveries_ = 0;
};

}  // namespace supervision::testing
