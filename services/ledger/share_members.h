#pragma once

#include <cstdint>
#include <vector>

#include "services/ledger/subscription.h"
#include "services/redis/reply.h"

namespace supervision::ledger {

// Who reads a shared subscription, on all replicas.
struct ShareMembers {
  int replicas = 0;
  int consumers = 0;                            // of all of them
  std::vector<Subscription::Connection> shown;  // the oldest first, at most kMostShownConsumers
};

// Of the members' hash as HGETALL gives it; see share.lua. A replica that has given no sign of life
// before `now_millis`, by Redis' clock, has nobody. What cannot be read is left out.
ShareMembers MembersOf(const redis::Reply& hash, int64_t now_millis);

}  // namespace supervision::ledger
