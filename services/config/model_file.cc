#include "services/config/model_file.h"

#include "absl/strings/str_cat.h"
#include "services/config/yaml_loader.h"

namespace supervision::config {
namespace {

constexpr size_t kMaxModelBytes = size_t{64} << 20;

}  // namespace

absl::StatusOr<std::shared_ptr<const classification::Model>> LoadModel(const std::string& path) {
  const absl::StatusOr<std::string> bytes = ReadFile(path, kMaxModelBytes);
  if (!bytes.ok()) return bytes.status();
  absl::StatusOr<std::shared_ptr<const classification::Model>> model =
      classification::Model::Load(*bytes);
  if (model.ok()) return model;
  return absl::InvalidArgumentError(
      absl::StrCat(path, ": ", std::string(model.status().message())));
}

}  // namespace supervision::config
