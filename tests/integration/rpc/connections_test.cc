// What stands in for a limit on connections: pings that come too often, and more clients than the
// process may have files.
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "gmock/gmock.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/security/credentials.h"
#include "grpcpp/support/channel_arguments.h"
#include "gtest/gtest.h"
#include "tests/integration/rpc/calls.h"
#include "tests/support/eventually.h"
#include "tests/support/metrics_page.h"
#include "tests/support/service_process.h"
#include "tests/support/temp_dir.h"

namespace supervision::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

std::shared_ptr<grpc::Channel> ChannelThatPings(const std::string& address, int milliseconds) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, milliseconds);
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
}

TEST(ConnectionsTest, OneThatPingsTooOftenIsCutAndToldWhy) {
  TestServer server;
  Watcher calm(ChannelThatPings(server.address(), 10'000), FromLatest());
  // Whose next ping meets the closed connection before the farewell was read learns no more than
  // that, so it may take more than one.
  EXPECT_TRUE(Eventually([&] {
    Watcher hasty(ChannelThatPings(server.address(), 50), FromLatest());
    const grpc::Status status = hasty.Finish();
    EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE) << status.error_message();
    return status.error_message().find("Too many pings") != std::string::npos;
  }));
  ASSERT_TRUE(calm.NextMessage().has_value());
  const auto clues = v1::ClueService::NewStub(server.channel());
  ASSERT_TRUE(Submit(*clues, ValidRequest(0)).status.ok());
  EXPECT_EQ(calm.Next(1).size(), 1u);
}

std::string ReadFile(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

// A supervisiond that may have few files.
class FewFilesTest : public ::testing::Test {
 protected:
  ServiceProcess MakeService(int files) {
    const std::string program = directory_.path() + "/limited";
    std::ofstream(program) << "#!/bin/bash\nulimit -n " << files << "\nexec "
                           << SUPERVISION_BINARY_DIR << "/services/server/supervisiond \"$@\"\n";
    std::filesystem::permissions(program, std::filesystem::perms::owner_all);
    return ServiceProcess({.executable = program, .directory = directory_.path()});
  }
  ~FewFilesTest() override { Close(); }

  // Connects and says nothing; keeps the connection.
  void Connect(const std::string& address) {
    int port = 0;
    ASSERT_TRUE(absl::SimpleAtoi(address.substr(address.rfind(':') + 1), &port));
    sockaddr_in peer = {};
    peer.sin_family = AF_INET;
    peer.sin_port = htons(static_cast<uint16_t>(port));
    peer.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    open_.push_back(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    ASSERT_EQ(connect(open_.back(), reinterpret_cast<sockaddr*>(&peer), sizeof(peer)), 0);
  }
  void Close() {
    for (const int fd : open_) close(fd);
    open_.clear();
  }

  const TempDir directory_;
  std::vector<int> open_;
};

TEST_F(FewFilesTest, MoreConnectionsThanFilesLeaveTheServiceListening) {
  constexpr int kFiles = 280;
  ServiceProcess service = MakeService(kFiles);
  ASSERT_TRUE(service.Start()) << ReadFile(service.log_path());
  EXPECT_THAT(ReadFile(service.log_path()),
              AllOf(HasSubstr("file_limit_low descriptors=280"), HasSubstr("raise the limit")));
  const auto before =
      grpc::CreateChannel(service.grpc_address(), grpc::InsecureChannelCredentials());
  ASSERT_TRUE(Eventually([&] { return Health(before, "") == "SERVING"; }));
  for (int i = 0; i < kFiles + 20; ++i) ASSERT_NO_FATAL_FAILURE(Connect(service.grpc_address()));
  EXPECT_TRUE(Eventually([&] {
    const std::string page = MetricsPage(service.metrics_address());
    return MetricOf(page, "supervision_rpc_connections_refused_total") > 20 &&
           MetricOf(page, "process_open_fds") > kFiles / 2 &&
           MetricOf(page, "process_max_fds") == kFiles;
  }));
  EXPECT_EQ(Health(before, ""), "SERVING");
  Close();
  grpc::ChannelArguments fresh;
  fresh.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  const auto after =
      grpc::CreateCustomChannel(service.grpc_address(), grpc::InsecureChannelCredentials(), fresh);
  EXPECT_TRUE(Eventually([&] { return Health(after, "") == "SERVING"; }));
  EXPECT_EQ(ReadFile(service.log_path()).find("Too many open files"), std::string::npos);
}

TEST_F(FewFilesTest, FewerThanTheServiceItselfNeedsAreRefusedAtTheStart) {
  ServiceProcess service = MakeService(128);
  ASSERT_FALSE(service.Start());
  EXPECT_THAT(ReadFile(service.log_path()),
              HasSubstr("may have 128 open files, and the service alone needs 256: raise the limit "
                        "(LimitNOFILE of the unit, ulimit -Hn)"));
}

}  // namespace
}  // namespace supervision::testing
