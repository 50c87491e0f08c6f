#include "services/alerting/tail.h"

#include <algorithm>

namespace supervision::alerting {

// The view has a lock of its own; everything else is guarded by Tail's.
class Tail::Audience {
 public:
  Audience(std::string key, uint64_t number, const domain::Scope& scope,
           const domain::Filter& filter)
      : key(std::move(key)), number(number), view(scope, filter) {}

  // Moves the waiters to `wakes`.
  void Release(std::vector<Wake>* wakes) {
    for (auto& [listener, waits] : waiting) {
      wakes->push_back({std::move(waits.listener), std::max(waits.index, seen_to)});
    }
    waiting.clear();
  }

  const std::string key;
  const uint64_t number;
  View view;
  int members = 0;
  WaitingMap waiting;
  // Nothing before this index, from where each waiter began to wait, passes the view.
  uint64_t seen_to = 0;
};

Tail::AudiencePtr Tail::Join(const domain::Scope& scope, const domain::Filter& filter) {
  std::string key = domain::ViewKey(scope, filter);
  base::MutexLock lock(&mutex_);
  AudiencePtr& audience = audiences_[key];
  if (audience == nullptr) {
    audience = std::make_shared<Audience>(std::move(key), ++last_number_, scope, filter);
  }
  ++audience->members;
  return audience;
}

void Tail::Leave(const AudiencePtr& audience) {
  base::MutexLock lock(&mutex_);
  if (--audience->members == 0) audiences_.erase(audience->key);
}

View& Tail::ViewOf(const AudiencePtr& audience) { return audience->view; }
uint64_t Tail::NumberOf(const AudiencePtr& audience) { return audience->number; }

std::vector<Tail::Wake> Tail::Append(int partition, absl::Span<const ledger::LogEntryPtr> entries,
                                     absl::Duration now) {
  std::vector<Wake> wakes;
  std::vector<AudiencePtr> audiences;
  std::vector<TailEntryPtr> added;
  uint64_t first = 0;
  uint64_t end = 0;
  {
    base::MutexLock lock(&mutex_);
    const uint64_t generation = ring_.generation();
    first = ring_.end();
    ring_.Append(partition, entries, now);
    end = ring_.end();
    // After a hole, or when more came than the ring holds, nobody's index means anything.
    if (ring_.generation() != generation || ring_.begin() > first) {
      WakeEveryone(&wakes);
      return wakes;
    }
    WakeRestless(&wakes);
    for (uint64_t index = first; index < end; ++index) added.push_back(ring_.At(index));
    for (const auto& [key, audience] : audiences_) {
      if (!audience->waiting.empty()) audiences.push_back(audience);
    }
  }
  // Views decide without Tail's lock, so that streams go on writing meanwhile. Who begins to wait
  // now has seen all of `added`.
  for (const AudiencePtr& audience : audiences) {
    const std::vector<View::Decision> decisions = audience->view.Judge(first, added);
    const bool passes = std::any_of(decisions.begin(), decisions.end(),
                                    [](View::Decision d) { return d != View::Decision::kNothing; });
    base::MutexLock lock(&mutex_);
    if (passes) audience->Release(&wakes);
    audience->seen_to = end;
  }
  return wakes;
}

std::vector<Tail::Wake> Tail::BeginEpoch(int partition, int64_t epoch, int64_t first) {
  std::vector<Wake> wakes;
  base::MutexLock lock(&mutex_);
  ring_.BeginEpoch(partition, epoch, first);
  WakeEveryone(&wakes);
  return wakes;
}

std::optional<std::vector<Tail::Wake>> Tail::SkipTo(const ledger::Place& place) {
  std::vector<Wake> wakes;
  base::MutexLock lock(&mutex_);
  if (!ring_.SkipTo(place)) return std::nullopt;
  WakeEveryone(&wakes);
  return wakes;
}

std::vector<Tail::Wake> Tail::Learn(const ledger::Place& place, std::optional<int> partition) {
  std::vector<Wake> wakes;
  base::MutexLock lock(&mutex_);
  if (ring_.Learn(place, partition)) WakeRestless(&wakes);
  return wakes;
}

void Tail::WakeRestless(std::vector<Wake>* wakes) {
  for (auto& [listener, waits] : restless_) {
    wakes->push_back({std::move(waits.listener), waits.index});
  }
  restless_.clear();
}

void Tail::WakeEveryone(std::vector<Wake>* wakes) {
  WakeRestless(wakes);
  for (const auto& [key, audience] : audiences_) audience->Release(wakes);
}

bool Tail::Covers(const ledger::Place& place) const {
  base::MutexLock lock(&mutex_);
  return ring_.Covers(place);
}

Tail::Seat Tail::Find(ledger::Place* place, int hint) const {
  Seat seat;
  base::MutexLock lock(&mutex_);
  seat.generation = ring_.generation();
  if (!ring_.AdoptEpochs(place)) {
    seat.kind = Seat::Kind::kLost;
  } else if (const std::optional<int> partition = ring_.Lacks(*place, hint)) {
    seat.kind = Seat::Kind::kBehind;
    seat.partition = *partition;
  } else {
    seat.kind = Seat::Kind::kInTail;
    seat.index = ring_.IndexOf(*place);
  }
  return seat;
}

Tail::Slice Tail::Read(uint64_t index, uint64_t generation, size_t max) const {
  Slice slice;
  base::MutexLock lock(&mutex_);
  if (generation != ring_.generation() || index < ring_.begin()) return slice;
  slice.valid = true;
  const uint64_t end = std::min(ring_.end(), index + max);
  slice.entries.reserve(end - index);
  for (uint64_t i = index; i < end; ++i) slice.entries.push_back(ring_.At(i));
  return slice;
}

TailPlacePtr Tail::PlaceAt(uint64_t index, uint64_t generation) const {
  base::MutexLock lock(&mutex_);
  if (generation != ring_.generation()) return nullptr;
  if (index < ring_.begin() || index > ring_.end()) return nullptr;
  return ring_.PlaceAt(index);
}

uint64_t Tail::begin() const {
  base::MutexLock lock(&mutex_);
  return ring_.begin();
}

uint64_t Tail::generation() const {
  base::MutexLock lock(&mutex_);
  return ring_.generation();
}

bool Tail::Wait(const AudiencePtr& audience, ListenerPtr listener, uint64_t index,
                uint64_t generation, bool in_step) {
  base::MutexLock lock(&mutex_);
  if (generation != ring_.generation() || index != ring_.end()) return false;
  const Listener* const key = listener.get();
  (in_step ? audience->waiting : restless_)[key] = {std::move(listener), index};
  return true;
}

std::optional<uint64_t> Tail::StopWaiting(const AudiencePtr& audience, const Listener* listener) {
  base::MutexLock lock(&mutex_);
  if (const auto found = audience->waiting.find(listener); found != audience->waiting.end()) {
    const uint64_t index = std::max(found->second.index, audience->seen_to);
    audience->waiting.erase(found);
    return index;
  }
  if (const auto found = restless_.find(listener); found != restless_.end()) {
    const uint64_t index = found->second.index;
    restless_.erase(found);
    return index;
  }
  return std::nullopt;
}

Tail::Size Tail::size() const {
  base::MutexLock lock(&mutex_);
  Size size;
  size.entries = ring_.end() - ring_.begin();
  size.bytes = ring_.bytes();
  size.audiences = audiences_.size();
  size.waiting = restless_.size();
  for (const auto& [key, audience] : audiences_) size.waiting += audience->waiting.size();
  return size;
}

std::vector<int64_t> Tail::told() const {
  base::MutexLock lock(&mutex_);
  return ring_.told();
}

}  // namespace supervision::alerting
