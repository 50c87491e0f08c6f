#include "services/security/certificates.h"

#include <arpa/inet.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <ctime>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace supervision::security {
namespace {

template <auto Free>
struct Deleter {
  template <typename T>
  void operator()(T* pointer) const {
    Free(pointer);
  }
};
using Bio = std::unique_ptr<BIO, Deleter<BIO_free>>;
using Certificate = std::unique_ptr<X509, Deleter<X509_free>>;
using Context = std::unique_ptr<SSL_CTX, Deleter<SSL_CTX_free>>;
using Key = std::unique_ptr<EVP_PKEY, Deleter<EVP_PKEY_free>>;
using Names = std::unique_ptr<GENERAL_NAMES, Deleter<GENERAL_NAMES_free>>;

Bio Reading(std::string_view text) {
  return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

// OpenSSL's own ASN1_TIME has years beyond what time_t of 32 bits takes; absl's has not.
absl::Time TimeOf(const ASN1_TIME* time) {
  std::tm parts = {};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return absl::InfinitePast();
  return absl::FromTM(parts, absl::UTCTimeZone());
}
absl::Time From(const X509* certificate) { return TimeOf(X509_get0_notBefore(certificate)); }
absl::Time Until(const X509* certificate) { return TimeOf(X509_get0_notAfter(certificate)); }

std::string DayText(absl::Time time) {
  return absl::FormatTime("%Y-%m-%d %H:%M UTC", time, absl::UTCTimeZone());
}

std::string NameText(const X509_NAME* name) {
  const Bio out(BIO_new(BIO_s_mem()));
  X509_NAME_print_ex(out.get(), name, 0, XN_FLAG_RFC2253);
  char* data = nullptr;
  const long size = BIO_get_mem_data(out.get(), &data);
  return size > 0 ? std::string(data, static_cast<size_t>(size)) : "";
}
std::string Subject(const X509* certificate) {
  return NameText(X509_get_subject_name(certificate));
}

std::vector<std::string> AlternativeNames(const X509* certificate) {
  std::vector<std::string> result;
  const Names names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
    int type = 0;
    const void* const value = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names.get(), i), &type);
    if (type != GEN_DNS && type != GEN_URI && type != GEN_IPADD) continue;
    const auto* const text = static_cast<const ASN1_STRING*>(value);
    const unsigned char* const bytes = ASN1_STRING_get0_data(text);
    const size_t size = static_cast<size_t>(ASN1_STRING_length(text));
    if (type == GEN_IPADD) {
      char address[INET6_ADDRSTRLEN] = "";
      inet_ntop(size == 4 ? AF_INET : AF_INET6, bytes, address, sizeof(address));
      result.push_back(absl::StrCat("IP:", address));
    } else {
      result.push_back((type == GEN_DNS ? "DNS:" : "URI:") +
                       std::string(reinterpret_cast<const char*>(bytes), size));
    }
  }
  return result;
}

// What stands in a PEM text.
struct Certificates {
  std::vector<Certificate> read;
  std::vector<std::string> damaged;  // blocks that cannot be read: "block 2 (line 31)"
};

// Reads block by block. OpenSSL, and with it gRPC, takes the first that it cannot read for the end
// of the text and says nothing of what stands behind it, and takes a block whose first line is not
// quite one for words between blocks; so the lines that should bound one are looked for here.
class CertificateReader {
 public:
  Certificates Read(std::string_view pem) {
    size_t begin = 0;  // of the block that is open
    int line = 0;
    for (size_t at = 0; at < pem.size();) {
      const size_t end = std::min(pem.find('\n', at), pem.size());
      const std::string_view text = pem.substr(at, end - at);
      ++line;
      if (text.find("-BEGIN ") != std::string_view::npos) {
        if (open_) Damaged();
        Open(line);
        begin = at;
      } else if (text.find("-END ") != std::string_view::npos) {
        if (open_) {
          ReadBlock(pem.substr(begin, end - begin), begin == 0);
        } else {
          Open(line);
          Damaged();
        }
      }
      at = end + 1;
    }
    if (open_) Damaged();
    ERR_clear_error();
    return std::move(found_);
  }

 private:
  void Open(int line) {
    ++ordinal_;
    line_ = line;
    open_ = true;
  }
  void Damaged() {
    found_.damaged.push_back(absl::StrCat("block ", ordinal_, " (line ", line_, ")"));
    open_ = false;
  }
  // Blocks of other things, as a key, only have to be whole. A byte order mark may stand at the
  // beginning of a file alone.
  void ReadBlock(std::string_view text, bool first) {
    char* name = nullptr;
    char* header = nullptr;
    unsigned char* data = nullptr;
    long size = 0;
    const bool whole = PEM_read_bio(Reading(text).get(), &name, &header, &data, &size) == 1;
    const std::string type = whole ? name : "";
    OPENSSL_free(name);
    OPENSSL_free(header);
    OPENSSL_clear_free(data, static_cast<size_t>(size));
    if (!whole || (!first && text.front() != '-')) return Damaged();
    if (type == PEM_STRING_X509 || type == PEM_STRING_X509_OLD) {
      Certificate one(PEM_read_bio_X509(Reading(text).get(), nullptr, nullptr, nullptr));
      if (one == nullptr) return Damaged();
      found_.read.push_back(std::move(one));
    }
    open_ = false;
  }

  Certificates found_;
  int ordinal_ = 0;  // of the block that was begun last
  int line_ = 0;     // of its beginning
  bool open_ = false;
};

Certificates ReadCertificates(std::string_view pem) { return CertificateReader().Read(pem); }

// Why a server of this machine's OpenSSL cannot show `one`, its own or one of the chain behind it;
// empty when it can. Each handshake asks this, and gRPC tells nobody: a key or a signature may be
// weaker than the machine allows, or of a kind that TLS does not know, as SM2.
std::string WhyNotShown(SSL_CTX* context, X509* one, bool own) {
  const int taken = context == nullptr ? 0
                    : own              ? SSL_CTX_use_certificate(context, one)
                                       : SSL_CTX_add1_chain_cert(context, one);
  const char* const reason = ERR_reason_error_string(ERR_peek_last_error());
  ERR_clear_error();
  if (taken == 1) return {};
  return reason == nullptr ? "it is refused" : reason;
}

// A key with a passphrase is not read: nobody is there to be asked.
int NoPassphrase(char* /*buffer*/, int /*size*/, int /*writing*/, void* asked) {
  *static_cast<bool*>(asked) = true;
  return -1;
}

class Checker {
 public:
  Checker(const TlsNames& names, absl::Time now) : names_(names), now_(now) {}

  void CheckOwn(const TlsTexts& texts, TlsMaterial* material) {
    const Certificates found = ReadCertificates(texts.certificate);
    const std::vector<Certificate>& chain = found.read;
    if (!AddDamaged(names_.certificate, found) && chain.empty()) {
      Add(names_.certificate,
          "has no certificate; it must be PEM text with -----BEGIN CERTIFICATE-----");
    }
    bool encrypted = false;
    const Bio in = Reading(texts.key);
    const Key key(PEM_read_bio_PrivateKey(in.get(), nullptr, NoPassphrase, &encrypted));
    ERR_clear_error();
    if (key == nullptr) {
      Add(names_.key,
          encrypted ? "has a passphrase, which nobody can type in; write it without one: "
                      "openssl pkey -in KEY -out PLAIN-KEY"
                    : "has no private key; it must be PEM text with -----BEGIN PRIVATE KEY-----");
    }
    if (chain.empty() || !found.damaged.empty()) return;
    const X509* const own = chain.front().get();
    if (key != nullptr && X509_check_private_key(own, key.get()) != 1) {
      ERR_clear_error();
      Add(names_.key,
          absl::StrCat("does not fit the certificate of ", Subject(own), " in ", names_.certificate,
                       "; take the key that the certificate was made for"));
    }
    CheckChain(chain);
    material->names = AlternativeNames(own);
    if (material->names.empty()) {
      Add(names_.certificate,
          "names no host in its subject alternative names, so that every client refuses it; have "
          "one made with them");
    }
    // OpenSSL notes in the certificate what it has found out about it, hence not const.
    if (X509_check_purpose(chain.front().get(), X509_PURPOSE_SSL_SERVER, 0) != 1) {
      Add(names_.certificate,
          "is no server's certificate; have one made for serverAuth (extended key usage)");
    }
    material->certificate_until = Until(own);
    for (const Certificate& one : chain) {
      material->certificate_until = std::min(material->certificate_until, Until(one.get()));
    }
  }

  void CheckAuthorities(const std::string& text, TlsMaterial* material) {
    if (text.empty()) return;
    const Certificates found = ReadCertificates(text);
    const std::vector<Certificate>& authorities = found.read;
    if (AddDamaged(names_.client_ca, found)) return;
    if (authorities.empty()) {
      Add(names_.client_ca, "has no certificate; put the authorities of the clients there, as PEM");
      return;
    }
    material->client_ca_until = absl::InfinitePast();
    for (const Certificate& one : authorities) {
      if (X509_check_ca(one.get()) == 0) {
        Add(names_.client_ca, absl::StrCat("has the certificate of ", Subject(one.get()),
                                           ", which is no authority; put the certificate of who "
                                           "signs the clients' there"));
      }
      material->client_ca_until = std::max(material->client_ca_until, Until(one.get()));
    }
    if (material->client_ca_until <= now_) {
      AddOfTime(names_.client_ca, absl::StrCat("ran out on ", DayText(material->client_ca_until),
                                               "; put the authority's new certificate there"));
    }
  }

  absl::Status ToStatus() const {
    if (problems_.empty()) return absl::OkStatus();
    const std::string all = absl::StrJoin(problems_, "\n");
    return of_time_ == problems_.size() ? absl::FailedPreconditionError(all)
                                        : absl::InvalidArgumentError(all);
  }

 private:
  void CheckChain(const std::vector<Certificate>& chain) {
    const Context server(SSL_CTX_new(TLS_server_method()));
    for (size_t i = 0; i < chain.size(); ++i) {
      X509* const one = chain[i].get();
      const std::string who = absl::StrCat("the certificate of ", Subject(one));
      if (Until(one) <= now_) {
        AddOfTime(names_.certificate, absl::StrCat("has run out: ", who, " was valid until ",
                                                   DayText(Until(one)), "; put a new one there"));
      } else if (From(one) > now_) {
        AddOfTime(names_.certificate,
                  absl::StrCat("is not valid yet: ", who, " begins on ", DayText(From(one)),
                               "; check this machine's clock, or wait"));
      }
      if (const std::string why = WhyNotShown(server.get(), one, i == 0); !why.empty()) {
        Add(names_.certificate,
            absl::StrCat("cannot be used for TLS: OpenSSL says of ", who, ": ", why,
                         "; have one made with RSA of 2048 bits or P-256, signed with SHA-256"));
      }
      if (i + 1 == chain.size()) break;
      X509* const next = chain[i + 1].get();
      if (X509_check_issued(next, one) != X509_V_OK ||
          X509_verify(one, X509_get0_pubkey(next)) != 1) {
        ERR_clear_error();
        Add(names_.certificate,
            absl::StrCat("is no chain: ", who, " is not signed by the one that follows it, ",
                         Subject(next), "; order them from the server's to its authority's"));
      }
    }
  }

  // Whether any is. More is not said of such a file: it would be about what is left of it.
  bool AddDamaged(const std::string& what, const Certificates& found) {
    for (const std::string& block : found.damaged) {
      Add(what, absl::StrCat(block,
                             " is damaged; put it there whole, with its lines -----BEGIN and "
                             "-----END"));
    }
    return !found.damaged.empty();
  }

  void Add(const std::string& what, std::string_view why) {
    problems_.push_back(absl::StrCat(what, ": ", std::string(why)));
  }

  // Which a clock that is set right or a new certificate cures, without another configuration.
  void AddOfTime(const std::string& what, std::string_view why) {
    Add(what, why);
    ++of_time_;
  }

  const TlsNames& names_;
  const absl::Time now_;
  size_t of_time_ = 0;  // of the problems
  std::vector<std::string> problems_;
};

}  // namespace

absl::StatusOr<TlsMaterial> CheckTls(TlsTexts texts, const TlsNames& names, absl::Time now) {
  TlsMaterial material;
  Checker checker(names, now);
  checker.CheckOwn(texts, &material);
  checker.CheckAuthorities(texts.client_ca, &material);
  if (absl::Status status = checker.ToStatus(); !status.ok()) return status;
  material.texts = std::move(texts);
  return material;
}

absl::StatusOr<CertificateFacts> DescribeCertificate(std::string_view pem) {
  const Certificates found = ReadCertificates(pem);
  if (found.read.empty()) return absl::InvalidArgumentError("has no certificate");
  const X509* const one = found.read.front().get();
  return CertificateFacts{.subject = Subject(one),
                          .issuer = NameText(X509_get_issuer_name(one)),
                          .names = AlternativeNames(one),
                          .from = From(one),
                          .until = Until(one)};
}

}  // namespace supervision::security
