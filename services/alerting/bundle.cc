#include "services/alerting/bundle.h"

#include <string>
#include <utility>

namespace supervision::alerting {
namespace {

size_t CostOf(const Bundle& bundle) {
  constexpr size_t kOverhead = 256;
  return kOverhead + (bundle.bytes == nullptr ? 0 : bundle.bytes->size());
}

bool SilencedForSome(const domain::ChangeEvent& event) {
  return !event.alert.facets.silences.empty() ||
         (event.previous.has_value() && !event.previous->silences.empty());
}

}  // namespace

BundlePtr MakeBundle(absl::Span<const TailEntryPtr> entries,
                     absl::Span<const View::Decision> decisions, const AlertEncoder& encoder,
                     size_t max_alerts, size_t max_bytes) {
  auto bundle = std::make_shared<Bundle>();
  std::string bytes;
  for (size_t i = 0; i < entries.size() && !bundle->differs; ++i) {
    if (decisions[i] == View::Decision::kNothing) continue;
    const SharedBytes piece = entries[i]->Piece(decisions[i], encoder);
    if (bundle->alerts++ == 0) bundle->oldest = entries[i]->appended_at();
    bytes.append(*piece);
    bundle->differs = SilencedForSome(entries[i]->entry().event) || bundle->alerts > max_alerts ||
                      bytes.size() > max_bytes;
  }
  if (bundle->alerts > 0 && !bundle->differs) {
    bundle->bytes = std::make_shared<const std::string>(std::move(bytes));
  }
  return bundle;
}

BundlePtr Bundles::Find(const Key& key) {
  base::MutexLock lock(&mutex_);
  const auto place = places_.find(key);
  if (place == places_.end()) return nullptr;
  kept_.splice(kept_.begin(), kept_, place->second);
  return place->second->bundle;
}

void Bundles::Keep(const Key& key, BundlePtr bundle) {
  std::list<Kept> dropped;  // outlives the lock
  base::MutexLock lock(&mutex_);
  const auto [place, added] = places_.try_emplace(key);
  if (!added) return;
  bytes_ += CostOf(*bundle);
  kept_.push_front({key, std::move(bundle)});
  place->second = kept_.begin();
  while (bytes_ > max_bytes_) {
    bytes_ -= CostOf(*kept_.back().bundle);
    places_.erase(kept_.back().key);
    dropped.splice(dropped.begin(), kept_, std::prev(kept_.end()));
  }
}

void Bundles::Clear() {
  std::list<Kept> dropped;  // outlives the lock
  base::MutexLock lock(&mutex_);
  dropped.swap(kept_);
  places_.clear();
  bytes_ = 0;
}

size_t Bundles::bytes() const {
  base::MutexLock lock(&mutex_);
  return bytes_;
}

}  // namespace supervision::alerting
