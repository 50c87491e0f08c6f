#include "services/alerting/page_reader.h"

#include <utility>

namespace supervision::alerting {

uint64_t PageReader::Read(const LogSource::PageRequest& request,
                          LogSource::Callback<ledger::LogPage> callback) {
  uint64_t ticket = 0;
  {
    base::MutexLock lock(&mutex_);
    ticket = ++last_ticket_;
    waiting_.emplace(ticket, Request{request, std::move(callback)});
  }
  StartWaiting();
  return ticket;
}

void PageReader::Forget(uint64_t ticket) {
  std::map<uint64_t, Request>::node_type dropped;  // outlives the lock
  base::MutexLock lock(&mutex_);
  dropped = waiting_.extract(ticket);
}

size_t PageReader::waiting() const {
  base::MutexLock lock(&mutex_);
  return waiting_.size();
}

void PageReader::StartWaiting() {
  while (true) {
    Request next;
    {
      base::MutexLock lock(&mutex_);
      if (waiting_.empty() || reading_ >= max_concurrent_) return;
      next = std::move(waiting_.extract(waiting_.begin()).mapped());
      ++reading_;
    }
    source_->ReadLog(next.page, [weak = weak_from_this(), callback = std::move(next.callback)](
                                    absl::StatusOr<ledger::LogPage> page) {
      if (const auto self = weak.lock()) {
        {
          base::MutexLock lock(&self->mutex_);
          --self->reading_;
        }
        self->StartWaiting();
      }
      callback(std::move(page));
    });
  }
}

}  // namespace supervision::alerting
