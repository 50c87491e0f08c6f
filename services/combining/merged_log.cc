#include "services/combining/merged_log.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/numbers.h"
#include "services/domain/error.h"

namespace supervision::combining {
namespace {

constexpr size_t kPageBytes = 512 << 10;

}  // namespace

MergedLog::MergedLog(ledger::Ledger* ledger, const ledger::Place& latest, int page,
                     absl::Duration timeout)
    : ledger_(ledger), desk_(ledger), page_(page), timeout_(timeout) {
  sources_.resize(latest.positions.size());
  for (size_t p = 0; p < sources_.size(); ++p) {
    sources_[p].epoch = latest.epochs[p];
    sources_[p].target = latest.positions[p];
  }
}

void MergedLog::FindStart(States states, absl::Time since, Done done) {
  since_ = since;
  FindStartOf(0, std::move(states), since, std::move(done));
}

void MergedLog::FindStartOf(size_t partition, States states, absl::Time since, Done done) {
  if (partition == sources_.size()) return done(absl::OkStatus());
  ledger::AgeSearch search;
  search.partition = static_cast<int>(partition);
  search.low = states[partition].earliest;
  search.high = sources_[partition].target + 1;
  search.since = since;
  desk_.FindFirstSince(
      search, [weak = weak_from_this(), partition, states = std::move(states), since,
               done = std::move(done)](absl::StatusOr<int64_t> first) mutable {
        const auto self = weak.lock();
        if (self == nullptr) return;
        if (!first.ok()) return done(first.status());
        Source& source = self->sources_[partition];
        source.read = source.taken = *first - 1;
        source.goes_back = *first > states[partition].earliest;
        source.trimmed = states[partition].earliest > 1;
        self->FindStartOf(partition + 1, std::move(states), since, std::move(done));
      });
}

absl::Time MergedLog::KnownSince(absl::Time now) const {
  absl::Time known = since_;
  absl::Time birth = now;  // of a ledger of which nothing was trimmed
  bool young = true;
  for (const Source& source : sources_) {
    const absl::Time first =
        source.entries.empty() ? now : source.entries.front()->event.alert.raised_at;
    young = young && !source.goes_back && !source.trimmed;
    if (source.trimmed && !source.goes_back) known = std::max(known, first);
    birth = std::min(birth, first);
  }
  return young ? std::max(known, birth) : known;
}

void MergedLog::Read(const States& states, Done done) {
  std::vector<size_t> wanted;
  for (size_t p = 0; p < sources_.size(); ++p) {
    Source& source = sources_[p];
    source.end = std::max(states[p].confirmed, source.target);
    if (source.entries.empty() && source.read < source.end) wanted.push_back(p);
  }
  if (wanted.empty()) return done(absl::OkStatus());
  reads_ = wanted.size();
  done_ = std::move(done);
  for (const size_t p : wanted) ReadPage(p);
}

void MergedLog::ReadPage(size_t partition) {
  const Source& source = sources_[partition];
  ledger_->ReadLog(static_cast<int>(partition), source.epoch, source.read, page_, kPageBytes,
                   timeout_,
                   [weak = weak_from_this(), partition](absl::StatusOr<ledger::LogPage> page) {
                     if (const auto self = weak.lock()) self->OnPage(partition, std::move(page));
                   });
}

void MergedLog::OnPage(size_t partition, absl::StatusOr<ledger::LogPage> page) {
  if (done_ == nullptr) return;  // another page has failed
  if (page.ok()) {
    for (ledger::LogEntryPtr& entry : page->entries) {
      sources_[partition].read = entry->position;
      sources_[partition].entries.push_back(std::move(entry));
    }
  } else if (!SkipTrimmed(partition, page.status())) {
    return std::exchange(done_, nullptr)(page.status());
  }
  if (--reads_ == 0) std::exchange(done_, nullptr)(absl::OkStatus());
}

bool MergedLog::SkipTrimmed(size_t partition, const absl::Status& status) {
  const std::optional<domain::ErrorDetail> detail = domain::DetailOf(status);
  if (!detail.has_value() || detail->reason != domain::Reason::kCursorTrimmed) return false;
  Source& source = sources_[partition];
  for (const auto& [name, value] : detail->metadata) {
    int64_t earliest = 0;
    if (name != "earliest_position" || !absl::SimpleAtoi(value, &earliest)) continue;
    source.read = std::max(source.read, earliest - 1);
    source.taken = std::max(source.taken, earliest - 1);
  }
  return true;
}

// Not past a partition of which more is there to be read: it may have what comes sooner.
ledger::LogEntryPtr MergedLog::Next() {
  Source* next = nullptr;
  for (Source& source : sources_) {
    if (source.entries.empty()) {
      if (source.read < source.end) return nullptr;
    } else if (next == nullptr || source.entries.front()->event.alert.raised_at <
                                      next->entries.front()->event.alert.raised_at) {
      next = &source;
    }
  }
  if (next == nullptr) return nullptr;
  ledger::LogEntryPtr entry = std::move(next->entries.front());
  next->entries.pop_front();
  next->taken = entry->position;
  return entry;
}

bool MergedLog::replayed() const {
  return std::all_of(sources_.begin(), sources_.end(),
                     [](const Source& source) { return source.taken >= source.target; });
}

bool MergedLog::more() const {
  return std::any_of(sources_.begin(), sources_.end(), [](const Source& source) {
    return !source.entries.empty() || source.read < source.end;
  });
}

bool MergedLog::InEpochsOf(const States& states) const {
  for (size_t p = 0; p < sources_.size(); ++p) {
    if (states[p].epoch != sources_[p].epoch) return false;
  }
  return true;
}

}  // namespace supervision::combining
