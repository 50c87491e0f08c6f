#pragma once

#include <memory>
#include <set>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/time/time.h"
#include "services/alerting/scheduler.h"
#include "services/base/mutex.h"

namespace supervision::alerting {

// One deadline for each of many sleepers on one timer of the loop: a thousand quiet streams cost a
// thousand entries of a sorted set. Deadlines that lie close together are called together.
//
// Thread-safe. OnDeadline runs on the loop's thread, never under a lock.
class Deadlines : public std::enable_shared_from_this<Deadlines> {
 public:
  class Sleeper {
   public:
    virtual ~Sleeper() = default;
    virtual void OnDeadline() = 0;
  };

  explicit Deadlines(std::shared_ptr<Scheduler> scheduler) : scheduler_(std::move(scheduler)) {}

  // Calls sleeper->OnDeadline() once at `at` (the scheduler's time) or shortly after, in place of
  // any deadline that it had.
  void Set(std::shared_ptr<Sleeper> sleeper, absl::Duration at);
  void Remove(const Sleeper* sleeper);

  size_t size() const;

 private:
  struct Entry {
    std::shared_ptr<Sleeper> sleeper;
    absl::Duration at;
  };
  using Order = std::pair<absl::Duration, const Sleeper*>;

  void Arm() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Fire();

  const std::shared_ptr<Scheduler> scheduler_;
  mutable base::Mutex mutex_;
  absl::flat_hash_map<const Sleeper*, Entry> entries_ ABSL_GUARDED_BY(mutex_);
  std::set<Order> order_ ABSL_GUARDED_BY(mutex_);
  std::unique_ptr<Scheduler::Timer> timer_ ABSL_GUARDED_BY(mutex_);
  absl::Duration armed_for_ ABSL_GUARDED_BY(mutex_) = absl::InfiniteDuration();
};

}  // namespace supervision::alerting
