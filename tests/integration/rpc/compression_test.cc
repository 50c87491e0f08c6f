// Requests that are compressed: what is little on the wire may be any amount in memory.
#include <fstream>
#include <string>

#include "gmock/gmock.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/security/credentials.h"
#include "gtest/gtest.h"
#include "tests/integration/rpc/calls.h"
#include "tests/support/eventually.h"
#include "tests/support/service_process.h"
#include "tests/support/temp_dir.h"

namespace supervision::testing {
namespace {

using ::testing::HasSubstr;

// The most memory that a process has had, in KiB; -1 when that cannot be read.
int64_t MostMemory(int pid) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.rfind("VmHWM:", 0) == 0) return std::stoll(line.substr(6));
  }
  return -1;
}

class CompressionTest : public ::testing::TestWithParam<grpc_compression_algorithm> {};
INSTANTIATE_TEST_SUITE_P(All, CompressionTest,
                         ::testing::Values(GRPC_COMPRESS_GZIP, GRPC_COMPRESS_DEFLATE),
                         [](const auto& info) {
                           return info.param == GRPC_COMPRESS_GZIP ? "Gzip" : "Deflate";
                         });

TEST_P(CompressionTest, ARequestIsRefusedBeforeItIsUnpackedWhoeverSendsIt) {
  constexpr int kMiB = 128;
  const TempDir directory;
  ServiceProcess service({.directory = directory.path()});
  ASSERT_TRUE(service.Start());
  const auto channel =
      grpc::CreateChannel(service.grpc_address(), grpc::InsecureChannelCredentials());
  ASSERT_TRUE(Eventually([&] { return Health(channel, "") == "SERVING"; }));
  const auto stub = v1::ClueService::NewStub(channel);
  const int64_t before = MostMemory(service.pid());
  ASSERT_GT(before, 0);

  v1::SubmitClueRequest request = ValidRequest(1);
  request.mutable_clue()->set_content(std::string(kMiB << 20, 'x'));
  const auto context = Context("");
  context->set_compression_algorithm(GetParam());
  v1::SubmitClueResponse response;
  const grpc::Status status = stub->SubmitClue(context.get(), request, &response);

  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNIMPLEMENTED);
  EXPECT_THAT(status.error_message(), HasSubstr("is disabled"));
  EXPECT_LT(MostMemory(service.pid()) - before, kMiB * 1024 / 2);
  EXPECT_TRUE(Submit(*stub, ValidRequest(1)).status.ok()) << "what is not compressed is served";
}

}  // namespace
}  // namespace supervision::testing
