#include "services/classification/evaluation/part.h"

namespace supervision::classification {

bool IsIn(Part part, std::string_view id) {
  if (part == Part::kAll) {
    return true;
  }
  uint64_t hash = 0xcbf29ce484222325;  // FNV-1a
  for (const char c : id) {
    hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001b3;
  }
  const bool held_out = (hash ^ (hash >> 32)) % 3 == 0;
  return held_out == (part == Part::kHeldOut);
}

}  // namespace supervision::classification
