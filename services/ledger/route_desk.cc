#include "services/ledger/route_desk.h"

#include <optional>
#include <utility>

#include "services/ledger/core.h"

namespace supervision::ledger {

RouteDesk::RouteDesk(Ledger* ledger) : core_(ledger->core_) {}

void RouteDesk::Take(std::string holder, absl::Duration lease, absl::Duration timeout,
                     Callback<RouteLease> callback) {
  core_->OnLoop(std::move(callback), [holder = std::move(holder), lease, timeout](
                                         OpenParts* parts, Callback<RouteLease> answer) {
    parts->derived.Take(holder, lease, Deadline(timeout), std::move(answer));
  });
}

void RouteDesk::Tell(int64_t fence, DerivedAlert alert, std::optional<RouteState> state,
                     absl::Duration timeout, Callback<DeriveResult> callback) {
  core_->OnLoop(std::move(callback),
                [fence, alert = std::move(alert), state = std::move(state), timeout](
                    OpenParts* parts, Callback<DeriveResult> answer) mutable {
                  parts->derived.Tell(fence, std::move(alert), std::move(state), Deadline(timeout),
                                      std::move(answer));
                });
}

void RouteDesk::Keep(int64_t fence, RouteState state, absl::Duration timeout,
                     Callback<DeriveResult> callback) {
  core_->OnLoop(std::move(callback), [fence, state = std::move(state), timeout](
                                         OpenParts* parts, Callback<DeriveResult> answer) {
    parts->derived.Keep(fence, state, Deadline(timeout), std::move(answer));
  });
}

void RouteDesk::FindFirstSince(AgeSearch search, Callback<int64_t> callback) {
  core_->OnLoop(
      std::move(callback), [search, core = core_](OpenParts* parts, Callback<int64_t> answer) {
        ledger::FindFirstSince(&parts->context, search,
                               [core, answer = std::move(answer)](std::optional<int64_t> first) {
                                 if (!first.has_value()) return answer(core->Unavailable());
                                 answer(*first);
                               });
      });
}

}  // namespace supervision::ledger
