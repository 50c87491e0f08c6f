#include "services/ledger/places.h"

#include <algorithm>
#include <utility>

#include "services/domain/error.h"
#include "services/ledger/cursor.h"
#include "services/ledger/epochs.h"

namespace supervision::ledger {
namespace {

using domain::ErrorDetail;
using domain::MakeError;
using domain::Reason;

Place CurrentPlace(const std::vector<PartitionMeta>& metas,
                   int64_t (*position)(const PartitionMeta&)) {
  Place place;
  for (const PartitionMeta& meta : metas) {
    place.epochs.push_back(meta.epochs.current());
    place.positions.push_back(position(meta));
  }
  return place;
}

}  // namespace

void Places::Latest(absl::Duration timeout, Callback callback) {
  ReadMetas(context_, context_->read, timeout, [callback](const absl::StatusOr<Metas>& metas) {
    if (!metas.ok()) return callback(metas.status());
    callback(CurrentPlace(*metas, [](const PartitionMeta& m) { return m.confirmed; }));
  });
}

void Places::Earliest(absl::Duration timeout, Callback callback) {
  ReadMetas(context_, context_->read, timeout, [callback](const absl::StatusOr<Metas>& metas) {
    if (!metas.ok()) return callback(metas.status());
    callback(CurrentPlace(*metas, [](const PartitionMeta& m) { return m.earliest - 1; }));
  });
}

void Places::Resolve(const std::string& cursor, absl::Duration timeout, Callback callback) {
  const absl::StatusOr<Place> place = DecodeCursor(context_->descriptor, cursor);
  if (!place.ok()) {
    return context_->loop->Post([callback, status = place.status()] { callback(status); });
  }
  const Deadline deadline(timeout);
  ReadMetas(context_, context_->read, timeout,
            [this, place = *place, deadline, callback](const absl::StatusOr<Metas>& metas) {
              if (!metas.ok()) return callback(metas.status());
              // A signed place that the ledger does not reach was once told: the history behind it
              // is gone, though nobody else had noticed.
              Evidence evidence;
              bool lost = false;
              for (size_t p = 0; p < metas->size(); ++p) {
                const PartitionMeta& meta = (*metas)[p];
                evidence.witnesses.push_back({place.epochs[p], place.positions[p]});
                lost = lost || place.epochs[p] > meta.epochs.current() ||
                       (place.epochs[p] == meta.epochs.current() && place.positions[p] > meta.end);
              }
              if (!lost) return Judge(place, *metas, callback);
              CheckHistory(context_, std::move(evidence), deadline.left(),
                           [this, place, callback](const absl::StatusOr<Metas>& after) {
                             if (!after.ok()) return callback(after.status());
                             Judge(place, *after, callback);
                           });
            });
}

void Places::Judge(const Place& place, const Metas& metas, const Callback& callback) const {
  Place resume;  // where one can go on whatever has happened
  bool trimmed = false;
  ErrorDetail detail;
  for (size_t p = 0; p < metas.size(); ++p) {
    const PartitionMeta& meta = metas[p];
    const std::optional<int64_t> lost = meta.epochs.LostFrom(place.epochs[p], place.positions[p]);
    if (lost.has_value() && detail.metadata.empty()) {
      detail.metadata = {{"partition", std::to_string(p)},
                         {"lost_from", std::to_string(*lost)},
                         {"lost_to", std::to_string(place.positions[p])}};
    }
    const int64_t position = lost.has_value() ? *lost - 1 : place.positions[p];
    trimmed = trimmed || position + 1 < meta.earliest;
    resume.epochs.push_back(meta.epochs.current());
    resume.positions.push_back(std::max(position, meta.earliest - 1));
  }
  const std::string cursor = EncodeCursor(context_->descriptor, resume);
  if (!detail.metadata.empty()) {
    detail.reason = Reason::kHistoryLost;
    detail.metadata.emplace_back("resume_cursor", cursor);
    return callback(MakeError(std::move(detail)));
  }
  if (trimmed) {
    detail.reason = Reason::kCursorTrimmed;
    detail.metadata.emplace_back("earliest_cursor", cursor);
    return callback(MakeError(std::move(detail)));
  }
  callback(std::move(resume));
}

}  // namespace supervision::ledger
