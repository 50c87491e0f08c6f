#include "services/alerting/share_reader.h"

#include <limits>
#include <utility>

namespace supervision::alerting {

ShareReader::ShareReader(std::shared_ptr<Scheduler> scheduler, std::weak_ptr<Listener> listener,
                         absl::Span<const ledger::EntryKey> beyond)
    : scheduler_(std::move(scheduler)),
      listener_(std::move(listener)),
      beyond_(beyond.begin(), beyond.end()) {}

void ShareReader::Open(const OpenStream& open, Hub::Request request, size_t room) {
  {
    base::MutexLock lock(&mutex_);
    room_ = room;
    self_ = shared_from_this();
  }
  request.receiver = shared_from_this();
  session_ = open(std::move(request), this);
  if (session_ != nullptr) return;
  base::MutexLock lock(&mutex_);
  self_ = nullptr;
}

void ShareReader::SetRoom(size_t room) {
  bool more = false;
  {
    base::MutexLock lock(&mutex_);
    more = room_ == 0 && room > 0;
    room_ = room;
  }
  if (more && session_ != nullptr) session_->OnReceiverChanged();
}

void ShareReader::Close() {
  if (session_ != nullptr) session_->OnCancelled();
}

void ShareReader::Write(std::vector<SharedBytes> pieces) {
  scheduler_->Post([self = shared_from_this(), pieces = std::move(pieces)]() mutable {
    Page page;
    {
      base::MutexLock lock(&self->mutex_);
      page = *std::exchange(self->page_, std::nullopt);
    }
    pieces.resize(page.deliveries.size());
    page.pieces = std::move(pieces);
    if (const auto listener = self->listener_.lock()) listener->OnPage(std::move(page));
    if (self->session_ != nullptr) self->session_->OnWritten(true);
  });
}

void ShareReader::Finish(absl::Status status) {
  std::shared_ptr<ShareReader> self;
  {
    base::MutexLock lock(&mutex_);
    self = std::move(self_);
  }
  scheduler_->Post([self = std::move(self), status = std::move(status)]() mutable {
    self->session_ = nullptr;
    if (const auto listener = self->listener_.lock()) {
      listener->OnReadingEnded(self.get(), std::move(status));
    }
  });
}

DeliveryBook::Room ShareReader::room() {
  base::MutexLock lock(&mutex_);
  return {room_, std::numeric_limits<size_t>::max(), true};
}

SharedBytes ShareReader::OnMessage(absl::Span<const Delivery> deliveries,
                                   const ledger::Place& place) {
  base::MutexLock lock(&mutex_);
  page_ = Page{{deliveries.begin(), deliveries.end()}, {}, place};
  room_ -= std::min(room_, deliveries.size());
  return nullptr;
}

}  // namespace supervision::alerting
