#pragma once

#include <atomic>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "services/alerting/log_source.h"
#include "services/alerting/page_reader.h"
#include "services/alerting/scheduler.h"
#include "services/alerting/tail_entry.h"
#include "services/alerting/turns.h"
#include "services/base/mutex.h"

namespace supervision::alerting {

// Pages of the log that streams which catch up share: after a restart a thousand monitors miss the
// same alerts, and each of these is then read, decoded and encoded once. Who asks for a page that
// is being read waits for it too, and the pages read last are kept while anybody catches up.
//
// Thread-safe.
class PageShelf : public std::enable_shared_from_this<PageShelf> {
 public:
  struct Page {
    uint64_t number = 0;  // no other page ever has it; not 0
    std::vector<TailEntryPtr> entries;
    int64_t end = 0;  // last position of the partition when it was read
  };
  using PagePtr = std::shared_ptr<const Page>;
  using Callback = std::function<void(absl::StatusOr<PagePtr>)>;

  // `max_bytes`: of the stored entries of the pages that are kept.
  PageShelf(std::shared_ptr<Turns> turns, std::shared_ptr<PageReader> reader,
            std::shared_ptr<Scheduler> scheduler, size_t max_bytes)
      : turns_(std::move(turns)),
        reader_(std::move(reader)),
        scheduler_(std::move(scheduler)),
        max_bytes_(max_bytes) {}

  // How many entries to ask for behind position `after`, so that streams that began at different
  // places soon ask for the same pages of `page` entries.
  static int64_t UpToBoundary(int64_t after, int64_t page) { return page - after % page; }

  // `generation`: the tail's, whose history the page is of. The callback runs once, on the thread
  // that reads pages and never inside the call, with the page or LogSource::ReadLog's error, unless
  // Forget comes first.
  uint64_t Read(const LogSource::PageRequest& request, uint64_t generation, Callback callback);
  void Forget(uint64_t ticket);

  // One stream more catches up, or one fewer.
  void Enter();
  void Leave();

  size_t kept_bytes() const;

 private:
  struct Key {
    uint64_t generation = 0;
    int partition = 0;
    int64_t epoch = 0;
    int64_t after = 0;
    int max_entries = 0;
    size_t max_bytes = 0;
    auto operator<=>(const Key&) const = default;
  };
  struct Kept {
    Key key;
    PagePtr page;
    size_t bytes = 0;
  };
  struct Reading {
    std::map<uint64_t, Callback> callbacks;  // by ticket
    uint64_t reader_ticket = 0;
  };

  PagePtr Find(const Key& key) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Keep(const Key& key, const PagePtr& page) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::StatusOr<PagePtr> MakePage(absl::StatusOr<ledger::LogPage> read);
  void OnRead(const Key& key, absl::StatusOr<ledger::LogPage> read);

  const std::shared_ptr<Turns> turns_;
  const std::shared_ptr<PageReader> reader_;
  const std::shared_ptr<Scheduler> scheduler_;
  const size_t max_bytes_;

  std::atomic<uint64_t> last_page_ = 0;
  mutable base::Mutex mutex_;
  uint64_t last_ticket_ ABSL_GUARDED_BY(mutex_) = 0;
  std::map<Key, Reading> reading_ ABSL_GUARDED_BY(mutex_);
  std::map<uint64_t, Key> tickets_ ABSL_GUARDED_BY(mutex_);  // of the callbacks in reading_
  std::list<Kept> kept_ ABSL_GUARDED_BY(mutex_);             // the page used last is the first
  std::map<Key, std::list<Kept>::iterator> places_ ABSL_GUARDED_BY(mutex_);
  size_t kept_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  int streams_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace supervision::alerting
