#pragma once

#include <memory>
#include <optional>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/config/principals.h"
#include "services/config/routes_config.h"
#include "services/config/rule_files.h"
#include "services/config/server_settings.h"
#include "services/intake/validation.h"
#include "services/security/certificates.h"
#include "services/server/file_times.h"

namespace supervision::server {

// What is read from the files of server.yaml before anything is started. Catalogue, rules and model
// (rule_keeper.h), principals and the files of TLS (identities.h) are read again while the service
// runs; the regions are not.
struct Inputs {
  config::RuleFileSet rules;
  std::unique_ptr<intake::RegionTable> regions;
  config::LoadedPrincipals principals;
  std::shared_ptr<const security::TlsMaterial> tls;  // null without
  config::LoadedRoutes routes;

  // As the files that are read again lay before they were read here.
  FileTimes principals_times;
  FileTimes tls_times;
  FileTimes routes_times;
};

// The files of the classifier in force.
config::RuleFiles RuleFilesOf(const config::ServerSettings::Files& files);

// The files of the candidate of `shadow`; nothing where there is none.
std::optional<config::RuleFiles> CandidateFilesOf(const config::ServerSettings& settings);

// Whether the candidate can be sorted with; OK where there is none. INVALID_ARGUMENT with every
// mistake, a line each; a service starts nevertheless, without it.
absl::Status CheckCandidate(const config::ServerSettings& settings, absl::Time now);

// How the files lie now, and nothing of them yet.
Inputs NotYetRead(const config::ServerSettings& settings);

// Reads all of them. INVALID_ARGUMENT with every mistake of every file, a line each; `now` decides
// which rules are in force. What has only lapsed is kept and told (classification::Lapsed).
absl::StatusOr<Inputs> LoadInputs(const config::ServerSettings& settings, absl::Time now);

// Whether the service may listen where it is told to: without TLS only where nobody else can read
// along (or where the setting with the frightening name is set), and with the shipped principals,
// whose tokens everyone knows, only on this machine.
absl::Status CheckMayListen(const config::ServerSettings::Listen& listen, const Inputs& inputs);

}  // namespace supervision::server
