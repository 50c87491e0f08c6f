#include "services/observability/metrics_page.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "prometheus/counter.h"
#include "prometheus/histogram.h"
#include "prometheus/registry.h"
#include "services/observability/buckets.h"

namespace supervision::observability {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;

int Connect(const std::string& address) {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in peer{};
  peer.sin_family = AF_INET;
  peer.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  peer.sin_port = htons(static_cast<uint16_t>(std::stoi(address.substr(address.rfind(':') + 1))));
  EXPECT_EQ(connect(fd, reinterpret_cast<sockaddr*>(&peer), sizeof(peer)), 0);
  return fd;
}

std::string Get(const std::string& address, const std::string& path) {
  const int fd = Connect(address);
  const std::string request = "GET " + path + " HTTP/1.0\r\n\r\n";
  EXPECT_EQ(write(fd, request.data(), request.size()), static_cast<ssize_t>(request.size()));
  std::string answer;
  char buffer[4096];
  for (ssize_t n; (n = read(fd, buffer, sizeof(buffer))) > 0;) answer.append(buffer, n);
  close(fd);
  return answer;
}

TEST(MetricsPageTest, ServesTheRegistryOnAFreePort) {
  auto registry = std::make_shared<prometheus::Registry>();
  auto& counter = prometheus::BuildCounter()
                      .Name("supervision_test_total")
                      .Help("A test.")
                      .Register(*registry)
                      .Add({{"result", "ok"}});
  prometheus::BuildHistogram()
      .Name("supervision_test_seconds")
      .Register(*registry)
      .Add({}, LatencySeconds())
      .Observe(0.004);
  auto page = MetricsPage::Start("127.0.0.1:0", registry);
  ASSERT_TRUE(page.ok()) << page.status();
  ASSERT_THAT((*page)->address(), MatchesRegex("127\\.0\\.0\\.1:[1-9][0-9]*"));

  counter.Increment(3);
  const std::string answer = Get((*page)->address(), "/metrics");
  EXPECT_THAT(answer, HasSubstr("200 OK"));
  EXPECT_THAT(answer, HasSubstr("supervision_test_total{result=\"ok\"} 3"));
  EXPECT_THAT(answer, HasSubstr("supervision_test_seconds_bucket{le=\"0.005\"} 1"));
}

// Some say nothing, some begin a request and go no further.
TEST(MetricsPageTest, ConnectionsThatSayNothingKeepNobodyFromThePage) {
  auto page = MetricsPage::Start("127.0.0.1:0", std::make_shared<prometheus::Registry>());
  ASSERT_TRUE(page.ok()) << page.status();
  std::vector<int> silent;
  for (int i = 0; i < 8; ++i) {
    silent.push_back(Connect((*page)->address()));
    if (i % 2 == 0) {
      EXPECT_EQ(write(silent.back(), "GET /met", 8), 8);
    }
  }
  EXPECT_THAT(Get((*page)->address(), "/metrics"), HasSubstr("200 OK"));
  for (const int fd : silent) {
    char buffer[1024];
    while (read(fd, buffer, sizeof(buffer)) > 0) continue;  // until the page has closed it
    close(fd);
  }
}

TEST(MetricsPageTest, OffListensNowhere) {
  auto page = MetricsPage::Start("off", std::make_shared<prometheus::Registry>());
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_EQ((*page)->address(), "");
}

TEST(MetricsPageTest, ListensOnEveryAddressWhenAsked) {
  auto page = MetricsPage::Start("0.0.0.0:0", std::make_shared<prometheus::Registry>());
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_THAT(Get((*page)->address(), "/metrics"), HasSubstr("200 OK"));
}

TEST(MetricsPageTest, TakenPortIsRefusedWithARemedy) {
  auto registry = std::make_shared<prometheus::Registry>();
  auto first = MetricsPage::Start("127.0.0.1:0", registry);
  ASSERT_TRUE(first.ok());
  auto second = MetricsPage::Start((*first)->address(), registry);
  EXPECT_EQ(second.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(second.status().message()), HasSubstr("listen.metrics"));
}

TEST(MetricsPageTest, AddressThatIsNoneIsRefused) {
  for (const char* address :
       {"", "9464", ":9464", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:65536", "[::1]:0"}) {
    auto page = MetricsPage::Start(address, std::make_shared<prometheus::Registry>());
    EXPECT_EQ(page.status().code(), absl::StatusCode::kInvalidArgument) << address;
  }
}

}  // namespace
}  // namespace supervision::observability
