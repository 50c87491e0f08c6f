// Bytes that a client may send as a batch. What our walk over them says must agree with protobuf.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "google/protobuf/stubs/logging.h"
#include "services/rpc/utf8_locator.h"
#include "services/rpc/wire_reader.h"
#include "supervision/v1/clue_service.pb.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using supervision::v1::BatchSubmitCluesRequest;
  [[maybe_unused]] static const bool silent = [] {
    google::protobuf::SetLogHandler(nullptr);
    return true;
  }();
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);

  supervision::rpc::WireReader reader(bytes);
  while (reader.Next()) {
    const std::string_view value = reader.field().bytes;
    const bool inside = value.empty() || (value.data() >= bytes.data() &&
                                          value.data() + value.size() <= bytes.data() + size);
    if (!inside) std::abort();
  }

  BatchSubmitCluesRequest request;
  const bool parses = request.ParseFromArray(data, static_cast<int>(size));
  const supervision::rpc::BadTexts texts = supervision::rpc::LocateInvalidUtf8(
      bytes, *BatchSubmitCluesRequest::descriptor(), /*limit=*/100'000);
  // protobuf forgives a few forms of tags that we call broken; the other way round never.
  if (!texts.well_formed) return 0;
  if (parses != texts.found.empty()) std::abort();
  std::string repaired(bytes);
  for (const supervision::rpc::BadText& text : texts.found) {
    if (text.path.empty() || text.offset + text.size > size) std::abort();
    repaired.replace(text.offset, text.size, text.size, '?');
  }
  if (!request.ParseFromString(repaired)) std::abort();
  return 0;
}
