#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "services/redis/client.h"

namespace supervision::redis {
namespace {

using ::testing::HasSubstr;

TEST(AddressTest, ReadsAUnixPath) {
  const auto address = Address::Parse("unix:/run/redis/redis.sock");
  ASSERT_TRUE(address.ok()) << address.status();
  EXPECT_EQ(address->unix_path, "/run/redis/redis.sock");
}

TEST(AddressTest, ReadsHostAndPort) {
  const auto address = Address::Parse("redis.internal:6380");
  ASSERT_TRUE(address.ok()) << address.status();
  EXPECT_EQ(address->host, "redis.internal");
  EXPECT_EQ(address->port, 6380);
}

TEST(AddressTest, ReadsAnIpv6AddressInBrackets) {
  const auto address = Address::Parse("[::1]:6379");
  ASSERT_TRUE(address.ok()) << address.status();
  EXPECT_EQ(address->host, "::1");
  EXPECT_EQ(address->ToString(), "[::1]:6379");
}

TEST(AddressTest, NeverShowsThePassword) {
  Address address = *Address::Parse("localhost:6379");
  address.user = "sv";
  address.password = "geheim";
  address.database = 3;
  EXPECT_EQ(address.ToString(), "localhost:6379 database 3");
}

struct BadAddress {
  const char* name;
  std::string text;
  const char* sentence;
};

class BadAddressTest : public ::testing::TestWithParam<BadAddress> {};

TEST_P(BadAddressTest, IsRefusedWithTheRemedy) {
  const auto address = Address::Parse(GetParam().text);
  ASSERT_FALSE(address.ok());
  EXPECT_THAT(std::string(address.status().message()), HasSubstr(GetParam().sentence));
  EXPECT_THAT(std::string(address.status().message()), HasSubstr("unix:/path, host:port"));
}

INSTANTIATE_TEST_SUITE_P(
    All, BadAddressTest,
    ::testing::Values(BadAddress{"Empty", "", "port is missing"},
                      BadAddress{"NoPort", "localhost", "port is missing"},
                      BadAddress{"NoHost", ":6379", "host is missing"},
                      BadAddress{"PortZero", "localhost:0", "1 to 65535"},
                      BadAddress{"PortTooLarge", "localhost:65536", "1 to 65535"},
                      BadAddress{"PortWithLetters", "localhost:63x", "1 to 65535"},
                      BadAddress{"Ipv6WithoutBrackets", "::1:6379", "in brackets"},
                      BadAddress{"OpenBracket", "[::1:6379", "closing ]"},
                      BadAddress{"RelativePath", "unix:redis.sock", "begins with /"},
                      BadAddress{"LongPath", "unix:/" + std::string(107, 'x'), "107 bytes"}),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace supervision::redis
