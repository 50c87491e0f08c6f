#include "services/alerting/lag.h"

#include <algorithm>
#include <utility>

#include "services/alerting/view.h"
#include "services/domain/error.h"

namespace supervision::alerting {
namespace {

constexpr int kPageEntries = 512;
constexpr size_t kPageBytes = 1 << 20;

// One count: finds the place, then reads the partitions one after the other.
class Count : public std::enable_shared_from_this<Count> {
 public:
  Count(LogSource* source, LagQuery query, LogSource::Callback<Lag> callback)
      : source_(source),
        query_(std::move(query)),
        callback_(std::move(callback)),
        view_(query_.scope, query_.filter),
        left_(query_.max_entries) {}

  void Start() { Resolve(source_->EncodeCursor(query_.progress.place)); }

 private:
  void Resolve(std::string cursor) {
    source_->ResolveCursor(std::move(cursor), query_.deadline.left(),
                           [self = shared_from_this()](absl::StatusOr<ledger::Place> place) {
                             self->OnPlace(std::move(place));
                           });
  }

  void OnPlace(absl::StatusOr<ledger::Place> place) {
    if (place.ok()) {
      if (place->epochs != query_.progress.place.epochs) query_.progress.beyond.clear();
      place_ = *std::move(place);
      return ReadOn();
    }
    std::string resume;
    if (const auto detail = domain::DetailOf(place.status())) {
      for (const auto& [name, value] : detail->metadata) {
        if (name == "earliest_cursor" || name == "resume_cursor") resume = value;
      }
    }
    if (resume.empty() || lag_.gap) return callback_(place.status());
    lag_.gap = true;
    Resolve(std::move(resume));
  }

  void ReadOn() {
    if (partition_ == place_.positions.size()) return callback_(std::move(lag_));
    LogSource::PageRequest request;
    request.partition = static_cast<int>(partition_);
    request.epoch = place_.epochs[partition_];
    request.after = place_.positions[partition_];
    request.max_entries = std::clamp(left_, 1, kPageEntries);
    request.max_bytes = kPageBytes;
    request.timeout = query_.deadline.left();
    source_->ReadLog(request, [self = shared_from_this()](absl::StatusOr<ledger::LogPage> page) {
      self->OnPage(std::move(page));
    });
  }

  void OnPage(absl::StatusOr<ledger::LogPage> page) {
    if (!page.ok()) return callback_(page.status());
    if (!page->entries.empty() && left_ <= 0) {
      lag_.more = true;
      page->entries.clear();
    }
    for (const ledger::LogEntryPtr& entry : page->entries) {
      --left_;
      place_.positions[partition_] = entry->position;
      if (Counts(*entry)) Add(entry->event.alert);
    }
    if (page->entries.empty() || place_.positions[partition_] >= page->end) ++partition_;
    ReadOn();
  }

  bool Counts(const ledger::LogEntry& entry) const {
    const View::Decision decision =
        view_.JudgeFor(query_.principal, entry.event, view_.Judge(entry.event));
    if (decision == View::Decision::kNothing) return false;
    if (partition_ >= query_.progress.beyond.size()) return true;
    const std::vector<int64_t>& singles = query_.progress.beyond[partition_];
    return !std::binary_search(singles.begin(), singles.end(), entry.position);
  }

  void Add(const domain::Alert& alert) {
    const LagQuery::Sought& sought = query_.sought;
    if (alert.id == sought.id && alert.version == sought.version) {
      lag_.sought_found = true;
    } else if (alert.raised_at < sought.raised_at) {
      ++lag_.ahead_of_sought;
    }
    if (lag_.alerts++ > 0 && alert.raised_at >= lag_.oldest_raised_at) return;
    lag_.oldest_id = alert.id;
    lag_.oldest_version = alert.version;
    lag_.oldest_raised_at = alert.raised_at;
  }

  LogSource* const source_;
  LagQuery query_;
  const LogSource::Callback<Lag> callback_;
  const View view_;
  int left_;
  ledger::Place place_;
  size_t partition_ = 0;
  Lag lag_;
};

}  // namespace

void MeasureLag(LogSource* source, LagQuery query, LogSource::Callback<Lag> callback) {
  std::make_shared<Count>(source, std::move(query), std::move(callback))->Start();
}

}  // namespace supervision::alerting
