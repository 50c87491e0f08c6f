// Texts that a client may send as a page token.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "services/ledger/page_token.h"
#include "services/ledger/sealed_text.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  namespace ledger = supervision::ledger;
  ledger::Descriptor descriptor;
  descriptor.id = std::string(16, 'i');
  descriptor.secret = std::string(32, 's');
  descriptor.partitions = 2;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  ledger::ListQuery query;
  query.page_token = std::string(text);
  const auto place = ledger::DecodePageToken(descriptor, query);
  if (place.ok() && !text.empty() && EncodePageToken(descriptor, query, *place) != text) {
    std::abort();
  }
  // And any bytes behind a genuine seal, which the fuzzer cannot make.
  query.page_token = ledger::Seal(descriptor.secret, "page", text);
  const auto sealed = ledger::DecodePageToken(descriptor, query);
  if (sealed.ok() && sealed->size() != 2) std::abort();
  return 0;
}
