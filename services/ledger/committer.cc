#include "services/ledger/committer.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "absl/time/clock.h"
#include "services/domain/error.h"
#include "services/ledger/scripts.h"

namespace supervision::ledger {
namespace {

using domain::ErrorDetail;
using domain::MakeError;
using domain::Reason;

// How often late callers are looked for while any wait.
constexpr absl::Duration kSweepInterval = absl::Milliseconds(10);
// A gate that was closed for this long is "away": nobody is made to wait for it.
constexpr absl::Duration kPatience = absl::Milliseconds(100);
constexpr absl::Duration kNudgeInterval = absl::Milliseconds(500);
// What Redis says to XADD when another has published this position or a later one.
constexpr char kToldBefore[] = "equal or smaller";

bool HasNotRun(const redis::Result& script) {
  return !script.ok() && (script.failure().kind == redis::FailureKind::kNotSent ||
                          script.failure().kind == redis::FailureKind::kNoScript);
}

absl::Status Retry(Reason reason, absl::Duration delay) {
  ErrorDetail detail;
  detail.reason = reason;
  detail.retry_after = delay;
  return MakeError(std::move(detail));
}

}  // namespace

Committer::Committer(Context* context)
    : context_(context), closed_since_(std::chrono::steady_clock::now()) {
  const bool together = context->options->replicas > 0;
  for (int partition = 0; partition < context->descriptor.partitions; ++partition) {
    if (!together || convoys_.empty()) convoys_.push_back(std::make_unique<Convoy>());
    lanes_.push_back(std::make_unique<Lane>());
    Lane* const lane = lanes_.back().get();
    lane->partition = partition;
    lane->convoy = convoys_.back().get();
    lane->convoy->lanes.push_back(lane);
    // What an earlier run left unconfirmed is confirmed by the first nudge.
    lane->unconfirmed = together;
  }
}

absl::Status Committer::Unavailable() const {
  return Retry(Reason::kLedgerUnavailable, context_->options->retry_delay);
}

void Committer::Commit(Change change, Deadline deadline, Callback callback) {
  Lane* const lane = lanes_[change.clue.partition].get();
  const size_t bytes = change.bytes();
  auto pending =
      std::make_unique<Pending>(Pending{std::move(change), deadline, std::move(callback), {}});
  bool wake = false;
  {
    base::MutexLock lock(&lane->mutex);
    if (lane->count < context_->options->max_queued &&
        lane->bytes + bytes <= context_->options->max_queued_bytes) {
      lane->count += 1;
      lane->bytes += bytes;
      wake = lane->incoming.empty();
      lane->incoming.push_back(std::move(pending));
    }
  }
  if (pending != nullptr) {  // not taken
    context_->metrics->CountChange(ChangeResult::kOverloaded);
    context_->loop->Post([callback = std::move(pending->callback),
                          status = Retry(Reason::kOverloaded, context_->options->retry_delay)] {
      callback(status);
    });
    return;
  }
  queued_.fetch_add(1, std::memory_order_relaxed);
  if (wake) context_->loop->Post([this, lane] { Flush(lane); });
}

void Committer::OpenGate(bool fsynced) {
  if (stopped_) return;
  open_ = true;
  fsynced_ = fsynced;
  Nudge();
}

void Committer::CloseGate() {
  if (open_) closed_since_ = std::chrono::steady_clock::now();
  open_ = false;
  // What was under way may have been written or confirmed, and its answer lost.
  for (const auto& lane : lanes_) lane->unconfirmed = context_->options->replicas > 0;
}

void Committer::Stop() {
  stopped_ = true;
  open_ = false;
  sweep_timer_.reset();
  nudge_timer_.reset();
  for (const auto& lane : lanes_) Flush(lane.get());
}

// ---- From the queue to Redis

void Committer::Flush(Lane* lane) {
  TakeIn(lane);
  if (stopped_) {
    for (const auto& pending : lane->waiting) {
      Left(lane, *pending);
      Answer(pending.get(), Unavailable(), ChangeResult::kUnavailable);
    }
    lane->waiting.clear();
    return;
  }
  Depart(lane->convoy);
  if (!open_) Sweep();
  ArmSweep();
}

void Committer::TakeIn(Lane* lane) {
  base::MutexLock lock(&lane->mutex);
  for (const auto& pending : lane->incoming) {
    lane->earliest = std::min(lane->earliest, pending->deadline.at());
  }
  lane->waiting.splice(lane->waiting.end(), lane->incoming);
}

std::vector<std::unique_ptr<Committer::Pending>> Committer::TakeBatch(Lane* lane) {
  const size_t most = std::clamp<size_t>(context_->options->max_batch, 1, kMaxBatchChanges);
  const auto now = std::chrono::steady_clock::now();
  std::vector<std::unique_ptr<Pending>> batch;
  std::unordered_map<std::string_view, Pending*> clues;
  size_t bytes = 0;
  for (auto next = lane->waiting.begin(); next != lane->waiting.end();) {
    Pending& pending = **next;
    const auto same_clue = clues.find(pending.change.clue_key);
    if (pending.callback == nullptr || pending.deadline.at() <= now) {
      Left(lane, pending);
      Answer(&pending, Unavailable(), ChangeResult::kUnavailable);
    } else if (same_clue == clues.end()) {
      bytes += pending.change.bytes();
      if (batch.size() == most || (!batch.empty() && bytes > context_->options->max_batch_bytes)) {
        break;
      }
      Left(lane, pending);
      clues.emplace(pending.change.clue_key, &pending);
      batch.push_back(std::move(*next));
    } else if (same_clue->second->change.kind == pending.change.kind &&
               same_clue->second->change.request_id == pending.change.request_id &&
               same_clue->second->change.digest == pending.change.digest) {
      Left(lane, pending);
      same_clue->second->sharers.push_back(std::move(*next));
    } else {
      ++next;  // another change of a clue of this batch: the next batch decides on it
      continue;
    }
    next = lane->waiting.erase(next);
  }
  return batch;
}

// Sends what the lanes have to send, all of it together; nothing while a round is under way, whose
// return is the next departure.
void Committer::Depart(Convoy* convoy) {
  if (!open_ || !convoy->under_way.empty()) return;
  std::vector<BatchCall> calls;
  for (Lane* const lane : convoy->lanes) {
    TakeIn(lane);
    lane->in_flight = TakeBatch(lane);
    if (lane->in_flight.empty() && !(convoy->nudged && lane->unconfirmed)) continue;
    convoy->under_way.push_back(lane);
    calls.push_back(CallOf(lane));
  }
  convoy->nudged = false;
  if (calls.empty()) return;
  convoy->departed = absl::Now();
  SendRound(*context_, std::move(calls),
            [this, convoy](RoundReply round) { Return(convoy, std::move(round)); });
}

BatchCall Committer::CallOf(Lane* lane) {
  lane->epoch = context_->board->state(lane->partition).epoch;
  std::vector<const Change*> changes;
  for (const auto& pending : lane->in_flight) changes.push_back(&pending->change);
  context_->metrics->batch_changes.Observe(static_cast<double>(changes.size()));
  return MakeBatchCall(context_->keys, lane->partition, changes, context_->options->replicas > 0);
}

// ---- From Redis to the callers

void Committer::Return(Convoy* convoy, RoundReply round) {
  struct Decided {
    std::vector<std::unique_ptr<Pending>> batch;
    std::vector<Outcome> outcomes;
  };
  std::vector<Decided> decided;
  bool requeued = false;
  const std::vector<Lane*> lanes = std::exchange(convoy->under_way, {});
  const double seconds = absl::ToDoubleSeconds(absl::Now() - convoy->departed);
  for (size_t i = 0; i < lanes.size(); ++i) {
    Lane* const lane = lanes[i];
    redis::Result& script = round.scripts[i];
    context_->metrics->commit_seconds.Observe(seconds);
    if (!script.ok()) {
      context_->log->Warning("ledger.commit_failed",
                             {{"partition", int64_t{lane->partition}},
                              {"why", std::string_view(script.failure().text)}});
    }
    if (!stopped_ && HasNotRun(script)) {
      Requeue(lane);
      requeued = true;
    } else if (auto reply = ReadReply(lane, std::move(script))) {
      Learn(lane, reply->end, round.replicas);
      decided.push_back({std::move(lane->in_flight), std::move(reply->outcomes)});
      lane->in_flight.clear();
    }
    if (lane->unconfirmed) ArmNudge();
  }
  // The next round goes out before anyone is answered: Redis works while the callers hear. What has
  // not run is left to the sweep: a connection that refuses would make this a busy loop.
  if (!requeued) Depart(convoy);
  for (Decided& each : decided) {
    for (size_t i = 0; i < each.batch.size(); ++i) {
      AnswerOutcome(each.batch[i].get(), std::move(each.outcomes[i]), round.replicas);
    }
  }
}

// What the script has decided. Nothing when it failed: then all have been told so.
std::optional<BatchReply> Committer::ReadReply(Lane* lane, redis::Result script) {
  if (!script.ok()) {
    const redis::Failure& failure = script.failure();
    const bool unknown = failure.kind == redis::FailureKind::kOutcomeUnknown;
    // It may have run, and its WAIT have been answered for nobody.
    if (unknown) lane->unconfirmed = context_->options->replicas > 0;
    AnswerAll(lane, failure.ToStatus(), unknown ? ChangeResult::kUnknown : ChangeResult::kFailed);
    return std::nullopt;
  }
  std::optional<BatchReply> reply =
      ParseBatchReply(std::move(script.reply()), lane->in_flight.size());
  if (!reply.has_value()) {
    context_->log->Error("ledger.commit_reply_malformed",
                         {{"partition", int64_t{lane->partition}}});
    AnswerAll(lane, MakeError(Reason::kInternal), ChangeResult::kFailed);
  }
  return reply;
}

// The log ends at `end`, and so many replicas have it.
void Committer::Learn(Lane* lane, int64_t end, int replicas) {
  const int wanted = context_->options->replicas;
  const bool confirmed = replicas >= wanted;
  context_->board->LearnEnd(lane->partition, end);
  if (wanted > 0) lane->unconfirmed = !confirmed;
  if (!confirmed || end < 1) return;
  context_->board->Acknowledge(lane->partition, lane->epoch, end);
  if (wanted > 0) PublishConfirmed(lane, end);
}

// Nothing of the batch was sent, so it may go again, in its old place.
void Committer::Requeue(Lane* lane) {
  {
    base::MutexLock lock(&lane->mutex);
    for (const auto& pending : lane->in_flight) {
      lane->count += 1 + pending->sharers.size();
      lane->bytes += pending->change.bytes();
      for (const auto& sharer : pending->sharers) lane->bytes += sharer->change.bytes();
      queued_.fetch_add(1 + static_cast<int64_t>(pending->sharers.size()),
                        std::memory_order_relaxed);
    }
  }
  Queue again;
  for (auto& pending : lane->in_flight) {
    std::vector<std::unique_ptr<Pending>> sharers = std::move(pending->sharers);
    pending->sharers.clear();
    again.push_back(std::move(pending));
    for (auto& sharer : sharers) again.push_back(std::move(sharer));
  }
  lane->in_flight.clear();
  lane->waiting.splice(lane->waiting.begin(), again);
  ArmSweep();
}

void Committer::AnswerAll(Lane* lane, const absl::Status& status, ChangeResult result) {
  const std::vector<std::unique_ptr<Pending>> answered = std::move(lane->in_flight);
  lane->in_flight.clear();
  for (const auto& pending : answered) {
    for (const auto& sharer : pending->sharers) Answer(sharer.get(), status, result);
    Answer(pending.get(), status, result);
  }
}

// The receipt that the request of `change` got at first; `stored` is what it had made.
std::optional<Receipt> Committer::FirstReceipt(const Change& change,
                                               const std::string& stored) const {
  const std::string clue_id = change.clue.ToText();
  if (change.of_alert) {
    std::optional<AlertChange> step = DecodeAlertChange(stored);
    if (!step.has_value()) return std::nullopt;
    return ReceiptOf(clue_id, *std::move(step));
  }
  std::optional<VersionRecord> version = DecodeVersion(stored, clue_id);
  if (!version.has_value()) return std::nullopt;
  return ReceiptOf(context_->descriptor, *std::move(version));
}

void Committer::AnswerOutcome(Pending* pending, Outcome outcome, int replicas) {
  absl::StatusOr<Receipt> receipt = MakeError(Reason::kInternal);
  ChangeResult result = ChangeResult::kConflict;
  switch (outcome.decision) {
    case Decision::kAccepted:
      receipt = std::move(pending->change.receipt);
      result = ChangeResult::kAccepted;
      if (pending->change.silenced) context_->metrics->alerts_silenced.Increment();
      break;
    case Decision::kRepeated: {
      std::optional<Receipt> first = FirstReceipt(pending->change, outcome.stored);
      result = first.has_value() ? ChangeResult::kRepeated : ChangeResult::kFailed;
      if (first.has_value()) {
        first->repeated = true;
        receipt = *std::move(first);
      }
      break;
    }
    case Decision::kReused:
      receipt = MakeError(Reason::kIdempotencyKeyReused);
      break;
    case Decision::kExists: {
      ErrorDetail detail;
      detail.reason = Reason::kSourceRecordExists;
      detail.metadata = {{"clue_id", pending->change.clue.ToText()}};
      receipt = MakeError(std::move(detail));
      break;
    }
    case Decision::kMissing:
      receipt = MakeError(Reason::kClueNotFound);
      break;
    case Decision::kMoved:
      receipt = MakeError(Reason::kEtagMismatch);
      break;
    case Decision::kWrongType:
    case Decision::kDamaged:
      result = ChangeResult::kFailed;
      break;
  }
  if (result == ChangeResult::kFailed) {
    context_->log->Error("ledger.record_damaged", {{"clue", pending->change.clue_key}});
  }
  if (receipt.ok()) {
    receipt->durability = {fsynced_, replicas};
    if (replicas < context_->options->replicas) {
      result = ChangeResult::kNotDurable;
      receipt = Retry(Reason::kDurabilityNotReached, context_->options->retry_delay);
    }
  }
  for (const auto& sharer : pending->sharers) {
    if (receipt.ok()) {
      Receipt repeated = *receipt;
      repeated.repeated = true;
      Answer(sharer.get(), std::move(repeated), ChangeResult::kRepeated);
    } else {
      Answer(sharer.get(), receipt.status(), result);
    }
  }
  Answer(pending, std::move(receipt), result);
}

void Committer::Answer(Pending* pending, absl::StatusOr<Receipt> receipt, ChangeResult result) {
  if (pending->callback == nullptr) return;
  context_->metrics->CountChange(result);
  const Callback callback = std::move(pending->callback);
  pending->callback = nullptr;
  callback(std::move(receipt));
}

void Committer::Left(Lane* lane, const Pending& pending) {
  base::MutexLock lock(&lane->mutex);
  lane->count -= 1;
  lane->bytes -= pending.change.bytes();
  queued_.fetch_sub(1, std::memory_order_relaxed);
}

// ---- Replicas

// The stream's id is the position itself, so a late publisher is refused by Redis and does no harm.
void Committer::PublishConfirmed(Lane* lane, int64_t end) {
  context_->board->Confirm(lane->partition, end);
  context_->commit->Send(
      {"XADD", context_->keys.Told(lane->partition), "MAXLEN", "1", std::to_string(end) + "-0", "c",
       ""},
      context_->options->command_timeout,
      [this, lane](const redis::Result& told) { OnPublished(lane, told); }, context_->admitted_on);
}

// Else nobody would be told of what is confirmed before the partition's next change.
void Committer::OnPublished(Lane* lane, const redis::Result& told) {
  if (told.ok() || told.failure().text.find(kToldBefore) != std::string::npos) return;
  lane->unconfirmed = true;
  ArmNudge();
}

void Committer::ConfirmSoon(int partition) {
  if (context_->options->replicas == 0) return;
  lanes_[static_cast<size_t>(partition)]->unconfirmed = true;
  Nudge();
}

// Who has no change goes with an empty batch: that writes a marker, and WAIT then speaks of
// everything before it.
void Committer::Nudge() {
  for (const auto& convoy : convoys_) {
    convoy->nudged = true;
    Depart(convoy.get());
  }
}

void Committer::ArmNudge() {
  if (nudge_timer_ != nullptr || stopped_) return;
  nudge_timer_ = context_->loop->RunAfter(kNudgeInterval, [this] {
    nudge_timer_.reset();
    Nudge();
  });
}

// ---- Late callers

void Committer::ArmSweep() {
  if (sweep_timer_ != nullptr || stopped_) return;
  const bool any = std::any_of(lanes_.begin(), lanes_.end(), [](const auto& lane) {
    return !lane->waiting.empty() || !lane->in_flight.empty();
  });
  if (!any) return;
  sweep_timer_ = context_->loop->RunAfter(kSweepInterval, [this] {
    sweep_timer_.reset();
    Sweep();
    for (const auto& lane : lanes_) Flush(lane.get());
  });
}

void Committer::Sweep() {
  const auto now = std::chrono::steady_clock::now();
  const bool away = !open_ && now - closed_since_ > absl::ToChronoNanoseconds(kPatience);
  double bytes = 0;
  for (const auto& lane : lanes_) {
    if (away || lane->earliest <= now) AnswerLate(lane.get(), now, away);
    base::MutexLock lock(&lane->mutex);
    bytes += static_cast<double>(lane->bytes);
  }
  context_->metrics->queued_bytes.Set(bytes);
  context_->metrics->queued_changes.Set(static_cast<double>(queued()));
}

void Committer::AnswerLate(Lane* lane, Deadline::Clock::time_point now, bool away) {
  // Answers are collected first: a callback may come back with another change.
  Queue late;
  lane->earliest = Deadline::Clock::time_point::max();
  for (auto next = lane->waiting.begin(); next != lane->waiting.end();) {
    const auto pending = next++;
    if (away || (*pending)->deadline.at() <= now) {
      Left(lane, **pending);
      late.splice(late.end(), lane->waiting, pending);
    } else {
      lane->earliest = std::min(lane->earliest, (*pending)->deadline.at());
    }
  }
  std::vector<Pending*> unknown;
  const auto look_at_sent = [&](Pending* pending) {
    if (pending->callback == nullptr) return;
    if (pending->deadline.at() <= now) return unknown.push_back(pending);
    lane->earliest = std::min(lane->earliest, pending->deadline.at());
  };
  for (const auto& pending : lane->in_flight) {
    look_at_sent(pending.get());
    for (const auto& sharer : pending->sharers) look_at_sent(sharer.get());
  }
  for (const auto& pending : late) {
    Answer(pending.get(), Unavailable(), ChangeResult::kUnavailable);
  }
  for (Pending* const pending : unknown) {
    Answer(pending, Retry(Reason::kOutcomeUnknown, context_->options->retry_delay),
           ChangeResult::kUnknown);
  }
}

}  // namespace supervision::ledger
