#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/security/principal.h"

namespace supervision::config {

// server.yaml with its overrides, checked and in the types that the parts of the service take.
// Plain values; the names are those of protos/supervision/config/v1/server.proto, which says what
// each means.
struct ServerSettings {
  struct Listen {
    std::string grpc;
    std::string metrics;  // "off": none
    std::string addresses_file;
    // Empty: plain text.
    std::string tls_certificate;
    std::string tls_key;
    std::string tls_client_ca;
    enum class ClientCertificates { kOff, kOptional, kRequired };
    ClientCertificates client_certificates = ClientCertificates::kOff;
    bool plain_text_anywhere = false;

    bool tls() const { return !tls_certificate.empty(); }
  };
  struct Redis {
    enum class Kind { kEmbedded, kUnix, kTcp };
    Kind kind = Kind::kEmbedded;
    std::string path;  // of kUnix
    std::string host;  // of kTcp, without brackets
    int port = 0;
    std::string data_directory;
    std::string user;
    std::string password_file;  // empty: none
    std::string password;       // what it holds; never printed
    int database = 0;
    int64_t max_memory = 0;
    int64_t min_free_disk = 0;
    absl::Duration command_timeout;
  };
  struct Ledger {
    std::string key_prefix;
    int partitions = 0;
    bool require_fsync = true;
    int replicas = 0;
    absl::Duration replica_timeout;
    int max_queued = 0;
    int64_t max_queued_bytes = 0;
    int max_batch = 0;
    int64_t max_batch_bytes = 0;
    absl::Duration log_age;
    int64_t log_bytes = 0;
    bool accept_lost_ledger = false;
  };
  struct Intake {
    int max_concurrent = 0;
    int64_t max_bytes = 0;
    absl::Duration default_deadline;
    absl::Duration retry_delay;
  };
  struct Alerting {
    int max_streams = 0;
    int tail_entries = 0;
    int64_t tail_bytes = 0;
    absl::Duration bookmark_interval;
    int max_alerts_per_message = 0;
    int64_t max_message_bytes = 0;
    absl::Duration max_stream_age;  // zero: any
    int max_subscriptions = 0;      // of one principal
  };
  // Relative paths are resolved: they start at the folder of server.yaml.
  struct Files {
    std::string catalogue;
    std::string rules;
    std::string regions;
    std::string principals;
    std::string model;
    std::string tokens;    // may be missing
    std::string routes;    // may be missing
    std::string calendar;  // may be missing
  };
  struct Log {
    enum class Level { kDebug, kInfo, kWarning, kError };
    bool json = false;
    Level level = Level::kInfo;
  };
  struct Drain {
    absl::Duration announce;
    absl::Duration spread;
    absl::Duration finish;
  };

  struct Reload {
    bool watch = true;
    absl::Duration settle;
  };

  struct Shadow {
    std::string rules;  // empty: as the live set
    std::string model;
    int percent = 0;
    int max_queued = 0;
    int keep = 0;
  };

  Listen listen;
  Redis redis;
  Ledger ledger;
  Intake intake;
  Alerting alerting;
  Files files;
  Log log;
  Drain drain;
  Reload reload;
  Shadow shadow;
  security::Quota quotas;  // of a principal that has none of its own

  // For --print-config: every setting as YAML that gives the same again, each with where its value
  // comes from.
  std::string effective;
  // What looks like a slip but may be meant otherwise (a variable that is nearly one of ours).
  std::vector<std::string> warnings;
};

// Of the counts in a quota.
inline constexpr int64_t kMostInQuota = 1'000'000;

// Where settings come from. A flag wins over the environment, which wins over the file, which wins
// over the default.
struct ServerSources {
  std::string file;                // server.yaml; empty: none
  std::vector<std::string> flags;  // "--ledger.partitions=4"; anything else is a mistake
  std::vector<std::pair<std::string, std::string>> environment;  // name and value
};

// The settings, or INVALID_ARGUMENT with every mistake of all sources, each with its place (file,
// line and column, the variable, or the flag) and what to write; NOT_FOUND when the file cannot be
// read. Reads redis.password_file too, and no other file that it names.
absl::StatusOr<ServerSettings> LoadServer(const ServerSources& sources);

// What a file of redis.password_file holds; the mistake without the file's name otherwise.
absl::StatusOr<std::string> ReadPassword(const std::string& file);

// Only where the files lie, for tools that work on them: of `place`, which is server.yaml or its
// folder, and of the variables SUPERVISION_FILES_…. A folder without server.yaml has them under
// their usual names. Values that cannot be meant elsewhere in the file are left to the service.
absl::StatusOr<ServerSettings::Files> LoadServerFiles(
    const std::string& place, const std::vector<std::pair<std::string, std::string>>& environment);

// The variables of this process that begin with SUPERVISION_.
std::vector<std::pair<std::string, std::string>> ProcessEnvironment();

}  // namespace supervision::config
