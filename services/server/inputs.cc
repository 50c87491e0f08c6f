#include "services/server/inputs.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/config/yaml_loader.h"
#include "services/security/loopback.h"

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
    if (!text_.empty()) text_ += '\n';
    absl::StrAppend(&text_, value.status().message());
  }
  absl::Status ToStatus() const {
    return text_.empty() ? absl::OkStatus() : absl::InvalidArgumentError(text_);
  }

 private:
  std::string text_;
};

}  // namespace

config::RuleFiles RuleFilesOf(const config::ServerSettings::Files& files) {
  return {.catalogue = files.catalogue, .rules = files.rules, .model = files.model};
}

absl::StatusOr<Inputs> LoadInputs(const config::ServerSettings::Files& files, absl::Time now) {
  Inputs inputs;
  Mistakes mistakes;
  mistakes.Take(config::LoadRuleFiles(RuleFilesOf(files), now), &inputs.rules);
  mistakes.Take(LoadRegions(files.regions), &inputs.regions);
  mistakes.Take(config::LoadPrincipals(files.principals), &inputs.principals);
  if (absl::Status status = mistakes.ToStatus(); !status.ok()) return status;
  return inputs;
}

absl::Status CheckMayListen(const config::ServerSettings::Listen& listen, const Inputs& inputs) {
  if (inputs.principals.example) {
    if (absl::Status status = security::CheckExampleMayListen(listen.grpc); !status.ok()) {
      return status;
    }
  }
  if (security::IsLocalAddress(listen.grpc)) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      "listen.grpc ", listen.grpc,
      " can be reached from other machines, and this version speaks plain text only: tokens and "
      "clues could be read on the way. Listen on 127.0.0.1, [::1] or unix:/path and put a proxy "
      "that speaks TLS in front of it."));
}

}  // namespace supervision::server
