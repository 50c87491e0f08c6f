#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"

namespace supervision::config {

// Values of single fields as text: what YAML, the environment and flags have in common.

// Sets `field` of `message` (or adds to it, when it is repeated) from `text`. Returns what is wrong
// and what to write, or nothing. Whole numbers are decimal, truth is "true" or "false", an enum is
// one of its names, with or without the prefix of the enum, and never its UNSPECIFIED one.
// `quoted`: the text was marked as text, so that it is no number. REQUIRES: the field is no
// message.
std::string SetFromText(google::protobuf::Message* message,
                        const google::protobuf::FieldDescriptor* field, std::string_view text,
                        bool quoted = false);

// The text of the field's value, as SetFromText takes it. REQUIRES: neither repeated nor a message.
std::string ToText(const google::protobuf::Message& message,
                   const google::protobuf::FieldDescriptor* field);

// The names that SetFromText takes for an enum, without prefix.
std::vector<std::string> EnumNames(const google::protobuf::EnumDescriptor* type);

}  // namespace supervision::config
