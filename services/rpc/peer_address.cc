#include "services/rpc/peer_address.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"

namespace supervision::rpc {
namespace {

constexpr size_t kLongest = 128;  // an address of IPv6 with its scope is shorter

}  // namespace

std::string PeerAddress(std::string_view peer) {
  absl::string_view rest(peer.data(), peer.size());
  if (absl::StartsWith(rest, "unix")) return "unix";
  if (!absl::ConsumePrefix(&rest, "ipv4:")) absl::ConsumePrefix(&rest, "ipv6:");
  std::string address =
      absl::StrReplaceAll(rest.substr(0, kLongest), {{"%5B", "["}, {"%5D", "]"}, {"%25", "%"}});
  std::erase_if(address,
                [](char c) { return !absl::ascii_isgraph(static_cast<unsigned char>(c)); });
  return address;
}

}  // namespace supervision::rpc
