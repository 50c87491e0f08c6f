// How a stream begins with the alerts as they stand.

#include <utility>

#include "services/alerting/stream_session.h"

namespace supervision::alerting {

// Returns whether there is more to do at once.
bool StreamSession::TellSnapshot() {
  StreamMessage message = NewMessage();
  while (!snapshot_->empty()) {
    const domain::Alert& alert = snapshot_->front();
    if (!message.Add(house_->encoder->EncodeAlert(alert, snapshot_->ProjectionOf(alert)), now_)) {
      break;
    }
    snapshot_->Pop();
  }
  if (!message.empty()) {
    house_->metrics.snapshot_alerts.Increment(static_cast<double>(message.alerts()));
    Send(std::move(message));
    return false;
  }
  if (snapshot_->has_end()) {
    Enter(Phase::kCatchingUp);
    return true;
  }
  if (asked_ || now_ < not_before_) return false;
  asked_ = true;
  if (std::optional<ledger::ListQuery> query = snapshot_->NextQuery()) {
    query->hidden_from = principal_;
    list_ticket_ =
        house_->pages->List(*std::move(query), house_->options.read_timeout,
                            [weak = weak_from_this()](absl::StatusOr<ledger::ListPage> page) {
                              const auto self = weak.lock();
                              if (self == nullptr) return;
                              self->Pump([&](Inbox& inbox) { inbox.listed = std::move(page); });
                            });
    return false;
  }
  house_->source->LatestPlace(house_->options.read_timeout,
                              [weak = weak_from_this()](absl::StatusOr<ledger::Place> place) {
                                const auto self = weak.lock();
                                if (self == nullptr) return;
                                self->Pump([&](Inbox& inbox) { inbox.place = std::move(place); });
                              });
  return false;
}

void StreamSession::TakeListed(absl::StatusOr<ledger::ListPage> page) {
  asked_ = false;
  if (!page.ok()) return Failed(page.status());
  failing_since_.reset();
  if (backoff_ != nullptr) backoff_->Reset();
  const absl::Status taken = snapshot_->Take(*std::move(page));
  if (!taken.ok()) fate_ = taken;
}

// What the client is to be told about the stream itself, one thing at a time.
std::optional<Notice> StreamSession::NextNotice() const {
  if (snapshot_ != nullptr) {
    if (snapshot_->Over(place_)) return Notice::kSnapshotComplete;
    return std::nullopt;
  }
  if (parked_ == throttled_) return std::nullopt;
  return parked_ ? Notice::kThrottled : Notice::kResumed;
}

void StreamSession::NoteTold(Notice notice) {
  if (notice == Notice::kSnapshotComplete) {
    snapshot_ = nullptr;
  } else {
    throttled_ = notice == Notice::kThrottled;
  }
}

}  // namespace supervision::alerting
