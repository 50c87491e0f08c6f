#include "services/server/trouble_log.h"

#include <memory>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/time/time.h"
#include "services/base/mutex.h"
#include "services/rpc/status.h"
#include "services/security/authority.h"

namespace supervision::server {
namespace {

constexpr absl::Duration kQuiet = absl::Minutes(1);
constexpr size_t kMostKnown = 1000;
constexpr char kOthers[] = "others";

// Without the port, which another call of the same host does not have.
std::string HostOf(const std::string& address) { return address.substr(0, address.rfind(':')); }

class TroubleLog {
 public:
  TroubleLog(const base::Clock* clock, observability::Logger* log) : clock_(clock), log_(log) {}

  void Tell(const rpc::Gate::Trouble& trouble) {
    const bool known = !trouble.principal.empty();
    std::string who = known ? std::string(trouble.principal) : HostOf(trouble.address);
    const bool failed = trouble.code == grpc::StatusCode::INTERNAL;
    const int64_t more = Count(failed  ? Kind::kFailed
                               : known ? Kind::kRefused
                                       : Kind::kNobody,
                               &who);
    if (more < 0) return;
    log_->Warning(
        failed ? "call_failed" : "call_refused",
        {{known ? "principal" : "address", std::string_view(who)},
         {"method", security::AuthorityTable()[static_cast<size_t>(trouble.method)].full_name},
         {"code", rpc::CodeName(trouble.code)},
         {"more_before", more}});
  }

 private:
  enum class Kind : uint8_t { kNobody, kRefused, kFailed };
  struct Known {
    absl::Time told_at;
    int64_t since = 0;  // that was not told
  };

  // How many were not told before this one; negative: neither is this.
  int64_t Count(Kind kind, std::string* who) ABSL_LOCKS_EXCLUDED(mutex_) {
    const absl::Time now = clock_->Now();
    base::MutexLock lock(&mutex_);
    auto found = known_.find(std::pair(kind, *who));
    if (found == known_.end()) {
      if (known_.size() >= kMostKnown) Forget(now);
      if (known_.size() >= kMostKnown) *who = kOthers;
      const auto [made, is_new] = known_.try_emplace(std::pair(kind, *who), Known{now});
      if (is_new) return 0;
      found = made;
    }
    Known& one = found->second;
    // A clock that is set back silences nobody.
    if (now >= one.told_at && now - one.told_at < kQuiet) {
      ++one.since;
      return -1;
    }
    one.told_at = now;
    return std::exchange(one.since, 0);
  }

  void Forget(absl::Time now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    absl::erase_if(known_, [now](const auto& one) {
      return now < one.second.told_at || now - one.second.told_at >= kQuiet;
    });
  }

  const base::Clock* const clock_;
  observability::Logger* const log_;
  base::Mutex mutex_;
  // Principals and addresses by their names.
  absl::flat_hash_map<std::pair<Kind, std::string>, Known> known_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace

std::function<void(const rpc::Gate::Trouble&)> LogTroubles(const base::Clock* clock,
                                                           observability::Logger* log) {
  return [all = std::make_shared<TroubleLog>(clock, log)](const rpc::Gate::Trouble& trouble) {
    all->Tell(trouble);
  };
}

}  // namespace supervision::server
