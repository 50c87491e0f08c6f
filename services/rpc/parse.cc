#include "services/rpc/parse.h"

#include <climits>
#include <string>

#include "absl/strings/str_cat.h"
#include "services/domain/error.h"
#include "services/rpc/utf8_locator.h"

namespace supervision::rpc {
namespace {

// More mistakes of one kind than anybody reads; the error has room for about 30.
constexpr size_t kMaxBadTexts = 1000;

bool Parse(std::string_view bytes, google::protobuf::Message* message) {
  return bytes.size() <= INT_MAX &&
         message->ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
}

}  // namespace

std::string JoinPath(std::string_view path, std::string_view field) {
  std::string joined(path);
  if (!joined.empty()) joined += '.';
  joined += field;
  return joined;
}

absl::Status ParseRequest(std::string_view bytes, std::string_view path,
                          google::protobuf::Message* message, intake::Violations* violations) {
  if (Parse(bytes, message)) return absl::OkStatus();
  const BadTexts texts = LocateInvalidUtf8(bytes, *message->GetDescriptor(), kMaxBadTexts);
  message->Clear();
  if (!texts.well_formed || texts.found.empty()) {
    return domain::MakeError(domain::Reason::kMalformedMessage);
  }
  std::string repaired(bytes);
  for (const BadText& text : texts.found) {
    repaired.replace(text.offset, text.size, text.size, '?');
    violations->push_back({JoinPath(path, text.path), "is not UTF-8; encode the text as UTF-8",
                           "不是 UTF-8 编码；请将文本转换为 UTF-8"});
  }
  if (Parse(repaired, message)) return absl::OkStatus();
  message->Clear();
  return domain::MakeError(domain::Reason::kMalformedMessage);
}

}  // namespace supervision::rpc
