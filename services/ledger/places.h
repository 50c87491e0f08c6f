#pragma once

#include <optional>
#include <string>
#include <vector>

#include "services/ledger/context.h"
#include "services/ledger/deadline.h"

namespace supervision::ledger {

// Places in the ledger's order and the cursors that name them. On the loop's thread, but for Known.
class Places {
 public:
  using Callback = Ledger::Callback<Place>;

  explicit Places(Context* context) : context_(context) {}

  void Latest(absl::Duration timeout, Callback callback);
  void Earliest(absl::Duration timeout, Callback callback);
  void Resolve(const std::string& cursor, absl::Duration timeout, Callback callback);
  // See Ledger::KnownPlace. Any thread.
  std::optional<Place> Known(const std::string& cursor) const;

 private:
  using Metas = std::vector<PartitionMeta>;
  struct Question {
    Place place;
    Deadline deadline;
    Callback callback;
  };

  void Answer(const Question& question, const Metas& metas);
  void Judge(const Place& place, const Metas& metas, const Callback& callback) const;

  Context* const context_;
  std::vector<Question> asking_;  // share the read that is under way
};

}  // namespace supervision::ledger
