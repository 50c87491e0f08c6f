#include "services/security/loopback.h"

#include <arpa/inet.h>

#include <string>

#include "absl/strings/str_cat.h"

namespace supervision::security {

bool IsLocalAddress(std::string_view address) {
  if (address.starts_with("unix:")) return address.size() > 5;
  const size_t colon = address.rfind(':');
  if (colon == std::string_view::npos) return false;
  const std::string_view port = address.substr(colon + 1);
  if (port.empty() || port.find_first_not_of("0123456789") != std::string_view::npos) return false;
  const std::string host(address.substr(0, colon));
  if (host == "localhost" || host == "[::1]") return true;
  // Parsed as a number, so that a name such as 127.0.0.1.example is none.
  in_addr numeric{};
  return inet_pton(AF_INET, host.c_str(), &numeric) == 1 && (ntohl(numeric.s_addr) >> 24) == 127;
}

absl::Status CheckExampleMayListen(std::string_view address) {
  if (IsLocalAddress(address)) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      "the principals file is the shipped example, whose tokens everyone knows, and listen.grpc (",
      std::string(address),
      ") can be reached from other machines; make principals of your own (principals.yaml says "
      "how), or listen on 127.0.0.1"));
}

}  // namespace supervision::security
