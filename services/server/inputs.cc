#include "services/server/inputs.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/config/yaml_loader.h"
#include "services/security/loopback.h"
#include "services/server/tls_files.h"

namespace supervision::server {
namespace {

constexpr size_t kMaxRegionBytes = size_t{16} << 20;

absl::StatusOr<std::unique_ptr<intake::RegionTable>> LoadRegions(const std::string& path) {
  absl::StatusOr<std::string> text = config::ReadFile(path, kMaxRegionBytes);
  if (!text.ok()) return text.status();
  return intake::RegionTable::Parse(*text, path);
}

// Collects what failed, so that an operator sees all of it at once.
class Mistakes {
 public:
  template <typename T>
  void Take(absl::StatusOr<T> value, T* into) {
    if (value.ok()) {
      *into = *std::move(value);
      return;
    }
    ++count_;
    if (!text_.empty()) text_ += '\n';
    absl::StrAppend(&text_, value.status().message());
  }
  int count() const { return count_; }  // of what could not be taken
  absl::Status ToStatus() const {
    return text_.empty() ? absl::OkStatus() : absl::InvalidArgumentError(text_);
  }

 private:
  std::string text_;
  int count_ = 0;
};

}  // namespace

config::RuleFiles RuleFilesOf(const config::ServerSettings::Files& files) {
  return {.catalogue = files.catalogue, .rules = files.rules, .model = files.model};
}

std::optional<config::RuleFiles> CandidateFilesOf(const config::ServerSettings& settings) {
  const config::ServerSettings::Shadow& shadow = settings.shadow;
  if (shadow.rules.empty() && shadow.model.empty()) return std::nullopt;
  config::RuleFiles files = RuleFilesOf(settings.files);
  if (!shadow.rules.empty()) files.rules = shadow.rules;
  if (!shadow.model.empty()) files.model = shadow.model;
  return files;
}

absl::Status CheckCandidate(const config::ServerSettings& settings, absl::Time now) {
  const std::optional<config::RuleFiles> files = CandidateFilesOf(settings);
  if (!files.has_value()) return absl::OkStatus();
  return config::LoadRuleFiles(*files, now, classification::Lapsed::kKeep).status();
}

Inputs NotYetRead(const config::ServerSettings& settings) {
  const config::ServerSettings::Listen& listen = settings.listen;
  const config::ServerSettings::Files& files = settings.files;
  return {.principals_times = FileTimes({files.principals, files.tokens}),
          .tls_times = FileTimes({listen.tls_certificate, listen.tls_key, listen.tls_client_ca}),
          .routes_times = FileTimes({files.routes, files.calendar})};
}

absl::StatusOr<Inputs> LoadInputs(const config::ServerSettings& settings, absl::Time now) {
  const config::ServerSettings::Files& files = settings.files;
  Inputs inputs = NotYetRead(settings);
  Mistakes mistakes;
  // A restart in the night on which a law ends must not be the end of the service.
  mistakes.Take(config::LoadRuleFiles(RuleFilesOf(files), now, classification::Lapsed::kKeep),
                &inputs.rules);
  mistakes.Take(LoadRegions(files.regions), &inputs.regions);
  mistakes.Take(config::LoadPrincipals(files.principals, files.tokens), &inputs.principals);
  auto tls = LoadTls(settings.listen, now);
  const bool of_time = absl::IsFailedPrecondition(tls.status());
  mistakes.Take(std::move(tls), &inputs.tls);
  mistakes.Take(config::LoadRoutes(files.routes, files.calendar), &inputs.routes);
  const absl::Status status = mistakes.ToStatus();
  if (of_time && mistakes.count() == 1) return absl::UnavailableError(status.message());
  if (!status.ok()) return status;
  return inputs;
}

absl::Status CheckMayListen(const config::ServerSettings::Listen& listen, const Inputs& inputs) {
  if (inputs.principals.example) {
    if (absl::Status status = security::CheckExampleMayListen(listen.grpc); !status.ok()) {
      return status;
    }
  }
  if (listen.tls() || listen.plain_text_anywhere || security::IsLocalAddress(listen.grpc)) {
    return absl::OkStatus();
  }
  return absl::FailedPreconditionError(absl::StrCat(
      "listen.grpc ", listen.grpc,
      " can be reached from other machines, and without TLS tokens and clues could be read and "
      "changed on the way. Set listen.tls_certificate and listen.tls_key (deploy/certs makes some "
      "for a trial), or listen on 127.0.0.1, [::1] or unix:/path."));
}

}  // namespace supervision::server
