#pragma once

#include <memory>
#include <optional>
#include <string>

#include "services/ledger/committer.h"
#include "services/ledger/context.h"
#include "services/ledger/deadline.h"
#include "services/ledger/route_desk.h"

namespace supervision::ledger {

// Writes the alerts that routes raise; see RouteDesk. Such an alert is a record beside the clues,
// with steps of its life like theirs but no clue: what people did with it is kept from version to
// version. On the loop's thread.
class Derived {
 public:
  Derived(Context* context, Committer* committer) : context_(context), committer_(committer) {}

  void Take(const std::string& holder, absl::Duration lease, Deadline deadline,
            Ledger::Callback<RouteLease> callback);
  void Tell(int64_t fence, DerivedAlert alert, std::optional<RouteState> state, Deadline deadline,
            Ledger::Callback<DeriveResult> callback);
  void Keep(int64_t fence, const RouteState& state, Deadline deadline,
            Ledger::Callback<DeriveResult> callback);

 private:
  struct Telling;
  void Try(const std::shared_ptr<Telling>& telling);
  void Write(const std::shared_ptr<Telling>& telling, const redis::Result& head);

  Context* const context_;
  Committer* const committer_;
};

}  // namespace supervision::ledger
