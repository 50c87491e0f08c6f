#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <utility>

#include "services/alerting/log_source.h"
#include "services/base/mutex.h"

namespace supervision::alerting {

// Reads pages of the log for streams that catch up, and of the list of alerts for those that begin
// with a snapshot: a bounded number at a time, the rest in the
// order in which they asked. A stream asks again for each page, so all that catch up come forward
// together.
//
// Thread-safe.
class PageReader : public std::enable_shared_from_this<PageReader> {
 public:
  PageReader(std::shared_ptr<LogSource> source, size_t max_concurrent)
      : source_(std::move(source)), max_concurrent_(max_concurrent) {}

  // The callback runs once, as LogSource::ReadLog's, unless Forget comes first.
  uint64_t Read(const LogSource::PageRequest& request,
                LogSource::Callback<ledger::LogPage> callback);
  // The same with LogSource::List.
  uint64_t List(ledger::ListQuery query, absl::Duration timeout,
                LogSource::Callback<ledger::ListPage> callback);
  // Drops a request that still waits for its turn.
  void Forget(uint64_t ticket);

  size_t waiting() const;

 private:
  // Begins a read; the callback must run once it is answered, before whoever asked is told.
  using Start = std::function<void(std::function<void()> answered)>;

  uint64_t Enqueue(Start start);
  void StartWaiting();

  const std::shared_ptr<LogSource> source_;
  const size_t max_concurrent_;
  mutable base::Mutex mutex_;
  std::map<uint64_t, Start> waiting_ ABSL_GUARDED_BY(mutex_);  // by ticket
  uint64_t last_ticket_ ABSL_GUARDED_BY(mutex_) = 0;
  size_t reading_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace supervision::alerting
