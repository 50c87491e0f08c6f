// Connections get old and are exchanged, so that what was spread unevenly over replicas spreads
// anew.
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "clients/cpp/error.h"
#include "supervision/v1/alert_service.grpc.pb.h"
#include "supervision/v1/clue_service.grpc.pb.h"
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

// One clue behind the answer of the other, until the stream ends; how it did. What is refused,
// since the ledger is not open yet, is sent again.
grpc::Status StreamUntilItEnds(v1::ClueService::Stub* stub, int* answered) {
  grpc::ClientContext context;
  context.AddMetadata("authorization", "Bearer example-partner-token");
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
  const auto stream = stub->StreamClues(&context);
  while (true) {
    v1::StreamCluesRequest request;
    v1::StreamCluesResponse answer;
    request.set_request_id("clue-" + std::to_string(*answered));
    request.mutable_clue()->set_title("夜间强制拆除");
    request.mutable_clue()->set_content("未告知听证权利，夜间强制拆除了房屋。");
    request.mutable_clue()->set_region_code("330424");
    if (!stream->Write(request) || !stream->Read(&answer)) return stream->Finish();
    EXPECT_EQ(answer.request_id(), request.request_id());
    if (answer.has_receipt()) ++*answered;
  }
}

// It had been cut off with its connection, without a reason, at three times the age.
TEST(ConnectionAgeTest, AnOldStreamOfCluesEndsWithItsReasonAndAnswersWhatItHasTaken) {
  const testing::TempDir directory;
  testing::ServiceProcess service({.directory = directory.path(),
                                   .port = testing::FreePort(),
                                   .arguments = {"--alerting.max_stream_age=2s"}});
  ASSERT_TRUE(service.Start()) << service.log_path();
  const auto stub = v1::ClueService::NewStub(
      grpc::CreateChannel(service.grpc_address(), grpc::InsecureChannelCredentials()));
  ASSERT_TRUE(testing::Eventually([&] {  // the ledger is open
    grpc::ClientContext context;
    context.AddMetadata("authorization", "Bearer example-partner-token");
    v1::ListCluesResponse clues;
    return stub->ListClues(&context, {}, &clues).ok();
  }));
  int answered = 0;
  client::Error end =
      client::ErrorOf(client::ToAbslStatus(StreamUntilItEnds(stub.get(), &answered)));
  EXPECT_GT(answered, 0);
  EXPECT_EQ(end.reason, "DRAINING") << end.english;
  EXPECT_EQ(end.metadata["cause"], "STREAM_AGE");
  EXPECT_EQ(end.retry_after, absl::ZeroDuration());
  // It comes again, with the clue that was left unread.
  const int before = answered;
  EXPECT_EQ(client::ErrorOf(client::ToAbslStatus(StreamUntilItEnds(stub.get(), &answered))).reason,
            "DRAINING");
  EXPECT_GT(answered, before);
}

}  // namespace
}  // namespace supervision::faults
