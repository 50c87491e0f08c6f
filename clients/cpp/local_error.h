#pragma once

#include <string>

#include "absl/status/status.h"

namespace supervision::client {

// An error that this library found itself, without the service: an English sentence in `status` and
// a Chinese one that ErrorOf reads.
absl::Status LocalError(absl::StatusCode code, const std::string& english,
                        const std::string& chinese);

}  // namespace supervision::client
