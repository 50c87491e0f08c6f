#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace supervision::security {

// What a server shows and trusts under TLS, as PEM text.
struct TlsTexts {
  std::string certificate;  // its own, followed by those that lead to its authority
  std::string key;
  std::string client_ca;  // authorities of clients; empty: none
};

// Texts that have been checked, so that a handshake with them can succeed.
struct TlsMaterial {
  TlsTexts texts;
  absl::Time certificate_until;                         // when the first of its chain runs out
  absl::Time client_ca_until = absl::InfiniteFuture();  // when the last authority runs out
  std::vector<std::string> names;  // of the certificate: "DNS:localhost", "IP:127.0.0.1"
};

// How the three are called in sentences, for instance "listen.tls_key (/etc/tls/key.pem)".
struct TlsNames {
  std::string certificate;
  std::string key;
  std::string client_ca;
};

// Checks that no block of the texts is damaged, that certificate and key belong together, that each
// certificate is signed by the next, that none has run out or begins later or is one that OpenSSL
// takes for no TLS server, that it is a server's and names hosts, and that the authorities are
// such. INVALID_ARGUMENT with every mistake, a line each: what, why and the remedy;
// FAILED_PRECONDITION when all of them are about the time. No line has anything of a key.
// Thread-safe.
absl::StatusOr<TlsMaterial> CheckTls(TlsTexts texts, const TlsNames& names, absl::Time now);

// One certificate as a person reads it.
struct CertificateFacts {
  std::string subject;  // "CN=client,O=example" (RFC 2253)
  std::string issuer;
  std::vector<std::string> names;  // alternative names: "DNS:…", "URI:…", "IP:…"
  absl::Time from;
  absl::Time until;
};

// Of the first certificate of a PEM text. INVALID_ARGUMENT when there is none.
absl::StatusOr<CertificateFacts> DescribeCertificate(std::string_view pem);

}  // namespace supervision::security
