#pragma once

#include <cstdint>
#include <string>

namespace supervision::classification {

// Where an item of the catalogue or of the rules was written, so that an error can name the place.
struct Origin {
  std::string file;
  uint32_t line = 0;  // from 1; 0 when unknown
};

// "rules/04_admin_enforcement.yaml:12", or the file alone when the line is unknown.
std::string ToString(const Origin& origin);

}  // namespace supervision::classification
