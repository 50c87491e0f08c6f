#include "clients/cli/probe.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "clients/cli/probe_socket.h"
#include "services/security/certificates.h"

namespace supervision::cli {
namespace {

template <auto Free>
struct Deleter {
  template <typename T>
  void operator()(T* pointer) const {
    Free(pointer);
  }
};
using Context = std::unique_ptr<SSL_CTX, Deleter<SSL_CTX_free>>;
using Connection = std::unique_ptr<SSL, Deleter<SSL_free>>;

// What a client of HTTP/2 says first: its preface and empty settings.
constexpr std::string_view kPreface("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0", 33);
constexpr size_t kFrameHead = 9;
constexpr char kSettingsFrame = 4;

bool IsSettings(std::string_view bytes) {
  return bytes.size() >= kFrameHead && bytes[3] == kSettingsFrame;
}

std::string TextOf(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
}

std::string DayText(absl::Time time) {
  return absl::FormatTime("%Y-%m-%d %H:%M UTC", time, absl::UTCTimeZone());
}

class Prober {
 public:
  explicit Prober(const ProbeOptions& options)
      : options_(options), where_(SplitAddress(options.address)) {}

  std::vector<Finding> Run() {
    if (Reach()) {
      if (options_.tls) {
        SpeakTls();
      } else {
        SpeakPlain();
      }
    }
    return std::move(findings_);
  }

 private:
  bool Good(Text what, Text said, std::string detail = "") {
    findings_.push_back({true, std::move(what), std::move(said), std::move(detail)});
    return true;
  }
  bool Bad(Text what, Text said, std::string detail = "") {
    findings_.push_back({false, std::move(what), std::move(said), std::move(detail)});
    return false;
  }

  bool Reach() {
    if (options_.address.rfind("unix:", 0) != 0 && !ResolveHost()) return false;
    int error = 0;
    const Socket socket = Connect(options_.address, options_.timeout_ms, &error);
    const Text what = {"connection", "连接"};
    if (socket.connected()) return Good(what, {"somebody listens", "有程序在监听"});
    if (error == ECONNREFUSED || error == ENOENT) {
      return Bad(what,
                 {"refused: nothing listens there; start the service, or correct --server (its "
                  "listen.grpc and log say where it listens)",
                  "被拒绝：该地址无程序监听；请启动服务，或更正 --server（以服务的 listen.grpc "
                  "和日志为准）"});
    }
    return Bad(
        what,
        {"no answer: a firewall, a wrong address or a network that is down; ask who runs the "
         "network to let TCP to this port through",
         "无应答：可能是防火墙、地址错误或网络中断；请联系网络管理员放行该端口"},
        error == 0 ? "" : std::strerror(error));
  }

  bool ResolveHost() {
    const Text what = {"name", "域名解析"};
    if (where_.host.empty()) {
      return Bad({"address", "地址"},
                 {"must be HOST:PORT, [V6]:PORT or unix:/PATH",
                  "必须为 主机:端口、[V6]:端口 或 unix:/路径"},
                 options_.address);
    }
    const Resolved resolved = Resolve(where_);
    if (!resolved.addresses.empty()) {
      return Good(what, {"is known", "可解析"}, absl::StrJoin(resolved.addresses, ", "));
    }
    return Bad(what,
               {"is not known: correct the host in --server, or have it entered in DNS",
                "无法解析：请更正 --server 中的主机名，或在 DNS 中登记"},
               absl::StrCat(where_.host, ": ", resolved.error));
  }

  // The first bytes of an answer to our preface in plain text.
  std::optional<std::string> AnswerInPlain() {
    int error = 0;
    const Socket socket = Connect(options_.address, options_.timeout_ms, &error);
    if (!socket.connected()) return std::nullopt;
    if (send(socket.get(), kPreface.data(), kPreface.size(), MSG_NOSIGNAL) < 0) return "";
    std::string answer;
    char buffer[512];
    while (answer.size() < kFrameHead && socket.WaitReadable(options_.timeout_ms)) {
      const ssize_t n = recv(socket.get(), buffer, sizeof(buffer), 0);
      if (n <= 0) break;
      answer.append(buffer, static_cast<size_t>(n));
    }
    return answer;
  }

  void SpeakPlain() {
    const std::string answer = AnswerInPlain().value_or("");
    if (IsSettings(answer)) {
      Good({"HTTP/2", "HTTP/2"}, {"is spoken in plain text", "以明文方式提供"});
    } else if (SpeaksTls()) {
      Bad({"TLS", "TLS"},
          {"the service speaks TLS and you do not: add --tls-ca FILE with its authority",
           "服务使用 TLS 而您未使用：请以 --tls-ca 指定其 CA 证书文件"});
    } else {
      NoGrpc();
    }
  }

  void NoGrpc() {
    Bad({"HTTP/2", "HTTP/2"},
        {"whatever listens there is no gRPC service; correct the port in --server",
         "监听者不是 gRPC 服务；请更正 --server 中的端口"});
  }

  bool SpeaksTls() {
    const Context context(SSL_CTX_new(TLS_client_method()));
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_NONE, nullptr);
    return Handshake(context.get());
  }

  // Leaves the connection in tls_ and socket_.
  bool Handshake(SSL_CTX* context) {
    int error = 0;
    socket_.emplace(Connect(options_.address, options_.timeout_ms, &error));
    if (!socket_->connected()) return false;
    tls_.reset(SSL_new(context));
    SSL_set_fd(tls_.get(), socket_->get());
    const std::string& name = options_.server_name.empty() ? where_.host : options_.server_name;
    unsigned char numeric[sizeof(in6_addr)];
    const bool is_number = inet_pton(AF_INET, name.c_str(), numeric) == 1 ||
                           inet_pton(AF_INET6, name.c_str(), numeric) == 1;
    if (is_number) {
      X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(tls_.get()), name.c_str());
    } else if (!name.empty()) {
      SSL_set_tlsext_host_name(tls_.get(), name.c_str());
      SSL_set1_host(tls_.get(), name.c_str());
    }
    constexpr unsigned char kAlpn[] = {2, 'h', '2'};
    SSL_set_alpn_protos(tls_.get(), kAlpn, sizeof(kAlpn));
    return Until([this] { return SSL_connect(tls_.get()); });
  }

  // Carries on until `step` is done (> 0) or has failed for good.
  template <typename Step>
  bool Until(Step step) {
    const auto end =
        std::chrono::steady_clock::now() + std::chrono::milliseconds(options_.timeout_ms);
    while (std::chrono::steady_clock::now() < end) {
      ERR_clear_error();
      const int done = step();
      if (done > 0) return true;
      const int why = SSL_get_error(tls_.get(), done);
      if (why == SSL_ERROR_WANT_READ) {
        socket_->WaitReadable(options_.timeout_ms);
      } else if (why == SSL_ERROR_WANT_WRITE) {
        socket_->WaitWritable(options_.timeout_ms);
      } else {
        failure_ = ERR_GET_REASON(ERR_peek_last_error());
        return false;
      }
    }
    return false;
  }

  void SpeakTls() {
    const Context context(SSL_CTX_new(TLS_client_method()));
    SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_NONE, nullptr);  // the result is asked for below
    if (!LoadFiles(context.get())) return;
    SSL_CTX_set_cert_cb(
        context.get(),
        [](SSL*, void* asked) {
          *static_cast<bool*>(asked) = true;
          return 1;
        },
        &certificate_wanted_);
    const bool shaken = Handshake(context.get());
    if (!shaken && !certificate_wanted_) {
      if (IsSettings(AnswerInPlain().value_or(""))) {
        Bad({"TLS", "TLS"},
            {"the service speaks plain text and you speak TLS: leave out --tls…, or have "
             "listen.tls_certificate set there",
             "服务为明文而您使用 TLS：请去掉 --tls… 选项，或在服务端设置 listen.tls_certificate"});
      } else {
        Bad({"TLS", "TLS"},
            {"the handshake fails; the service's log says more (handshake_failed)",
             "TLS 握手失败；详见服务日志 handshake_failed"},
            failure_ == 0 ? "" : ERR_reason_error_string(ERR_PACK(ERR_LIB_SSL, 0, failure_)));
      }
      return;
    }
    if (shaken && !CheckServer()) return;
    Answered(shaken);
  }

  bool LoadFiles(SSL_CTX* context) {
    const Text what = {"your files", "本地文件"};
    const bool loaded = options_.ca.empty()
                            ? SSL_CTX_set_default_verify_paths(context) == 1
                            : SSL_CTX_load_verify_locations(context, options_.ca.c_str(), nullptr);
    if (!loaded) {
      return Bad(
          what,
          {"--tls-ca names no PEM file with certificates; check the path and its permissions",
           "--tls-ca 指定的文件不是可读的 PEM 证书；请检查路径与权限"},
          options_.ca);
    }
    if (options_.certificate.empty()) return true;
    if (SSL_CTX_use_certificate_chain_file(context, options_.certificate.c_str()) != 1) {
      return Bad(
          what,
          {"--tls-cert names no PEM file with a certificate; check the path and its permissions",
           "--tls-cert 指定的文件不是可读的 PEM 证书；请检查路径与权限"},
          options_.certificate);
    }
    if (SSL_CTX_use_PrivateKey_file(context, options_.key.c_str(), SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_check_private_key(context) != 1) {
      return Bad(what,
                 {"--tls-key is no key that fits --tls-cert; take the key that it was made for",
                  "--tls-key 与 --tls-cert 不匹配；请使用配套的私钥"},
                 options_.key);
    }
    return true;
  }

  // What the service has shown.
  bool CheckServer() {
    const Text what = {"its certificate", "服务证书"};
    const std::unique_ptr<X509, Deleter<X509_free>> shown(SSL_get1_peer_certificate(tls_.get()));
    const std::unique_ptr<BIO, Deleter<BIO_free>> out(BIO_new(BIO_s_mem()));
    PEM_write_bio_X509(out.get(), shown.get());
    char* data = nullptr;
    const long size = BIO_get_mem_data(out.get(), &data);
    const auto facts =
        security::DescribeCertificate(std::string_view(data, static_cast<size_t>(size)));
    const std::string names = facts.ok() ? absl::StrJoin(facts->names, ", ") : "";
    const std::string until = facts.ok() ? DayText(facts->until) : "";
    switch (SSL_get_verify_result(tls_.get())) {
      case X509_V_OK:
        return Good(what, {"is trusted", "可信"}, absl::StrCat(names, "; ", until));
      case X509_V_ERR_CERT_HAS_EXPIRED:
        return Bad(what,
                   {"has run out: who runs the service must put a new one there; check this "
                    "machine's clock too",
                    "已过期：须由服务方更换；同时请检查本机时钟"},
                   until);
      case X509_V_ERR_CERT_NOT_YET_VALID:
        return Bad(what,
                   {"is not valid yet: check this machine's clock", "尚未生效：请检查本机时钟"});
      case X509_V_ERR_HOSTNAME_MISMATCH:
      case X509_V_ERR_IP_ADDRESS_MISMATCH:
        return Bad(
            what,
            {"is for other names than the one you connect to: use one of them in --server or "
             "--tls-server-name",
             "与所连接的名称不符：请在 --server 或 --tls-server-name 中使用证书中的名称"},
            names);
      default:
        return Bad(what,
                   {"is of an authority that you do not trust: give its certificate by --tls-ca",
                    "由您不信任的 CA 签发：请以 --tls-ca 指定其 CA 证书"},
                   facts.ok() ? facts->issuer : "");
    }
  }

  // Only the answer to the first bytes tells what the service thinks of our certificate.
  void Answered(bool shaken) {
    std::string answer;
    char buffer[512];
    if (shaken) {
      SSL_write(tls_.get(), kPreface.data(), static_cast<int>(kPreface.size()));
      int got = 0;
      while (answer.size() < kFrameHead &&
             Until([&] { return got = SSL_read(tls_.get(), buffer, sizeof(buffer)); })) {
        answer.append(buffer, static_cast<size_t>(got));
      }
    }
    if (IsSettings(answer)) {
      Good({"HTTP/2", "HTTP/2"}, {"is spoken over TLS", "经 TLS 提供"},
           SSL_get_version(tls_.get()));
      return;
    }
    const Text what = {"your certificate", "客户端证书"};
    if (!certificate_wanted_) return NoGrpc();
    if (options_.certificate.empty()) {
      Bad(what, {"is wanted by the service: give it by --tls-cert and --tls-key",
                 "服务要求客户端证书：请以 --tls-cert 与 --tls-key 提供"});
      return;
    }
    const auto own = security::DescribeCertificate(TextOf(options_.certificate));
    if (own.ok() && own->until <= absl::Now()) {
      Bad(what, {"has run out: have a new one made", "已过期：请申请新证书"}, DayText(own->until));
      return;
    }
    Bad(what,
        {"is not taken: its authority is none of those in the service's listen.tls_client_ca",
         "未被接受：其 CA 不在服务的 listen.tls_client_ca 中"},
        own.ok() ? own->issuer : "");
  }

  const ProbeOptions& options_;
  const HostAndPort where_;
  std::vector<Finding> findings_;
  bool certificate_wanted_ = false;
  int failure_ = 0;  // OpenSSL's reason
  std::optional<Socket> socket_;
  Connection tls_;
};

}  // namespace

std::vector<Finding> Probe(const ProbeOptions& options) { return Prober(options).Run(); }

}  // namespace supervision::cli
