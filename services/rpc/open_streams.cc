#include "services/rpc/open_streams.h"

#include <utility>
#include <vector>

#include "services/domain/error.h"

namespace supervision::rpc {

OpenStreams::Entry OpenStreams::Add(security::Method method, const Caller& caller, Ways ways) {
  base::MutexLock lock(&mutex_);
  open_.emplace(++last_, Stream{.method = method, .caller = caller, .ways = std::move(ways)});
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
      const security::Principal& before = *stream.caller.principal;
      const auto by_now = principals.Again(before.credential, now);
      absl::Status may = by_now == nullptr ? domain::MakeError(domain::Reason::kUnauthenticated)
                                           : security::Authorise(*by_now, stream.method);
      const bool changed =
          may.ok() &&
          (security::ScopeOf(*by_now) != stream.caller.scope || by_now->id != before.id ||
           by_now->partner != before.partner || by_now->backfill != before.backfill);
      stream.told = changed || !may.ok();
      if (!may.ok()) {
        told.push_back([end = stream.ways.end, may = std::move(may)] { end(may); });
      } else if (changed) {
        told.push_back(stream.ways.renew);
      }
    }
  }
  for (const auto& tell : told) tell();
}

}  // namespace supervision::rpc
