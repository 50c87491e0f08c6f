#include "services/server/route_keeper.h"

#include <algorithm>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/str_split.h"
#include "services/security/authority.h"

namespace supervision::server {
namespace {

constexpr size_t kMostLogged = 20;

}  // namespace

RouteKeeper::RouteKeeper(Options options, config::LoadedRoutes first, FileTimes files)
    : options_(std::move(options)),
      slot_(first.routes),
      info_(options_.metrics, "routes", first.digest),
      files_(std::move(files)),
      loaded_(std::move(first)),
      reloads_(&prometheus::BuildCounter()
                    .Name("supervision_route_reloads_total")
                    .Help("Files of routes read again, by what came of it.")
                    .Register(*options_.metrics)),
      rejected_(
          &prometheus::BuildGauge()
               .Name("supervision_route_rejected")
               .Help("1 while the files of routes are refused and the routes before are in force.")
               .Register(*options_.metrics)
               .Add({})) {
  loaded_.trials.clear();
  for (const char* const result : {"loaded", "rejected"}) reloads_->Add({{"result", result}});
}

void RouteKeeper::Look() {
  const absl::Time now = options_.clock->Now();
  if (!files_.Due(now)) return;
  absl::StatusOr<config::LoadedRoutes> loaded =
      config::LoadRoutes(options_.routes, options_.calendar);
  if (!files_.Note(loaded.status(), now)) return;
  reloads_->Add({{"result", loaded.ok() ? "loaded" : "rejected"}}).Increment();
  rejected_->Set(loaded.ok() ? 0 : 1);
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
  info_.Tell(loaded->digest);
  options_.log->Info("routes_loaded",
                     {{"version", std::string_view(loaded->routes->version)},
                      {"routes", static_cast<int64_t>(loaded->routes->routes.size())}});
  loaded->trials.clear();
  loaded_ = *std::move(loaded);
}

void RouteKeeper::TellOfNobody(std::shared_ptr<const security::PrincipalDirectory> principals) {
  if (seen_principals_ == principals && seen_routes_ == loaded_.routes) return;
  seen_principals_ = std::move(principals);
  seen_routes_ = loaded_.routes;
  std::set<std::string> sentences;
  for (std::string& one :
       config::RoutesToNobody(loaded_, security::ScopesOfWatchers(*seen_principals_))) {
    if (to_nobody_.count(one) == 0 && sentences.size() < kMostLogged) {
      options_.log->Warning("route_to_nobody", {{"what", std::string_view(one)}});
    }
    sentences.insert(std::move(one));
  }
  to_nobody_ = std::move(sentences);
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
