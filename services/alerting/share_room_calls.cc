// What a room asks the ledger, and what comes of it.
#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/alerting/share_room.h"
#include "services/alerting/tail_entry.h"
#include "services/domain/error.h"
#include "services/ledger/sharing_codec.h"

namespace supervision::alerting {

using domain::Reason;
using ledger::EntryKey;
using ledger::ShareAnswer;
using ledger::ShareStep;
using What = ShareStep::What;
using Kind = ShareAnswer::Kind;

namespace {

// How soon to ask again for what another has in hand: its consumers are mostly done long before the
// lease ends.
constexpr absl::Duration kElsewherePause = absl::Milliseconds(250);
constexpr absl::Duration kFullPause = absl::Milliseconds(250);
constexpr absl::Duration kHaltedPause = absl::Seconds(2);
constexpr size_t kMostCleanings = 1024;  // in one call
constexpr size_t kMostReadBehind = 64;   // at a time
constexpr int kBeatsToLook = 5;          // at the latest

// Behind it nobody else's step on the entry can lie: what is asked is answered for good.
bool TellsConsumer(What what) {
  return what == What::kAck || what == What::kReject || what == What::kExtend;
}

// What consumers are told of a subscription that takes no more steps.
Reason WhyNot(ledger::ShareResult::Status status) {
  using Status = ledger::ShareResult::Status;
  if (status == Status::kGone) return Reason::kSubscriptionNotFound;
  if (status == Status::kExclusive) return Reason::kWrongSubscriptionMode;  // it was made anew
  return Reason::kSubscriptionDamaged;
}

}  // namespace

void ShareRoom::Ask(ShareStep step, std::shared_ptr<ShareConsumer> consumer, uint64_t delivery) {
  if (cut_off_ || phase_ == Phase::kClosed) return;
  settles_.asked.push_back({std::move(step), std::move(consumer), delivery});
  Proceed();
}

// Not at once: what is asked in one go becomes one call.
void ShareRoom::Proceed() {
  if (std::exchange(posted_, true)) return;
  house_->scheduler->Post([weak = weak_from_this()] {
    const auto self = weak.lock();
    if (self == nullptr) return;
    self->posted_ = false;
    self->Flush(false);
  });
}

std::vector<ShareRoom::Hungry> ShareRoom::WhoTakes() const {
  const bool some_talk = std::any_of(consumers_.begin(), consumers_.end(),
                                     [](const auto& one) { return !one->silent(); });
  std::vector<Hungry> hungry;
  for (const auto& consumer : consumers_) {
    DeliveryBook::Room room = consumer->room();
    if (consumer->silent()) {
      if (some_talk || !consumer->MayBeTried()) continue;
      room.alerts = std::min<size_t>(room.alerts, 1);
    }
    if (room.alerts > 0) hungry.push_back({consumer, room});
  }
  return hungry;
}

// Claims what is due for whoever takes more, one by one in turn.
bool ShareRoom::PlanClaims() {
  std::vector<Hungry> hungry = WhoTakes();
  const absl::Duration now = house_->scheduler->Now();
  std::deque<Asked>& claims = claims_.asked;
  while (!hungry.empty() && claims.size() < options().max_steps) {
    const std::optional<EntryKey> entry = pool_->TakeDue(now);
    if (!entry.has_value()) return true;
    const size_t bytes = pool_->Piece(*entry)->size();
    bool given = false;
    while (!given && !hungry.empty()) {
      const size_t turn = next_consumer_ % hungry.size();
      Hungry& one = hungry[turn];
      given = bytes <= one.room.bytes || one.room.first_fits;
      if (given) {
        claims.push_back({{What::kClaim, *entry, NewToken()}, one.consumer, 0});
        one.room.first_fits = false;
        one.room.bytes -= std::min(one.room.bytes, bytes);
        ++next_consumer_;
      }
      if (!given || --one.room.alerts == 0) {
        hungry.erase(hungry.begin() + static_cast<ptrdiff_t>(turn));
      }
    }
    if (!given) {
      pool_->Postpone(*entry, now, false);
      return false;
    }
  }
  return true;
}

// Those that have been here longest, which is the order in which they came.
std::vector<ledger::Subscription::Connection> ShareRoom::Connections() const {
  std::vector<ledger::Subscription::Connection> connections;
  for (const auto& consumer : consumers_) {
    if (connections.size() == ledger::kMostShownConsumers) break;
    connections.push_back({"", consumer->peer().connected_at, consumer->peer().address,
                           static_cast<int>(consumer->in_hand()), consumer->silent()});
  }
  return connections;
}

std::string ShareRoom::NewToken() { return absl::StrCat(member_, ".", ++tokens_); }

// Both lanes send what has gathered, where their call before has been answered.
void ShareRoom::Flush(bool beat) {
  if (failing_ || phase_ == Phase::kOpening || phase_ == Phase::kClosed) return;
  if (cut_off_) {
    if (!claims_.calling && !settles_.calling) FinishClosing();
    return;
  }
  Settle(beat);
  Claim();
}

// `beat`: also when there is nothing but the place and a sign of life.
void ShareRoom::Settle(bool beat) {
  if (settles_.calling) return;
  const bool leaves = phase_ == Phase::kClosing && consumers_.empty() && !claims_.calling &&
                      claims_.asked.empty() && settles_.asked.size() <= options().max_steps;
  if (settles_.asked.empty() && !beat && !leaves) return;
  ledger::ShareUpdate update = NewUpdate();
  update.leaves = leaves;
  update.place = pool_->Proposal(common_);
  Batch batch = NextOf(&settles_);
  for (const EntryKey& entry :
       pool_->SettledBefore(update.place.value_or(common_), kMostCleanings)) {
    batch.push_back({{What::kClean, entry}, nullptr, 0});
  }
  Call(&settles_, std::move(batch), std::move(update));
}

// A claim whose answer was lost is made again as it was, whatever has become of the room: the
// ledger may have given the alert.
void ShareRoom::Claim() {
  if (claims_.calling) return;
  if (claims_.asked.empty()) {
    if (phase_ != Phase::kServing) return;
    const bool time_tells = PlanClaims();
    if (claims_.asked.empty()) return time_tells ? WakeWhenDue() : void();
  }
  ledger::ShareUpdate update = NewUpdate();
  Call(&claims_, NextOf(&claims_), std::move(update));
}

ShareRoom::Batch ShareRoom::NextOf(Lane* lane) {
  Batch batch;
  while (!lane->asked.empty() && batch.size() < options().max_steps) {
    batch.push_back(std::move(lane->asked.front()));
    lane->asked.pop_front();
    if (!batch.back().since.has_value()) batch.back().since = house_->scheduler->Now();
  }
  return batch;
}

ledger::ShareUpdate ShareRoom::NewUpdate() {
  ledger::ShareUpdate update;
  update.key = key_;
  update.member = member_;
  update.consumers = static_cast<int>(consumers_.size());
  if (std::exchange(list_due_, false)) update.connections = Connections();
  update.version = subscription_.version;
  update.rules = *subscription_.sharing;
  update.epochs = common_.epochs;
  update.known = common_;
  return update;
}

void ShareRoom::Call(Lane* lane, Batch batch, ledger::ShareUpdate update) {
  for (const Asked& asked : batch) update.steps.push_back(asked.step);
  lane->calling = true;
  house_->metrics.calls.Increment();
  const bool leaves = update.leaves;
  house_->keeper->Share(std::move(update),
                        [self = shared_from_this(), lane, batch = std::move(batch),
                         leaves](absl::StatusOr<ledger::ShareResult> result) {
                          self->OnShared(lane, batch, leaves, std::move(result));
                        });
}

// Whatever became of a call that failed, the same again is right: a step is known by its token.
void ShareRoom::OnShared(Lane* lane, const Batch& batch, bool left,
                         absl::StatusOr<ledger::ShareResult> result) {
  lane->calling = false;
  if (phase_ == Phase::kClosed) return;
  if (cut_off_) return Flush(false);
  if (!result.ok()) {
    house_->metrics.call_failures.Increment();
    list_due_ = true;
    lane->asked.insert(lane->asked.begin(), batch.begin(), batch.end());
    failing_ = true;
    retry_ = house_->scheduler->RunAfter(options().retry_delay, [weak = weak_from_this()] {
      const auto self = weak.lock();
      if (self == nullptr) return;
      self->failing_ = false;
      self->Flush(true);
    });
    return;
  }
  if (!Stands(*result)) return;
  taken_ = result->taken;
  common_ = result->place;
  pool_->OnPlace(common_);
  for (size_t i = 0; i < batch.size(); ++i) TakeAnswer(batch[i], result->answers[i]);
  NoteHalted(result->dead_letters >= ledger::kMostDeadLetters);
  const auto consumers = consumers_;  // some may leave
  for (const auto& consumer : consumers) consumer->OnAnswers();
  if (reader_ != nullptr) reader_->SetRoom(pool_->room());
  if (result->status == ledger::ShareResult::Status::kChanged) {
    SendAway(EndingReason::kSubscriptionChanged);
  }
  if (left && settles_.asked.empty()) return FinishClosing();
  Flush(false);
}

// False: there is nothing to be had of the ledger by this room any more.
bool ShareRoom::Stands(const ledger::ShareResult& result) {
  using Status = ledger::ShareResult::Status;
  if (result.status == Status::kDone || result.status == Status::kChanged) return true;
  cut_off_ = true;
  claims_.asked.clear();
  settles_.asked.clear();
  if (result.status == Status::kRebased) {
    SendAway(EndingReason::kSubscriptionChanged);
  } else {
    SendAway(domain::MakeError(WhyNot(result.status)));
  }
  Flush(false);
  return false;
}

void ShareRoom::NoteHalted(bool halted) {
  if (std::exchange(halted_, halted) == halted) return;
  if (!halted) return;
  house_->log->Warning("subscription_halted", {{"owner", std::string_view(key_.owner)}});
  for (const auto& consumer : consumers_) consumer->TellHalted();
}

void ShareRoom::TakeAnswer(const Asked& asked, const ShareAnswer& answer) {
  const absl::Duration now = house_->scheduler->Now();
  const ShareStep& step = asked.step;
  const bool done = answer.kind == Kind::kDone;
  switch (step.what) {
    case What::kClaim:
      return TakeClaim(asked, answer);
    case What::kAck:
      if (done) pool_->Settle(step.entry);
      break;
    case What::kExtend:
      if (done) pool_->Postpone(step.entry, now + lease(), true);
      break;
    case What::kReject:
    case What::kReturn:
      if (done) pool_->Postpone(step.entry, now, true);
      break;
    case What::kBury:
      if (done) {
        house_->metrics.DeadLetters(step.letter.reason).Increment();
        pool_->Settle(step.entry);
      } else {
        pool_->Postpone(step.entry, answer.kind == Kind::kHalted ? now + kHaltedPause : now, true);
      }
      break;
    case What::kClean:
      if (step.entry.second <= common_.positions[static_cast<size_t>(step.entry.first)]) {
        pool_->Cleaned(step.entry);
      }
      break;
    case What::kSkip:
      break;
  }
  if (asked.consumer == nullptr || !TellsConsumer(step.what)) return;
  if (!done) house_->metrics.refusals.Increment();
  asked.consumer->OnAnswer(asked.delivery, step.what, done);
}

void ShareRoom::TakeClaim(const Asked& asked, const ShareAnswer& answer) {
  const absl::Duration now = house_->scheduler->Now();
  const EntryKey& entry = asked.step.entry;
  house_->metrics.Claims(answer.kind).Increment();
  switch (answer.kind) {
    case Kind::kDone: {
      // Of an answer that came late, or of a process that slept, the lease may be over.
      const bool over = now - *asked.since >= lease();
      pool_->Postpone(entry, over ? now : now + lease(), true);
      SharedBytes piece = pool_->Piece(entry);
      if (over || piece == nullptr || asked.consumer->finished() || phase_ != Phase::kServing) {
        ShareStep step{What::kReturn, entry, asked.step.token, ledger::kConnectionBroken};
        step.uncounted = true;
        return Ask(std::move(step), nullptr, 0);
      }
      if (answer.attempts > 1) house_->metrics.redeliveries.Increment();
      return asked.consumer->Give(
          {entry, asked.step.token, std::move(piece), answer.attempts, *asked.since});
    }
    case Kind::kSettled:
      return pool_->Settle(entry);
    case Kind::kElsewhere:
      return pool_->Postpone(entry, now + std::min(answer.wait, kElsewherePause), true);
    case Kind::kWaits:
      return pool_->Postpone(entry, now + answer.wait, true);
    case Kind::kWindow:
      return pool_->Postpone(entry, now + kFullPause, false);
    case Kind::kHalted:
      return pool_->Postpone(entry, now + kHaltedPause, false);
    case Kind::kExhausted:
      return Bury(entry, answer);
    case Kind::kRefused:
      return pool_->Postpone(entry, now, false);
  }
}

void ShareRoom::WakeWhenDue() {
  if (WhoTakes().empty()) return;
  const absl::Duration due = pool_->next_due();
  if (due == absl::InfiniteDuration() || (wake_ != nullptr && wake_at_ <= due)) return;
  wake_at_ = due;
  const absl::Duration now = house_->scheduler->Now();
  wake_ = house_->scheduler->RunAfter(std::max(due - now, absl::Milliseconds(1)),
                                      [weak = weak_from_this()] {
                                        const auto self = weak.lock();
                                        if (self == nullptr) return;
                                        self->wake_ = nullptr;
                                        self->Flush(false);
                                      });
}

// ---- What is read by itself

void ShareRoom::ReadEntry(const EntryKey& entry, EntryCallback callback) {
  LogSource::PageRequest request;
  request.partition = entry.first;
  request.epoch = common_.epochs[static_cast<size_t>(entry.first)];
  request.after = entry.second - 1;
  request.max_entries = 1;
  request.max_bytes = 1;  // of one entry in any case
  request.timeout = options().read_timeout;
  house_->source->ReadLog(request, [position = entry.second, callback = std::move(callback)](
                                       absl::StatusOr<ledger::LogPage> page) {
    if (!page.ok()) return callback(page.status());
    if (page->entries.empty() || page->entries[0]->position != position) {
      return callback(absl::UnavailableError("The entry is not confirmed yet."));
    }
    callback(page->entries[0]);
  });
}

// The letter says which alert it was, which only the log knows.
void ShareRoom::Bury(const EntryKey& entry, const ShareAnswer& answer) {
  ReadEntry(entry, [self = shared_from_this(), entry,
                    answer](const absl::StatusOr<ledger::LogEntryPtr>& read) {
    if (self->phase_ != Phase::kServing) return;
    self->BuryRead(entry, answer, read, false);
  });
}

void ShareRoom::BuryRead(const EntryKey& entry, const ShareAnswer& answer,
                         const absl::StatusOr<ledger::LogEntryPtr>& read, bool unconditionally) {
  const bool gone = domain::HasReason(read.status(), Reason::kCursorTrimmed) ||
                    domain::HasReason(read.status(), Reason::kHistoryLost);
  if (!read.ok() && !gone) {
    return pool_->Postpone(entry, house_->scheduler->Now() + options().retry_delay, true);
  }
  ShareStep step{What::kBury, entry};
  step.unconditionally = unconditionally;
  step.letter.entry = entry;
  step.letter.epoch = common_.epochs[static_cast<size_t>(entry.first)];
  step.letter.id = ledger::LetterId(step.letter.epoch, entry);
  step.letter.reason = gone ? ledger::kHistoryGone : answer.reason;
  step.letter.attempts = answer.attempts;
  step.letter.first_at = answer.first_at;
  if (read.ok()) {
    step.letter.alert_id = (*read)->event.alert.id;
    step.letter.alert_version = (*read)->event.alert.version;
  }
  Ask(std::move(step), nullptr, 0);
}

// What waits and has been looked at, but is not here: a dead letter that is handed over again, or
// what a replica that died has left.
void ShareRoom::LookBehind() {
  const bool calm = !claims_.calling && !settles_.calling;  // both count the same
  const bool suspects = calm && taken_ != static_cast<int64_t>(pool_->taken());
  if (looking_ || taken_ == 0 || (!suspects && beats_ % kBeatsToLook != 0)) return;
  looking_ = true;
  house_->keeper->Look(key_, [self = shared_from_this()](absl::StatusOr<ledger::ShareState> state) {
    self->looking_ = false;
    if (!state.ok() || self->phase_ != Phase::kServing) return;
    size_t reads = 0;
    for (const EntryKey& entry : state->waiting) {
      if (self->pool_->Has(entry) || !self->pool_->LookedAt(entry)) continue;
      if (++reads > std::min(kMostReadBehind, self->pool_->room())) return;
      self->ReadBehind(entry);
    }
  });
}

void ShareRoom::ReadBehind(const EntryKey& entry) {
  ReadEntry(
      entry, [self = shared_from_this(), entry](const absl::StatusOr<ledger::LogEntryPtr>& read) {
        if (self->phase_ != Phase::kServing) return;
        const absl::Duration now = self->house_->scheduler->Now();
        if (!read.ok()) return self->BuryRead(entry, ShareAnswer(), read, true);
        const View& view = *self->view_;
        const domain::ChangeEvent& event = (*read)->event;
        const View::Decision decision = view.JudgeFor(self->key_.owner, event, view.Judge(event));
        if (decision == View::Decision::kNothing) {
          return self->Ask({What::kSkip, entry}, nullptr, 0);
        }
        self->pool_->AddBehind(entry, TailEntry(*read, now).Piece(decision, *self->house_->alerts),
                               now);
        self->Proceed();
      });
}

}  // namespace supervision::alerting
