#include "services/server/tls_files.h"

#include <string>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/config/yaml_loader.h"

namespace supervision::server {
namespace {

constexpr size_t kMaxTlsBytes = size_t{1} << 20;

absl::StatusOr<std::string> ReadPart(const std::string& name, const std::string& path) {
  if (path.empty()) return "";
  absl::StatusOr<std::string> text = config::ReadFile(path, kMaxTlsBytes);
  if (text.ok()) return text;
  return absl::InvalidArgumentError(absl::StrCat(
      name, " cannot be read; check the path, and that the user of the service may read it"));
}

}  // namespace

absl::StatusOr<std::shared_ptr<const security::TlsMaterial>> LoadTls(
    const config::ServerSettings::Listen& listen, absl::Time now) {
  if (!listen.tls()) return nullptr;
  const security::TlsNames names = {absl::StrCat("listen.tls_certificate ", listen.tls_certificate),
                                    absl::StrCat("listen.tls_key ", listen.tls_key),
                                    absl::StrCat("listen.tls_client_ca ", listen.tls_client_ca)};
  security::TlsTexts texts;
  std::string problems;
  for (const auto& [name, path, text] :
       {std::tuple{&names.certificate, &listen.tls_certificate, &texts.certificate},
        std::tuple{&names.key, &listen.tls_key, &texts.key},
        std::tuple{&names.client_ca, &listen.tls_client_ca, &texts.client_ca}}) {
    absl::StatusOr<std::string> read = ReadPart(*name, *path);
    if (read.ok()) {
      *text = *std::move(read);
    } else {
      absl::StrAppend(&problems, problems.empty() ? "" : "\n", read.status().message());
    }
  }
  if (!problems.empty()) return absl::InvalidArgumentError(problems);
  absl::StatusOr<security::TlsMaterial> material = CheckTls(std::move(texts), names, now);
  if (!material.ok()) return material.status();
  return std::make_shared<const security::TlsMaterial>(*std::move(material));
}

}  // namespace supervision::server
