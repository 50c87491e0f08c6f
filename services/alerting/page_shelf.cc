#include "services/alerting/page_shelf.h"

#include <utility>

namespace supervision::alerting {

uint64_t PageShelf::Read(const LogSource::PageRequest& request, uint64_t generation,
                         Callback callback) {
  const Key key = {generation,    request.partition,   request.epoch,
                   request.after, request.max_entries, request.max_bytes};
  PagePtr kept;
  uint64_t ticket = 0;
  {
    base::MutexLock lock(&mutex_);
    ticket = ++last_ticket_;
    kept = Find(key);
    if (kept == nullptr) {
      const auto [reading, first] = reading_.try_emplace(key);
      reading->second.callbacks.emplace(ticket, std::move(callback));
      tickets_.emplace(ticket, key);
      if (!first) return ticket;
    }
  }
  if (kept != nullptr) {
    turns_->Post([callback = std::move(callback), kept = std::move(kept)] { callback(kept); });
    return ticket;
  }
  const uint64_t reader_ticket =
      reader_->Read(request, [weak = weak_from_this(), key](absl::StatusOr<ledger::LogPage> read) {
        if (const auto self = weak.lock()) self->OnRead(key, std::move(read));
      });
  base::MutexLock lock(&mutex_);
  const auto reading = reading_.find(key);
  if (reading != reading_.end()) reading->second.reader_ticket = reader_ticket;
  return ticket;
}

void PageShelf::Forget(uint64_t ticket) {
  Reading dropped;  // outlives the lock
  base::MutexLock lock(&mutex_);
  const auto found = tickets_.extract(ticket);
  if (found.empty()) return;
  const auto reading = reading_.find(found.mapped());
  dropped.callbacks.insert(reading->second.callbacks.extract(ticket));
  if (!reading->second.callbacks.empty()) return;
  // A read that is under way already is not stopped: its answer finds nobody, or who asks anew.
  reader_->Forget(reading->second.reader_ticket);
  reading_.erase(reading);
}

absl::StatusOr<PageShelf::PagePtr> PageShelf::MakePage(absl::StatusOr<ledger::LogPage> read) {
  if (!read.ok()) return read.status();
  const absl::Duration now = scheduler_->Now();
  auto page = std::make_shared<Page>();
  page->number = ++last_page_;
  page->end = read->end;
  page->entries.reserve(read->entries.size());
  for (ledger::LogEntryPtr& entry : read->entries) {
    page->entries.push_back(std::make_shared<TailEntry>(std::move(entry), now));
  }
  return page;
}

void PageShelf::OnRead(const Key& key, absl::StatusOr<ledger::LogPage> read) {
  const absl::StatusOr<PagePtr> page = MakePage(std::move(read));
  Reading answered;
  {
    base::MutexLock lock(&mutex_);
    if (auto reading = reading_.extract(key)) answered = std::move(reading.mapped());
    for (const auto& [ticket, callback] : answered.callbacks) tickets_.erase(ticket);
    if (page.ok()) Keep(key, *page);
  }
  for (auto& [ticket, callback] : answered.callbacks) {
    turns_->Post([callback = std::move(callback), page] { callback(page); });
  }
}

void PageShelf::Enter() {
  base::MutexLock lock(&mutex_);
  ++streams_;
}

void PageShelf::Leave() {
  std::list<Kept> dropped;  // outlives the lock
  base::MutexLock lock(&mutex_);
  if (--streams_ > 0) return;
  dropped.swap(kept_);
  places_.clear();
  kept_bytes_ = 0;
}

size_t PageShelf::kept_bytes() const {
  base::MutexLock lock(&mutex_);
  return kept_bytes_;
}

PageShelf::PagePtr PageShelf::Find(const Key& key) {
  const auto place = places_.find(key);
  if (place == places_.end()) return nullptr;
  kept_.splice(kept_.begin(), kept_, place->second);
  return place->second->page;
}

// Only a page with something behind it stays as it is: at the end of the log more is written.
void PageShelf::Keep(const Key& key, const PagePtr& page) {
  if (streams_ == 0 || page->entries.empty()) return;
  if (page->entries.back()->entry().position >= page->end || places_.contains(key)) return;
  Kept kept{key, page, 0};
  for (const TailEntryPtr& entry : page->entries) kept.bytes += entry->entry().bytes;
  kept_bytes_ += kept.bytes;
  kept_.push_front(std::move(kept));
  places_[key] = kept_.begin();
  while (kept_bytes_ > max_bytes_) {
    kept_bytes_ -= kept_.back().bytes;
    places_.erase(kept_.back().key);
    kept_.pop_back();
  }
}

}  // namespace supervision::alerting
