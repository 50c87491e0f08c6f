#include "services/alerting/consumer.h"

#include <utility>

#include "services/domain/error.h"

namespace supervision::alerting {
namespace {

using domain::Reason;

std::string FactOf(const domain::ErrorDetail& detail, std::string_view name) {
  for (const auto& [key, value] : detail.metadata) {
    if (key == name) return value;
  }
  return "";
}

}  // namespace

Consumer::Consumer(std::shared_ptr<ConsumerHouse> house, Consumers::Request request,
                   StreamSink* sink)
    : house_(std::move(house)), request_(std::move(request)), sink_(sink), book_(request_.window) {}

void Consumer::Start() {
  house_->keeper->Attach(request_.key, request_.attempt, request_.peer.address,
                         [self = shared_from_this()](absl::StatusOr<ledger::Attachment> attached) {
                           self->OnAttached(std::move(attached));
                         });
}

// ---- From the attachment to the stream; one step after the other, on the loop's thread.

void Consumer::OnAttached(absl::StatusOr<ledger::Attachment> attachment) {
  if (!attachment.ok()) {
    EndsEarly(attachment.status());
    return;
  }
  std::string cursor = house_->source->EncodeCursor(attachment->subscription.progress.place);
  {
    base::MutexLock lock(&mutex_);
    attachment_ = *std::move(attachment);
    attached_ = true;
  }
  house_->OnAttached(shared_from_this());
  if (EndsEarly(absl::OkStatus())) return;
  house_->source->ResolveCursor(std::move(cursor), house_->options.read_timeout,
                                [self = shared_from_this()](absl::StatusOr<ledger::Place> place) {
                                  self->OnPlace(std::move(place));
                                });
}

void Consumer::OnPlace(absl::StatusOr<ledger::Place> place) {
  if (place.ok()) return Begin(*std::move(place), true);
  if (domain::HasReason(place.status(), Reason::kCursorTrimmed) ||
      domain::HasReason(place.status(), Reason::kHistoryLost)) {
    return TellGap(place.status());
  }
  EndsEarly(place.status());
}

// The client holds no cursor, so it is told within the stream, which goes on behind the gap; the
// place stays before it until the client has acknowledged that it knows.
void Consumer::TellGap(const absl::Status& status) {
  const domain::ErrorDetail detail = *domain::DetailOf(status);
  const bool lost = detail.reason == Reason::kHistoryLost;
  Caption::Gap gap{detail.reason, 1, FactOf(detail, lost ? "resume_cursor" : "earliest_cursor")};
  house_->metrics.gaps.Increment();
  house_->log->Warning("subscription_gap", {{"owner", std::string_view(request_.key.owner)},
                                            {"reason", domain::Row(detail.reason).name}});
  std::string cursor = gap.resume_cursor;
  {
    base::MutexLock lock(&mutex_);
    gap_ = std::move(gap);
  }
  house_->source->ResolveCursor(
      std::move(cursor), house_->options.read_timeout,
      [self = shared_from_this(), lost](absl::StatusOr<ledger::Place> place) {
        if (place.ok()) return self->Begin(*std::move(place), !lost);
        self->EndsEarly(place.status());
      });
}

void Consumer::Begin(ledger::Place place, bool keeps_singles) {
  if (EndsEarly(absl::OkStatus())) return;
  Hub::Request request;
  request.start = {Hub::Start::From::kCursor, house_->source->EncodeCursor(place)};
  request.scope = request_.scope;
  request.principal = request_.key.owner;
  request.bookmark_interval = request_.bookmark_interval;
  request.receiver = shared_from_this();
  ledger::Progress kept;
  bool gap = false;
  {
    base::MutexLock lock(&mutex_);
    request.filter = attachment_.subscription.filter;
    ledger::Progress& known = attachment_.subscription.progress;
    // Behind a new epoch the same positions may be other entries.
    if (keeps_singles && known.place.epochs == place.epochs) kept.beyond = known.beyond;
    gap = gap_.has_value();
  }
  kept.place = std::move(place);
  book_.Begin(std::move(kept), gap);
  std::shared_ptr<Session> session = house_->hub->Open(std::move(request), this);
  std::optional<bool> written;
  std::optional<absl::Status> fate;
  bool cancelled = false;
  bool sent_all = false;
  {
    base::MutexLock lock(&mutex_);
    if (finished_) return;
    session_ = session;
    written = std::exchange(owed_written_, std::nullopt);
    fate = std::move(fate_);
    cancelled = cancelled_;
    sent_all = sent_all_;
  }
  if (written.has_value()) session->OnWritten(*written);
  if (cancelled) return session->OnCancelled();
  if (fate.has_value()) session->End(*std::move(fate));
  if (sent_all) house_->Due(this);
}

bool Consumer::EndsEarly(absl::Status status) {
  {
    base::MutexLock lock(&mutex_);
    if (status.ok() && cancelled_) status = absl::CancelledError("The client has gone.");
    if (status.ok() && fate_.has_value()) status = *fate_;
  }
  if (status.ok()) return false;
  Finish(std::move(status));
  return true;
}

// ---- The carrier

std::shared_ptr<Session> Consumer::session() const {
  base::MutexLock lock(&mutex_);
  return session_;
}

void Consumer::Poke() {
  if (const std::shared_ptr<Session> session = this->session()) session->OnReceiverChanged();
}

void Consumer::OnWritten(bool ok) {
  std::shared_ptr<Session> session;
  {
    base::MutexLock lock(&mutex_);
    session = session_;
    if (session == nullptr) owed_written_ = ok;
  }
  if (session != nullptr) session->OnWritten(ok);
}

void Consumer::OnCancelled() {
  std::shared_ptr<Session> session;
  {
    base::MutexLock lock(&mutex_);
    cancelled_ = true;
    session = session_;
  }
  if (session != nullptr) session->OnCancelled();
}

void Consumer::Acknowledge(uint64_t through, absl::Span<const uint64_t> singles) {
  const absl::Status status = book_.Acknowledge(through, singles);
  if (!status.ok()) return EndWith(status);
  if (book_.urgent()) house_->Due(this);
  Poke();
}

void Consumer::SetWindow(DeliveryBook::Window window) {
  book_.SetWindow(window);
  Poke();
}

void Consumer::OnSentAll() {
  {
    base::MutexLock lock(&mutex_);
    sent_all_ = true;
    if (session_ == nullptr) return;
  }
  house_->Due(this);
}

void Consumer::EndWith(absl::Status status) {
  std::shared_ptr<Session> session;
  {
    base::MutexLock lock(&mutex_);
    session = session_;
    if (session == nullptr) fate_ = status;
  }
  if (session != nullptr) session->End(std::move(status));
}

// ---- The hub's session

void Consumer::Write(std::vector<SharedBytes> pieces) { sink_->Write(std::move(pieces)); }

void Consumer::Finish(absl::Status status) {
  const std::shared_ptr<Consumer> self = shared_from_this();
  bool leaves = false;
  {
    base::MutexLock lock(&mutex_);
    if (finished_) return;
    finished_ = true;
    leaves = attached_;
    session_ = nullptr;
  }
  sink_->Finish(std::move(status));
  leaves ? house_->Due(this) : house_->Forget(this);
}

SharedBytes Consumer::OnMessage(absl::Span<const Delivery> deliveries, const ledger::Place& place) {
  Caption caption;
  const uint64_t first = book_.Hand(deliveries, place);
  if (!deliveries.empty()) {
    caption.first_delivery = first;
    house_->metrics.delivered.Increment(static_cast<double>(deliveries.size()));
  }
  caption.kept = book_.TakeReceipt();
  {
    base::MutexLock lock(&mutex_);
    caption.gap = std::exchange(gap_, std::nullopt);
  }
  if (deliveries.empty() && !caption.kept.has_value() && !caption.gap.has_value()) return nullptr;
  return house_->encoder->EncodeCaption(caption);
}

// ---- The ledger

int64_t Consumer::generation() const {
  base::MutexLock lock(&mutex_);
  return attachment_.generation;
}

bool Consumer::attached() const {
  base::MutexLock lock(&mutex_);
  return attached_;
}

ledger::PlaceUpdate Consumer::MakeUpdate() {
  ledger::PlaceUpdate update;
  update.key = request_.key;
  {
    base::MutexLock lock(&mutex_);
    update.generation = attachment_.generation;
    update.version = attachment_.subscription.version;
    update.leaves = finished_;
  }
  update.progress = book_.Take();
  return update;
}

void Consumer::OnKept(ledger::PlaceResult result) {
  switch (result) {
    case ledger::PlaceResult::kTakenOver:
      return OnTakenOver();
    case ledger::PlaceResult::kGone:
    case ledger::PlaceResult::kBroken: {
      {
        base::MutexLock lock(&mutex_);
        attached_ = false;
      }
      const bool gone = result == ledger::PlaceResult::kGone;
      return EndWith(
          domain::MakeError(gone ? Reason::kSubscriptionNotFound : Reason::kSubscriptionDamaged));
    }
    case ledger::PlaceResult::kChanged:
      // By the new conditions what the place would move over may be to be told.
      book_.NotKept();
      break;
    case ledger::PlaceResult::kKept:
      book_.Kept();
      break;
  }
  std::shared_ptr<Session> session;
  bool sent_all = false;
  {
    base::MutexLock lock(&mutex_);
    session = session_;
    sent_all = sent_all_;
  }
  if (session == nullptr) return;
  session->OnReceiverChanged();
  if (result == ledger::PlaceResult::kChanged) {
    session->EndGently(EndingReason::kSubscriptionChanged);
  } else if (sent_all && !book_.urgent()) {
    session->EndGently(EndingReason::kClientDone);
  }
}

void Consumer::OnTakenOver() {
  {
    base::MutexLock lock(&mutex_);
    if (!std::exchange(attached_, false)) return;
  }
  house_->metrics.takeovers.Increment();
  EndWith(domain::MakeError(Reason::kSubscriptionTakenOver));
}

}  // namespace supervision::alerting
