#include "services/rpc/handshakes.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "absl/strings/match.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "grpc/support/log.h"
#include "services/base/mutex.h"

namespace supervision::rpc {
namespace {

constexpr char kListener[] = "chttp2_server.cc";
constexpr std::string_view kFailed = "Handshaking failed: ";
// OpenSSL's words of the same failure, at gRPC's level of errors, a moment before.
constexpr char kTransport[] = "ssl_transport_security.cc";

struct Listeners {
  base::Mutex mutex;
  std::vector<Handshakes*> all ABSL_GUARDED_BY(mutex);
};
// gRPC's log function is global and takes no context. Never freed: gRPC may log until the end.
Listeners& Everyone() {
  static auto* const listeners = new Listeners;
  return *listeners;
}

void OnLog(gpr_log_func_args* args) {
  if (std::strstr(args->file, kListener) != nullptr &&
      std::string_view(args->message).starts_with(kFailed)) {
    const std::string_view said = std::string_view(args->message).substr(kFailed.size());
    Listeners& everyone = Everyone();
    base::MutexLock lock(&everyone.mutex);
    for (Handshakes* const one : everyone.all) one->Failed(said);
    return;
  }
  const bool counted = std::strstr(args->file, kTransport) != nullptr &&
                       std::strstr(args->message, "Handshake failed") != nullptr;
  if (args->severity != GPR_LOG_SEVERITY_ERROR || counted) return;
  Listeners& everyone = Everyone();
  base::MutexLock lock(&everyone.mutex);
  if (!everyone.all.empty()) everyone.all.front()->Said(args->message);
}

}  // namespace

std::string_view HandshakeFailure(std::string_view said) {
  const auto says = [said](std::string_view words) {
    return absl::StrContains(absl::string_view(said.data(), said.size()),
                             absl::string_view(words.data(), words.size()));
  };
  if (says("wrong version number") || says("http request") || says("WRONG_VERSION_NUMBER")) {
    return "not_tls";
  }
  if (says("peer did not return a certificate")) return "no_client_certificate";
  if (says("certificate verify failed")) return "client_certificate";
  if (says(" alert ")) return "client_refused";
  if (says("Socket closed") || says("EOF") || says("Connection reset")) return "closed";
  return "other";
}

Handshakes::Handshakes(prometheus::Registry* registry, observability::Logger* log)
    : family_(&prometheus::BuildCounter()
                   .Name("supervision_tls_handshakes_failed_total")
                   .Help("TLS handshakes with clients that failed, by what was in the way.")
                   .Register(*registry)),
      log_(log) {
  for (const char* const reason : {"not_tls", "no_client_certificate", "client_certificate",
                                   "client_refused", "closed", "other"}) {
    family_->Add({{"reason", reason}});
  }
  Listeners& everyone = Everyone();
  base::MutexLock lock(&everyone.mutex);
  everyone.all.push_back(this);
  gpr_set_log_verbosity(GPR_LOG_SEVERITY_DEBUG);
  gpr_set_log_function(OnLog);
}

Handshakes::~Handshakes() {
  Listeners& everyone = Everyone();
  base::MutexLock lock(&everyone.mutex);
  everyone.all.erase(std::remove(everyone.all.begin(), everyone.all.end(), this),
                     everyone.all.end());
  if (!everyone.all.empty()) return;
  gpr_set_log_function(nullptr);  // gRPC's own
  gpr_set_log_verbosity(GPR_LOG_SEVERITY_ERROR);
}

void Handshakes::Said(std::string_view error) { log_->Warning("grpc", {{"said", error}}); }

void Handshakes::Failed(std::string_view said) {
  constexpr int64_t kQuiet = 1;  // seconds
  const std::string_view reason = HandshakeFailure(said);
  family_->Add({{"reason", std::string(reason)}}).Increment();
  const int64_t now = absl::ToUnixSeconds(absl::Now());
  int64_t before = told_at_.load(std::memory_order_relaxed);
  if (now - before < kQuiet || !told_at_.compare_exchange_strong(before, now)) return;
  log_->Warning("handshake_failed", {{"reason", reason}});
}

}  // namespace supervision::rpc
