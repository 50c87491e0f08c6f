#include "services/observability/metrics_page.h"

#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <charconv>
#include <chrono>
#include <exception>
#include <future>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "prometheus/exposer.h"

namespace supervision::observability {
namespace {

// Each connection takes a thread until it has said what it wants, so that one which says nothing
// is closed soon. What comes while all threads are taken waits, and beyond that in the system's
// queue: neither threads nor descriptors grow with who connects, and where all that wait are
// silent the next is still answered before a scrape gives up (10 seconds).
constexpr char kConnections[] = "4";
constexpr char kWaiting[] = "12";
constexpr char kPatience[] = "2000";  // milliseconds, for a whole request

// Host and port of "host:port"; the host is empty when the text is not one.
struct HostPort {
  std::string host;
  int port = -1;
};

HostPort Split(std::string_view address) {
  HostPort result;
  const size_t colon = address.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return result;
  const std::string_view port = address.substr(colon + 1);
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), result.port);
  const bool numeric = error == std::errc() && end == port.data() + port.size();
  if (!numeric || result.port < 0 || result.port > 65535) return result;
  if (address[0] == '[') return result;  // Debian builds civetweb without IPv6
  result.host = address.substr(0, colon);
  return result;
}

// Begins a connection to where the page listens and drops it.
void Knock(const std::string& address) {
  const HostPort peer = Split(address);
  addrinfo hints{};
  hints.ai_family = AF_INET;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (getaddrinfo(peer.host.c_str(), absl::StrCat(peer.port).c_str(), &hints, &found) != 0) return;
  const int fd = socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd >= 0) {
    (void)connect(fd, found->ai_addr, found->ai_addrlen);  // in progress is enough
    close(fd);
  }
  freeaddrinfo(found);
}

}  // namespace

struct MetricsPage::Server {
  explicit Server(std::vector<std::string> options) : exposer(std::move(options)) {}
  std::shared_ptr<prometheus::Collectable> source;  // the exposer itself holds it weakly
  prometheus::Exposer exposer;
};

MetricsPage::MetricsPage(std::unique_ptr<Server> server, std::string address)
    : server_(std::move(server)), address_(std::move(address)) {}

// civetweb notices the end only when its listener wakes, up to 2 seconds later: so somebody knocks
// until it has.
MetricsPage::~MetricsPage() {
  if (server_ == nullptr) return;
  const std::future<void> closed = std::async(std::launch::async, [this] { server_.reset(); });
  while (closed.wait_for(std::chrono::milliseconds(10)) != std::future_status::ready) {
    Knock(address_);
  }
}

absl::StatusOr<std::unique_ptr<MetricsPage>> MetricsPage::Start(
    std::string_view address, std::shared_ptr<prometheus::Collectable> source) {
  if (address == "off") return std::unique_ptr<MetricsPage>(new MetricsPage(nullptr, ""));
  const HostPort wanted = Split(address);
  if (wanted.host.empty()) {
    return absl::InvalidArgumentError(
        "the address of the metrics page is not host:port (IPv4); write for example "
        "127.0.0.1:9464, "
        "or off for none");
  }
  try {
    auto server = std::make_unique<Server>(std::vector<std::string>{
        "listening_ports", std::string(address), "num_threads", kConnections, "connection_queue",
        kWaiting, "request_timeout_ms", kPatience, "keep_alive_timeout_ms", "500"});
    server->source = std::move(source);
    server->exposer.RegisterCollectable(server->source);
    const std::vector<int> ports = server->exposer.GetListeningPorts();
    std::string listening =
        absl::StrCat(wanted.host, ":", ports.empty() ? wanted.port : ports.front());
    return std::unique_ptr<MetricsPage>(new MetricsPage(std::move(server), std::move(listening)));
  } catch (const std::exception&) {
    return absl::UnavailableError(
        absl::StrCat("the metrics page cannot listen on ", std::string(address),
                     "; is the port taken? Set listen.metrics to another address, or to off"));
  }
}

}  // namespace supervision::observability
