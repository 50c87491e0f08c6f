#pragma once

#include <vector>

#include "services/redis/client.h"

namespace supervision::ledger {

// The Lua scripts of services/ledger/scripts, built into the binary.
const redis::Script& CommitScript();
const redis::Script& OpenScript();
const redis::Script& EpochScript();
const redis::Script& LeaseScript();
const redis::Script& TrimScript();
const redis::Script& ClaimScript();
const redis::Script& SubscriptionScript();
const redis::Script& PlaceScript();
const redis::Script& ShareScript();
const redis::Script& RebaseScript();
const redis::Script& DeriveScript();
const redis::Script& SilenceScript();

// All of them, for Client::Options::scripts.
std::vector<const redis::Script*> AllScripts();

}  // namespace supervision::ledger
