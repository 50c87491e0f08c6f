#include "services/config/server_settings.h"

#include <filesystem>
#include <limits>
#include <optional>
#include <tuple>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "services/config/server_overrides.h"
#include "services/config/units.h"
#include "services/config/yaml_loader.h"
#include "services/config/yaml_tree.h"

namespace supervision::config {
namespace {

constexpr int64_t kMiB = int64_t{1} << 20;
constexpr int64_t kNoLimit = std::numeric_limits<int64_t>::max();
constexpr size_t kMaxPasswordBytes = 4096;

// Host and port of "host:port" or "[v6]:port"; nothing when it is neither.
struct HostPort {
  std::string host;
  int port = 0;
};
std::optional<HostPort> SplitHostPort(std::string_view address) {
  const size_t colon = address.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return std::nullopt;
  HostPort result;
  const std::string port(address.substr(colon + 1));
  if (port.empty() || port.find_first_not_of("0123456789") != std::string::npos ||
      !absl::SimpleAtoi(port, &result.port) || result.port > 65535) {
    return std::nullopt;
  }
  std::string_view host = address.substr(0, colon);
  const bool bracketed = host.starts_with('[') && host.ends_with(']') && host.size() > 2;
  if (bracketed) host = host.substr(1, host.size() - 2);
  if (!bracketed && host.find(':') != std::string_view::npos) return std::nullopt;
  if (host.find_first_of("[]/ ") != std::string_view::npos) return std::nullopt;
  result.host = host;
  return result;
}

std::optional<std::string> UnixPath(std::string_view address) {
  if (!address.starts_with("unix:") || address.size() == 5) return std::nullopt;
  return std::string(address.substr(5));
}

// Turns the merged configuration into settings, telling every value that cannot be meant.
class Converter {
 public:
  Converter(const std::string& file, MergedServer* merged) : merged_(*merged), folder_(file) {
    folder_ = folder_.parent_path();
  }

  ServerSettings Convert() {
    const v1::ServerConfig& config = merged_.config();
    ServerSettings settings;
    Listen(config.listen(), &settings.listen);
    Redis(config.redis(), &settings.redis);
    Ledger(config.ledger(), settings.redis.kind, &settings.ledger);
    Intake(config.intake(), &settings.intake);
    Alerting(config.alerting(), &settings.alerting);
    Files(config.files(), &settings.files);
    Log(config.log(), &settings.log);
    Drain(config.drain(), &settings.drain);
    settings.reload.watch = config.reload().watch();
    settings.reload.settle =
        Time("reload.settle", config.reload().settle(), absl::ZeroDuration(), absl::Minutes(1));
    Shadow(config.shadow(), &settings.shadow);
    Quotas(config.quotas(), &settings.quotas);
    settings.effective = merged_.EffectiveText();
    settings.warnings = merged_.warnings();
    return settings;
  }

  ServerSettings::Files ConvertFiles() {
    ServerSettings::Files files;
    Files(merged_.config().files(), &files);
    return files;
  }

 private:
  void Listen(const v1::ListenConfig& in, ServerSettings::Listen* out) {
    out->grpc = in.grpc();
    out->metrics = in.metrics();
    out->addresses_file = in.addresses_file();
    if (!UnixPath(in.grpc()) && !SplitHostPort(in.grpc())) {
      merged_.Complain("listen.grpc", "must be host:port, [v6]:port or unix:/path");
    }
    // The page's server speaks IPv4 only.
    if (in.metrics() != "off" && (!SplitHostPort(in.metrics()) || in.metrics()[0] == '[')) {
      merged_.Complain("listen.metrics", "must be host:port with an IPv4 address, or off");
    }
    Tls(in, out);
  }

  void Tls(const v1::ListenConfig& in, ServerSettings::Listen* out) {
    using Wanted = ServerSettings::Listen::ClientCertificates;
    for (const auto& [path, text, value] :
         {std::tuple{"listen.tls_certificate", &in.tls_certificate(), &out->tls_certificate},
          std::tuple{"listen.tls_key", &in.tls_key(), &out->tls_key},
          std::tuple{"listen.tls_client_ca", &in.tls_client_ca(), &out->tls_client_ca}}) {
      if (!text->empty()) *value = Path(path, *text);
    }
    if (in.tls_certificate().empty() != in.tls_key().empty()) {
      merged_.Complain(in.tls_key().empty() ? "listen.tls_key" : "listen.tls_certificate",
                       "is missing; certificate and key belong together");
    }
    const std::string& wanted = in.client_certificates();
    if (wanted == "optional") {
      out->client_certificates = Wanted::kOptional;
    } else if (wanted == "required") {
      out->client_certificates = Wanted::kRequired;
    } else if (wanted != "off") {
      merged_.Complain("listen.client_certificates", "must be off, optional or required");
    }
    const bool asked = out->client_certificates != Wanted::kOff;
    if (asked && in.tls_certificate().empty()) {
      merged_.Complain("listen.client_certificates",
                       "needs TLS; set listen.tls_certificate and listen.tls_key");
    }
    if (asked && in.tls_client_ca().empty()) {
      merged_.Complain("listen.tls_client_ca",
                       "is missing; name the authorities that sign client certificates");
    }
    if (!asked && !in.tls_client_ca().empty()) {
      merged_.Complain("listen.client_certificates",
                       "must be optional or required where listen.tls_client_ca is set");
    }
    out->plain_text_anywhere = in.let_everyone_on_the_network_read_tokens_and_clues();
  }

  void Redis(const v1::RedisConfig& in, ServerSettings::Redis* out) {
    using Kind = ServerSettings::Redis::Kind;
    if (in.address() == "embedded") {
      out->kind = Kind::kEmbedded;
    } else if (const auto path = UnixPath(in.address())) {
      out->kind = Kind::kUnix;
      out->path = *path;
    } else if (const auto peer = SplitHostPort(in.address()); peer && peer->port > 0) {
      out->kind = Kind::kTcp;
      out->host = peer->host;
      out->port = peer->port;
    } else {
      merged_.Complain("redis.address", "must be embedded, unix:/path or host:port");
    }
    out->data_directory = in.data_directory();
    if (in.data_directory().empty()) {
      merged_.Complain("redis.data_directory", "must name a directory");
    }
    if (out->kind == Kind::kEmbedded) {
      for (const auto& [path, value] : {std::pair{"redis.user", in.user()},
                                        std::pair{"redis.password_file", in.password_file()}}) {
        if (value.empty()) continue;
        merged_.Complain(path, "belongs to an external Redis; set redis.address too, or delete it");
      }
    }
    out->user = in.user();
    out->password_file = in.password_file();
    if (!in.password_file().empty()) {
      absl::StatusOr<std::string> password = ReadPassword(in.password_file());
      if (password.ok()) {
        out->password = *std::move(password);
      } else {
        merged_.Complain("redis.password_file", std::string(password.status().message()));
      }
    }
    out->database = Count("redis.database", in.database(), 0, 1'000'000);
    out->max_memory = Size("redis.max_memory", in.max_memory(), 0, kNoLimit);
    if (out->max_memory != 0 && out->max_memory < 16 * kMiB) {
      merged_.Complain("redis.max_memory", "must be 0 (no limit) or at least 16MiB");
    }
    out->min_free_disk = Size("redis.min_free_disk", in.min_free_disk(), 0, kNoLimit);
    out->command_timeout = Time("redis.command_timeout", in.command_timeout(),
                                absl::Milliseconds(10), absl::Minutes(1));
  }

  void Ledger(const v1::LedgerConfig& in, ServerSettings::Redis::Kind kind,
              ServerSettings::Ledger* out) {
    constexpr std::string_view kKeyCharacters =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_:-";
    out->key_prefix = in.key_prefix();
    if (in.key_prefix().size() > 32 ||
        in.key_prefix().find_first_not_of(kKeyCharacters) != std::string::npos) {
      merged_.Complain("ledger.key_prefix", "must be up to 32 of A-Z a-z 0-9 _ : -");
    }
    out->partitions = Count("ledger.partitions", in.partitions(), 1, 64);
    out->require_fsync = in.durability() != v1::DURABILITY_MEMORY;
    out->replicas = Count("ledger.replicas", in.replicas(), 0, 8);
    if (in.replicas() > 0 && kind == ServerSettings::Redis::Kind::kEmbedded) {
      merged_.Complain("ledger.replicas",
                       "must be 0 with the embedded Redis, which has none; set redis.address");
    }
    out->replica_timeout = Time("ledger.replica_timeout", in.replica_timeout(),
                                absl::Milliseconds(1), absl::Minutes(1));
    out->max_queued = Count("ledger.max_queued", in.max_queued(), 1, 1'000'000);
    out->max_queued_bytes = Size("ledger.max_queued_bytes", in.max_queued_bytes(), kMiB, kNoLimit);
    out->max_batch = Count("ledger.max_batch", in.max_batch(), 1, 1000);
    // One clue of the greatest size must fit into a script call.
    out->max_batch_bytes =
        Size("ledger.max_batch_bytes", in.max_batch_bytes(), kMiB / 2, 64 * kMiB);
    out->log_age = Time("ledger.log_age", in.log_age(), absl::Seconds(1), absl::InfiniteDuration());
    out->log_bytes = Size("ledger.log_bytes", in.log_bytes(), kMiB, kNoLimit);
    out->accept_lost_ledger = in.accept_lost_ledger();
  }

  void Intake(const v1::IntakeConfig& in, ServerSettings::Intake* out) {
    out->max_concurrent = Count("intake.max_concurrent", in.max_concurrent(), 1, 1'000'000);
    // A batch of the greatest size must be admitted while nothing else is under way.
    out->max_bytes = Size("intake.max_bytes", in.max_bytes(), 8 * kMiB, kNoLimit);
    out->default_deadline = Time("intake.default_deadline", in.default_deadline(),
                                 absl::Milliseconds(10), absl::Minutes(10));
    out->retry_delay =
        Time("intake.retry_delay", in.retry_delay(), absl::Milliseconds(1), absl::Minutes(10));
  }

  void Alerting(const v1::AlertingConfig& in, ServerSettings::Alerting* out) {
    out->max_streams = Count("alerting.max_streams", in.max_streams(), 1, 1'000'000);
    out->tail_entries = Count("alerting.tail_entries", in.tail_entries(), 1, 10'000'000);
    out->tail_bytes = Size("alerting.tail_bytes", in.tail_bytes(), kMiB, kNoLimit);
    out->bookmark_interval = Time("alerting.bookmark_interval", in.bookmark_interval(),
                                  absl::Milliseconds(10), absl::Hours(1));
    out->max_alerts_per_message =
        Count("alerting.max_alerts_per_message", in.max_alerts_per_message(), 1, 4096);
    // Clients of gRPC take 4 MiB unless told otherwise.
    out->max_message_bytes =
        Size("alerting.max_message_bytes", in.max_message_bytes(), kMiB / 16, 3 * kMiB);
    out->max_stream_age = Time("alerting.max_stream_age", in.max_stream_age(), absl::ZeroDuration(),
                               absl::Hours(24 * 365));
    out->max_subscriptions =
        Count("alerting.max_subscriptions", in.max_subscriptions(), 1, 100'000);
  }

  void Files(const v1::FilesConfig& in, ServerSettings::Files* out) {
    out->catalogue = Path("files.catalogue", in.catalogue());
    out->rules = Path("files.rules", in.rules());
    out->regions = Path("files.regions", in.regions());
    out->principals = Path("files.principals", in.principals());
    out->model = Path("files.model", in.model());
    out->tokens = Path("files.tokens", in.tokens());
    out->routes = Path("files.routes", in.routes());
    out->calendar = Path("files.calendar", in.calendar());
  }

  void Log(const v1::LogConfig& in, ServerSettings::Log* out) {
    using Level = ServerSettings::Log::Level;
    out->json = in.format() == "json";
    if (in.format() != "text" && in.format() != "json") {
      merged_.Complain("log.format", "must be text or json");
    }
    for (const auto& [name, level] :
         {std::pair{"debug", Level::kDebug}, std::pair{"info", Level::kInfo},
          std::pair{"warning", Level::kWarning}, std::pair{"error", Level::kError}}) {
      if (in.level() != name) continue;
      out->level = level;
      return;
    }
    merged_.Complain("log.level", "must be debug, info, warning or error");
  }

  void Drain(const v1::DrainConfig& in, ServerSettings::Drain* out) {
    constexpr absl::Duration kNone = absl::ZeroDuration();
    out->announce = Time("drain.announce", in.announce(), kNone, absl::Minutes(10));
    out->spread = Time("drain.spread", in.spread(), kNone, absl::Minutes(10));
    out->finish = Time("drain.finish", in.finish(), kNone, absl::Minutes(10));
  }

  void Shadow(const v1::ShadowConfig& in, ServerSettings::Shadow* out) {
    if (!in.rules().empty()) out->rules = Path("shadow.rules", in.rules());
    if (!in.model().empty()) out->model = Path("shadow.model", in.model());
    out->percent = Count("shadow.percent", in.percent(), 1, 100);
    out->max_queued = Count("shadow.max_queued", in.max_queued(), 1, 100'000);
    out->keep = Count("shadow.keep", in.keep(), 1, 1000);
  }

  void Quotas(const v1::QuotaConfig& in, security::Quota* out) {
    out->calls_per_second =
        Count("quotas.calls_per_second", in.calls_per_second(), 0, kMostInQuota);
    out->concurrent_calls =
        Count("quotas.concurrent_calls", in.concurrent_calls(), 0, kMostInQuota);
    out->request_bytes = Size("quotas.request_bytes", in.request_bytes(), 0, kNoLimit);
    out->streams = Count("quotas.streams", in.streams(), 0, kMostInQuota);
  }

  int Count(const std::string& path, int64_t value, int64_t min, int64_t max) {
    if (value < min || value > max) {
      merged_.Complain(path, absl::StrCat("must be ", min, " to ", max));
    }
    return static_cast<int>(value);
  }

  int64_t Size(const std::string& path, const std::string& text, int64_t min, int64_t max) {
    const std::optional<int64_t> value = ParseSize(text);
    if (!value.has_value()) {
      merged_.Complain(path, absl::StrCat("must be ", kSizeForms));
    } else if (*value < min || *value > max) {
      merged_.Complain(path, absl::StrCat("must be at least ", SizeText(min),
                                          max == kNoLimit ? "" : " and at most ",
                                          max == kNoLimit ? "" : SizeText(max)));
    }
    return value.value_or(min);
  }

  absl::Duration Time(const std::string& path, const std::string& text, absl::Duration min,
                      absl::Duration max) {
    const std::optional<absl::Duration> value = ParseDuration(text);
    const bool unlimited = max == absl::InfiniteDuration();
    if (!value.has_value()) {
      merged_.Complain(path, absl::StrCat("must be ", kDurationForms));
    } else if (*value < min || *value > max) {
      merged_.Complain(
          path, absl::StrCat("must be at least ", DurationText(min),
                             unlimited ? "" : " and at most ", unlimited ? "" : DurationText(max)));
    }
    return value.value_or(min);
  }

  std::string Path(const std::string& path, const std::string& text) {
    if (text.empty()) merged_.Complain(path, "must name a file or folder");
    return (folder_ / text).string();
  }

  MergedServer& merged_;
  std::filesystem::path folder_;
};

// Empty without a file.
absl::StatusOr<std::string> TextOf(const std::string& file) {
  if (file.empty()) return "";
  return ReadFile(file, kMaxYamlBytes);
}

}  // namespace

absl::StatusOr<ServerSettings> LoadServer(const ServerSources& sources) {
  const absl::StatusOr<std::string> text = TextOf(sources.file);
  if (!text.ok()) return text.status();
  Problems problems;
  MergedServer merged(sources, *text, &problems);
  ServerSettings settings = Converter(sources.file, &merged).Convert();
  if (!problems.empty()) return problems.ToStatus();
  return settings;
}

absl::StatusOr<std::string> ReadPassword(const std::string& file) {
  absl::StatusOr<std::string> text = ReadFile(file, kMaxPasswordBytes);
  if (!text.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat("names ", file, ", which cannot be read; check the path and permissions"));
  }
  while (!text->empty() && (text->back() == '\n' || text->back() == '\r')) text->pop_back();
  if (text->empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("names ", file, ", which is empty; write the password into it"));
  }
  return text;
}

absl::StatusOr<ServerSettings::Files> LoadServerFiles(
    const std::string& place, const std::vector<std::pair<std::string, std::string>>& environment) {
  std::error_code error;
  const bool is_folder = std::filesystem::is_directory(place, error);
  const std::string file = is_folder ? place + "/server.yaml" : place;
  ServerSources sources;
  if (!is_folder || std::filesystem::exists(file, error)) sources.file = file;
  for (const auto& variable : environment) {
    if (variable.first.starts_with("SUPERVISION_FILES_")) sources.environment.push_back(variable);
  }
  const absl::StatusOr<std::string> text = TextOf(sources.file);
  if (!text.ok()) return text.status();
  Problems problems;
  MergedServer merged(sources, *text, &problems);
  ServerSettings::Files files = Converter(file, &merged).ConvertFiles();
  if (!problems.empty()) return problems.ToStatus();
  return files;
}

}  // namespace supervision::config
