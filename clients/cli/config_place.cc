#include "clients/cli/config_place.h"

#include <filesystem>

namespace supervision::cli {
namespace {

constexpr char kInstalled[] = "/etc/supervision";
constexpr char kShipped[] = "deploy/config";

bool HasConfig(const std::string& folder) {
  std::error_code error;
  return std::filesystem::exists(folder + "/server.yaml", error);
}

}  // namespace

std::string DefaultConfigPlace() { return HasConfig(kInstalled) ? kInstalled : kShipped; }

bool IsNoConfig(const std::string& place) {
  return place == DefaultConfigPlace() && !HasConfig(place);
}

int NoConfig(const Session& session) {
  return session.FailUsage(
      {"no configuration is here, neither in /etc/supervision nor in deploy/config; give --config "
       "with the folder of server.yaml",
       "此处没有配置（/etc/supervision 与 deploy/config 下均无 server.yaml）；请用 --config "
       "指明其所在目录"});
}

}  // namespace supervision::cli
