#pragma once

#include <bitset>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "services/domain/visibility.h"

namespace supervision::security {

enum class Role : uint8_t {
  kPartner = 1,
  kMonitor = 2,
  kOperator = 3,
  kReviewer = 4,
  kHandler = 5,
  kSupervisor = 6,
  kAuditor = 7,
  kAdmin = 8
};
inline constexpr size_t kRoles = 8;
using RoleSet = std::bitset<16>;  // by the role's number

// "PARTNER"; empty for what is no role.
std::string_view NameOf(Role role);

// What one principal may use at a time; 0: what the service's settings say. See quotas.h.
struct Quota {
  int64_t calls_per_second = 0;  // a clue of a batch or stream counts as a call
  int64_t concurrent_calls = 0;
  int64_t request_bytes = 0;  // of requests under way
  int64_t streams = 0;
  bool operator==(const Quota&) const = default;
};

// An authenticated caller (主体).
struct Principal {
  std::string id;
  RoleSet roles;
  std::string partner;    // of a PARTNER
  bool backfill = false;  // of a PARTNER: may submit history that alerts nobody
  domain::Scope scope;    // as granted; ScopeOf narrows it to the role
  Quota quota;
  // By what it has shown who it is, and until when that holds. No secret.
  std::string credential;
  absl::Time expires_at = absl::InfiniteFuture();
};

// A stored bearer token: SHA-256 of salt followed by the token.
struct TokenHash {
  std::string salt;    // raw bytes
  std::string digest;  // 32 raw bytes
};

// A token that an administrator has issued: "svt_<id>_<secret>", so that one look-up and one hash
// tell whether it is genuine.
struct IssuedToken {
  std::string id;  // 16 hex digits
  TokenHash hash;
  Principal principal;  // whose it is, narrowed to what the token may
};

// The id of a text of that form; empty for any other.
std::string_view IssuedTokenId(std::string_view token);

// Everyone who may call. Immutable; thread-safe.
class PrincipalDirectory {
 public:
  struct Entry {
    Principal principal;
    std::vector<TokenHash> tokens;
    std::vector<std::string> certificates;  // "URI:…", "DNS:…" or "SUBJECT:…"
  };
  static std::shared_ptr<const PrincipalDirectory> Create(std::vector<Entry> entries,
                                                          std::vector<IssuedToken> issued = {});

  // The principal of a bearer token, compared in constant time; nothing when there is none, or it
  // has expired. Cheap for a token that was seen before (remembered by its digest, in a bounded
  // map).
  std::shared_ptr<const Principal> Authenticate(std::string_view token,
                                                absl::Time now = absl::Now()) const;
  // The principal of a client certificate that has these names, of which the first known one
  // counts.
  std::shared_ptr<const Principal> AuthenticateCertificate(
      const std::vector<std::string>& names) const;
  // What the principal of `credential` is by now; nothing when it is no longer valid.
  std::shared_ptr<const Principal> Again(const std::string& credential, absl::Time now) const;

  const std::vector<Entry>& entries() const { return entries_; }
  const std::vector<IssuedToken>& issued() const { return issued_; }

  // The principal of this id; nothing when there is none.
  std::shared_ptr<const Principal> Find(std::string_view id) const;

 private:
  class Index;
  std::vector<Entry> entries_;
  std::vector<IssuedToken> issued_;
  std::shared_ptr<Index> index_;
};

}  // namespace supervision::security
