// A caller's traceparent, through calls of many clues and through streams.
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

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

using ::testing::Each;
using ::testing::SizeIs;

constexpr char kTraceId[] = "0af7651916cd43dd8448eb211c80319c";

std::string TraceParent() { return std::string("00-") + kTraceId + "-b7ad6b7169203331-01"; }

std::unique_ptr<grpc::ClientContext> Traced(const std::string& token) {
  auto context = Context(token);
  context->AddMetadata("traceparent", TraceParent());
  return context;
}

grpc::Status SubmitBatch(ClueStub& stub) {
  v1::BatchSubmitCluesRequest request;
  for (int i = 0; i < 2; ++i) {
    auto* const item = request.add_items();
    item->set_request_id("r-" + std::to_string(i));
    *item->mutable_clue() = ValidClue(i);
  }
  v1::BatchSubmitCluesResponse response;
  return stub.BatchSubmitClues(Traced(kPartnerToken).get(), request, &response);
}

grpc::Status SubmitByStream(ClueStub& stub) {
  const auto context = Traced(kPartnerToken);
  const auto stream = stub.StreamClues(context.get());
  for (int i = 2; i < 4; ++i) {
    v1::StreamCluesRequest message;
    message.set_request_id("r-" + std::to_string(i));
    *message.mutable_clue() = ValidClue(i);
    stream->Write(message);
  }
  stream->WritesDone();
  v1::StreamCluesResponse response;
  while (stream->Read(&response)) continue;
  return stream->Finish();
}

std::vector<std::string> TracesOf(const std::vector<v1::AlertUpdate>& updates) {
  std::vector<std::string> traces;
  for (const v1::AlertUpdate& update : updates) traces.push_back(update.alert().trace_parent());
  return traces;
}

TEST(TracesTest, TheAlertsOfABatchAndOfAStreamCarryItsTrace) {
  TestServer server;
  const auto clues = v1::ClueService::NewStub(server.channel());
  Watcher watcher(server.channel(), FromEarliest());
  ASSERT_TRUE(SubmitBatch(*clues).ok());
  ASSERT_TRUE(SubmitByStream(*clues).ok());
  const std::vector<std::string> traces = TracesOf(watcher.Next(4));
  EXPECT_THAT(traces, SizeIs(4));
  EXPECT_THAT(traces, Each(TraceParent()));
}

// A service of its own, whose log is read.
class TraceLogTest : public ::testing::Test {
 protected:
  TraceLogTest() {
    if (!service_.Start()) std::abort();
    channel_ = grpc::CreateChannel(service_.grpc_address(), grpc::InsecureChannelCredentials());
    if (!Eventually([this] { return Health(channel_, "") == "SERVING"; })) std::abort();
  }

  // Whether the log has the line of a traced call of `method`.
  bool HasLine(const std::string& method) {
    std::ifstream log(service_.log_path());
    for (std::string line; std::getline(log, line);) {
      if (line.find(" call ") != std::string::npos &&
          line.find(std::string("trace=") + kTraceId) != std::string::npos &&
          line.find(method) != std::string::npos) {
        return true;
      }
    }
    return false;
  }

  const TempDir directory_;
  ServiceProcess service_{{.directory = directory_.path(), .arguments = {"--log.level=debug"}}};
  std::shared_ptr<grpc::Channel> channel_;
};

TEST_F(TraceLogTest, HasALineForABatch) {
  ASSERT_TRUE(SubmitBatch(*v1::ClueService::NewStub(channel_)).ok());
  EXPECT_TRUE(Eventually([this] { return HasLine("BatchSubmitClues"); }));
}

TEST_F(TraceLogTest, HasALineForAStreamOfCluesThatHasEnded) {
  ASSERT_TRUE(SubmitByStream(*v1::ClueService::NewStub(channel_)).ok());
  EXPECT_TRUE(Eventually([this] { return HasLine("StreamClues"); }));
}

TEST_F(TraceLogTest, HasALineForAStreamOfAlertsThatHasEnded) {
  const auto stub = v1::AlertService::NewStub(channel_);
  const auto context = Traced(kMonitorToken);
  const auto stream = stub->WatchAlerts(context.get(), FromLatest());
  v1::WatchAlertsResponse first;
  ASSERT_TRUE(stream->Read(&first));
  EXPECT_FALSE(HasLine("WatchAlerts"));
  context->TryCancel();
  stream->Finish();
  EXPECT_TRUE(Eventually([this] { return HasLine("WatchAlerts"); }));
}

TEST_F(TraceLogTest, HasALineForASubscriptionThatWasRefused) {
  const auto stub = v1::SubscriptionService::NewStub(channel_);
  const auto context = Traced(kMonitorToken);
  const auto stream = stub->ConsumeAlerts(context.get());
  stream->WritesDone();
  EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_TRUE(Eventually([this] { return HasLine("ConsumeAlerts"); }));
}

}  // namespace
}  // namespace supervision::testing
