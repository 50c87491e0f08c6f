#include "services/alerting/page_reader.h"

#include <utility>

namespace supervision::alerting {

uint64_t PageReader::Read(const LogSource::PageRequest& request,
                          LogSource::Callback<ledger::LogPage> callback) {
  return Enqueue(
      [source = source_, request, callback = std::move(callback)](std::function<void()> answered) {
        source->ReadLogAside(request, [answered, callback](absl::StatusOr<ledger::LogPage> page) {
          answered();
          callback(std::move(page));
        });
      });
}

uint64_t PageReader::List(ledger::ListQuery query, absl::Duration timeout,
                          LogSource::Callback<ledger::ListPage> callback) {
  return Enqueue([source = source_, query = std::move(query), timeout,
                  callback = std::move(callback)](std::function<void()> answered) {
    source->List(query, timeout, [answered, callback](absl::StatusOr<ledger::ListPage> page) {
      answered();
      callback(std::move(page));
    });
  });
}

uint64_t PageReader::Enqueue(Start start) {
  uint64_t ticket = 0;
  {
    base::MutexLock lock(&mutex_);
    ticket = ++last_ticket_;
    waiting_.emplace(ticket, std::move(start));
  }
  StartWaiting();
  return ticket;
}

void PageReader::Forget(uint64_t ticket) {
  std::map<uint64_t, Start>::node_type dropped;  // outlives the lock
  base::MutexLock lock(&mutex_);
  dropped = waiting_.extract(ticket);
}

size_t PageReader::waiting() const {
  base::MutexLock lock(&mutex_);
  return waiting_.size();
}

void PageReader::StartWaiting() {
  while (true) {
    Start next;
    {
      base::MutexLock lock(&mutex_);
      if (waiting_.empty() || reading_ >= max_concurrent_) return;
      next = std::move(waiting_.extract(waiting_.begin()).mapped());
      ++reading_;
    }
    next([weak = weak_from_this()] {
      const auto self = weak.lock();
      if (self == nullptr) return;
      {
        base::MutexLock lock(&self->mutex_);
        --self->reading_;
      }
      self->StartWaiting();
    });
  }
}

}  // namespace supervision::alerting
