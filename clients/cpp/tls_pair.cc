#include "clients/cpp/tls_pair.h"

#include <memory>

#include "absl/strings/str_cat.h"
#include "openssl/err.h"
#include "openssl/pem.h"
#include "openssl/x509.h"

namespace supervision::client {
namespace {

template <auto kFree>
struct Freeing {
  template <typename T>
  void operator()(T* object) const {
    kFree(object);
  }
};
using Bio = std::unique_ptr<BIO, Freeing<BIO_free>>;
using Certificate = std::unique_ptr<X509, Freeing<X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, Freeing<EVP_PKEY_free>>;

Bio Reading(const std::string& text) {
  return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

Certificate FirstCertificate(const std::string& text) {
  return Certificate(PEM_read_bio_X509(Reading(text).get(), nullptr, nullptr, nullptr));
}

// Nobody is there to be asked for a password.
int NoPassword(char*, int, int, void* asked) {
  *static_cast<bool*>(asked) = true;
  return -1;
}

absl::Status Mistake(const std::string& sentence) {
  ERR_clear_error();  // or gRPC would take it for its own
  return absl::InvalidArgumentError(sentence);
}

}  // namespace

absl::Status CheckTls(const TlsOptions& tls, const TlsPaths& paths) {
  if (!tls.ca.empty() && FirstCertificate(tls.ca) == nullptr) {
    return Mistake(absl::StrCat(paths.ca,
                                " has no certificate that can be read; take the file of the "
                                "authority anew, whole (-----BEGIN CERTIFICATE-----)"));
  }
  if (tls.certificate.empty()) return absl::OkStatus();
  const Certificate certificate = FirstCertificate(tls.certificate);
  if (certificate == nullptr) {
    return Mistake(absl::StrCat(paths.certificate,
                                " has no certificate that can be read; take the file anew, whole "
                                "(-----BEGIN CERTIFICATE-----)"));
  }
  bool password = false;
  const Key key(PEM_read_bio_PrivateKey(Reading(tls.key).get(), nullptr, NoPassword, &password));
  if (password) {
    return Mistake(
        absl::StrCat(paths.key,
                     " is locked by a password, and nobody can be asked for it; take one "
                     "without (openssl pkey -in OLD -out NEW), readable for you alone"));
  }
  if (key == nullptr) {
    return Mistake(absl::StrCat(paths.key,
                                " has no key that can be read; take the file that was made "
                                "with the certificate anew, whole"));
  }
  if (X509_check_private_key(certificate.get(), key.get()) != 1) {
    return Mistake(absl::StrCat(paths.key, " does not fit the certificate of ", paths.certificate,
                                "; take the key that was made with it"));
  }
  return absl::OkStatus();
}

}  // namespace supervision::client
