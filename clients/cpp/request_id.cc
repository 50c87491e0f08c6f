#include "clients/cpp/request_id.h"

#include "services/base/hash.h"
#include "services/base/hex.h"

namespace supervision::client {

std::string NewRequestId() {
  constexpr size_t kBytes = 16;
  return base::HexEncode(base::RandomBytes(kBytes));
}

}  // namespace supervision::client
