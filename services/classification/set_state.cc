#include "services/classification/set_state.h"

#include <array>

namespace supervision::classification {

std::string_view Name(ReloadTrigger trigger) {
  constexpr std::array<std::string_view, 6> kNames = {"none",    "start",  "watch",
                                                      "request", "signal", "day"};
  return kNames[static_cast<size_t>(trigger)];
}

std::string_view Name(ReloadResult result) {
  constexpr std::array<std::string_view, 4> kNames = {"none", "loaded", "unchanged", "rejected"};
  return kNames[static_cast<size_t>(result)];
}

}  // namespace supervision::classification
