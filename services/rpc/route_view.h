#pragma once

#include <functional>
#include <string>

namespace supervision::rpc {

// A route as it stands in the files in force.
struct RouteNow {
  bool there = false;
  bool on = false;
  bool silences_low = false;  // a matter that is HIGH silences its LOWs
};

// The route of that id. Thread-safe.
using RouteView = std::function<RouteNow(const std::string& route)>;

}  // namespace supervision::rpc
