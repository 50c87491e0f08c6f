// ClueService.StreamClues.
#include <atomic>
#include <cstdio>
#include <map>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/integration/rpc/calls.h"
#include "tests/support/eventually.h"
#include "tests/support/redis_server.h"

namespace supervision::testing {
namespace {

using ::testing::ElementsAre;

v1::StreamCluesRequest Message(int number) {
  v1::StreamCluesRequest message;
  message.set_request_id("r-" + std::to_string(number));
  *message.mutable_clue() = ValidClue(number);
  return message;
}

// One stream of a partner.
class Stream {
 public:
  explicit Stream(const TestServer& server)
      : stub_(v1::ClueService::NewStub(server.NewChannel())),
        context_(Context(kPartnerToken, std::chrono::seconds(180))),
        stream_(stub_->StreamClues(context_.get())) {}

  bool Write(const v1::StreamCluesRequest& message) { return stream_->Write(message); }
  std::optional<v1::StreamCluesResponse> Read() {
    v1::StreamCluesResponse response;
    if (!stream_->Read(&response)) return std::nullopt;
    return response;
  }
  void WritesDone() { stream_->WritesDone(); }
  grpc::Status Finish() { return stream_->Finish(); }
  void Cancel() { context_->TryCancel(); }

 private:
  std::unique_ptr<ClueStub> stub_;
  std::unique_ptr<grpc::ClientContext> context_;
  std::unique_ptr<grpc::ClientReaderWriter<v1::StreamCluesRequest, v1::StreamCluesResponse>>
      stream_;
};

TEST(StreamCluesTest, AnswersEveryMessageOnceAndEndsOk) {
  TestServer server;
  Stream stream(server);
  constexpr int kCount = 3000;
  std::thread writer([&] {
    for (int i = 0; i < kCount; ++i) ASSERT_TRUE(stream.Write(Message(i)));
    stream.WritesDone();
  });
  std::map<uint64_t, std::string> answered;
  while (const auto response = stream.Read()) {
    EXPECT_TRUE(response->has_receipt());
    EXPECT_TRUE(answered.emplace(response->index(), response->request_id()).second);
  }
  writer.join();
  EXPECT_TRUE(stream.Finish().ok());
  ASSERT_EQ(answered.size(), static_cast<size_t>(kCount));
  for (const auto& [index, id] : answered) EXPECT_EQ(id, "r-" + std::to_string(index));
}

TEST(StreamCluesTest, OneBadMessageFailsByItself) {
  TestServer server;
  Stream stream(server);
  v1::StreamCluesRequest bad = Message(1);
  bad.mutable_clue()->clear_title();
  ASSERT_TRUE(stream.Write(Message(0)) && stream.Write(bad) && stream.Write(Message(2)));
  stream.WritesDone();
  std::map<uint64_t, v1::StreamCluesResponse> answers;
  while (const auto response = stream.Read()) answers[response->index()] = *response;
  EXPECT_TRUE(stream.Finish().ok());
  ASSERT_EQ(answers.size(), 3u);
  EXPECT_TRUE(answers[0].has_receipt());
  EXPECT_THAT(ViolationsOf(answers[1].error()), ElementsAre("clue.title"));
  EXPECT_EQ(answers[1].request_id(), "r-1");
  EXPECT_TRUE(answers[2].has_receipt());
}

// Answers wait in memory until the client reads them.
TEST(StreamCluesTest, AnAnswerRepeatsNoMoreThanARequestIdMayHave) {
  TestServer server;
  Stream stream(server);
  v1::StreamCluesRequest message = Message(0);
  message.set_request_id(std::string(900 << 10, 'a'));
  ASSERT_TRUE(stream.Write(message));
  const auto answer = stream.Read();
  ASSERT_TRUE(answer.has_value());
  EXPECT_THAT(ViolationsOf(answer->error()), ElementsAre("request_id"));
  EXPECT_EQ(answer->index(), 0u);
  EXPECT_TRUE(answer->request_id().empty());
  EXPECT_LT(answer->ByteSizeLong(), 8u << 10);
  // What is none, and might have been, still tells which message is meant.
  message.set_request_id("号 1");
  ASSERT_TRUE(stream.Write(message));
  const auto next = stream.Read();
  ASSERT_TRUE(next.has_value());
  EXPECT_THAT(ViolationsOf(next->error()), ElementsAre("request_id"));
  EXPECT_EQ(next->request_id(), "号 1");
}

TEST(StreamCluesTest, WhatAQuotaRefusesIsNamedInTheAnswer) {
  // So few that the second clue is one too many, unless the machine takes a second for the first.
  TestServer server({.flags = {"--quotas.calls_per_second=1"}});
  Stream stream(server);
  int number = 0;
  ASSERT_TRUE(Eventually([&] {
    EXPECT_TRUE(stream.Write(Message(number)));
    const auto answer = stream.Read();
    EXPECT_TRUE(answer.has_value()) << "the stream has ended";
    if (!answer.has_value()) return true;
    EXPECT_EQ(answer->request_id(), "r-" + std::to_string(number));
    ++number;
    if (answer->has_receipt()) return false;
    EXPECT_EQ(ReasonOf(answer->error()), "QUOTA_EXCEEDED");
    EXPECT_TRUE(HasRetryInfo(answer->error()));
    return true;
  }));
}

TEST(StreamCluesTest, WhatIsTooLargeIsNamedInTheAnswerWithTheLimit) {
  TestServer server;
  Stream stream(server);
  v1::StreamCluesRequest large = Message(0);
  large.mutable_clue()->set_content(std::string(2 << 20, 'x'));
  ASSERT_TRUE(stream.Write(large) && stream.Write(Message(1)));
  stream.WritesDone();
  std::map<uint64_t, v1::StreamCluesResponse> answers;
  while (const auto response = stream.Read()) answers[response->index()] = *response;
  EXPECT_TRUE(stream.Finish().ok());
  ASSERT_EQ(answers.size(), 2u);
  EXPECT_EQ(answers[0].request_id(), "r-0");
  EXPECT_EQ(ReasonOf(answers[0].error()), "MESSAGE_TOO_LARGE");
  EXPECT_EQ(FactOf(answers[0].error(), "limit_bytes"), std::to_string(1 << 20));
  EXPECT_TRUE(answers[1].has_receipt());
}

TEST(StreamCluesTest, ReadsNoFurtherThanTheWindow) {
  RedisServer redis;
  TestServer server({.redis = "unix:" + redis.path()});
  Stream stream(server);
  redis.Freeze();
  std::atomic<bool> stop{false};
  std::thread writer([&] {
    // Fills the window, gRPC's buffers, and then waits.
    for (int i = 0; i < 20'000 && !stop; ++i) {
      if (!stream.Write(Message(i))) return;
    }
  });
  const std::string series = "supervision_intake_under_way_clues";
  double most = 0;
  EXPECT_TRUE(Eventually([&] {
    most = std::max(most, server.Metric(series));
    return most >= 256;
  })) << most
      << "\n"
      << server.Metrics();
  EXPECT_EQ(server.Metric(series), 256);
  stop = true;
  stream.Cancel();
  redis.Thaw();
  writer.join();
}

TEST(StreamCluesTest, DrainAnswersWhatWasTakenAndSaysWhereToGo) {
  TestServer server;
  Stream stream(server);
  ASSERT_TRUE(stream.Write(Message(0)));
  ASSERT_TRUE(stream.Read().has_value());
  std::thread stopper([&] { server.Stop(); });
  EXPECT_FALSE(stream.Read().has_value());
  const grpc::Status status = stream.Finish();
  stopper.join();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(ReasonOf(status), "DRAINING");
  EXPECT_TRUE(HasRetryInfo(status));
}

TEST(StreamCluesTest, WhatABrokenStreamLeftUnansweredCanBeSentAgain) {
  TestServer server;
  {
    Stream stream(server);
    for (int i = 0; i < 200; ++i) ASSERT_TRUE(stream.Write(Message(i)));
    ASSERT_TRUE(stream.Read().has_value());
    stream.Cancel();
    EXPECT_EQ(stream.Finish().error_code(), grpc::StatusCode::CANCELLED);
  }
  Stream again(server);
  for (int i = 0; i < 200; ++i) ASSERT_TRUE(again.Write(Message(i)));
  again.WritesDone();
  std::set<std::string> clues;
  while (const auto response = again.Read()) {
    ASSERT_TRUE(response->has_receipt());
    EXPECT_EQ(response->receipt().version(), 1u);
    clues.insert(response->receipt().clue_id());
  }
  EXPECT_EQ(clues.size(), 200u);
}

// Streams that are written, read, half-closed, cancelled and drained at random moments; under the
// sanitizers this finds a stream that is used after its end, or ended twice.
TEST(StreamCluesTest, CancelAnswerAndFinishMayComeInAnyOrder) {
  const unsigned seed = std::random_device{}();
  std::printf("seed %u\n", seed);
  TestServer server;
  std::atomic<int> ended{0};
  std::vector<std::thread> partners;
  for (unsigned p = 0; p < 6; ++p) {
    partners.emplace_back([&, p] {
      std::mt19937 random(seed + p);
      for (int round = 0; round < 50; ++round) {
        Stream stream(server);
        const int first = static_cast<int>(p) * 100'000 + round * 100;
        for (unsigned i = 1 + random() % 40; i > 0; --i) {
          if (!stream.Write(Message(first + static_cast<int>(i)))) break;
        }
        if (random() % 2 == 0) stream.WritesDone();
        if (random() % 2 == 0) stream.Read();
        stream.Cancel();
        stream.Finish();
        ended.fetch_add(1);
      }
    });
  }
  for (std::thread& partner : partners) partner.join();
  EXPECT_EQ(ended.load(), 6 * 50);
  EXPECT_TRUE(Eventually(
      [&] { return server.Metric("supervision_rpc_open{method=\"StreamClues\"}") == 0; }));
}

}  // namespace
}  // namespace supervision::testing
