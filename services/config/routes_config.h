#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "services/combining/route.h"
#include "services/combining/trial.h"

namespace supervision::config {

// What routes.yaml and calendar.yaml say.
struct LoadedRoutes {
  std::shared_ptr<const combining::RouteSet> routes;
  std::vector<combining::Trial> trials;
  std::vector<std::string> origins;  // where each route stands: "routes.yaml:12"
  std::string digest;                // of both files (text_digest.h)
};

// Both files, as they lie there; each may be missing (then there are no routes, and only weekends
// are known). The tests of the routes are run: INVALID_ARGUMENT with every mistake of either file,
// each with file and line, those of tests among them.
absl::StatusOr<LoadedRoutes> LoadRoutes(const std::string& routes_path,
                                        const std::string& calendar_path);

// Of texts; an empty text is a file without entries.
absl::StatusOr<LoadedRoutes> ParseRoutes(std::string_view routes, const std::string& routes_name,
                                         std::string_view calendar,
                                         const std::string& calendar_name);

// A sentence, with its place, for each route that is on though none of those who watch alerts, of
// whom each has one of these scopes, could ever see what it tells.
std::vector<std::string> RoutesToNobody(const LoadedRoutes& loaded,
                                        const std::vector<domain::Scope>& watchers);

// What is soon to be said of calendar.yaml, as a sentence without its subject: while a route that
// is on goes by it, and a year that it does not know begins within kCalendarEndsSoon. Else empty.
std::string CalendarEndsSoon(const LoadedRoutes& loaded, absl::Time now);

}  // namespace supervision::config
