#pragma once

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "prometheus/registry.h"
#include "services/base/clock.h"
#include "services/base/mutex.h"
#include "services/classification/classifier_slot.h"
#include "services/classification/set_state.h"
#include "services/config/rule_files.h"
#include "services/observability/log.h"
#include "services/server/file_watch.h"
#include "services/server/rule_metrics.h"

namespace supervision::server {

// Keeps a slot filled with the newest good set of catalogue, rules and model. Reads them again when
// a file changes, when it is asked, and when a new day begins; compiles and tries them on a thread
// of its own, which yields to the serving threads, and exchanges the whole set at once. While
// anything is wrong the set before stays, and every mistake stands in state(), in the log and in a
// metric. So does what has lapsed by the calendar alone, but such a set is taken: only changed
// files are refused for it. After a refusal the files are compared each minute with what was read:
// what could not be read for a moment is read without any file changing.
//
// Thread-safe.
class RuleKeeper {
 public:
  struct Options {
    std::string name = "live";  // in metrics and the log
    config::RuleFiles files;
    bool watch = true;
    absl::Duration settle = absl::Milliseconds(500);  // files must have rested this long
    // How often the files' times and sizes are looked at beside inotify, which some file systems
    // lack.
    absl::Duration look = absl::Seconds(10);
    const base::Clock* clock = base::Clock::System();
    observability::Logger* log = nullptr;
    prometheus::Registry* metrics = nullptr;
  };

  // `first` is in `slot` already, or its classifier is null and the keeper reads a first set as
  // soon as it starts. The slot and all pointers outlive the keeper.
  RuleKeeper(Options options, config::RuleFileSet first, classification::ClassifierSlot* slot);
  ~RuleKeeper();  // stops

  void Start();
  void Stop();  // answers everyone who waits; safe to call twice

  // Reads the files now. `done` runs once, on the keeper's thread, after they were read; calls that
  // wait are answered together. OVERLOADED (inside the call) when too many wait already, DRAINING
  // when the keeper stops.
  using Done = std::function<void(absl::StatusOr<classification::SetState>)>;
  void Reload(classification::ReloadTrigger trigger, Done done);

  classification::SetState state() const;

 private:
  static constexpr size_t kMostWaiting = 64;

  struct Work {
    std::vector<Done> waiting;
    classification::ReloadTrigger trigger = classification::ReloadTrigger::kUnspecified;
    bool stop = false;
  };
  void Run();
  Work Take();
  bool Settle();
  bool WatchAll();
  std::string Times() const;
  bool SecondTry();
  void Read(classification::ReloadTrigger trigger);
  void Publish(absl::StatusOr<config::RuleFileSet> set, classification::ReloadTrigger trigger,
               absl::Duration took);
  void LogLapsed(const classification::SetState& state);
  void FreeRetired();

  const Options options_;
  classification::ClassifierSlot* const slot_;
  RuleMetrics metrics_;
  FileWatch watch_;
  std::thread thread_;

  // Of the thread alone.
  absl::CivilDay day_;         // of the last attempt
  absl::CivilDay loaded_day_;  // of the set in force
  std::string attempted_;      // digest of the files that were read last
  std::string times_;
  absl::Time compared_at_;  // or read, whichever was last
  std::vector<std::shared_ptr<const classification::Classifier>> retired_;

  mutable base::Mutex mutex_;
  classification::SetState state_ ABSL_GUARDED_BY(mutex_);
  Work pending_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace supervision::server
