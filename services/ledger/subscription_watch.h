#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "services/ledger/context.h"
#include "services/ledger/subscriptions.h"

namespace supervision::ledger {

// Looks after subscriptions that nobody looks after: deletes those that nobody has been connected
// to for longer than their retention, marks and tells of those whose history is about to be
// trimmed, and sets their figures. The replica that trims does it, after each round; should two do
// it at once, the script decides. On the loop's thread.
class SubscriptionWatch {
 public:
  SubscriptionWatch(Context* context, Subscriptions* subscriptions)
      : context_(context), subscriptions_(subscriptions) {}

  // One look; `done` runs when it is over, whatever came of it.
  void Look(std::function<void()> done);
  // Another replica looks: what this one has told of is out of date.
  void Rest();
  void Stop() { stopped_ = true; }

 private:
  struct Round;
  using RoundPtr = std::shared_ptr<Round>;

  void FindBorder(const RoundPtr& round);
  void Judge(const RoundPtr& round, std::vector<Subscription> all);
  void Expire(const RoundPtr& round, const Subscription& subscription);
  void Mark(const RoundPtr& round, const Subscription& subscription, bool ends_soon);
  void ReadAges(const RoundPtr& round, const std::vector<Subscription>& all);

  Context* const context_;
  Subscriptions* const subscriptions_;
  bool stopped_ = false;
  std::set<std::string> shown_;  // owners that have figures
};

}  // namespace supervision::ledger
