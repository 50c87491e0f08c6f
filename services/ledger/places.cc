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

// Monitors that come back at once are one question: all that ask while a read is under way share
// its answer. A place that is younger than the answer looks as if history were lost; the check that
// follows looks again.
void Places::Resolve(const std::string& cursor, absl::Duration timeout, Callback callback) {
  const absl::StatusOr<Place> place = DecodeCursor(context_->descriptor, cursor);
  if (!place.ok()) {
    return context_->loop->Post([callback, status = place.status()] { callback(status); });
  }
  asking_.push_back({*place, Deadline(timeout), std::move(callback)});
  if (asking_.size() > 1) return;
  // Not by the first one's deadline, which is nothing to the others.
  const absl::Duration patience = context_->options->command_timeout;
  ReadMetas(context_, context_->read, patience, [this](const absl::StatusOr<Metas>& metas) {
    for (const Question& question : std::exchange(asking_, {})) {
      metas.ok() ? Answer(question, *metas) : question.callback(metas.status());
    }
  });
}

// A signed place that the ledger does not reach was once told: the history behind it is gone,
// though nobody else had noticed.
void Places::Answer(const Question& question, const Metas& metas) {
  const Place& place = question.place;
  Evidence evidence;
  bool lost = false;
  for (size_t p = 0; p < metas.size(); ++p) {
    evidence.witnesses.push_back({place.epochs[p], place.positions[p]});
    lost = lost || IsBeyond(evidence.witnesses.back(), metas[p]);
  }
  if (!lost) return Judge(place, metas, question.callback);
  CheckHistory(context_, std::move(evidence), question.deadline.left(), context_->admitted_on,
               [this, place, callback = question.callback](const absl::StatusOr<Metas>& after) {
                 if (!after.ok()) return callback(after.status());
                 Judge(place, *after, callback);
               });
}

std::optional<Place> Places::Known(const std::string& cursor) const {
  absl::StatusOr<Place> place = DecodeCursor(context_->descriptor, cursor);
  if (!place.ok()) return std::nullopt;
  for (int p = 0; p < context_->descriptor.partitions; ++p) {
    const Board::Witness witness = context_->board->witness(p);
    const int64_t position = place->positions[p];
    if (place->epochs[p] != witness.epoch || position > witness.position ||
        position + 1 < context_->board->state(p).earliest) {
      return std::nullopt;
    }
  }
  return *std::move(place);
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
  // Whoever holds the cursor was told of all before it. The next one with such a place is known.
  for (size_t p = 0; p < metas.size(); ++p) {
    if (resume.positions[p] > metas[p].confirmed) continue;
    context_->board->Acknowledge(static_cast<int>(p), resume.epochs[p], resume.positions[p]);
  }
  callback(std::move(resume));
}

}  // namespace supervision::ledger
