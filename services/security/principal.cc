#include "services/security/principal.h"

#include <unordered_map>
#include <utility>

#include "services/base/hash.h"
#include "services/base/mutex.h"

namespace supervision::security {
namespace {

// Longer ones are nobody's: what an unknown token costs stays small.
constexpr size_t kMaxTokenBytes = 512;
constexpr size_t kDigestBytes = 32;
constexpr size_t kKeyBytes = 32;

}  // namespace

// Every stored hash is computed and compared for a token that is not known yet, so the time tells
// neither how near it came nor whose it is. Tokens that were found are remembered under a keyed
// digest: no token and no unsalted digest stays in memory, and the map cannot grow beyond the
// number of stored hashes.
class PrincipalDirectory::Index {
 public:
  explicit Index(std::vector<Entry> entries) : key_(base::RandomBytes(kKeyBytes)) {
    for (Entry& entry : entries) {
      const auto principal = std::make_shared<const Principal>(std::move(entry.principal));
      for (TokenHash& hash : entry.tokens) stored_.push_back({std::move(hash), principal});
    }
  }

  std::shared_ptr<const Principal> FindId(std::string_view id) const {
    for (const Stored& stored : stored_) {
      if (stored.principal->id == id) return stored.principal;
    }
    return nullptr;
  }

  std::shared_ptr<const Principal> Find(std::string_view token) {
    if (token.empty() || token.size() > kMaxTokenBytes) return nullptr;
    const std::string remembered = base::Prefix(base::HmacSha256(key_, token), kDigestBytes);
    {
      base::MutexLock lock(&mutex_);
      if (const auto known = known_.find(remembered); known != known_.end()) return known->second;
    }
    std::shared_ptr<const Principal> found = Compare(token);
    if (found != nullptr) {
      base::MutexLock lock(&mutex_);
      if (known_.size() < stored_.size()) known_.emplace(remembered, found);
    }
    return found;
  }

 private:
  struct Stored {
    TokenHash hash;
    std::shared_ptr<const Principal> principal;
  };

  std::shared_ptr<const Principal> Compare(std::string_view token) const {
    std::shared_ptr<const Principal> found;
    std::string salted;
    for (const Stored& stored : stored_) {
      salted.assign(stored.hash.salt).append(token);
      const std::string digest = base::Prefix(base::Sha256(salted), kDigestBytes);
      if (base::EqualInConstantTime(digest, stored.hash.digest)) found = stored.principal;
    }
    return found;
  }

  const std::string key_;
  std::vector<Stored> stored_;
  base::Mutex mutex_;
  std::unordered_map<std::string, std::shared_ptr<const Principal>> known_ ABSL_GUARDED_BY(mutex_);
};

std::shared_ptr<const PrincipalDirectory> PrincipalDirectory::Create(std::vector<Entry> entries) {
  auto directory = std::make_shared<PrincipalDirectory>();
  directory->index_ = std::make_shared<Index>(std::move(entries));
  return directory;
}

std::shared_ptr<const Principal> PrincipalDirectory::Authenticate(std::string_view token) const {
  return index_->Find(token);
}

std::shared_ptr<const Principal> PrincipalDirectory::Find(std::string_view id) const {
  return index_->FindId(id);
}

}  // namespace supervision::security
