#pragma once

#include <string_view>

#include "absl/status/status.h"
#include "google/protobuf/message.h"
#include "services/intake/validation.h"

namespace supervision::rpc {

// Parses `bytes` into `message`. Text that is not UTF-8 becomes a violation at `path` (of the
// message within the request: "" or "items[7]") and is replaced by question marks, so that the
// other mistakes of the request are found as well. MALFORMED_MESSAGE when the bytes are no such
// message; it is empty then.
absl::Status ParseRequest(std::string_view bytes, std::string_view path,
                          google::protobuf::Message* message, intake::Violations* violations);

// "items[7].clue" from "items[7]" and "clue"; "clue" from "" and "clue".
std::string JoinPath(std::string_view path, std::string_view field);

}  // namespace supervision::rpc
