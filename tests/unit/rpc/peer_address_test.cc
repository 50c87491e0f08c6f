#include "services/rpc/peer_address.h"

#include "gtest/gtest.h"

namespace supervision::rpc {
namespace {

TEST(PeerAddressTest, IsWrittenAsPeopleWriteAddresses) {
  EXPECT_EQ(PeerAddress("ipv4:192.0.2.1:4711"), "192.0.2.1:4711");
  EXPECT_EQ(PeerAddress("ipv6:%5B2001:db8::1%5D:4711"), "[2001:db8::1]:4711");
  EXPECT_EQ(PeerAddress("ipv6:[::1]:4711"), "[::1]:4711");
  EXPECT_EQ(PeerAddress("ipv6:%5Bfe80::1%25eth0%5D:4711"), "[fe80::1%eth0]:4711");
}

TEST(PeerAddressTest, AUnixSocketHasNoAddress) {
  EXPECT_EQ(PeerAddress("unix:/run/supervision/socket"), "unix");
  EXPECT_EQ(PeerAddress("unix:"), "unix");
}

TEST(PeerAddressTest, WhateverElseComesIsShortAndPrintable) {
  EXPECT_EQ(PeerAddress("vsock:1:2"), "vsock:1:2");
  EXPECT_EQ(PeerAddress("a\x1b[1mb \xe4"), "a[1mb");
  EXPECT_EQ(PeerAddress(std::string(1000, 'x')).size(), 128u);
  EXPECT_EQ(PeerAddress(""), "");
}

}  // namespace
}  // namespace supervision::rpc
