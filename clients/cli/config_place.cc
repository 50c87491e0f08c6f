#include "clients/cli/config_place.h"

#include <filesystem>

namespace supervision::cli {

std::string DefaultConfigPlace() {
  constexpr char kInstalled[] = "/etc/supervision";
  std::error_code error;
  const bool installed = std::filesystem::exists(std::string(kInstalled) + "/server.yaml", error);
  return installed ? kInstalled : "deploy/config";
}

}  // namespace supervision::cli
