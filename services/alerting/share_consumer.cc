#include "services/alerting/share_consumer.h"

#include <algorithm>
#include <utility>

#include "services/alerting/share_room.h"
#include "services/domain/error.h"

namespace supervision::alerting {

using ledger::ShareStep;
using What = ShareStep::What;

namespace {

// A lease begins when the message has been written. Asking for that costs a call, so a start that
// is late by less than this part of the lease is let be.
constexpr double kLateStart = 0.05;
// Messages that may be claimed for at a time.
constexpr size_t kMessagesAtATime = 4;

}  // namespace

// ---- The carrier

void ShareConsumer::OnWritten(bool ok) {
  Post([self = shared_from_this(), ok] { self->TakeWritten(ok); });
}

void ShareConsumer::OnCancelled() {
  Post([self = shared_from_this()] {
    self->Finish(absl::CancelledError("The client has gone."), true);
  });
}

void ShareConsumer::Acknowledge(uint64_t through, absl::Span<const uint64_t> singles) {
  Post([self = shared_from_this(), through,
        singles = std::vector<uint64_t>(singles.begin(), singles.end())] {
    self->Heard();
    if (through > 0) {
      return self->EndWith(domain::MakeError(domain::Reason::kWrongSubscriptionMode));
    }
    for (const uint64_t delivery : singles) {
      if (Open* const open = self->Find(delivery)) self->Ask(delivery, open, {What::kAck});
    }
  });
}

void ShareConsumer::Reject(absl::Span<const uint64_t> deliveries, std::string reason,
                           absl::Duration delay) {
  Post([self = shared_from_this(), reason = std::move(reason), delay,
        deliveries = std::vector<uint64_t>(deliveries.begin(), deliveries.end())] {
    self->Heard();
    for (const uint64_t delivery : deliveries) {
      Open* const open = self->Find(delivery);
      if (open == nullptr) continue;
      ShareStep step{What::kReject};
      step.reason = reason.empty() ? ledger::kRejected : reason;
      step.delay = delay;
      self->Ask(delivery, open, std::move(step));
    }
  });
}

void ShareConsumer::Extend(absl::Span<const uint64_t> deliveries) {
  Post([self = shared_from_this(),
        deliveries = std::vector<uint64_t>(deliveries.begin(), deliveries.end())] {
    self->Heard();
    for (const uint64_t delivery : deliveries) {
      if (Open* const open = self->Find(delivery)) self->Ask(delivery, open, {What::kExtend});
    }
  });
}

void ShareConsumer::SetWindow(DeliveryBook::Window window) {
  Post([self = shared_from_this(), window] {
    self->window_ = window;
    self->Heard();
  });
}

void ShareConsumer::Fail(absl::Status status) {
  Post([self = shared_from_this(), status = std::move(status)] { self->EndWith(status); });
}

void ShareConsumer::OnSentAll() {
  Post([self = shared_from_this()] {
    self->sent_all_ = true;
    self->FinishIfDone();
  });
}

// ---- The room

void ShareConsumer::Enter(std::shared_ptr<ShareRoom> room) {
  if (finished_) return;
  room_ = std::move(room);
  end_at_ = room_->AgeLimit();
  if (fate_.has_value()) return Finish(*fate_, false);
  FinishIfDone();
}

DeliveryBook::Room ShareConsumer::room() const {
  const bool ends = fate_.has_value() || gently_.has_value() || sent_all_;
  if (finished_ || writing_ || ends || !to_send_.empty() || room_ == nullptr) return {};
  if (open_.size() >= window_.alerts) return {};
  const size_t bytes = window_.bytes - std::min(window_.bytes, bytes_in_hand_);
  if (bytes == 0 && !open_.empty()) return {};
  const Shares::Options& options = room_->options();
  return {
      std::min(window_.alerts - open_.size(), kMessagesAtATime * options.max_alerts_per_message),
      std::min(bytes, kMessagesAtATime * options.max_message_bytes), open_.empty()};
}

bool ShareConsumer::silent() const {
  return room_ != nullptr && !open_.empty() && scheduler_->Now() - quiet_since_ >= room_->lease();
}

bool ShareConsumer::MayBeTried() const {
  return room_ != nullptr && scheduler_->Now() - tried_at_ >= room_->lease();
}

// A sign of life.
void ShareConsumer::Heard() {
  quiet_since_ = scheduler_->Now();
  if (room_ != nullptr) room_->Proceed();
}

void ShareConsumer::Give(Handed handed) {
  if (silent()) tried_at_ = scheduler_->Now();
  bytes_in_hand_ += handed.piece->size();
  to_send_.push_back(std::move(handed));
}

ShareConsumer::Open* ShareConsumer::Find(uint64_t delivery) {
  if (finished_ || fate_.has_value() || room_ == nullptr) return nullptr;
  if (delivery == 0 || delivery >= next_delivery_) {
    EndWith(domain::MakeError(domain::Reason::kAckBeyondSent));
    return nullptr;
  }
  const auto found = open_.find(delivery);
  if (found == open_.end() || found->second.answered) return nullptr;  // said before
  return &found->second;
}

void ShareConsumer::Ask(uint64_t delivery, Open* open, ShareStep step) {
  open->answered = step.what != What::kExtend;
  step.entry = open->entry;
  step.token = open->token;
  room_->Ask(std::move(step), shared_from_this(), delivery);
}

void ShareConsumer::OnAnswer(uint64_t delivery, What what, bool done) {
  const auto found = open_.find(delivery);
  if (found == open_.end()) return;
  if (what == What::kExtend && done) return;
  if (!done) {
    refused_.push_back(delivery);
  } else if (what == What::kAck) {
    kept_.push_back(delivery);
  }
  bytes_in_hand_ -= found->second.bytes;
  open_.erase(found);
}

void ShareConsumer::Speak(bool greet) {
  if (finished_ || writing_ || room_ == nullptr) return;
  if (ending_sent_) return Finish(absl::OkStatus(), false);
  if (fate_.has_value()) return Finish(*fate_, false);
  std::vector<SharedBytes> pieces;
  Caption caption;
  if (!gently_.has_value()) TakeToSend(&pieces, &caption);
  sending_from_ = caption.first_delivery;
  if (!kept_.empty()) caption.kept = {0, std::exchange(kept_, {})};
  caption.refusals = std::exchange(refused_, {});
  caption.halted = std::exchange(halted_, false);
  if (gently_.has_value()) {
    pieces.push_back(room_->EndingPiece(*gently_));
    ending_sent_ = true;
  }
  const bool says = caption.first_delivery > 0 || caption.kept.has_value() ||
                    !caption.refusals.empty() || caption.halted;
  if (!says && !ending_sent_ && !greet) return;
  pieces.push_back(room_->CaptionPiece(caption));
  writing_ = true;
  spoke_at_ = scheduler_->Now();
  sink_->Write(std::move(pieces));
}

// As much as one message takes.
void ShareConsumer::TakeToSend(std::vector<SharedBytes>* pieces, Caption* caption) {
  const absl::Duration now = scheduler_->Now();
  size_t bytes = 0;
  while (!to_send_.empty() && pieces->size() < room_->options().max_alerts_per_message) {
    Handed& handed = to_send_.front();
    const size_t size = handed.piece->size();
    if (now - handed.since >= room_->lease()) {
      bytes_in_hand_ -= size;
      GiveBack(handed.entry, handed.token, true, room_.get());
      to_send_.pop_front();
      continue;
    }
    if (!pieces->empty() && bytes + size > room_->options().max_message_bytes) return;
    if (open_.empty()) quiet_since_ = now;
    const uint64_t delivery = next_delivery_++;
    if (caption->first_delivery == 0) caption->first_delivery = delivery;
    open_[delivery] = {handed.entry, std::move(handed.token), size, handed.since, false};
    caption->attempts.push_back(handed.attempts);
    pieces->push_back(std::move(handed.piece));
    bytes += size;
    to_send_.pop_front();
  }
}

void ShareConsumer::GiveBack(const ledger::EntryKey& entry, const std::string& token,
                             bool uncounted, ShareRoom* room) {
  ShareStep step{What::kReturn, entry, token, ledger::kConnectionBroken};
  step.uncounted = uncounted;
  room->Ask(std::move(step), nullptr, 0);
}

void ShareConsumer::TakeWritten(bool ok) {
  if (finished_) return;
  writing_ = false;
  if (!ok) return Finish(absl::CancelledError("The client has gone."), true);
  // All that it has in hand begins now.
  if (!open_.empty() && open_.begin()->first == sending_from_) quiet_since_ = scheduler_->Now();
  const absl::Duration late = kLateStart * room_->lease();
  for (auto at = open_.lower_bound(sending_from_); sending_from_ > 0 && at != open_.end(); ++at) {
    Open& open = at->second;
    if (open.answered || scheduler_->Now() - open.claimed_at < late) continue;
    ShareStep step{What::kExtend};
    step.entry = open.entry;
    step.token = open.token;
    room_->Ask(std::move(step), nullptr, 0);
  }
  sending_from_ = 0;
  Speak(false);
  FinishIfDone();
  if (room_ != nullptr) room_->Proceed();
}

// The client sends no more: when the ledger has answered all that it said, it is told so, and the
// stream ends.
void ShareConsumer::FinishIfDone() {
  if (!sent_all_ || finished_ || room_ == nullptr || gently_.has_value()) return;
  const auto asked = [](const auto& one) { return one.second.answered; };
  if (std::any_of(open_.begin(), open_.end(), asked)) return;
  EndGently(EndingReason::kClientDone);
}

void ShareConsumer::EndGently(EndingReason reason) {
  if (finished_ || gently_.has_value()) return;
  gently_ = reason;
  end_by_ = scheduler_->Now() + room_->options().ending_grace;
  Speak(false);
}

void ShareConsumer::EndWith(absl::Status status) {
  if (finished_ || fate_.has_value()) return;
  fate_ = std::move(status);
  if (room_ == nullptr) return;  // Enter or the house ends it
  end_by_ = scheduler_->Now() + room_->options().ending_grace;
  Speak(false);
}

void ShareConsumer::OnBeat() {
  if (finished_) return;
  const absl::Duration now = scheduler_->Now();
  if (end_by_.has_value() && now >= *end_by_) {
    return Finish(fate_.value_or(absl::UnavailableError("The client takes no message.")), false);
  }
  if (now >= end_at_) EndGently(EndingReason::kAge);
  const absl::Duration quiet = request_.bookmark_interval > absl::ZeroDuration()
                                   ? request_.bookmark_interval
                                   : room_->options().bookmark_interval;
  if (!finished_ && now - spoke_at_ >= quiet) Speak(true);
}

// `counts`: what it has in hand has been handed over as far as anybody can tell.
void ShareConsumer::Finish(absl::Status status, bool counts) {
  if (finished_) return;
  const auto self = shared_from_this();
  finished_ = true;
  const std::shared_ptr<ShareRoom> room = std::exchange(room_, nullptr);
  const bool client_done = sent_all_ && gently_ == EndingReason::kClientDone;
  if (room != nullptr) {
    for (const auto& [delivery, open] : open_) {
      if (!open.answered) GiveBack(open.entry, open.token, !(counts || client_done), room.get());
    }
    for (const Handed& handed : to_send_) GiveBack(handed.entry, handed.token, true, room.get());
  }
  open_.clear();
  to_send_.clear();
  sink_->Finish(std::move(status));
  if (room != nullptr) room->OnLeft(self.get());
}

}  // namespace supervision::alerting
