#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "services/ledger/deadline.h"
#include "services/ledger/ledger.h"
#include "services/redis/client.h"

namespace supervision::ledger {

// A version of a clue as it was, with what decided then who saw it.
struct WalkedVersion {
  domain::Clue clue;  // without its content
  domain::Facets facets;
  uint32_t alert_version = 0;  // of its alert, once this version was made; 0: there was none
};

// Reads the versions of the clue under `key`, of which `newest` tells, oldest first, a few at a
// time: their texts may be long. On the loop's thread.
void WalkHistory(redis::Client* client, std::string key, const ClueSummary& newest,
                 Deadline deadline, Ledger::Callback<std::vector<WalkedVersion>> callback);

}  // namespace supervision::ledger
