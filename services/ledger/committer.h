#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <vector>

#include "absl/time/time.h"
#include "services/base/mutex.h"
#include "services/ledger/batch.h"
#include "services/ledger/change.h"
#include "services/ledger/context.h"
#include "services/ledger/deadline.h"
#include "services/ledger/round.h"

namespace supervision::ledger {

// Group commit. Changes wait in one bounded queue per partition; whenever the partition's script
// has come back, all that wait go into the next call, up to its limits. So a lone change pays one
// round trip and one fsync, and under load hundreds share them.
//
// A change whose clue is in the batch already waits for the next one, except the very same request:
// it shares the answer.
//
// With replicas asked for, the partitions commit together: the batches of all that have something
// to send go in one round, and what comes meanwhile in the next (round.h says why). What a round
// has confirmed is published for every replica's tail.
//
// The gate is closed until the connection's settings and the ledger's history have been checked,
// and whenever the connection is lost; what waits then fails soon, and nothing is acknowledged. The
// connection's last answers come before the word that it is lost: what follows from them is bound
// to it, so that nothing passes to the next connection ahead of the checks.
//
// Commit() is thread-safe; everything else runs on the loop's thread, callbacks too.
class Committer {
 public:
  using Callback = Ledger::Callback<Receipt>;

  explicit Committer(Context* context);

  void Commit(Change change, Deadline deadline, Callback callback);

  // Something else has written to the partition: replicas are asked to confirm it, where they are
  // asked for at all, so that it is told.
  void ConfirmSoon(int partition);

  void OpenGate(bool fsynced);
  void CloseGate();
  // Answers everyone who waits; nothing is taken afterwards.
  void Stop();

  int64_t queued() const { return queued_.load(std::memory_order_relaxed); }

 private:
  struct Pending {
    Change change;
    Deadline deadline;
    Callback callback;                              // null: answered already
    std::vector<std::unique_ptr<Pending>> sharers;  // the very same request
  };
  using Queue = std::list<std::unique_ptr<Pending>>;

  struct Convoy;
  struct Lane {
    int partition = 0;
    Convoy* convoy = nullptr;
    // Callers' side.
    base::Mutex mutex;
    Queue incoming ABSL_GUARDED_BY(mutex);
    size_t count ABSL_GUARDED_BY(mutex) = 0;  // waiting, here or in `waiting`
    size_t bytes ABSL_GUARDED_BY(mutex) = 0;
    // The loop's side.
    Queue waiting;
    std::vector<std::unique_ptr<Pending>> in_flight;
    // No deadline of those that wait or are in flight is earlier.
    Deadline::Clock::time_point earliest = Deadline::Clock::time_point::max();
    int64_t epoch = 1;         // when the batch was sent
    bool unconfirmed = false;  // replicas have yet to confirm something, or to be known to have
  };

  // Lanes whose batches go in the same rounds, one round at a time: without replicas each lane is
  // a convoy by itself, with them all are one.
  struct Convoy {
    std::vector<Lane*> lanes;
    std::vector<Lane*> under_way;  // those of the round that has not come back
    absl::Time departed;           // when it was sent
    bool nudged = false;           // the next round also takes who is unconfirmed and has no change
  };

  void Flush(Lane* lane);
  void TakeIn(Lane* lane);
  std::vector<std::unique_ptr<Pending>> TakeBatch(Lane* lane);
  void Depart(Convoy* convoy);
  BatchCall CallOf(Lane* lane);
  void Return(Convoy* convoy, RoundReply round);
  std::optional<BatchReply> ReadReply(Lane* lane, redis::Result script);
  void Learn(Lane* lane, int64_t end, int replicas);
  void Requeue(Lane* lane);
  void AnswerAll(Lane* lane, const absl::Status& status, ChangeResult result);
  std::optional<Receipt> FirstReceipt(const Change& change, const std::string& stored) const;
  void AnswerOutcome(Pending* pending, Outcome outcome, int replicas);
  void Answer(Pending* pending, absl::StatusOr<Receipt> receipt, ChangeResult result);
  void Left(Lane* lane, const Pending& pending);
  void PublishConfirmed(Lane* lane, int64_t end);
  void OnPublished(Lane* lane, const redis::Result& told);
  void Sweep();
  void AnswerLate(Lane* lane, Deadline::Clock::time_point now, bool away);
  void ArmSweep();
  void Nudge();
  void ArmNudge();
  absl::Status Unavailable() const;

  Context* const context_;
  std::vector<std::unique_ptr<Lane>> lanes_;  // by partition
  std::vector<std::unique_ptr<Convoy>> convoys_;
  std::atomic<int64_t> queued_{0};
  bool open_ = false;
  bool stopped_ = false;
  bool fsynced_ = false;
  std::chrono::steady_clock::time_point closed_since_;
  std::unique_ptr<redis::Loop::Timer> sweep_timer_;
  std::unique_ptr<redis::Loop::Timer> nudge_timer_;
};

}  // namespace supervision::ledger
