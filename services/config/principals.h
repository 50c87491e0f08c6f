#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "services/security/principal.h"

namespace supervision::config {

// principals.yaml, read and checked.
struct LoadedPrincipals {
  std::shared_ptr<const security::PrincipalDirectory> directory;
  size_t count = 0;
  // The file says that it is the shipped example, or one of the shipped tokens is
  // still in it: see security::CheckExampleMayListen.
  bool example = false;
};

// Every mistake at once, with file, line and what to write. No message quotes a hash.
absl::StatusOr<LoadedPrincipals> LoadPrincipals(const std::string& path);
absl::StatusOr<LoadedPrincipals> ParsePrincipals(std::string_view text, std::string_view file);

}  // namespace supervision::config
