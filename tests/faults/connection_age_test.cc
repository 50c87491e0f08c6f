// Connections get old and are exchanged, so that what was spread unevenly over replicas spreads
// anew.
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <chrono>

#include "supervision/v1/alert_service.grpc.pb.h"
#include "tests/faults/network_gate.h"
#include "tests/support/eventually.h"
#include "tests/support/service_process.h"
#include "tests/support/temp_dir.h"

namespace supervision::faults {
namespace {

TEST(ConnectionAgeTest, AnOldConnectionIsExchangedWithoutAFailedCall) {
  const testing::TempDir directory;
  testing::ServiceProcess service({.directory = directory.path(),
                                   .port = testing::FreePort(),
                                   .arguments = {"--alerting.max_stream_age=1s"}});
  ASSERT_TRUE(service.Start()) << service.log_path();
  NetworkGate gate(service.grpc_address());
  const auto channel = grpc::CreateChannel(gate.address(), grpc::InsecureChannelCredentials());
  const auto stub = v1::AlertService::NewStub(channel);
  const auto call = [&stub] {
    grpc::ClientContext context;
    context.AddMetadata("authorization", "Bearer example-monitor-token");
    v1::ListAlertsResponse answer;
    return stub->ListAlerts(&context, {}, &answer);
  };
  ASSERT_TRUE(testing::Eventually([&] { return call().ok(); })) << "the ledger is open";
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  int calls = 0;
  while (gate.connections() < 4 && std::chrono::steady_clock::now() < end) {
    const grpc::Status status = call();
    ASSERT_TRUE(status.ok()) << status.error_message() << " after " << calls << " calls and "
                             << gate.connections() << " connections";
    ++calls;
  }
  EXPECT_GE(gate.connections(), 4u) << calls << " calls";
}

}  // namespace
}  // namespace supervision::faults
