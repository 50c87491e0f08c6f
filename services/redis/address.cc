#include <sys/un.h>

#include <charconv>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "services/redis/client.h"

namespace supervision::redis {
namespace {

constexpr std::string_view kForms = "write unix:/path, host:port or [::1]:port";
constexpr size_t kLongestUnixPath = sizeof(sockaddr_un::sun_path) - 1;

absl::Status Bad(std::string_view text, std::string_view what) {
  return absl::InvalidArgumentError(
      absl::StrCat("Redis address '", absl::string_view(text.data(), text.size()),
                   "': ", absl::string_view(what.data(), what.size()), "; ",
                   absl::string_view(kForms.data(), kForms.size())));
}

}  // namespace

absl::StatusOr<Address> Address::Parse(std::string_view text) {
  Address address;
  constexpr std::string_view kUnix = "unix:";
  if (text.substr(0, kUnix.size()) == kUnix) {
    address.unix_path = std::string(text.substr(kUnix.size()));
    if (address.unix_path.empty() || address.unix_path[0] != '/') {
      return Bad(text, "a socket's path begins with /");
    }
    if (address.unix_path.size() > kLongestUnixPath) {
      return Bad(text, absl::StrCat("a socket's path has at most ", kLongestUnixPath, " bytes"));
    }
    return address;
  }
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return Bad(text, "the port is missing");
  std::string_view host = text.substr(0, colon);
  const std::string_view port = text.substr(colon + 1);
  if (!host.empty() && host.front() == '[') {
    if (host.size() < 3 || host.back() != ']') return Bad(text, "the closing ] is missing");
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return Bad(text, "an IPv6 address stands in brackets");
  }
  if (host.empty()) return Bad(text, "the host is missing");
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), address.port);
  if (error != std::errc() || end != port.data() + port.size() || address.port == 0) {
    return Bad(text, "the port is a number from 1 to 65535");
  }
  address.host = std::string(host);
  return address;
}

std::string Address::ToString() const {
  const std::string suffix = database == 0 ? "" : absl::StrCat(" database ", database);
  if (!unix_path.empty()) return absl::StrCat("unix:", unix_path, suffix);
  const bool bracket = host.find(':') != std::string::npos;
  return absl::StrCat(bracket ? "[" : "", host, bracket ? "]:" : ":", port, suffix);
}

}  // namespace supervision::redis
