#pragma once

#include <string>
#include <vector>

#include "clients/cli/session.h"
#include "clients/cli/verdict_change.h"

namespace supervision::cli {

// A change that was shown, and what has to be as it was for it to be made.
struct PendingChange {
  VerdictChange change;
  std::string etag;
};

struct ApplyOptions {
  double rate = 200;  // clues a second at most
  bool yes = false;   // nobody is asked
  bool json = false;
};

// Whether somebody can be asked, or need not be; false has been explained.
bool MayApply(const Session& session, const ApplyOptions& options);

// Asks for consent, then has the service correct each clue by the set that was shown. What has
// moved since, what a person decided and what a reviewer holds is left and counted. Starting the
// whole command again goes on where it ended: what is done is no difference any more. The exit
// code: kConflict when something was left that the set says otherwise of.
int ApplyChanges(Session& session, client::Client* client, std::vector<PendingChange> changes,
                 const ApplyOptions& options);

}  // namespace supervision::cli
