#include "services/server/route_keeper.h"

#include <algorithm>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/str_split.h"

namespace supervision::server {
namespace {

constexpr size_t kMostLogged = 20;

}  // namespace

RouteKeeper::RouteKeeper(Options options, config::LoadedRoutes first, FileTimes files)
    : options_(std::move(options)),
      slot_(std::move(first.routes)),
      files_(std::move(files)),
      reloads_(&prometheus::BuildCounter()
                    .Name("supervision_route_reloads_total")
                    .Help("Files of routes read again, by what came of it.")
                    .Register(*options_.metrics)) {
  for (const char* const result : {"loaded", "rejected"}) reloads_->Add({{"result", result}});
}

void RouteKeeper::Look() {
  if (!files_.Changed()) return;
  absl::StatusOr<config::LoadedRoutes> loaded =
      config::LoadRoutes(options_.routes, options_.calendar);
  reloads_->Add({{"result", loaded.ok() ? "loaded" : "rejected"}}).Increment();
  if (!loaded.ok()) {
    const std::vector<std::string> mistakes =
        absl::StrSplit(std::string(loaded.status().message()), '\n');
    options_.log->Error("routes_rejected", {{"mistakes", static_cast<int64_t>(mistakes.size())}});
    for (size_t i = 0; i < std::min(mistakes.size(), kMostLogged); ++i) {
      options_.log->Error("routes_mistake", {{"what", std::string_view(mistakes[i])}});
    }
    return;
  }
  slot_.Put(loaded->routes);
  options_.log->Info("routes_loaded",
                     {{"version", std::string_view(loaded->routes->version)},
                      {"routes", static_cast<int64_t>(loaded->routes->routes.size())}});
}

rpc::RouteNow RouteKeeper::Now(const std::string& route) const {
  const std::shared_ptr<const combining::RouteSet> routes = slot_.Get();
  for (const combining::Route& one : routes->routes) {
    if (one.id != route) continue;
    const auto* const link = std::get_if<combining::LinkRule>(&one.rule);
    return {true, one.enabled, link != nullptr && link->silence_low};
  }
  return {};
}

}  // namespace supervision::server
