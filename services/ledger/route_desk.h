#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "services/ledger/age_search.h"
#include "services/ledger/ledger.h"

namespace supervision::ledger {

// How far routes have come: what lies there when somebody takes them over.
struct RouteState {
  std::optional<Place> place;  // up to which what was due has been seen to
  // When that was written; earlier where something that had come before was still to be told.
  absl::Time kept_at = absl::InfinitePast();
  std::map<std::string, absl::Time> starts;  // since when each route is on, by its id
};

struct RouteLease {
  int64_t fence = 0;  // 0: another replica holds the routes
  RouteState state;
};

// An alert that a route raised, or its next version.
struct DerivedAlert {
  std::string trigger;   // with the group's digest it names the record
  std::string record;    // or the record's id, when it is known
  uint32_t version = 1;  // of what the route tells of it
  domain::Alert alert;   // what is told; ids, version, state, handling and raised_at are set here
};

enum class DeriveResult : uint8_t {
  kDone = 0,
  kLost = 1,        // another replica has taken over: nothing was written
  kToldBefore = 2,  // the version is in the log already
};

// What replicas that follow routes do in the ledger: one of them holds the lease, and only it can
// tell and move the place; both happen in one step. All of it lies in the home partition 0. A part
// of the ledger's face; `ledger` outlives it.
//
// Thread-safe; callbacks, errors and timeouts as the ledger's.
class RouteDesk {
 public:
  template <typename T>
  using Callback = Ledger::Callback<T>;

  explicit RouteDesk(Ledger* ledger);

  // Takes or renews the lease for `holder`; a new holder gets a higher fence.
  void Take(std::string holder, absl::Duration lease, absl::Duration timeout,
            Callback<RouteLease> callback);
  // The state is moved in the same step; nothing: it stays. Repeating it is safe.
  void Tell(int64_t fence, DerivedAlert alert, std::optional<RouteState> state,
            absl::Duration timeout, Callback<DeriveResult> callback);
  void Keep(int64_t fence, RouteState state, absl::Duration timeout,
            Callback<DeriveResult> callback);

  // Where to begin to read the log again: see AgeSearch. Each of its reads takes at most the
  // ledger's command timeout.
  void FindFirstSince(AgeSearch search, Callback<int64_t> callback);

 private:
  const std::shared_ptr<Ledger::Core> core_;
};

}  // namespace supervision::ledger
