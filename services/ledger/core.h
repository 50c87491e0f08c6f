#pragma once

#include <memory>
#include <string>
#include <vector>

#include "services/base/mutex.h"
#include "services/ledger/alert_steps.h"
#include "services/ledger/committer.h"
#include "services/ledger/context.h"
#include "services/ledger/derived.h"
#include "services/ledger/expiry.h"
#include "services/ledger/ledger.h"
#include "services/ledger/lister.h"
#include "services/ledger/places.h"
#include "services/ledger/reader.h"
#include "services/ledger/restore_mark.h"
#include "services/ledger/retention.h"
#include "services/ledger/reviews.h"
#include "services/ledger/reviser.h"
#include "services/ledger/settings.h"
#include "services/ledger/shared_subscriptions.h"
#include "services/ledger/silences.h"
#include "services/ledger/subscription_watch.h"
#include "services/ledger/subscriptions.h"
#include "services/ledger/tail.h"
#include "services/ledger/witness.h"

namespace supervision::ledger {

// The parts of a ledger that has been found or created. They live as long as the core.
struct OpenParts {
  explicit OpenParts(Context made)
      : context(std::move(made)),
        committer(&context),
        reviser(&context, &committer),
        alert_steps(&context, &committer),
        expiry(&context, &alert_steps),
        derived(&context, &committer),
        reader(&context),
        lister(&context),
        reviews(&context, &lister),
        places(&context),
        silences(&context),
        subscriptions(&context),
        shared(&context),
        tail(&context),
        subscription_watch(&context, &subscriptions),
        retention(&context, &subscription_watch) {}

  Context context;
  Committer committer;
  Reviser reviser;
  AlertSteps alert_steps;
  Expiry expiry;
  Derived derived;
  Reader reader;
  Lister lister;
  Reviews reviews;
  Places places;
  Silences silences;
  Subscriptions subscriptions;
  SharedSubscriptions shared;
  Tail tail;
  SubscriptionWatch subscription_watch;
  Retention retention;
};

// Connects, and admits the ledger on each new connection before anything is committed on it:
//
//   settings of Redis -> descriptor (found, created or refused) -> epochs (was history lost?)
//   -> silences -> gate open, tail and retention running
//
// The same way is gone again every check interval without closing the gate, and soon while
// something falls short. The other connections stand with the server of `commit` or not at all:
// what one reads elsewhere is another history. Where Redis is refused `commit` connects anew before
// it looks again: the address may lead to another by then, as after a failover. All on the loop's
// thread, except the snapshots.
class Ledger::Core : public std::enable_shared_from_this<Ledger::Core> {
 public:
  Core(redis::Loop* loop, const base::Clock* clock, observability::Logger* log,
       prometheus::Registry* metrics, Options options);

  void Start();
  void Stop();  // what callers wait for is answered, nothing is begun any more
  void Follow(TailObserver* observer);

  // Calls `use(parts, callback)` on the loop's thread, or answers at once that the ledger is away:
  // also while Redis has not been admitted, since what is not found there may be somewhere else.
  template <typename T, typename Use>
  void OnLoop(Callback<T> callback, Use use) {
    loop_->Post([self = shared_from_this(), callback = std::move(callback),
                 use = std::move(use)]() mutable {
      OpenParts* const open = self->checked_parts();
      if (open == nullptr) return callback(self->Unavailable());
      use(open, std::move(callback));
    });
  }

  redis::Loop* loop() const { return loop_; }
  redis::Loop* bulk_loop() { return &bulk_loop_; }
  const base::Clock* clock() const { return clock_; }
  const Options& options() const { return options_; }

  // Null until the ledger is open. Any thread.
  OpenParts* parts() const ABSL_LOCKS_EXCLUDED(mutex_);
  // Null as well when the ledger has not been admitted for a while, or was stopped: nobody is made
  // to wait. For what waits at the committer's gate.
  OpenParts* reachable_parts() const ABSL_LOCKS_EXCLUDED(mutex_);
  // Null at once while the present connection has not been admitted, or Redis is refused: it may be
  // another, or have come back with less.
  OpenParts* checked_parts() const ABSL_LOCKS_EXCLUDED(mutex_);
  LedgerState state() const ABSL_LOCKS_EXCLUDED(mutex_);
  void OnStateChange(std::function<void()> callback) ABSL_LOCKS_EXCLUDED(mutex_);
  absl::Status Unavailable() const;

 private:
  std::unique_ptr<redis::Client> Connect(const std::string& name, redis::Loop* loop);
  // Whether a connection beside `commit` has come to the server of `commit`: where it has not, the
  // address may lead elsewhere by now, and `commit` goes there too. Any thread.
  bool LeadsToTheSame(const std::string& run_id) ABSL_LOCKS_EXCLUDED(mutex_);
  void FollowCommitTo(const std::string& run_id) ABSL_LOCKS_EXCLUDED(mutex_);
  void OnCommitConnection(bool connected);
  void OnTailConnection(bool connected);

  absl::Duration AdmissionTimeout() const;  // of one of its commands
  void Admit();
  void OnSettings(RedisSettings settings);
  void OnDescriptor(const redis::Result& result);
  void Create();
  void Open(Descriptor descriptor);
  void CheckEpochs();
  void LoadSilences();
  void Admitted();
  void NotLookedAt(const absl::Status& why);
  void Refuse(std::string sentence);
  void Uncheck();
  void Later(absl::Duration delay);

  void Publish(std::vector<std::string> reasons);
  void EverySecond();
  void KeepWitness();
  std::string WhyAway() const;
  void TellWhyAway();

  redis::Loop* const loop_;
  const base::Clock* const clock_;
  observability::Logger* const log_;
  const Options options_;
  Metrics metrics_;

  redis::Loop bulk_loop_;  // reads pages of the log

  // The loop's thread.
  std::unique_ptr<redis::Client> commit_;
  std::unique_ptr<redis::Client> read_;
  std::unique_ptr<redis::Client> bulk_;
  std::unique_ptr<redis::Client> tail_;
  WitnessFile witness_file_;
  const RestoreMark restore_mark_;
  std::optional<WitnessRecord> witness_;  // of an earlier run
  std::unique_ptr<OpenParts> opened_;
  RedisSettings settings_;
  TailObserver* observer_ = nullptr;
  redis::Client::ConnectionNumber connection_ = redis::Client::kAnyConnection;  // of commit_
  uint64_t attempt_ = 0;  // an admission under way ends when this moves on
  std::string refusal_;   // of the Redis that was refused last
  bool tail_connected_ = false;
  bool tail_running_ = false;
  bool stopped_ = false;
  std::unique_ptr<redis::Loop::Timer> admit_timer_;
  std::unique_ptr<redis::Loop::Timer> every_second_;

  mutable base::Mutex mutex_;
  OpenParts* shared_parts_ ABSL_GUARDED_BY(mutex_) = nullptr;
  LedgerState state_ ABSL_GUARDED_BY(mutex_);
  std::chrono::steady_clock::time_point away_since_ ABSL_GUARDED_BY(mutex_);
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  bool checked_ ABSL_GUARDED_BY(mutex_) = false;  // history, on the present connection
  std::string run_id_ ABSL_GUARDED_BY(mutex_);    // of the server where `commit` was last
  std::function<void()> on_state_change_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace supervision::ledger
