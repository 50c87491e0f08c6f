#pragma once

#include "services/ledger/context.h"
#include "services/ledger/deadline.h"

namespace supervision::ledger {

// Places in the ledger's order and the cursors that name them. On the loop's thread.
class Places {
 public:
  using Callback = Ledger::Callback<Place>;

  explicit Places(Context* context) : context_(context) {}

  void Latest(absl::Duration timeout, Callback callback);
  void Earliest(absl::Duration timeout, Callback callback);
  void Resolve(const std::string& cursor, absl::Duration timeout, Callback callback);

 private:
  using Metas = std::vector<PartitionMeta>;

  void Judge(const Place& place, const Metas& metas, const Callback& callback) const;

  Context* const context_;
};

}  // namespace supervision::ledger
