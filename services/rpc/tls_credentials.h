#pragma once

#include <memory>

#include "grpcpp/security/server_credentials.h"
#include "services/security/slots.h"

namespace supervision::rpc {

// Whether clients are asked for a certificate.
enum class ClientCertificates { kOff, kOptional, kRequired };

// TLS 1.2 and 1.3 with what `slot` holds at the moment of each handshake: an exchange serves the
// next connection and leaves those that are open as they are. gRPC asks for it through its C
// interface, which hands texts over in memory, so that no key is copied to another file
// (services/adr/0021). `slot` and what this returns outlive the server: gRPC keeps a bare pointer.
std::shared_ptr<grpc::ServerCredentials> TlsCredentials(const security::TlsSlot* slot,
                                                        ClientCertificates wanted);

}  // namespace supervision::rpc
