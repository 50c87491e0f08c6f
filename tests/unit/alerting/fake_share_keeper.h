#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "services/alerting/scheduler.h"
#include "services/alerting/share_keeper.h"
#include "services/domain/error.h"
#include "tests/support/share_book.h"

namespace supervision::alerting {

// A shared subscription in memory, by the scheduler's time: what all replicas' keepers see.
struct SharedLedger {
  explicit SharedLedger(ledger::Place start) : book(std::move(start)) {}
  testing::ShareBook book;
  domain::Filter filter;
  ledger::SharingRules rules = {absl::Seconds(30), 3, absl::Seconds(5), absl::Minutes(1), 50};
  bool shared = true;
  bool deleted = false;
  // A planted mistake: claims are given though another has the lease.
  bool gives_twice = false;
};

// One replica's way to it; answers on the scheduler. Lives on one thread.
class FakeShareKeeper final : public ShareKeeper {
 public:
  FakeShareKeeper(Scheduler* scheduler, SharedLedger* ledger)
      : scheduler_(scheduler), ledger_(ledger) {}

  // The next calls do nothing; with `lost` they do it all and only the answer is lost.
  void Fail(int count, bool lost = false) {
    failures_ = count;
    lost_ = lost;
  }
  // Answers wait: the replica is paused as far as the ledger can tell.
  void Hold(bool hold) {
    hold_ = hold;
    if (!hold) {
      for (auto& answer : std::exchange(held_, {})) scheduler_->Post(std::move(answer));
    }
  }
  int calls() const { return calls_; }

  void Find(const ledger::SubscriptionKey& key, Callback<ledger::Subscription> callback) override {
    Answer([this, key, callback] {
      if (ledger_->deleted) {
        return callback(domain::MakeError(domain::Reason::kSubscriptionNotFound));
      }
      ledger::Subscription found;
      found.key = key;
      found.version = ledger_->book.version;
      found.filter = ledger_->filter;
      if (ledger_->shared) found.sharing = ledger_->rules;
      found.progress.place = ledger_->book.place();
      callback(std::move(found));
    });
  }
  void Share(ledger::ShareUpdate update, Callback<ledger::ShareResult> callback) override {
    ++calls_;
    const bool fails = failures_ > 0 && failures_-- > 0;
    ledger::ShareResult result;
    if (ledger_->deleted) {
      result.status = ledger::ShareResult::Status::kGone;
    } else if (!fails || lost_) {
      result = ledger_->book.Share(update, scheduler_->Now());
      if (ledger_->gives_twice) GiveTwice(update, &result);
    }
    Answer([callback, fails, result] {
      if (fails) return callback(domain::MakeError(domain::Reason::kLedgerUnavailable));
      callback(result);
    });
  }
  void Look(const ledger::SubscriptionKey&, Callback<ledger::ShareState> callback) override {
    Answer([state = ledger_->book.Look(scheduler_->Now()), callback] { callback(state); });
  }
  void Rebase(const ledger::SubscriptionKey&, const ledger::Place& known,
              const ledger::Place& place, const std::optional<ledger::DeadLetter>& gap,
              Callback<bool> callback) override {
    Answer([done = ledger_->book.Rebase(known, place, gap), callback] { callback(done); });
  }

 private:
  static void GiveTwice(const ledger::ShareUpdate& update, ledger::ShareResult* result) {
    for (size_t i = 0; i < result->answers.size(); ++i) {
      ledger::ShareAnswer& answer = result->answers[i];
      if (update.steps[i].what == ledger::ShareStep::What::kClaim &&
          answer.kind == ledger::ShareAnswer::Kind::kElsewhere) {
        answer = {ledger::ShareAnswer::Kind::kDone, 1};
      }
    }
  }
  void Answer(std::function<void()> answer) {
    if (hold_) return held_.push_back(std::move(answer));
    scheduler_->Post(std::move(answer));
  }

  Scheduler* const scheduler_;
  SharedLedger* const ledger_;
  std::vector<std::function<void()>> held_;
  bool hold_ = false;
  bool lost_ = false;
  int failures_ = 0;
  int calls_ = 0;
};

}  // namespace supervision::alerting
