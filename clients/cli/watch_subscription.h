#pragma once

#include <cstdint>
#include <string>

#include "clients/cli/session.h"

namespace supervision::cli {

// `watch --subscription`: what is to be read, and what of watch's flags goes for it too.
struct SubscriptionWatch {
  std::string subscription;
  std::string exec;
  bool share = false;  // as one of several consumers
  bool keep_going = false;
  bool json = false;
  int64_t count = 0;
  double until_idle = 0;
};

// Tells the alerts of a named subscription; the exit code.
int WatchSubscription(Session& session, const SubscriptionWatch& watch);

}  // namespace supervision::cli
