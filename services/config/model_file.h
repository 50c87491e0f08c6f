#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "services/classification/model/model.h"

namespace supervision::config {

// Reads and checks the file of a trained model, at most 64 MiB. NOT_FOUND when it cannot be read,
// INVALID_ARGUMENT when it is damaged or foreign; both name the file.
absl::StatusOr<std::shared_ptr<const classification::Model>> LoadModel(const std::string& path);

}  // namespace supervision::config
