#include "services/rpc/open_streams.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "services/domain/error.h"

namespace supervision::rpc {

Standing StandingOf(const Caller& caller, security::Method method,
                    const security::PrincipalDirectory& principals, absl::Time now) {
  const security::Principal& before = *caller.principal;
  const auto by_now = principals.Again(before.credential, now);
  if (by_now == nullptr) return {.may = domain::MakeError(domain::Reason::kUnauthenticated)};
  Standing standing{.may = security::Authorise(*by_now, method)};
  standing.changed = standing.may.ok() &&
                     (security::ScopeOf(*by_now) != caller.scope || by_now->id != before.id ||
                      by_now->partner != before.partner || by_now->backfill != before.backfill);
  return standing;
}

OpenStreams::Entry OpenStreams::Add(security::Method method, const Caller& caller, Ways ways) {
  base::MutexLock lock(&mutex_);
  std::uniform_real_distribution<double> jitter(0.9, 1.1);
  const absl::Duration max_age = max_age_ > absl::ZeroDuration() && ways.too_old
                                     ? max_age_ * jitter(random_)
                                     : absl::InfiniteDuration();
  open_.emplace(
      ++last_,
      Stream{.method = method, .caller = caller, .ways = std::move(ways), .max_age = max_age});
  return Entry(this, last_);
}

void OpenStreams::Remove(uint64_t number) {
  Stream removed;  // let go without the lock: it may hold the last of what it touches
  base::MutexLock lock(&mutex_);
  const auto found = open_.find(number);
  if (found == open_.end()) return;
  std::swap(removed, found->second);
  open_.erase(found);
}

void OpenStreams::Check(const security::PrincipalDirectory& principals, absl::Time now) {
  std::vector<std::function<void()>> told;
  {
    base::MutexLock lock(&mutex_);
    for (auto& [number, stream] : open_) {
      if (stream.told) continue;
      Standing standing = StandingOf(stream.caller, stream.method, principals, now);
      stream.since = std::min(stream.since, now);
      const bool too_old = now - stream.since >= stream.max_age;
      stream.told = standing.changed || !standing.may.ok() || too_old;
      if (!standing.may.ok()) {
        told.push_back([end = stream.ways.end, may = std::move(standing.may)] { end(may); });
      } else if (standing.changed) {
        told.push_back(stream.ways.renew);
      } else if (too_old) {
        told.push_back(stream.ways.too_old);
      }
    }
  }
  for (const auto& tell : told) tell();
}

}  // namespace supervision::rpc
