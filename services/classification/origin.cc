#include "services/classification/origin.h"

namespace supervision::classification {

std::string ToString(const Origin& origin) {
  const std::string file = origin.file.empty() ? "(built in)" : origin.file;
  return origin.line == 0 ? file : file + ":" + std::to_string(origin.line);
}

}  // namespace supervision::classification
