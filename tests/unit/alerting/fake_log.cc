#include "tests/unit/alerting/fake_log.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>

#include "services/domain/error.h"

namespace supervision::alerting {

int64_t FakeLog::Append(int partition, domain::ChangeEvent event) {
  base::MutexLock lock(&mutex_);
  Partition& own = partitions_[partition];
  auto entry = std::make_shared<ledger::LogEntry>();
  entry->partition = partition;
  entry->position = ++own.end;
  entry->event = std::move(event);
  entry->bytes = 200;
  own.entries.push_back(entry);
  const domain::Alert& alert = entry->event.alert;
  const int64_t next = static_cast<int64_t>(numbers_.size()) + 1;
  alerts_[numbers_.emplace(alert.id, next).first->second] = alert;
  Tell([partition, told = ledger::LogEntryPtr(entry)](ledger::TailObserver* observer) {
    observer->OnEntries(partition, {&told, 1});
  });
  return own.end;
}

void FakeLog::Trim(int partition, int64_t earliest) {
  base::MutexLock lock(&mutex_);
  Partition& own = partitions_[partition];
  for (; own.earliest < earliest; ++own.earliest) own.entries.pop_front();
}

void FakeLog::LoseHistory(int partition, int64_t last) {
  base::MutexLock lock(&mutex_);
  Partition& own = partitions_[partition];
  for (; own.end > last; --own.end) own.entries.pop_back();
  ++own.epoch;
  own.begun.emplace_back(own.epoch, last + 1);
  Tell([partition, epoch = own.epoch, last](ledger::TailObserver* observer) {
    observer->OnNewEpoch(partition, epoch, last + 1);
  });
}

void FakeLog::FailReads(int count) {
  base::MutexLock lock(&mutex_);
  failures_ = count;
}

void FakeLog::HoldReads(bool hold) {
  std::vector<std::function<void()>> held;
  base::MutexLock lock(&mutex_);
  hold_reads_ = hold;
  if (!hold) held.swap(held_reads_);
  for (auto& answer : held) scheduler_->Post(std::move(answer));
}

void FakeLog::HoldTail(bool hold) {
  base::MutexLock lock(&mutex_);
  hold_tail_ = hold;
  if (!hold) scheduler_->Post([this] { PostNews(); });
}

void FakeLog::DropNews(int count) {
  base::MutexLock lock(&mutex_);
  dropped_news_ = count;
}

int FakeLog::reads() const {
  base::MutexLock lock(&mutex_);
  return reads_;
}

int FakeLog::resolved() const {
  base::MutexLock lock(&mutex_);
  return resolved_;
}

size_t FakeLog::untold() const {
  base::MutexLock lock(&mutex_);
  return news_.size();
}

int64_t FakeLog::end(int partition) const {
  base::MutexLock lock(&mutex_);
  return partitions_[partition].end;
}

void FakeLog::ReadLog(const PageRequest& request, Callback<ledger::LogPage> callback) {
  // What is read now is old when it arrives.
  auto answer = [page = Page(request), callback = std::move(callback)] { callback(page); };
  base::MutexLock lock(&mutex_);
  ++reads_;
  if (hold_reads_) {
    held_reads_.push_back(std::move(answer));
  } else {
    scheduler_->Post(std::move(answer));
  }
}

absl::StatusOr<ledger::LogPage> FakeLog::Page(const PageRequest& request) {
  base::MutexLock lock(&mutex_);
  if (failures_ > 0) {
    --failures_;
    return domain::MakeError(domain::Reason::kLedgerUnavailable);
  }
  const Partition& own = partitions_[request.partition];
  if (Lost(own, request.epoch, request.after)) {
    return domain::MakeError(domain::Reason::kHistoryLost);
  }
  if (request.after + 1 < own.earliest) return domain::MakeError(domain::Reason::kCursorTrimmed);
  ledger::LogPage page;
  page.end = own.end;
  page.earliest = own.earliest;
  for (int64_t position = request.after + 1; position <= own.end; ++position) {
    if (static_cast<int>(page.entries.size()) == request.max_entries) break;
    page.entries.push_back(own.entries[position - own.earliest]);
  }
  return page;
}

void FakeLog::List(ledger::ListQuery query, absl::Duration, Callback<ledger::ListPage> callback) {
  scheduler_->Post([this, query = std::move(query), callback = std::move(callback)] {
    bool fails = false;
    {
      base::MutexLock lock(&mutex_);
      fails = failures_ > 0;
      if (fails) --failures_;
    }
    if (fails) return callback(absl::UnavailableError("The test wants it."));
    callback(PageOf(query));
  });
}

// Newest first; the token is the number of the last alert that was looked at.
ledger::ListPage FakeLog::PageOf(const ledger::ListQuery& query) const {
  base::MutexLock lock(&mutex_);
  ledger::ListPage page;
  auto end = alerts_.end();
  if (!query.page_token.empty()) {
    end = alerts_.lower_bound(std::strtoll(query.page_token.c_str(), nullptr, 10));
  }
  while (end != alerts_.begin()) {
    --end;
    const domain::Facets& facets = end->second.facets;
    if (domain::Sees(query.scope, facets) && domain::Matches(query.filter, facets)) {
      page.clues.emplace_back().alert = end->second;
    }
    if (static_cast<int>(page.clues.size()) < query.page_size) continue;
    if (end != alerts_.begin()) page.next_page_token = std::to_string(end->first);
    break;
  }
  return page;
}

void FakeLog::LatestPlace(absl::Duration, Callback<ledger::Place> callback) {
  scheduler_->Post([this, callback = std::move(callback)] { callback(PlaceOf(true)); });
}

void FakeLog::EarliestPlace(absl::Duration, Callback<ledger::Place> callback) {
  scheduler_->Post([this, callback = std::move(callback)] { callback(PlaceOf(false)); });
}

void FakeLog::ResolveCursor(std::string cursor, absl::Duration, Callback<ledger::Place> callback) {
  scheduler_->Post([this, cursor = std::move(cursor), callback = std::move(callback)] {
    {
      base::MutexLock lock(&mutex_);
      ++resolved_;
    }
    callback(Resolve(cursor));
  });
}

// The place in the present epochs, while the observer may not have heard of them.
std::optional<ledger::Place> FakeLog::KnownPlace(const std::string& cursor) const {
  const absl::StatusOr<ledger::Place> place = Resolve(cursor);
  return place.ok() && EncodeCursor(*place) == cursor ? std::optional(*place) : std::nullopt;
}

absl::StatusOr<ledger::Place> FakeLog::Resolve(const std::string& cursor) const {
  ledger::Place place;
  const char* text = cursor.c_str();
  for (int used = 0; *text != 0; text += used) {
    long epoch = 0, position = 0;
    if (std::sscanf(text, "%ld.%ld,%n", &epoch, &position, &used) != 2) break;
    place.epochs.push_back(epoch);
    place.positions.push_back(position);
  }
  base::MutexLock lock(&mutex_);
  if (place.epochs.size() != partitions_.size()) {
    return domain::MakeError(domain::Reason::kCursorMalformed);
  }
  domain::ErrorDetail detail;
  ledger::Place left = place;
  for (size_t i = 0; i < partitions_.size(); ++i) {
    const Partition& own = partitions_[i];
    if (Lost(own, place.epochs[i], place.positions[i])) {
      detail.reason = domain::Reason::kHistoryLost;
      left.positions[i] = own.begun.back().second - 1;
    } else if (place.positions[i] + 1 < own.earliest) {
      detail.reason = domain::Reason::kCursorTrimmed;
      left.positions[i] = own.earliest - 1;
    }
    left.epochs[i] = own.epoch;
  }
  if (detail.reason == domain::Reason::kInternal) return left;
  detail.metadata.emplace_back(
      detail.reason == domain::Reason::kHistoryLost ? "resume_cursor" : "earliest_cursor",
      EncodeCursor(left));
  return domain::MakeError(detail);
}

std::string FakeLog::EncodeCursor(const ledger::Place& place) const {
  std::string text;
  for (size_t i = 0; i < place.positions.size(); ++i) {
    text += std::to_string(place.epochs[i]) + "." + std::to_string(place.positions[i]) + ",";
  }
  return text;
}

void FakeLog::Follow(ledger::TailObserver* observer) {
  base::MutexLock lock(&observer_mutex_);
  observer_ = observer;
}

ledger::Place FakeLog::PlaceOf(bool latest) const {
  base::MutexLock lock(&mutex_);
  ledger::Place place;
  for (const Partition& own : partitions_) {
    place.epochs.push_back(own.epoch);
    place.positions.push_back(latest ? own.end : own.earliest - 1);
  }
  return place;
}

bool FakeLog::Lost(const Partition& partition, int64_t epoch, int64_t position) const {
  return std::any_of(partition.begun.begin(), partition.begun.end(), [&](const auto& begun) {
    return begun.first > epoch && position >= begun.second;
  });
}

void FakeLog::Tell(std::function<void(ledger::TailObserver*)> news) {
  if (dropped_news_ > 0) {
    --dropped_news_;
    return;
  }
  news_.push_back(std::move(news));
  if (!hold_tail_) scheduler_->Post([this] { PostNews(); });
}

void FakeLog::PostNews() {
  while (true) {
    std::function<void(ledger::TailObserver*)> news;
    {
      base::MutexLock lock(&mutex_);
      if (hold_tail_ || news_.empty()) return;
      news = std::move(news_.front());
      news_.pop_front();
    }
    base::MutexLock lock(&observer_mutex_);
    if (observer_ != nullptr) news(observer_);
  }
}

}  // namespace supervision::alerting
