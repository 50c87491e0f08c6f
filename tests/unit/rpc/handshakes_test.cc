#include "services/rpc/handshakes.h"

#include "gtest/gtest.h"

namespace supervision::rpc {
namespace {

TEST(HandshakesTest, WhatWasInTheWayIsAWordOfAClosedSet) {
  EXPECT_EQ(HandshakeFailure("error:0A00010B:SSL routines::wrong version number"), "not_tls");
  EXPECT_EQ(HandshakeFailure("error:0A0000C7:SSL routines::peer did not return a certificate"),
            "no_client_certificate");
  EXPECT_EQ(HandshakeFailure("error:0A000086:SSL routines::certificate verify failed"),
            "client_certificate");
  EXPECT_EQ(HandshakeFailure("error:0A000418:SSL routines::tlsv1 alert unknown ca"),
            "client_refused");
  EXPECT_EQ(HandshakeFailure("Handshake read failed {children:[INTERNAL:Socket closed {fd:8}]}"),
            "closed");
  EXPECT_EQ(HandshakeFailure("something new"), "other");
}

}  // namespace
}  // namespace supervision::rpc
