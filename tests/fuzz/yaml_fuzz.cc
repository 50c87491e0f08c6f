// The YAML loader on hostile text: it ends, throws nothing, and what it accepts is well-formed.

#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "google/protobuf/struct.pb.h"
#include "services/base/utf8.h"
#include "services/config/yaml_loader.h"
#include "supervision/config/v1/server.pb.h"

namespace {

void Load(std::string_view text, google::protobuf::Message* message) {
  supervision::config::SourceMap source;
  const absl::Status status =
      supervision::config::LoadYamlText(text, "fuzz.yaml", message, &source);
  const std::string_view told(status.message().data(), status.message().size());
  if (!supervision::base::IsUtf8(told)) std::abort();
  // A message with a string that is not UTF-8 could not be read back.
  if (status.ok() && !message->ParseFromString(message->SerializeAsString())) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  supervision::config::v1::ServerConfig server;
  Load(text, &server);
  supervision::config::v1::PrincipalsConfig principals;
  Load(text, &principals);
  google::protobuf::Struct fields;  // maps, oneofs and recursion
  Load(text, &fields);
  return 0;
}
