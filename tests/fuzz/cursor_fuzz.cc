// Texts that a client may send as a cursor. What is accepted must be the one text of its place.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "services/ledger/cursor.h"
#include "services/ledger/sealed_text.h"

namespace {

const supervision::ledger::Descriptor& Ledger() {
  static const auto* const ledger = [] {
    auto* const made = new supervision::ledger::Descriptor;
    made->id = std::string(16, 'i');
    made->secret = std::string(32, 's');
    made->partitions = 2;
    return made;
  }();
  return *ledger;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using supervision::ledger::DecodeCursor;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (DecodeCursor(Ledger(), text).ok() &&
      EncodeCursor(Ledger(), *DecodeCursor(Ledger(), text)) != text) {
    std::abort();
  }
  // Behind a genuine seal any bytes may lie, should an older or newer service have written them:
  // the fuzzer cannot make a seal, so it is made here.
  const std::string sealed = supervision::ledger::Seal(Ledger().secret, "cursor", text);
  const auto place = DecodeCursor(Ledger(), sealed);
  if (place.ok() && (place->epochs.size() != 2 || place->positions.size() != 2)) std::abort();
  return 0;
}
