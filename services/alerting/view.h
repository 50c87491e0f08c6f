#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "absl/types/span.h"
#include "services/base/mutex.h"
#include "services/domain/visibility.h"
#include "services/ledger/types.h"

namespace supervision::alerting {

class TailEntry;

// What a principal's scope and a request's filter let through. Streams with one view share this
// object and what it has decided about the entries of the tail. Thread-safe.
class View {
 public:
  enum class Decision : uint8_t { kNothing, kFull, kWithheld, kLeft };

  View(domain::Scope scope, domain::Filter filter)
      : scope_(std::move(scope)), filter_(std::move(filter)) {}

  // What streams of this view are told of `event`. Scope comes before filter. An alert that passed
  // before the change and does not pass now has left the view; this needs no memory of what was
  // sent, since the event has the facets of before.
  Decision Judge(const domain::ChangeEvent& event) const;

  // `decision`, what Judge said of `event`, as it is for one principal: what a silence hides from
  // it does not pass.
  Decision JudgeFor(std::string_view principal, const domain::ChangeEvent& event,
                    Decision decision) const;

  // The same as Judge for the entries of the tail from index `first` on, one decision each. Looks
  // up what another stream of this view has asked before.
  std::vector<Decision> Judge(uint64_t first, absl::Span<const std::shared_ptr<TailEntry>> entries);

 private:
  bool Passes(const domain::Facets& facets) const {
    return domain::Sees(scope_, facets) && domain::Matches(filter_, facets);
  }

  const domain::Scope scope_;
  const domain::Filter filter_;
  base::Mutex mutex_;
  // Decisions about the tail's entries remembered_from_, remembered_from_ + 1, …
  uint64_t remembered_from_ ABSL_GUARDED_BY(mutex_) = 0;
  std::deque<Decision> remembered_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace supervision::alerting
