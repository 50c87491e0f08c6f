#pragma once

#include <array>
#include <string>
#include <vector>

namespace supervision::faults {

// A lane's regions: one that each of its views lets through, one that the narrow scope still has,
// and one that only the wide scope has. The fourth is nobody's.
struct Regions {
  const char* all;  // their prefix
  const char* core;
  const char* near;
  const char* far;
};
inline constexpr std::array<Regions, 4> kRegions = {{{"3304", "330402", "330411", "330424"},
                                                     {"3301", "330102", "330105", "330106"},
                                                     {"3302", "330203", "330205", "330206"},
                                                     {"3303", "330302", "330303", "330304"}}};
inline constexpr char kNobodys[] = "440103";

inline std::vector<std::string> NarrowScope(int lane) {
  const Regions& regions = kRegions[static_cast<size_t>(lane)];
  return {regions.core, regions.near};
}

}  // namespace supervision::faults
