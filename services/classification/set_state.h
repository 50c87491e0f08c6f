#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"

namespace supervision::classification {

// What made the service read its rules. The numbers are those of supervision.v1.ReloadTrigger.
enum class ReloadTrigger : uint8_t {
  kUnspecified = 0,
  kStart = 1,
  kWatch = 2,    // a file changed
  kRequest = 3,  // AdminService.ReloadRules
  kSignal = 4,   // SIGHUP
  kDay = 5,      // a new day: other rules may be in force
};

// What came of it. The numbers are those of supervision.v1.ReloadResult.
enum class ReloadResult : uint8_t {
  kUnspecified = 0,
  kLoaded = 1,
  kUnchanged = 2,  // the files are those of the set in force
  kRejected = 3,   // mistakes: the set before stays in force
};

std::string_view Name(ReloadTrigger trigger);  // "watch"
std::string_view Name(ReloadResult result);    // "rejected"

// Which set of catalogue, rules and model is in force, and what came of the last attempt to read
// another. Plain values.
struct SetState {
  bool loaded = false;
  std::string catalogue_version;
  std::string rules_version;  // as verdicts carry it: rules and model, each with its digest
  std::string model_version;
  std::string digest;  // over every byte of all files; empty while nothing is loaded
  absl::Time loaded_at;
  std::vector<std::string> lapsed;  // what of it has ended (Classifier::lapsed)

  ReloadTrigger last_trigger = ReloadTrigger::kUnspecified;
  ReloadResult last_result = ReloadResult::kUnspecified;
  absl::Time last_attempt_at;
  absl::Duration last_took;
  std::vector<std::string> mistakes;  // of the last attempt: "file:line:column: what and remedy"
  uint64_t loads = 0;
  uint64_t rejections = 0;
};

}  // namespace supervision::classification
