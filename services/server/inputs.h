#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/classification/classifier.h"
#include "services/config/principals.h"
#include "services/config/server_settings.h"
#include "services/intake/validation.h"

namespace supervision::server {

// What is read from the files beside server.yaml, once, before anything is started.
struct Inputs {
  std::unique_ptr<classification::Classifier> classifier;
  std::unique_ptr<intake::RegionTable> regions;
  config::LoadedPrincipals principals;
};

// Reads all of them. INVALID_ARGUMENT with every mistake of every file, a line each; `now` decides
// which rules are in force.
absl::StatusOr<Inputs> LoadInputs(const config::ServerSettings::Files& files, absl::Time now);

// Whether the service may listen where it is told to: without TLS only where nobody else can read
// along, and with the shipped principals, whose tokens everyone knows, only on this machine.
absl::Status CheckMayListen(const config::ServerSettings::Listen& listen, const Inputs& inputs);

}  // namespace supervision::server
