#include "services/security/principal.h"

#include <iterator>
#include <unordered_map>
#include <utility>

#include "services/base/hash.h"
#include "services/base/hex.h"
#include "services/base/mutex.h"

namespace supervision::security {
namespace {

// Longer ones are nobody's: what an unknown token costs stays small.
constexpr size_t kMaxTokenBytes = 512;
constexpr size_t kDigestBytes = 32;
constexpr size_t kKeyBytes = 32;

constexpr std::string_view kIssuedPrefix = "svt_";
constexpr size_t kIssuedIdLength = 16;

using SharedPrincipal = std::shared_ptr<const Principal>;

SharedPrincipal WithCredential(Principal principal, std::string credential) {
  principal.credential = std::move(credential);
  return std::make_shared<const Principal>(std::move(principal));
}

bool Fits(const TokenHash& hash, std::string_view token, std::string* scratch) {
  scratch->assign(hash.salt).append(token);
  return base::EqualInConstantTime(base::Prefix(base::Sha256(*scratch), kDigestBytes), hash.digest);
}

}  // namespace

// Every stored hash of the file is computed and compared for a token that is not known yet, so the
// time tells neither how near it came nor whose it is. Tokens that were found are remembered under
// a keyed digest: no token and no unsalted digest stays in memory, and the map cannot grow beyond
// the number of stored hashes. An issued token names its hash.
class PrincipalDirectory::Index {
 public:
  Index(const std::vector<Entry>& entries, const std::vector<IssuedToken>& issued)
      : key_(base::RandomBytes(kKeyBytes)) {
    for (const Entry& entry : entries) {
      by_id_.emplace(entry.principal.id, std::make_shared<const Principal>(entry.principal));
      for (const TokenHash& hash : entry.tokens) {
        stored_.push_back(
            {hash, Keep(WithCredential(entry.principal, "token:" + base::HexEncode(hash.digest)))});
      }
      for (const std::string& name : entry.certificates) {
        certificates_.emplace(name, Keep(WithCredential(entry.principal, "certificate:" + name)));
      }
    }
    for (const IssuedToken& token : issued) {
      issued_.emplace(
          token.id,
          Stored{token.hash, Keep(WithCredential(token.principal, "issued:" + token.id))});
    }
  }

  SharedPrincipal FindId(std::string_view id) const {
    const auto found = by_id_.find(std::string(id));
    return found == by_id_.end() ? nullptr : found->second;
  }

  SharedPrincipal Find(std::string_view token) {
    if (token.empty() || token.size() > kMaxTokenBytes) return nullptr;
    if (const std::string_view id = IssuedTokenId(token); !id.empty()) {
      const auto found = issued_.find(std::string(id));
      std::string scratch;
      if (found == issued_.end() || !Fits(found->second.hash, token, &scratch)) return nullptr;
      return found->second.principal;
    }
    const std::string remembered = base::Prefix(base::HmacSha256(key_, token), kDigestBytes);
    {
      base::MutexLock lock(&mutex_);
      if (const auto known = known_.find(remembered); known != known_.end()) return known->second;
    }
    SharedPrincipal found = Compare(token);
    if (found != nullptr) {
      base::MutexLock lock(&mutex_);
      if (known_.size() < stored_.size()) known_.emplace(remembered, found);
    }
    return found;
  }

  SharedPrincipal FindCertificate(const std::vector<std::string>& names) const {
    for (const std::string& name : names) {
      if (const auto found = certificates_.find(name); found != certificates_.end()) {
        return found->second;
      }
    }
    return nullptr;
  }

  SharedPrincipal FindCredential(const std::string& credential) const {
    const auto found = by_credential_.find(credential);
    return found == by_credential_.end() ? nullptr : found->second;
  }

 private:
  struct Stored {
    TokenHash hash;
    SharedPrincipal principal;
  };

  SharedPrincipal Keep(SharedPrincipal principal) {
    by_credential_.emplace(principal->credential, principal);
    return principal;
  }

  SharedPrincipal Compare(std::string_view token) const {
    SharedPrincipal found;
    std::string scratch;
    for (const Stored& stored : stored_) {
      if (Fits(stored.hash, token, &scratch)) found = stored.principal;
    }
    return found;
  }

  const std::string key_;
  std::vector<Stored> stored_;
  std::unordered_map<std::string, Stored> issued_;  // by id
  std::unordered_map<std::string, SharedPrincipal> certificates_;
  std::unordered_map<std::string, SharedPrincipal> by_credential_;
  std::unordered_map<std::string, SharedPrincipal> by_id_;
  base::Mutex mutex_;
  std::unordered_map<std::string, SharedPrincipal> known_ ABSL_GUARDED_BY(mutex_);
};

std::string_view NameOf(Role role) {
  constexpr std::string_view kNames[] = {"",        "PARTNER",    "MONITOR", "OPERATOR", "REVIEWER",
                                         "HANDLER", "SUPERVISOR", "AUDITOR", "ADMIN"};
  const auto number = static_cast<size_t>(role);
  return number < std::size(kNames) ? kNames[number] : "";
}

std::string_view IssuedTokenId(std::string_view token) {
  const size_t end = kIssuedPrefix.size() + kIssuedIdLength;
  if (!token.starts_with(kIssuedPrefix) || token.size() <= end || token[end] != '_') return {};
  return token.substr(kIssuedPrefix.size(), kIssuedIdLength);
}

std::shared_ptr<const PrincipalDirectory> PrincipalDirectory::Create(
    std::vector<Entry> entries, std::vector<IssuedToken> issued) {
  auto directory = std::make_shared<PrincipalDirectory>();
  directory->index_ = std::make_shared<Index>(entries, issued);
  directory->entries_ = std::move(entries);
  directory->issued_ = std::move(issued);
  return directory;
}

std::shared_ptr<const Principal> PrincipalDirectory::Authenticate(std::string_view token,
                                                                  absl::Time now) const {
  std::shared_ptr<const Principal> found = index_->Find(token);
  return found != nullptr && now < found->expires_at ? found : nullptr;
}

std::shared_ptr<const Principal> PrincipalDirectory::AuthenticateCertificate(
    const std::vector<std::string>& names) const {
  return index_->FindCertificate(names);
}

std::shared_ptr<const Principal> PrincipalDirectory::Again(const std::string& credential,
                                                           absl::Time now) const {
  std::shared_ptr<const Principal> found = index_->FindCredential(credential);
  return found != nullptr && now < found->expires_at ? found : nullptr;
}

std::shared_ptr<const Principal> PrincipalDirectory::Find(std::string_view id) const {
  return index_->FindId(id);
}

}  // namespace supervision::security
