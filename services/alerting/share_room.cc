// A room from its opening to its end; what it asks the ledger is in share_room_calls.cc.
#include "services/alerting/share_room.h"

#include <algorithm>
#include <utility>

#include "services/alerting/tail_entry.h"
#include "services/base/hex.h"
#include "services/domain/error.h"
#include "services/ledger/sharing_codec.h"

namespace supervision::alerting {

using domain::Reason;
using ledger::EntryKey;
using ledger::ShareStep;
using What = ShareStep::What;

namespace {

// Beside as much as may be under way anywhere, so that there is something new to hand over.
constexpr size_t kAhead = 256;
// How often an opening begins anew because another replica moved the place.
constexpr int kMostOpenings = 5;

bool HistoryIsGone(const absl::Status& status) {
  return domain::HasReason(status, Reason::kCursorTrimmed) ||
         domain::HasReason(status, Reason::kHistoryLost);
}

std::string MemberName(std::minstd_rand* random) {
  std::string bytes(8, '\0');
  for (char& byte : bytes) byte = static_cast<char>((*random)() >> 8);
  return base::HexEncode(bytes);
}

}  // namespace

ShareRoom::ShareRoom(std::shared_ptr<ShareHouse> house, ledger::SubscriptionKey key,
                     domain::Scope scope, uint32_t seed)
    : house_(std::move(house)),
      key_(std::move(key)),
      scope_(std::move(scope)),
      random_(seed),
      member_(MemberName(&random_)) {}

// ---- Opening

void ShareRoom::Open() {
  if (++openings_ > kMostOpenings) {
    return Refuse(domain::MakeError(Reason::kLedgerUnavailable, options().retry_delay));
  }
  house_->keeper->Find(
      key_, [self = shared_from_this()](auto found) { self->OnFound(std::move(found)); });
}

void ShareRoom::OnFound(absl::StatusOr<ledger::Subscription> found) {
  if (phase_ != Phase::kOpening) return;
  if (!found.ok()) return Refuse(found.status());
  if (!found->sharing.has_value()) {
    return Refuse(domain::MakeError(Reason::kWrongSubscriptionMode));
  }
  subscription_ = *std::move(found);
  common_ = subscription_.progress.place;
  house_->source->ResolveCursor(house_->source->EncodeCursor(common_), options().read_timeout,
                                [self = shared_from_this()](absl::StatusOr<ledger::Place> place) {
                                  self->OnResolved(std::move(place));
                                });
}

void ShareRoom::OnResolved(absl::StatusOr<ledger::Place> place) {
  if (phase_ != Phase::kOpening) return;
  if (place.ok() && *place == common_) {
    return house_->keeper->Look(
        key_, [self = shared_from_this()](auto state) { self->OnLooked(std::move(state)); });
  }
  if (place.ok()) return Rebase(absl::OkStatus(), *std::move(place));
  if (!HistoryIsGone(place.status())) return Refuse(place.status());
  std::string resume;
  const domain::ErrorDetail detail = *domain::DetailOf(place.status());
  for (const auto& [name, value] : detail.metadata) {
    if (name == "resume_cursor" || name == "earliest_cursor") resume = value;
  }
  house_->source->ResolveCursor(
      std::move(resume), options().read_timeout,
      [self = shared_from_this(), gap = place.status()](absl::StatusOr<ledger::Place> behind) {
        if (self->phase_ != Phase::kOpening) return;
        if (!behind.ok()) return self->Refuse(behind.status());
        self->Rebase(gap, *std::move(behind));
      });
}

// Nobody is told of a gap by a delivery, which one consumer among many would get: it is a dead
// letter, so that whoever looks after the subscription hears of it.
void ShareRoom::Rebase(const absl::Status& gap, ledger::Place place) {
  std::optional<ledger::DeadLetter> letter;
  if (!gap.ok()) {
    size_t p = 0;
    while (p + 1 < place.positions.size() && place.positions[p] == common_.positions[p] &&
           place.epochs[p] == common_.epochs[p]) {
      ++p;
    }
    letter.emplace();
    letter->entry = {static_cast<int>(p), place.positions[p]};
    letter->epoch = place.epochs[p];
    letter->id = ledger::LetterId(letter->epoch, letter->entry);
    letter->reason = ledger::kHistoryGone;
    house_->metrics.DeadLetters(letter->reason).Increment();
    house_->log->Warning("subscription_gap",
                         {{"owner", std::string_view(key_.owner)}, {"shared", true}});
  }
  house_->keeper->Rebase(key_, common_, place, letter,
                         [self = shared_from_this()](absl::StatusOr<bool> done) {
                           if (self->phase_ != Phase::kOpening) return;
                           if (!done.ok()) return self->Refuse(done.status());
                           self->Open();
                         });
}

void ShareRoom::OnLooked(absl::StatusOr<ledger::ShareState> state) {
  if (phase_ != Phase::kOpening) return;
  if (!state.ok()) return Refuse(state.status());
  // Whoever is to end does so before it enters: the last one that leaves closes the room.
  for (const auto& consumer : waiting_) {
    if (consumer->doomed()) consumer->Refuse(absl::OkStatus());
  }
  phase_ = Phase::kServing;
  view_ = std::make_unique<View>(scope_, subscription_.filter);
  pool_ = std::make_unique<SharePool>(static_cast<size_t>(subscription_.sharing->max_in_flight) +
                                      kAhead);
  pool_->Begin(common_, state->beyond);
  Read(state->beyond);
  for (const auto& consumer : std::exchange(waiting_, {})) Join(consumer);
  if (consumers_.empty()) return Close();  // all have gone meanwhile
  Flush(true);
}

void ShareRoom::Read(absl::Span<const EntryKey> beyond) {
  Hub::Request request;
  request.start = {Hub::Start::From::kCursor, house_->source->EncodeCursor(pool_->looked_at())};
  request.scope = scope_;
  request.filter = subscription_.filter;
  request.principal = key_.owner;
  reader_ = std::make_shared<ShareReader>(house_->scheduler, weak_from_this(), beyond);
  const auto open = [this](Hub::Request wanted, StreamSink* sink) {
    return house_->OpenStream(std::move(wanted), sink);
  };
  reader_->Open(open, std::move(request), pool_->room());
}

void ShareRoom::Refuse(const absl::Status& status) {
  house_->OnClosing(this);
  phase_ = Phase::kClosed;
  for (const auto& consumer : std::exchange(waiting_, {})) consumer->Refuse(status);
  house_->OnClosed(this);
}

// ---- Consumers

void ShareRoom::Join(const std::shared_ptr<ShareConsumer>& consumer) {
  if (consumer->finished()) return;
  if (phase_ == Phase::kOpening) return waiting_.push_back(consumer);
  consumers_.push_back(consumer);
  list_due_ = true;
  consumer->Enter(shared_from_this());
  consumer->Speak(true);
  Proceed();
}

void ShareRoom::OnLeft(ShareConsumer* consumer) {
  const auto is_it = [consumer](const auto& one) { return one.get() == consumer; };
  consumers_.erase(std::remove_if(consumers_.begin(), consumers_.end(), is_it), consumers_.end());
  list_due_ = true;
  if (consumers_.empty() && phase_ == Phase::kServing) Close();
  Proceed();
}

size_t ShareRoom::in_hand() const {
  size_t alerts = 0;
  for (const auto& consumer : consumers_) alerts += consumer->in_hand();
  return alerts;
}

size_t ShareRoom::silent() const {
  return static_cast<size_t>(std::count_if(consumers_.begin(), consumers_.end(),
                                           [](const auto& one) { return one->silent(); }));
}

SharedBytes ShareRoom::CaptionPiece(const Caption& caption) const {
  return house_->captions->EncodeCaption(caption);
}

SharedBytes ShareRoom::EndingPiece(EndingReason reason) const {
  return house_->alerts->EncodeEnding(reason, options().retry_delay);
}

// So that consumers spread anew over the replicas, and those that began together do not end
// together.
absl::Duration ShareRoom::AgeLimit() {
  if (options().max_age <= absl::ZeroDuration()) return absl::InfiniteDuration();
  std::uniform_real_distribution<double> jitter(0.9, 1.1);
  return house_->scheduler->Now() + options().max_age * jitter(random_);
}

void ShareRoom::Beat() {
  ++beats_;
  const auto consumers = consumers_;  // some may leave
  for (const auto& consumer : consumers) consumer->OnBeat();
  const auto waiting = waiting_;
  for (const auto& consumer : waiting) {
    if (consumer->finished()) waiting_.erase(std::find(waiting_.begin(), waiting_.end(), consumer));
  }
  if (phase_ != Phase::kServing) return;
  LookBehind();
  list_due_ = true;  // what they have in hand is another by now
  Flush(true);
}

// ---- Reading

void ShareRoom::OnPage(ShareReader::Page page) {
  if (phase_ != Phase::kServing) return;
  pool_->Add(page.deliveries, std::move(page.pieces), page.place, house_->scheduler->Now());
  reader_->SetRoom(pool_->room());
  Flush(false);
}

void ShareRoom::OnReadingEnded(ShareReader* reader, absl::Status status) {
  if (reader != reader_.get()) return;
  reader_ = nullptr;
  if (phase_ != Phase::kServing) return;
  if (status.ok()) return Read({});  // for its age; while the hub drains it says so at once
  if (domain::HasReason(status, Reason::kDraining)) return SendAway(EndingReason::kDraining);
  if (HistoryIsGone(status)) return SendAway(EndingReason::kSubscriptionChanged);
  SendAway(status);
}

// ---- Its end

void ShareRoom::SendAway(EndingReason reason) {
  if (phase_ == Phase::kServing) Close();
  const auto consumers = consumers_;
  for (const auto& consumer : consumers) consumer->EndGently(reason);
}

void ShareRoom::SendAway(const absl::Status& status) {
  if (phase_ == Phase::kServing) Close();
  const auto consumers = consumers_;
  for (const auto& consumer : consumers) consumer->EndWith(status);
}

void ShareRoom::Close() {
  phase_ = Phase::kClosing;
  house_->OnClosing(this);
  wake_ = nullptr;
  if (reader_ != nullptr) reader_->Close();
  Flush(false);
}

void ShareRoom::FinishClosing() {
  if (phase_ != Phase::kClosing || !consumers_.empty()) return;
  phase_ = Phase::kClosed;
  house_->OnClosed(this);
}

void ShareRoom::Abandon() {
  phase_ = Phase::kClosed;
  wake_ = nullptr;
  retry_ = nullptr;
  claims_.asked.clear();
  settles_.asked.clear();
  if (reader_ != nullptr) reader_->Close();
  const absl::Status status = domain::MakeError(Reason::kDraining, options().retry_delay);
  for (const auto& consumer : std::exchange(waiting_, {})) consumer->Refuse(status);
  for (const auto& consumer : std::exchange(consumers_, {})) consumer->Refuse(status);
}

}  // namespace supervision::alerting
