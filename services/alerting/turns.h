#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <utility>

#include "absl/time/time.h"
#include "services/alerting/log_source.h"
#include "services/alerting/scheduler.h"
#include "services/base/mutex.h"

namespace supervision::alerting {

// Work that must not keep anybody waiting who is not behind. It runs on the thread that reads
// pages, a spell at a time, and after a spell that thread rests, the longer the more tasks wait:
// one stream that catches up is nobody's burden, a hundred together would take every processor,
// from the clients' side too. A spell is measured by the clock and not by the processor: where
// others want the processor a spell takes longer, and so does the rest. So streams that catch up
// take a bounded share of a machine that has time, and less of one that has none.
//
// Thread-safe. Tasks run one after the other in the order in which they were posted, never inside
// Post and never under a lock.
class Turns : public std::enable_shared_from_this<Turns> {
 public:
  struct Options {
    absl::Duration spell = absl::Milliseconds(1);
    // How long the rest is, in spells: so much for each task that waits, and at most so much.
    double rest_for_each = 1.0 / 8;
    double most_rest = 3;
  };

  Turns(std::shared_ptr<LogSource> source, std::shared_ptr<Scheduler> scheduler, Options options)
      : source_(std::move(source)), scheduler_(std::move(scheduler)), options_(options) {}

  void Post(std::function<void()> task);

 private:
  void RunSpell();
  void Rest();
  void GoOn();

  const std::shared_ptr<LogSource> source_;
  const std::shared_ptr<Scheduler> scheduler_;
  const Options options_;

  absl::Duration owed_;  // rest; of whoever runs a spell

  base::Mutex mutex_;
  std::deque<std::function<void()>> tasks_ ABSL_GUARDED_BY(mutex_);
  bool idle_ ABSL_GUARDED_BY(mutex_) = true;  // neither at work nor at rest
  std::unique_ptr<Scheduler::Timer> timer_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace supervision::alerting
