#pragma once

#include <bitset>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "services/domain/visibility.h"

namespace supervision::security {

enum class Role : uint8_t {
  kPartner = 1,
  kMonitor = 2,
  kOperator = 3,
  kReviewer = 4,
  kHandler = 5
};
using RoleSet = std::bitset<8>;  // by the role's number

// An authenticated caller (主体).
struct Principal {
  std::string id;
  RoleSet roles;
  std::string partner;    // of a PARTNER
  bool backfill = false;  // of a PARTNER: may submit history that alerts nobody
  domain::Scope scope;    // as granted; ScopeOf narrows it to the role
};

// A stored bearer token: SHA-256 of salt followed by the token.
struct TokenHash {
  std::string salt;    // raw bytes
  std::string digest;  // 32 raw bytes
};

// Everyone who may call. Immutable; thread-safe.
class PrincipalDirectory {
 public:
  struct Entry {
    Principal principal;
    std::vector<TokenHash> tokens;
  };
  static std::shared_ptr<const PrincipalDirectory> Create(std::vector<Entry> entries);

  // The principal of a bearer token, compared in constant time; nothing when there is none. Cheap
  // for a token that was seen before (remembered by its digest, in a bounded map).
  std::shared_ptr<const Principal> Authenticate(std::string_view token) const;

  // The principal of this id; nothing when there is none.
  std::shared_ptr<const Principal> Find(std::string_view id) const;

 private:
  class Index;
  std::shared_ptr<Index> index_;
};

}  // namespace supervision::security
