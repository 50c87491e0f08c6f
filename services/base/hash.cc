#include "services/base/hash.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <algorithm>
#include <cstdlib>

namespace supervision::base {

namespace {

constexpr size_t kBlockSize = 64;

// The state of one digest at a time. Each thread keeps one: OpenSSL 3 looks the algorithm up and
// allocates whenever a fresh state begins, which costs more than hashing a short text.
class Sha256State {
 public:
  Sha256State() : context_(EVP_MD_CTX_new()) { Check(context_ != nullptr); }
  ~Sha256State() { EVP_MD_CTX_free(context_); }
  Sha256State(const Sha256State&) = delete;
  Sha256State& operator=(const Sha256State&) = delete;

  static Sha256State& OfThisThread() {
    static thread_local Sha256State state;
    return state;
  }

  void Begin() {
    static const EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    Check(EVP_DigestInit_ex(context_, algorithm, nullptr) == 1);
  }
  void Add(std::string_view data) {
    Check(EVP_DigestUpdate(context_, data.data(), data.size()) == 1);
  }
  Sha256Digest End() {
    Sha256Digest digest;
    unsigned int size = digest.size();
    Check(EVP_DigestFinal_ex(context_, digest.data(), &size) == 1);
    return digest;
  }

 private:
  static void Check(bool ok) {
    if (!ok) std::abort();  // only out of memory gets here
  }
  EVP_MD_CTX* const context_;
};

std::string_view View(const Sha256Digest& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

}  // namespace

Sha256Digest Sha256(std::string_view data) {
  Sha256State& state = Sha256State::OfThisThread();
  state.Begin();
  state.Add(data);
  return state.End();
}

// RFC 2104: the digest of the outer pad and of the digest of the inner pad and the data.
Sha256Digest HmacSha256(std::string_view key, std::string_view data) {
  const Sha256Digest short_key = key.size() > kBlockSize ? Sha256(key) : Sha256Digest{};
  if (key.size() > kBlockSize) key = View(short_key);
  std::array<char, kBlockSize> inner{};
  std::copy(key.begin(), key.end(), inner.begin());
  std::array<char, kBlockSize> outer = inner;
  for (char& c : inner) c ^= 0x36;
  for (char& c : outer) c ^= 0x5C;
  Sha256State& state = Sha256State::OfThisThread();
  state.Begin();
  state.Add({inner.data(), inner.size()});
  state.Add(data);
  const Sha256Digest digest = state.End();
  state.Begin();
  state.Add({outer.data(), outer.size()});
  state.Add(View(digest));
  OPENSSL_cleanse(inner.data(), inner.size());
  OPENSSL_cleanse(outer.data(), outer.size());
  return state.End();
}

std::string RandomBytes(size_t size) {
  std::string bytes(size, '\0');
  if (RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(size)) != 1) {
    std::abort();  // no randomness: no token or key may be made
  }
  return bytes;
}

bool EqualInConstantTime(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string Prefix(const Sha256Digest& digest, size_t size) {
  return std::string(reinterpret_cast<const char*>(digest.data()), size);
}

}  // namespace supervision::base
