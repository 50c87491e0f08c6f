#pragma once

#include <cstdint>
#include <string_view>

namespace supervision::classification {

// Which part of a labelled set: the held-out third is chosen by a hash of the id, so that it stays
// the same whoever measures. Who writes rules reads only the development part.
enum class Part : uint8_t { kAll, kDevelopment, kHeldOut };

bool IsIn(Part part, std::string_view id);

}  // namespace supervision::classification
