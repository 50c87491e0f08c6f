#pragma once

#include <string>
#include <vector>

#include "google/protobuf/descriptor.h"
#include "supervision/config/v1/server.pb.h"

namespace supervision::config {

// One setting of server.yaml, with the names by which it can be set: the one rule of overrides.
struct ServerField {
  std::string path;      // "ledger.key_prefix"
  std::string variable;  // "SUPERVISION_LEDGER_KEY_PREFIX"
  std::string flag;      // "--ledger.key_prefix"
  std::string default_text;
  const google::protobuf::FieldDescriptor* section = nullptr;
  const google::protobuf::FieldDescriptor* field = nullptr;
};

// Every setting in the order of the schema, made from its descriptor.
std::vector<ServerField> ServerFields();

// A configuration in which every field has its default.
v1::ServerConfig DefaultServerConfig();

}  // namespace supervision::config
