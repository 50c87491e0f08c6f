// Where a stream's entries come from: the tail while its place lies there, else the ledger.

#include <algorithm>
#include <utility>

#include "services/alerting/stream_session.h"
#include "services/domain/error.h"

namespace supervision::alerting {
namespace {

// How patiently a stream asks again after a failed read; see Options::read_patience for how long.
constexpr base::Backoff::Options kReadBackoff = {.initial = absl::Milliseconds(50),
                                                 .maximum = absl::Seconds(2)};

// How much of the tail is told as one piece. Streams that are behind meet at its multiples, however
// they came apart; those at the end hear of each alert at once, alone.
constexpr uint64_t kStretch = 32;

bool MayHeal(const absl::Status& status) {
  return status.code() == absl::StatusCode::kUnavailable ||
         status.code() == absl::StatusCode::kDeadlineExceeded ||
         status.code() == absl::StatusCode::kResourceExhausted;
}

}  // namespace

// Returns whether there is more to do at once.
bool StreamSession::FollowTail() {
  SkipSeen();
  StreamMessage message = NewMessage();
  while (!message.full()) {
    if (const std::optional<Taken> taken = TakeStretch(&message)) {
      if (*taken == Taken::kMessageFull) break;
      continue;
    }
    const uint64_t up_to_next = kStretch - index_ % kStretch;
    const Tail::Slice slice = house_->tail.Read(
        index_, generation_, std::min<size_t>(up_to_next, house_->options.max_alerts_per_message));
    if (!slice.valid) {
      if (!message.empty()) break;
      NoticeParking();
      Enter(Phase::kCatchingUp);
      return true;
    }
    if (slice.entries.empty()) break;
    const std::vector<View::Decision> decisions =
        Tail::ViewOf(audience_).Judge(index_, slice.entries);
    Taken taken = Taken::kYes;
    for (size_t i = 0; i < slice.entries.size() && taken == Taken::kYes; ++i) {
      taken = Take(*slice.entries[i], decisions[i], &message);
      if (taken == Taken::kYes) ++index_;
    }
    if (taken == Taken::kMessageFull) break;
    if (taken == Taken::kHole) {
      Enter(Phase::kCatchingUp);
      break;
    }
  }
  if (!message.empty()) {
    Send(std::move(message));
    return false;
  }
  if (no_room_) return false;
  if (phase_ != Phase::kFollowing) return true;
  CompareWithTail();
  waiting_ = house_->tail.Wait(audience_, shared_from_this(), index_, generation_, at_ != nullptr);
  return !waiting_;
}

BundlePtr StreamSession::NewBundle(const Bundles::Key& key, absl::Span<const TailEntryPtr> entries,
                                   absl::Span<const View::Decision> decisions) {
  BundlePtr bundle =
      MakeBundle(entries, decisions, *house_->encoder, house_->options.max_alerts_per_message,
                 house_->options.max_message_bytes);
  house_->bundles.Keep(key, bundle);
  return bundle;
}

// Takes the next stretch as the piece that all streams of this view send of it. Nothing where there
// is no whole one yet, or where this stream must look at each alert itself.
std::optional<StreamSession::Taken> StreamSession::TakeStretch(StreamMessage* message) {
  if (!TakesBundles() || index_ % kStretch != 0) return std::nullopt;
  const TailPlacePtr after = house_->tail.PlaceAt(index_ + kStretch, generation_);
  if (after == nullptr) return std::nullopt;
  // In step with the tail the place behind the stretch is the tail's too.
  CompareWithTail();
  if (at_ == nullptr) return std::nullopt;
  const Bundles::Key key = {Tail::NumberOf(audience_), 0, index_};
  BundlePtr bundle = house_->bundles.Find(key);
  if (bundle == nullptr) {
    const Tail::Slice slice = house_->tail.Read(index_, generation_, kStretch);
    if (slice.entries.size() < kStretch) return std::nullopt;
    const std::vector<View::Decision> decisions =
        Tail::ViewOf(audience_).Judge(index_, slice.entries);
    bundle = NewBundle(key, slice.entries, decisions);
  }
  if (bundle->differs) return std::nullopt;
  if (bundle->bytes != nullptr && !message->Add(bundle->bytes, bundle->alerts, bundle->oldest)) {
    return Taken::kMessageFull;
  }
  index_ += kStretch;
  place_ = after->place();
  at_ = after;
  return Taken::kYes;
}

// While it waited its place may have been moved over entries that its view does not pass.
void StreamSession::SkipSeen() {
  if (waiting_) {
    waiting_ = false;
    if (const auto index = house_->tail.StopWaiting(audience_, this)) {
      seen_to_ = std::max(seen_to_, *index);
    }
  }
  if (at_ == nullptr || seen_to_ <= index_) return;
  if (TailPlacePtr place = house_->tail.PlaceAt(seen_to_, generation_)) {
    index_ = seen_to_;
    place_ = place->place();
    at_ = std::move(place);
  }
}

void StreamSession::CompareWithTail() {
  if (at_ != nullptr && at_->place() == place_) return;
  at_ = house_->tail.PlaceAt(index_, generation_);
  if (at_ != nullptr && !(at_->place() == place_)) at_ = nullptr;
}

// A stream that waits is not slow, however far the tail has gone on over what it does not see.
void StreamSession::NoticeParking() {
  if (parked_ || waiting_ || phase_ != Phase::kFollowing) return;
  if (index_ >= house_->tail.begin() || generation_ != house_->tail.generation()) return;
  parked_ = true;
  house_->metrics.parked.Increment();
  house_->metrics.parkings.Increment();
}

// Returns whether there is more to do at once.
bool StreamSession::CatchUp() {
  // What was read before the history changed may be of the lost one.
  if (page_generation_ != house_->tail.generation()) page_ = nullptr;
  StreamMessage message = NewMessage();
  Taken taken = Taken::kYes;
  if (page_ != nullptr && page_next_ == 0 && TakeWholePage(&message)) {
    page_next_ = page_->entries.size();
  }
  while (page_ != nullptr && page_next_ < page_->entries.size() && taken == Taken::kYes) {
    TailEntry& entry = *page_->entries[page_next_];
    taken = Take(entry, Tail::ViewOf(audience_).Judge(entry.entry().event), &message);
    if (taken == Taken::kYes) ++page_next_;
  }
  if (!message.empty()) {
    Send(std::move(message));
    return false;
  }
  if (no_room_) return false;
  page_ = nullptr;
  if (taken == Taken::kHole) {
    Failed(absl::UnavailableError("A page has a hole."));
    return false;
  }
  if (asked_ || now_ < not_before_) return false;
  if (page_end_.has_value() && place_.positions[partition_] >= *page_end_ &&
      page_generation_ == house_->tail.generation()) {
    house_->WakeLater(house_->tail.Learn(place_, partition_));
  }
  page_end_.reset();
  const Tail::Seat seat = house_->tail.Find(&place_, partition_ + (dry_ ? 0 : 1));
  generation_ = seat.generation;
  switch (seat.kind) {
    case Tail::Seat::Kind::kLost:
      Ask();
      return false;
    case Tail::Seat::Kind::kInTail:
      Enter(Phase::kFollowing);
      index_ = seat.index;
      dry_ = false;
      CompareWithTail();
      return true;
    case Tail::Seat::Kind::kBehind:
      break;
  }
  if (dry_ && seat.partition == partition_) {
    // The ledger has nothing behind our place, yet the tail begins later or has another epoch: one
    // of them will hear of it in a moment.
    dry_ = false;
    not_before_ = now_ + house_->options.retry_delay;
    return false;
  }
  ReadPage(seat.partition);
  return false;
}

// The same with a page: true when all of it has been taken.
bool StreamSession::TakeWholePage(StreamMessage* message) {
  const std::vector<TailEntryPtr>& entries = page_->entries;
  int64_t& position = place_.positions[static_cast<size_t>(partition_)];
  if (!TakesBundles() || entries.empty() || entries[0]->entry().position != position + 1) {
    return false;
  }
  const Bundles::Key key = {Tail::NumberOf(audience_), page_->number, 0};
  BundlePtr bundle = house_->bundles.Find(key);
  if (bundle == nullptr) {
    std::vector<View::Decision> decisions;
    decisions.reserve(entries.size());
    for (const TailEntryPtr& entry : entries) {
      decisions.push_back(Tail::ViewOf(audience_).Judge(entry->entry().event));
    }
    bundle = NewBundle(key, entries, decisions);
  }
  if (bundle->differs) return false;
  if (bundle->bytes != nullptr && !message->Add(bundle->bytes, bundle->alerts, bundle->oldest)) {
    return false;
  }
  position = entries.back()->entry().position;
  return true;
}

// A page makes about one message, so that a stream whose client does not read keeps nothing beside
// the message that is being written.
void StreamSession::ReadPage(int partition) {
  asked_ = true;
  page_end_.reset();
  partition_ = partition;
  page_generation_ = generation_;
  const Hub::Options& options = house_->options;
  LogSource::PageRequest request;
  request.partition = partition;
  request.epoch = place_.epochs[partition];
  request.after = place_.positions[partition];
  request.max_entries = static_cast<int>(PageShelf::UpToBoundary(
      request.after,
      static_cast<int64_t>(std::min(options.page_entries, options.max_alerts_per_message))));
  request.max_bytes = options.max_message_bytes;
  request.timeout = options.read_timeout;
  page_ticket_ =
      house_->shelf->Read(request, page_generation_,
                          [weak = weak_from_this()](absl::StatusOr<PageShelf::PagePtr> page) {
                            const auto self = weak.lock();
                            if (self == nullptr) return;
                            self->Pump([&](Inbox& inbox) { inbox.page = std::move(page); });
                          });
}

void StreamSession::TakePage(absl::StatusOr<PageShelf::PagePtr> page) {
  asked_ = false;
  if (!page.ok()) {
    if (domain::HasReason(page.status(), domain::Reason::kCursorTrimmed) ||
        domain::HasReason(page.status(), domain::Reason::kHistoryLost)) {
      Ask();
    } else {
      Failed(page.status());
    }
    return;
  }
  failing_since_.reset();
  if (backoff_ != nullptr) backoff_->Reset();
  house_->metrics.pages.Increment();
  page_ = *std::move(page);
  page_next_ = 0;
  dry_ = page_->entries.empty();
  page_end_ = dry_ ? place_.positions[partition_] : page_->end;
}

// Asks again after a while where that may help, and otherwise ends the stream.
void StreamSession::Failed(const absl::Status& status) {
  house_->metrics.page_failures.Increment();
  if (!MayHeal(status)) {
    fate_ = status;
    return;
  }
  if (!failing_since_.has_value()) failing_since_ = now_;
  if (now_ - *failing_since_ >= house_->options.read_patience) {
    fate_ = domain::MakeError(domain::Reason::kLedgerUnavailable, house_->options.retry_delay);
    return;
  }
  if (backoff_ == nullptr) backoff_ = std::make_unique<base::Backoff>(kReadBackoff, random_());
  not_before_ = now_ + backoff_->Next();
}

}  // namespace supervision::alerting
