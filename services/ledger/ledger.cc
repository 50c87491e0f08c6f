#include "services/ledger/ledger.h"

#include <utility>

#include "services/ledger/core.h"
#include "services/ledger/cursor.h"

namespace supervision::ledger {
namespace {

// Runs `task` on the loop's thread and waits until it has run, or until a loop that has ended has
// dropped it: then it runs here, for nothing else can be running any more.
void RunOnLoop(redis::Loop* loop, const std::function<void()>& task) {
  if (loop->OnLoopThread()) return task();
  struct Turn {
    base::Mutex mutex;
    base::CondVar changed;
    bool ran ABSL_GUARDED_BY(mutex) = false;
    bool over ABSL_GUARDED_BY(mutex) = false;
  };
  // Tells when the loop has let go of the task, whether it ran or not.
  struct Release {
    explicit Release(std::shared_ptr<Turn> held) : turn(std::move(held)) {}
    ~Release() {
      base::MutexLock lock(&turn->mutex);
      turn->over = true;
      turn->changed.SignalAll();
    }
    const std::shared_ptr<Turn> turn;
  };
  auto turn = std::make_shared<Turn>();
  loop->Post([&task, turn, release = std::make_shared<Release>(turn)] {
    task();
    base::MutexLock lock(&turn->mutex);
    turn->ran = true;
  });
  bool ran = false;
  {
    base::MutexLock lock(&turn->mutex);
    while (!turn->over) turn->changed.Wait(&turn->mutex);
    ran = turn->ran;
  }
  if (!ran) task();
}

}  // namespace

Ledger::Ledger(redis::Loop* loop, const base::Clock* clock, observability::Logger* log,
               prometheus::Registry* metrics, Options options)
    : core_(std::make_shared<Core>(loop, clock, log, metrics, std::move(options))) {
  loop->Post([core = core_] { core->Start(); });
}

Ledger::~Ledger() { Stop(); }

void Ledger::Stop() {
  redis::Loop* const loop = core_->loop();
  RunOnLoop(loop, [this] { core_->Stop(); });
  // Answers that were on their way refer to the core's parts; each of them can lead to one more.
  for (int turn = 0; turn < 3; ++turn) RunOnLoop(loop, [] {});
  core_->bulk_loop()->Stop();
}

void Ledger::Submit(Submission submission, absl::Duration timeout, Callback<Receipt> callback) {
  OpenParts* const parts = core_->reachable_parts();
  if (parts == nullptr) {
    return core_->loop()->Post([core = core_, callback] { callback(core->Unavailable()); });
  }
  const Deadline deadline(timeout);
  parts->committer.Commit(
      MakeCreate(parts->context.descriptor, parts->context.keys, *parts->context.silences->index(),
                 std::move(submission), core_->clock()->Now()),
      deadline, std::move(callback));
}

void Ledger::Revise(Revision revision, absl::Duration timeout, Callback<Receipt> callback) {
  core_->OnLoop(std::move(callback), [revision = std::move(revision), deadline = Deadline(timeout)](
                                         OpenParts* parts, Callback<Receipt> answer) mutable {
    parts->reviser.Revise(std::move(revision), deadline, std::move(answer));
  });
}

void Ledger::Repeat(Submission submission, absl::Duration timeout, Callback<Receipt> callback) {
  core_->OnLoop(std::move(callback),
                [submission = std::move(submission), deadline = Deadline(timeout)](
                    OpenParts* parts, Callback<Receipt> answer) {
                  parts->reviser.Repeat(submission, deadline, std::move(answer));
                });
}

void Ledger::Repeat(Revision revision, absl::Duration timeout, Callback<Receipt> callback) {
  core_->OnLoop(std::move(callback), [revision = std::move(revision), deadline = Deadline(timeout)](
                                         OpenParts* parts, Callback<Receipt> answer) {
    parts->reviser.Repeat(revision, deadline, std::move(answer));
  });
}

void Ledger::Withdraw(Withdrawal withdrawal, absl::Duration timeout, Callback<Receipt> callback) {
  core_->OnLoop(std::move(callback),
                [withdrawal = std::move(withdrawal), deadline = Deadline(timeout)](
                    OpenParts* parts, Callback<Receipt> answer) mutable {
                  parts->reviser.Withdraw(std::move(withdrawal), deadline, std::move(answer));
                });
}

void Ledger::Correct(CorrectionRequest correction, absl::Duration timeout,
                     Callback<Receipt> callback) {
  core_->OnLoop(std::move(callback),
                [correction = std::move(correction), deadline = Deadline(timeout)](
                    OpenParts* parts, Callback<Receipt> answer) mutable {
                  parts->reviser.Correct(std::move(correction), deadline, std::move(answer));
                });
}

void Ledger::TakeStep(AlertStepRequest request, absl::Duration timeout,
                      Callback<AlertReceipt> callback) {
  core_->OnLoop(std::move(callback), [request = std::move(request), deadline = Deadline(timeout)](
                                         OpenParts* parts, Callback<AlertReceipt> answer) mutable {
    parts->alert_steps.Take(std::move(request), deadline, std::move(answer));
  });
}

void Ledger::ReadAlertChanges(std::string clue_id, domain::Scope scope, absl::Duration timeout,
                              Callback<std::vector<PastChange>> callback) {
  core_->OnLoop(
      std::move(callback),
      [clue_id = std::move(clue_id), scope = std::move(scope), deadline = Deadline(timeout)](
          OpenParts* parts, Callback<std::vector<PastChange>> answer) {
        parts->alert_steps.ReadChanges(clue_id, scope, deadline, std::move(answer));
      });
}

void Ledger::GetClue(std::string clue_id, domain::Scope scope, absl::Duration timeout,
                     Callback<ClueRecord> callback) {
  core_->OnLoop(std::move(callback), [clue_id = std::move(clue_id), scope = std::move(scope),
                                      timeout](OpenParts* parts, Callback<ClueRecord> answer) {
    parts->reader.GetClue(clue_id, scope, timeout, std::move(answer));
  });
}

void Ledger::FindClue(Identity identity, domain::Scope scope, absl::Duration timeout,
                      Callback<ClueRecord> callback) {
  core_->OnLoop(std::move(callback), [identity = std::move(identity), scope = std::move(scope),
                                      timeout](OpenParts* parts, Callback<ClueRecord> answer) {
    const Descriptor& ledger = parts->context.descriptor;
    parts->reader.GetClue(ClueRefOf(ledger.secret, ledger.partitions, identity).ToText(), scope,
                          timeout, std::move(answer));
  });
}

void Ledger::GetAlert(std::string alert_id, domain::Scope scope, absl::Duration timeout,
                      Callback<domain::Alert> callback) {
  core_->OnLoop(std::move(callback), [alert_id = std::move(alert_id), scope = std::move(scope),
                                      timeout](OpenParts* parts, Callback<domain::Alert> answer) {
    parts->reader.GetAlert(alert_id, scope, timeout, std::move(answer));
  });
}

void Ledger::List(ListQuery query, absl::Duration timeout, Callback<ListPage> callback) {
  core_->OnLoop(std::move(callback), [query = std::move(query), timeout](
                                         OpenParts* parts, Callback<ListPage> answer) mutable {
    parts->lister.List(std::move(query), timeout, std::move(answer));
  });
}

void Ledger::ReadHistory(std::string clue_id, domain::Scope scope, absl::Duration timeout,
                         Callback<History> callback) {
  core_->OnLoop(std::move(callback), [clue_id = std::move(clue_id), scope = std::move(scope),
                                      timeout](OpenParts* parts, Callback<History> answer) {
    parts->reader.ReadHistory(clue_id, scope, timeout, std::move(answer));
  });
}

void Ledger::ListReviewQueue(ReviewQuery query, absl::Duration timeout,
                             Callback<ReviewPage> callback) {
  core_->OnLoop(std::move(callback), [query = std::move(query), timeout](
                                         OpenParts* parts, Callback<ReviewPage> answer) mutable {
    parts->reviews.ListQueue(std::move(query), timeout, std::move(answer));
  });
}

void Ledger::ClaimReview(ClaimRequest request, absl::Duration timeout,
                         Callback<ReviewItem> callback) {
  core_->OnLoop(std::move(callback), [request = std::move(request), timeout](
                                         OpenParts* parts, Callback<ReviewItem> answer) mutable {
    parts->reviews.Claim(std::move(request), timeout, std::move(answer));
  });
}

void Ledger::ReleaseReview(ClaimRequest request, absl::Duration timeout,
                           Callback<ReviewItem> callback) {
  core_->OnLoop(std::move(callback), [request = std::move(request), timeout](
                                         OpenParts* parts, Callback<ReviewItem> answer) mutable {
    parts->reviews.Release(std::move(request), timeout, std::move(answer));
  });
}

void Ledger::ListCorrections(ListQuery query, absl::Duration timeout,
                             Callback<CorrectionPage> callback) {
  core_->OnLoop(std::move(callback),
                [query = std::move(query), timeout](OpenParts* parts,
                                                    Callback<CorrectionPage> answer) mutable {
                  parts->reviews.ListCorrections(std::move(query), timeout, std::move(answer));
                });
}

void Ledger::ReadLog(int partition, int64_t epoch, int64_t after, int max_entries, size_t max_bytes,
                     absl::Duration timeout, Callback<LogPage> callback) {
  ReadLogAside(
      partition, epoch, after, max_entries, max_bytes, timeout,
      [loop = core_->loop(), callback = std::move(callback)](absl::StatusOr<LogPage> page) mutable {
        loop->Post([callback = std::move(callback), page = std::move(page)]() mutable {
          callback(std::move(page));
        });
      });
}

void Ledger::ReadLogAside(int partition, int64_t epoch, int64_t after, int max_entries,
                          size_t max_bytes, absl::Duration timeout, Callback<LogPage> callback) {
  OpenParts* const parts = core_->checked_parts();
  if (parts == nullptr) {
    return core_->loop()->Post([core = core_, callback] { callback(core->Unavailable()); });
  }
  parts->reader.ReadLog({partition, epoch, after, max_entries, max_bytes}, timeout,
                        std::move(callback));
}

void Ledger::PostAside(std::function<void()> task) { core_->bulk_loop()->Post(std::move(task)); }

void Ledger::LatestPlace(absl::Duration timeout, Callback<Place> callback) {
  core_->OnLoop(std::move(callback), [timeout](OpenParts* parts, Callback<Place> answer) {
    parts->places.Latest(timeout, std::move(answer));
  });
}

void Ledger::EarliestPlace(absl::Duration timeout, Callback<Place> callback) {
  core_->OnLoop(std::move(callback), [timeout](OpenParts* parts, Callback<Place> answer) {
    parts->places.Earliest(timeout, std::move(answer));
  });
}

std::string Ledger::EncodeCursor(const Place& place) const {
  return ledger::EncodeCursor(core_->parts()->context.descriptor, place);
}

void Ledger::ResolveCursor(std::string cursor, absl::Duration timeout, Callback<Place> callback) {
  core_->OnLoop(std::move(callback),
                [cursor = std::move(cursor), timeout](OpenParts* parts, Callback<Place> answer) {
                  parts->places.Resolve(cursor, timeout, std::move(answer));
                });
}

std::optional<Place> Ledger::KnownPlace(const std::string& cursor) const {
  OpenParts* const parts = core_->checked_parts();
  return parts == nullptr ? std::nullopt : parts->places.Known(cursor);
}

void Ledger::Follow(TailObserver* observer) {
  RunOnLoop(core_->loop(), [this, observer] { core_->Follow(observer); });
}

LedgerState Ledger::state() const { return core_->state(); }

void Ledger::OnStateChange(std::function<void()> callback) {
  core_->OnStateChange(std::move(callback));
}

}  // namespace supervision::ledger
