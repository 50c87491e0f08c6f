#include "services/config/server_fields.h"

#include <string_view>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "services/config/field_text.h"

namespace supervision::config {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::Message;

// Fields that are not here have the default of their type: an empty text, 0, false. A test compares
// this with server.yaml, which tells users.
constexpr std::pair<std::string_view, std::string_view> kDefaults[] = {
    {"listen.grpc", "127.0.0.1:50051"},
    {"listen.metrics", "127.0.0.1:9464"},
    {"listen.client_certificates", "off"},
    {"redis.address", "embedded"},
    {"redis.data_directory", "data"},
    {"redis.max_memory", "0"},
    {"redis.min_free_disk", "256MiB"},
    {"redis.command_timeout", "2s"},
    {"ledger.partitions", "1"},
    {"ledger.durability", "FSYNCED"},
    {"ledger.replica_timeout", "1s"},
    {"ledger.max_queued", "4096"},
    {"ledger.max_queued_bytes", "64MiB"},
    {"ledger.max_batch", "128"},
    {"ledger.max_batch_bytes", "1MiB"},
    {"ledger.log_age", "90d"},
    {"ledger.log_bytes", "1GiB"},
    {"intake.max_concurrent", "8192"},
    {"intake.max_bytes", "128MiB"},
    {"intake.default_deadline", "10s"},
    {"intake.retry_delay", "500ms"},
    {"alerting.max_streams", "4096"},
    {"alerting.tail_entries", "16384"},
    {"alerting.tail_bytes", "64MiB"},
    {"alerting.bookmark_interval", "5s"},
    {"alerting.max_alerts_per_message", "256"},
    {"alerting.max_message_bytes", "1MiB"},
    {"alerting.max_stream_age", "1h"},
    {"alerting.max_subscriptions", "100"},
    {"files.catalogue", "catalogue.yaml"},
    {"files.rules", "rules"},
    {"files.regions", "regions.tsv"},
    {"files.principals", "principals.yaml"},
    {"files.model", "model/model.bin"},
    {"files.tokens", "tokens.yaml"},
    {"files.routes", "routes.yaml"},
    {"files.calendar", "calendar.yaml"},
    {"log.format", "text"},
    {"log.level", "info"},
    {"drain.announce", "0s"},
    {"drain.spread", "2s"},
    {"drain.finish", "10s"},
    {"reload.watch", "true"},
    {"reload.settle", "500ms"},
    {"shadow.percent", "10"},
    {"shadow.max_queued", "1024"},
    {"shadow.keep", "200"},
    {"quotas.concurrent_calls", "1024"},
    {"quotas.request_bytes", "64MiB"},
    {"quotas.streams", "2048"},
};

std::string_view DefaultOf(std::string_view path) {
  for (const auto& [known, text] : kDefaults) {
    if (known == path) return text;
  }
  return "";
}

}  // namespace

std::vector<ServerField> ServerFields() {
  std::vector<ServerField> fields;
  const Descriptor* root = v1::ServerConfig::descriptor();
  for (int i = 0; i < root->field_count(); ++i) {
    const auto* section = root->field(i);
    for (int j = 0; j < section->message_type()->field_count(); ++j) {
      const auto* field = section->message_type()->field(j);
      ServerField made;
      made.path = absl::StrCat(section->name(), ".", field->name());
      made.variable = absl::StrCat(
          "SUPERVISION_", absl::AsciiStrToUpper(absl::StrReplaceAll(made.path, {{".", "_"}})));
      made.flag = absl::StrCat("--", made.path);
      made.default_text = DefaultOf(made.path);
      made.section = section;
      made.field = field;
      fields.push_back(std::move(made));
    }
  }
  return fields;
}

v1::ServerConfig DefaultServerConfig() {
  v1::ServerConfig config;
  for (const ServerField& field : ServerFields()) {
    if (field.default_text.empty()) continue;
    Message* section = config.GetReflection()->MutableMessage(&config, field.section);
    SetFromText(section, field.field, field.default_text);
  }
  return config;
}

}  // namespace supervision::config
