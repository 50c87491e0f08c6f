#include "clients/cli/json.h"

#include <string_view>

#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "google/protobuf/util/json_util.h"
#include "services/base/utf8.h"

namespace supervision::cli {

std::string ToJson(const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  options.always_print_primitive_fields = true;
  std::string json;
  const auto status = google::protobuf::util::MessageToJsonString(message, &json, options);
  return status.ok() ? json : "{}";
}

absl::Status FromJson(const std::string& json, google::protobuf::Message& message) {
  google::protobuf::util::JsonParseOptions options;
  options.case_insensitive_enum_parsing = true;
  const auto status = google::protobuf::util::JsonStringToMessage(json, &message, options);
  if (status.ok()) return absl::OkStatus();
  const std::string reason(status.message().data(), status.message().size());
  return absl::InvalidArgumentError(reason);
}

std::string JsonQuote(const std::string& text) {
  std::string quoted = "\"";
  for (std::string_view rest = text; !rest.empty();) {
    const size_t length = base::Utf8SequenceLength(rest);
    const auto first = static_cast<unsigned char>(rest.front());
    if (length == 0) {
      quoted += "\xEF\xBF\xBD";  // a parser's word about a text may cut a character in half
    } else if (first == '"' || first == '\\') {
      quoted += '\\';
      quoted += rest.front();
    } else if (first < 0x20) {
      quoted += absl::StrFormat("\\u%04x", first);
    } else {
      quoted += rest.substr(0, length);
    }
    rest.remove_prefix(length == 0 ? 1 : length);
  }
  return quoted + "\"";
}

std::string JsonObject(const std::vector<std::pair<std::string, std::string>>& members) {
  std::string json = "{";
  for (const auto& [name, value] : members) {
    if (json.size() > 1) json += ",";
    json += JsonQuote(name) + ":" + value;
  }
  return json + "}";
}

std::string ToJson(const client::Error& error) {
  std::vector<std::pair<std::string, std::string>> members = {
      {"code", JsonQuote(std::string(absl::StatusCodeToString(error.code)))},
      {"reason", JsonQuote(error.reason)},
      {"message", JsonQuote(error.english)},
      {"message_zh", JsonQuote(error.chinese)},
  };
  std::vector<std::pair<std::string, std::string>> metadata;
  for (const auto& [name, value] : error.metadata) metadata.emplace_back(name, JsonQuote(value));
  members.emplace_back("metadata", JsonObject(metadata));
  std::string violations;
  for (const auto& violation : error.violations) {
    if (!violations.empty()) violations += ",";
    violations += JsonObject(
        {{"field", JsonQuote(violation.field)}, {"description", JsonQuote(violation.description)}});
  }
  members.emplace_back("violations", "[" + violations + "]");
  if (error.retry_after.has_value()) {
    members.emplace_back("retry_after_seconds",
                         absl::StrFormat("%g", absl::ToDoubleSeconds(*error.retry_after)));
  }
  return JsonObject(members);
}

}  // namespace supervision::cli
