#include "services/rpc/tls_credentials.h"

#include <string>

#include "grpc/grpc.h"
#include "grpc/grpc_security.h"
#include "services/base/mutex.h"

namespace supervision::rpc {
namespace {

grpc_ssl_client_certificate_request_type RequestType(ClientCertificates wanted) {
  switch (wanted) {
    case ClientCertificates::kRequired:
      return GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY;
    case ClientCertificates::kOptional:
      return GRPC_SSL_REQUEST_CLIENT_CERTIFICATE_AND_VERIFY;
    case ClientCertificates::kOff:
      break;
  }
  return GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE;
}

class Credentials final : public grpc::ServerCredentials {
 public:
  Credentials(const security::TlsSlot* slot, ClientCertificates wanted) : slot_(slot) {
    // The options are taken over, and freed, by the credentials.
    credentials_ = grpc_ssl_server_credentials_create_with_options(
        grpc_ssl_server_credentials_create_options_using_config_fetcher(RequestType(wanted), Fetch,
                                                                        this));
  }
  ~Credentials() override { grpc_server_credentials_release(credentials_); }

  void SetAuthMetadataProcessor(const std::shared_ptr<grpc::AuthMetadataProcessor>&) override {}

 private:
  int AddPortToServer(const std::string& address, grpc_server* server) override {
    return grpc_server_add_http2_port(server, address.c_str(), credentials_);
  }

  // Called before each handshake; gRPC keeps what it was given last.
  static grpc_ssl_certificate_config_reload_status Fetch(
      void* self, grpc_ssl_server_certificate_config** config) {
    return static_cast<Credentials*>(self)->Take(config);
  }

  grpc_ssl_certificate_config_reload_status Take(grpc_ssl_server_certificate_config** config) {
    base::MutexLock lock(&mutex_);
    std::shared_ptr<const security::TlsMaterial> now = slot_->Get();
    if (now == given_) return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_UNCHANGED;
    const security::TlsTexts& texts = now->texts;
    const grpc_ssl_pem_key_cert_pair pair = {texts.key.c_str(), texts.certificate.c_str()};
    // gRPC ends the process when there are no authorities, also where it asks nobody for a
    // certificate: then it gets some that it never uses.
    const std::string& authorities = texts.client_ca.empty() ? texts.certificate : texts.client_ca;
    *config = grpc_ssl_server_certificate_config_create(authorities.c_str(), &pair, 1);
    given_ = std::move(now);
    return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_NEW;
  }

  const security::TlsSlot* const slot_;
  grpc_server_credentials* credentials_ = nullptr;
  base::Mutex mutex_;
  std::shared_ptr<const security::TlsMaterial> given_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace

std::shared_ptr<grpc::ServerCredentials> TlsCredentials(const security::TlsSlot* slot,
                                                        ClientCertificates wanted) {
  return std::make_shared<Credentials>(slot, wanted);
}

}  // namespace supervision::rpc
