#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "services/ledger/change.h"
#include "services/ledger/committer.h"
#include "services/ledger/context.h"
#include "services/ledger/history_walk.h"

namespace supervision::ledger {

// The steps of alerts' lives: reads the alert as it stands, decides whether it may take the step,
// and commits its next version, which the script accepts only while neither clue nor alert has
// moved. The clue's own version stays, so nobody who holds its etag is disturbed. On the loop's
// thread.
class AlertSteps {
 public:
  AlertSteps(Context* context, Committer* committer) : context_(context), committer_(committer) {}

  void Take(AlertStepRequest request, Deadline deadline, Ledger::Callback<AlertReceipt> callback);
  // Opens the alert again when its acknowledgement is over; else, and when another replica was
  // faster, does nothing.
  void Expire(const ClueRef& clue, Deadline deadline);

  // The last steps of an alert, oldest first, without those that were taken while the clue was
  // outside `scope`.
  void ReadChanges(const std::string& clue_id, domain::Scope scope, Deadline deadline,
                   Ledger::Callback<std::vector<PastChange>> callback);

 private:
  struct Head : CurrentAlert {
    bool known_request = false;
  };

  void ReadHead(const ClueRef& clue, const std::string& request_key, Deadline deadline,
                Ledger::Callback<Head> callback);
  absl::StatusOr<domain::Alert> Decide(const AlertStepRequest& request, const Head& head) const;
  // `versions` of the clue, where it has had several.
  void ReadSteps(const ClueRef& clue, const Head& head, const domain::Scope& scope,
                 std::vector<WalkedVersion> versions, Deadline deadline,
                 const Ledger::Callback<std::vector<PastChange>>& callback);
  void Commit(Change change, Deadline deadline, Ledger::Callback<AlertReceipt> callback);

  Context* const context_;
  Committer* const committer_;
};

}  // namespace supervision::ledger
