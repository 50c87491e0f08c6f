#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "google/protobuf/message.h"
#include "services/config/problems.h"

namespace supervision::config {

// YAML into protobuf messages: keys are the names of the fields, lists are repeated fields,
// sections are messages, and a map field takes any keys. Every mistake is found in one pass
// (unknown key, wrong type, unknown name of an enum, a key that stands twice, two keys of which
// only one may stand, a value left empty), each with file, line, column and what to write. A
// section or list without a value is an empty one, so that all its lines may be commented out.
//
// The message is filled on top of what it holds, so defaults may be set before; after a mistake it
// is partly filled. `source` may be null.

// For checks of meaning that are to be told together with what is found here: adds to `problems`.
// False when the text could not be parsed at all, so that further checks would only mislead.
bool ReadYaml(std::string_view text, std::string_view file, google::protobuf::Message* message,
              SourceMap* source, Problems* problems);

// The same as a status: OK, or INVALID_ARGUMENT with a line for each mistake.
absl::Status LoadYamlText(std::string_view text, std::string_view file_name,
                          google::protobuf::Message* message, SourceMap* source);
// NOT_FOUND when the file cannot be read.
absl::Status LoadYamlFile(const std::string& path, google::protobuf::Message* message,
                          SourceMap* source);

// The whole of a file of at most `max_bytes`. NOT_FOUND, or INVALID_ARGUMENT when it is longer.
absl::StatusOr<std::string> ReadFile(const std::string& path, size_t max_bytes);
// The same of a file that may be missing, or whose path may be empty: then the text is. One that is
// there and cannot be read is none that is missing.
absl::StatusOr<std::string> ReadFileIfThere(const std::string& path, size_t max_bytes);

}  // namespace supervision::config
