#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <unordered_map>
#include <utility>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "services/base/mutex.h"
#include "services/domain/visibility.h"
#include "services/security/authority.h"
#include "services/security/principal.h"
#include "services/security/quotas.h"

namespace supervision::rpc {

// Who calls, what it sees and how long it waits.
struct Caller {
  std::shared_ptr<const security::Principal> principal;
  domain::Scope scope;
  absl::Duration timeout;    // what is left for the work
  std::string trace_parent;  // W3C traceparent of its metadata; empty: none
  // What it uses of its quota as long as somebody holds this.
  std::shared_ptr<security::Quotas::Share> share;
};

// What a caller that has entered for a method may do by now.
struct Standing {
  absl::Status may;      // UNAUTHENTICATED or PERMISSION_DENIED when it may not go on
  bool changed = false;  // it may, and sees or does something else than when it entered
};
Standing StandingOf(const Caller& caller, security::Method method,
                    const security::PrincipalDirectory& principals, absl::Time now);

// The streams that are open, so that each may be looked at again while it lasts: a token that is
// revoked or runs out ends its streams, and a grant that changes renews them, as does their age.
//
// Thread-safe. Knows no gRPC.
class OpenStreams {
 public:
  // How a stream is told. Either may be called on any thread, under no lock, also when the stream
  // has just ended by itself, so they hold what they touch.
  struct Ways {
    std::function<void(absl::Status)> end;  // the caller may not go on
    std::function<void()> renew;  // what it may see has changed: it ends so that its client comes
                                  // again and goes on where it was
    // It is as old as a stream may get: it ends so that its client comes again, to another replica
    // perhaps. Empty: it sees to its age by itself.
    std::function<void()> too_old = {};
  };

  // As long as it lives, the stream is looked at.
  class Entry {
   public:
    Entry() = default;
    Entry(OpenStreams* streams, uint64_t number) : streams_(streams), number_(number) {}
    Entry(Entry&& other) noexcept { *this = std::move(other); }
    Entry& operator=(Entry&& other) noexcept {
      std::swap(streams_, other.streams_);
      std::swap(number_, other.number_);
      return *this;
    }
    ~Entry() {
      if (streams_ != nullptr) streams_->Remove(number_);
    }

   private:
    OpenStreams* streams_ = nullptr;
    uint64_t number_ = 0;
  };
  // Streams get about `max_age` old, give or take a tenth, so that those which began together do
  // not end together; zero: any.
  explicit OpenStreams(absl::Duration max_age) : max_age_(max_age) {}

  Entry Add(security::Method method, const Caller& caller, Ways ways);

  // Looks at all of them.
  void Check(const security::PrincipalDirectory& principals, absl::Time now);

 private:
  struct Stream {
    security::Method method = security::Method::kSubmitClue;
    Caller caller;
    Ways ways;
    absl::Duration max_age;
    absl::Time since = absl::InfiniteFuture();  // when it was looked at first
    bool told = false;                          // once is enough
  };
  void Remove(uint64_t number);

  const absl::Duration max_age_;
  base::Mutex mutex_;
  std::minstd_rand random_ ABSL_GUARDED_BY(mutex_){std::random_device()()};
  uint64_t last_ ABSL_GUARDED_BY(mutex_) = 0;
  std::unordered_map<uint64_t, Stream> open_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace supervision::rpc
