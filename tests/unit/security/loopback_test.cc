#include "services/security/loopback.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace supervision::security {
namespace {

TEST(LoopbackTest, KnowsAddressesOfThisMachine) {
  for (const char* address : {"127.0.0.1:50051", "127.8.9.1:0", "[::1]:1", "localhost:50051",
                              "unix:/run/supervision.sock", "unix:relative.sock"}) {
    EXPECT_TRUE(IsLocalAddress(address)) << address;
  }
}

TEST(LoopbackTest, TakesEverythingElseForReachable) {
  for (const char* address :
       {"0.0.0.0:50051", "[::]:50051", "192.168.1.1:1", "127.0.0.1.example:1", "127.1:1", "", ":1",
        "localhost", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "localhost.example:1",
        "unix:", "[::ffff:0.0.0.0]:1", "*:1", "dns:///localhost:1"}) {
    EXPECT_FALSE(IsLocalAddress(address)) << address;
  }
}

TEST(LoopbackTest, ExamplePrincipalsAreRefusedElsewhereWithARemedy) {
  EXPECT_TRUE(CheckExampleMayListen("127.0.0.1:50051").ok());
  const absl::Status refused = CheckExampleMayListen("0.0.0.0:50051");
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(refused.message()),
              testing::AllOf(testing::HasSubstr("0.0.0.0:50051"),
                             testing::HasSubstr("make principals of your own")));
}

}  // namespace
}  // namespace supervision::security
