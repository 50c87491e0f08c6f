#include "services/alerting/stream_session.h"

#include <algorithm>
#include <utility>

#include "services/domain/error.h"

namespace supervision::alerting {
namespace {

absl::Duration IntervalOf(const Hub::Request& request, const Hub::Options& options) {
  return request.bookmark_interval > absl::ZeroDuration() ? request.bookmark_interval
                                                          : options.bookmark_interval;
}

}  // namespace

StreamSession::StreamSession(std::shared_ptr<StreamHouse> house, Hub::Request request,
                             StreamSink* sink, uint32_t seed)
    : house_(std::move(house)),
      start_(std::move(request.start)),
      sink_(sink),
      interval_(IntervalOf(request, house_->options)),
      principal_(std::move(request.principal)),
      receiver_(std::move(request.receiver)),
      random_(seed),
      audience_(house_->tail.Join(request.scope, request.filter)) {
  if (start_.from == Hub::Start::From::kSnapshot) {
    snapshot_ = std::make_unique<Snapshot>(std::move(request.scope), std::move(request.filter),
                                           house_->options.max_snapshot_alerts);
  }
}

void StreamSession::Pump(absl::FunctionRef<void(Inbox&)> note) {
  const std::shared_ptr<StreamSession> self = shared_from_this();
  {
    base::MutexLock lock(&mutex_);
    note(inbox_);
    noted_ = true;
    if (pumping_) return;
    pumping_ = true;
  }
  while (true) {
    Inbox inbox;
    {
      base::MutexLock lock(&mutex_);
      if (!noted_) {
        pumping_ = false;
        return;
      }
      noted_ = false;
      inbox = std::exchange(inbox_, Inbox());
    }
    Step(std::move(inbox));
  }
}

void StreamSession::Start() {
  Pump([](Inbox& inbox) { inbox.start = true; });
}
void StreamSession::Drain(Ending ending) {
  Pump([&](Inbox& inbox) { inbox.drain = ending; });
}
void StreamSession::EndGently(EndingReason reason) {
  Pump([&](Inbox& inbox) { inbox.gently = reason; });
}
void StreamSession::End(absl::Status status) {
  Pump([&](Inbox& inbox) { inbox.end = std::move(status); });
}
void StreamSession::OnReceiverChanged() {
  Pump([](Inbox&) {});  // the step looks
}
void StreamSession::Close() {
  Pump([](Inbox& inbox) { inbox.close = true; });
}
void StreamSession::OnWritten(bool ok) {
  Pump([&](Inbox& inbox) { (ok ? inbox.written : inbox.gone) = true; });
}
void StreamSession::OnCancelled() {
  Pump([](Inbox& inbox) { inbox.gone = true; });
}
void StreamSession::OnTail(uint64_t index) {
  Pump([&](Inbox& inbox) { inbox.seen_to = std::max(inbox.seen_to, index); });
}
void StreamSession::OnDeadline() {
  Pump([](Inbox& inbox) { inbox.deadline = true; });
}

void StreamSession::Step(Inbox inbox) {
  if (phase_ == Phase::kEnded) return;
  now_ = house_->scheduler->Now();
  seen_to_ = std::max(seen_to_, inbox.seen_to);
  if (inbox.written) writing_ = false;
  if (inbox.drain.has_value()) TakeEnding(*inbox.drain);
  if (inbox.gently.has_value()) {
    TakeEnding({now_, now_ + house_->options.drain_grace, *inbox.gently});
  }
  if (inbox.gone) return EndNow(absl::CancelledError("The client has gone."));
  if (inbox.close || (drain_.has_value() && now_ >= drain_->by)) return EndNow(DrainingError());
  if (inbox.end.has_value()) {
    fate_ = *std::move(inbox.end);
    end_by_ = now_ + house_->options.drain_grace;
  }
  if (end_by_.has_value() && now_ >= *end_by_) return EndNow(*std::move(fate_));
  if (inbox.start) {
    LimitAge();
    LookUpStart();
  }
  if (inbox.place.has_value()) TakePlace(*std::move(inbox.place));
  if (inbox.page.has_value()) TakePage(*std::move(inbox.page));
  if (inbox.listed.has_value()) TakeListed(*std::move(inbox.listed));
  if (!writing_) {
    Proceed();
  } else if (inbox.deadline) {
    NoticeParking();
  }
  if (phase_ != Phase::kEnded) SetDeadline(inbox.deadline);
}

// The earliest ending counts, and the earliest bound.
void StreamSession::TakeEnding(Ending ending) {
  if (drain_.has_value()) {
    ending.by = std::min(ending.by, drain_->by);
    if (drain_->at <= ending.at) ending = {drain_->at, ending.by, drain_->reason};
  }
  drain_ = ending;
}

// So that streams that began together do not end together. A client that reads slowly is not cut
// off for its age.
void StreamSession::LimitAge() {
  if (house_->options.max_age <= absl::ZeroDuration()) return;
  std::uniform_real_distribution<double> jitter(0.9, 1.1);
  TakeEnding({now_ + house_->options.max_age * jitter(random_), absl::InfiniteDuration(),
              EndingReason::kAge});
}

// Does all that can be done until something must be waited for. REQUIRES: no write is outstanding.
void StreamSession::Proceed() {
  if (ending_sent_) return EndNow(absl::OkStatus());
  if (!fate_.has_value() && drain_.has_value() && now_ >= drain_->at) {
    return greeted_ ? SendEnding() : EndNow(DrainingError());
  }
  if (!fate_.has_value() && phase_ != Phase::kStarting && !greeted_) {
    greeted_ = true;
    return Send(NewMessage());
  }
  no_room_ = receiver_ != nullptr && receiver_->room().alerts == 0;
  if (no_room_ && phase_ == Phase::kFollowing) {
    SkipSeen();  // it waits for its receiver, not for the tail
    NoticeParking();
  }
  bool more = true;
  while (more && !fate_.has_value() && !writing_ && !no_room_) {
    switch (phase_) {
      case Phase::kFollowing:
        more = FollowTail();
        break;
      case Phase::kSnapshot:
        more = TellSnapshot();
        break;
      case Phase::kCatchingUp:
        more = CatchUp();
        break;
      case Phase::kAsking:
        if (!asked_ && now_ >= not_before_) Ask();
        more = false;
        break;
      case Phase::kStarting:
      case Phase::kEnded:
        more = false;
        break;
    }
  }
  if (writing_) return;
  if (fate_.has_value()) return EndNow(*std::move(fate_));
  // Behind all that could be told: a bookmark never passes an alert.
  if (greeted_ && (now_ >= bookmark_at_ || HasNews() || NextNotice().has_value())) {
    house_->metrics.bookmarks.Increment();
    Send(NewMessage());
  }
}

void StreamSession::SetDeadline(bool passed) {
  if (passed) deadline_.reset();
  absl::Duration next = absl::InfiniteDuration();
  if (greeted_) {
    // While a write is outstanding no bookmark can be sent; then this only looks whether the stream
    // has fallen behind.
    next = bookmark_at_ > now_ ? bookmark_at_ : now_ + interval_;
  }
  if (!asked_ && not_before_ > now_) next = std::min(next, not_before_);
  if (drain_.has_value()) next = std::min(next, drain_->at > now_ ? drain_->at : drain_->by);
  if (end_by_.has_value()) next = std::min(next, *end_by_);
  if (next == absl::InfiniteDuration() || (deadline_.has_value() && *deadline_ <= next)) return;
  deadline_ = next;
  house_->deadlines->Set(shared_from_this(), next);
}

void StreamSession::LookUpStart() {
  const auto callback = [weak = weak_from_this()](absl::StatusOr<ledger::Place> place) {
    const auto self = weak.lock();
    if (self == nullptr) return;
    self->Pump([&](Inbox& inbox) { inbox.place = std::move(place); });
  };
  const absl::Duration timeout = house_->options.read_timeout;
  switch (start_.from) {
    case Hub::Start::From::kLatest:
    case Hub::Start::From::kSnapshot:  // which is listed behind that place
      return house_->source->LatestPlace(timeout, callback);
    case Hub::Start::From::kEarliest:
      return house_->source->EarliestPlace(timeout, callback);
    case Hub::Start::From::kCursor:
      // A thousand monitors that come back at once are no load on the ledger: what they missed is
      // in the tail, which they share.
      if (auto known = house_->source->KnownPlace(start_.cursor);
          known.has_value() && house_->tail.Covers(*known)) {
        house_->metrics.resumed_in_tail.Increment();
        return house_->scheduler->Post([callback, place = *std::move(known)] { callback(place); });
      }
      return house_->source->ResolveCursor(start_.cursor, timeout, callback);
  }
}

// Asks what to tell the client whose history is gone: the ledger's answer to its own cursor.
void StreamSession::Ask() {
  Enter(Phase::kAsking);
  asked_ = true;
  house_->source->ResolveCursor(house_->source->EncodeCursor(place_), house_->options.read_timeout,
                                [weak = weak_from_this()](absl::StatusOr<ledger::Place> place) {
                                  const auto self = weak.lock();
                                  if (self == nullptr) return;
                                  self->Pump([&](Inbox& inbox) { inbox.place = std::move(place); });
                                });
}

void StreamSession::TakePlace(absl::StatusOr<ledger::Place> place) {
  if (phase_ == Phase::kStarting) {
    if (!place.ok()) {
      fate_ = place.status();
      return;
    }
    place_ = *std::move(place);
    const bool at_end = start_.from == Hub::Start::From::kLatest || snapshot_ != nullptr;
    if (at_end) {
      house_->WakeLater(house_->tail.Learn(place_, std::nullopt));
    } else {
      house_->metrics.replays.Increment();
    }
    if (snapshot_ != nullptr) house_->metrics.snapshots.Increment();
    Enter(snapshot_ != nullptr ? Phase::kSnapshot : Phase::kCatchingUp);
    return;
  }
  asked_ = false;
  if (!place.ok()) {
    Failed(place.status());
    return;
  }
  if (phase_ == Phase::kSnapshot) {
    snapshot_->SetEnd(*std::move(place));
    return;
  }
  // The place still stands: its epochs had moved on. Should the question come up again at once, it
  // waits a little, and not for ever.
  place_ = *std::move(place);
  Failed(absl::UnavailableError("The place moved."));
  Enter(Phase::kCatchingUp);
}

StreamSession::Taken StreamSession::Take(TailEntry& entry, View::Decision decision,
                                         StreamMessage* message) {
  const ledger::LogEntry& log_entry = entry.entry();
  const auto partition = static_cast<size_t>(log_entry.partition);
  if (partition >= place_.positions.size()) return Taken::kYes;
  int64_t& position = place_.positions[partition];
  if (log_entry.position <= position) return Taken::kYes;  // told before the stream joined
  if (log_entry.position != position + 1) return Taken::kHole;
  if (!principal_.empty()) {
    decision = Tail::ViewOf(audience_).JudgeFor(principal_, log_entry.event, decision);
  }
  if (receiver_ != nullptr && receiver_->Acknowledged(log_entry.partition, log_entry.position)) {
    decision = View::Decision::kNothing;
  }
  if (snapshot_ != nullptr && snapshot_->Had(log_entry.event.alert)) {
    decision = View::Decision::kNothing;
  }
  if (decision != View::Decision::kNothing) {
    SharedBytes piece = entry.Piece(decision, *house_->encoder);
    const size_t bytes = piece->size();
    if (!message->Add(std::move(piece), entry.appended_at())) {
      // The next message of this pump may have room again: only the receiver's says no.
      no_room_ = message->empty();
      return Taken::kMessageFull;
    }
    if (receiver_ != nullptr) handed_.push_back({log_entry.partition, log_entry.position, bytes});
  }
  position = log_entry.position;
  return Taken::kYes;
}

// A message without alerts only moves the cursor.
void StreamSession::Send(StreamMessage message) {
  if (phase_ == Phase::kFollowing) CompareWithTail();
  if (!message.empty()) {
    house_->metrics.alerts.Increment(static_cast<double>(message.alerts()));
    if (phase_ == Phase::kFollowing) {
      house_->metrics.wake_seconds.Observe(absl::ToDoubleSeconds(now_ - message.oldest()));
    }
  }
  Write(message.TakePieces());
}

void StreamSession::SendEnding() {
  ending_sent_ = true;
  if (phase_ == Phase::kFollowing) CompareWithTail();
  Write({house_->encoder->EncodeEnding(drain_->reason, house_->options.retry_delay)});
}

void StreamSession::Write(std::vector<SharedBytes> pieces) {
  const auto encode = [this](const ledger::Place& place) {
    return house_->source->EncodeCursor(place);
  };
  if (receiver_ != nullptr) {
    if (SharedBytes piece = receiver_->OnMessage(handed_, place_)) {
      pieces.push_back(std::move(piece));
    }
    handed_.clear();
  }
  if (const std::optional<Notice> notice = NextNotice()) {
    pieces.push_back(house_->encoder->EncodeNotice(*notice));
    NoteTold(*notice);
  }
  if (snapshot_ == nullptr) {
    pieces.push_back(phase_ == Phase::kFollowing && at_ != nullptr
                         ? at_->Piece(encode, *house_->encoder)
                         : house_->encoder->EncodeCursor(encode(place_)));
  }
  house_->metrics.messages.Increment();
  std::uniform_real_distribution<double> jitter(0.9, 1.1);
  bookmark_at_ = now_ + interval_ * jitter(random_);
  writing_ = true;
  sink_->Write(std::move(pieces));
}

void StreamSession::Enter(Phase phase) {
  const auto reads = [](Phase p) {
    return p == Phase::kSnapshot || p == Phase::kCatchingUp || p == Phase::kAsking;
  };
  if (reads(phase) && !reads(phase_)) {
    house_->metrics.catching_up.Increment();
    house_->shelf->Enter();
  }
  if (!reads(phase) && reads(phase_)) {
    house_->metrics.catching_up.Decrement();
    house_->shelf->Leave();
  }
  if (!reads(phase) && parked_) {
    parked_ = false;
    house_->metrics.parked.Decrement();
  }
  if (phase != Phase::kFollowing) at_ = nullptr;
  phase_ = phase;
}

void StreamSession::EndNow(absl::Status status) {
  Enter(Phase::kEnded);
  house_->tail.StopWaiting(audience_, this);
  house_->pages->Forget(list_ticket_);
  house_->shelf->Forget(page_ticket_);
  house_->deadlines->Remove(this);
  house_->tail.Leave(audience_);
  house_->OnEnding(this);
  page_ = nullptr;
  snapshot_ = nullptr;
  audience_ = nullptr;
  const std::shared_ptr<Receiver> receiver = std::move(receiver_);  // may be the sink too
  const std::shared_ptr<StreamHouse> house = std::move(house_);
  if (domain::HasReason(status, domain::Reason::kCursorTrimmed)) {
    house->metrics.trimmed_gaps.Increment();
  } else if (domain::HasReason(status, domain::Reason::kHistoryLost)) {
    house->metrics.lost_gaps.Increment();
  }
  sink_->Finish(std::move(status));
  house->OnEnded();
}

StreamMessage StreamSession::NewMessage() const {
  size_t alerts = house_->options.max_alerts_per_message;
  size_t bytes = house_->options.max_message_bytes;
  if (receiver_ == nullptr) return StreamMessage(alerts, bytes, true);
  const DeliveryBook::Room room = receiver_->room();
  return StreamMessage(std::min(alerts, room.alerts), std::min(bytes, room.bytes), room.first_fits);
}

bool StreamSession::HasNews() const { return receiver_ != nullptr && receiver_->HasNews(); }

absl::Status StreamSession::DrainingError() const {
  return domain::MakeError(domain::Reason::kDraining, house_->options.retry_delay);
}

}  // namespace supervision::alerting
