#include "clients/cpp/client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <string>
#include <vector>

#include "services/base/mutex.h"
#include "tests/unit/clients/cpp/fake_service.h"

namespace supervision::client {
namespace {

using ::testing::Each;
using ::testing::Ge;
using ::testing::SizeIs;

class ClientTest : public ::testing::Test {
 protected:
  // Fails the first calls with `statuses`, then answers. Keeps the request_ids.
  void Script(std::vector<grpc::Status> statuses) {
    service_.on_submit = [this, statuses](grpc::ServerContext& context,
                                          const v1::SubmitClueRequest& request,
                                          v1::SubmitClueResponse& response) {
      base::MutexLock lock(&mutex_);
      const size_t attempt = request_ids_.size();
      request_ids_.push_back(request.request_id());
      for (const auto& [name, value] : context.client_metadata()) {
        if (name == "authorization") tokens_.emplace_back(value.data(), value.size());
      }
      if (attempt < statuses.size()) return statuses[attempt];
      response.mutable_receipt()->set_clue_id("clue");
      return grpc::Status::OK;
    };
  }

  ClientOptions Options() {
    ClientOptions options = service_.client_options();
    options.sleep = [this](absl::Duration delay) { delays_.push_back(delay); };
    return options;
  }

  std::vector<std::string> request_ids() {
    base::MutexLock lock(&mutex_);
    return request_ids_;
  }

  FakeService service_;
  base::Mutex mutex_;
  std::vector<std::string> request_ids_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::string> tokens_ ABSL_GUARDED_BY(mutex_);
  std::vector<absl::Duration> delays_;
};

grpc::Status Unavailable() { return {grpc::StatusCode::UNAVAILABLE, "away"}; }

TEST_F(ClientTest, RepeatsWithTheSameRequestIdUntilTheServiceIsBack) {
  Script({Unavailable(), Unavailable()});
  Client client(Options());
  v1::SubmitClueRequest request;
  request.set_request_id("mine");

  const auto response = client.Submit(request);

  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_THAT(request_ids(), testing::ElementsAre("mine", "mine", "mine"));
}

TEST_F(ClientTest, MakesOneRequestIdForAllAttempts) {
  Script({Unavailable(), Unavailable()});
  Client client(Options());

  ASSERT_TRUE(client.Submit({}).ok());

  const std::vector<std::string> ids = request_ids();
  EXPECT_THAT(ids, SizeIs(3));
  EXPECT_THAT(std::set<std::string>(ids.begin(), ids.end()), SizeIs(1));
  EXPECT_NE(ids[0], "");
}

TEST_F(ClientTest, WaitsAsLongAsTheServiceAsks) {
  Script(
      {AsGrpc(MakeRpcStatus(absl::StatusCode::kResourceExhausted, "OVERLOADED", absl::Seconds(2))),
       AsGrpc(
           MakeRpcStatus(absl::StatusCode::kUnavailable, "LEDGER_UNAVAILABLE", absl::Seconds(2)))});
  Client client(Options());

  ASSERT_TRUE(client.Submit({}).ok());

  EXPECT_THAT(delays_, SizeIs(2));
  EXPECT_THAT(delays_, Each(Ge(absl::Seconds(2))));
}

TEST_F(ClientTest, GivesUpWithTheServicesWordWhenTheDelayPassesTheTime) {
  Script(std::vector<grpc::Status>(
      3, AsGrpc(MakeRpcStatus(absl::StatusCode::kUnavailable, "DRAINING", absl::Hours(1)))));
  Client client(Options());

  const auto response = client.Submit({});

  EXPECT_EQ(ErrorOf(response.status()).reason, "DRAINING");
  EXPECT_THAT(request_ids(), SizeIs(1));
}

TEST_F(ClientTest, DoesNotRepeatWhatTheServiceRefused) {
  Script({AsGrpc(MakeRpcStatus(absl::StatusCode::kAlreadyExists, "IDEMPOTENCY_KEY_REUSED"))});
  Client client(Options());

  const auto response = client.Submit({});

  EXPECT_EQ(ErrorOf(response.status()).reason, "IDEMPOTENCY_KEY_REUSED");
  EXPECT_THAT(request_ids(), SizeIs(1));
}

TEST_F(ClientTest, DoesNotRepeatExhaustionWithoutADelay) {
  Script({grpc::Status(grpc::StatusCode::RESOURCE_EXHAUSTED, "trailer too large")});
  Client client(Options());

  EXPECT_FALSE(client.Submit({}).ok());
  EXPECT_THAT(request_ids(), SizeIs(1));
}

TEST_F(ClientTest, RepeatsAnAttemptThatIsNotAnsweredInTime) {
  std::atomic<int> attempts = 0;
  service_.on_submit = [&attempts](grpc::ServerContext& context, const v1::SubmitClueRequest&,
                                   v1::SubmitClueResponse&) {
    if (attempts++ > 0) return grpc::Status::OK;
    while (!context.IsCancelled()) std::this_thread::yield();
    return grpc::Status::CANCELLED;
  };
  ClientOptions options = Options();
  options.retry.attempt_timeout = absl::Milliseconds(200);
  Client client(options);

  EXPECT_TRUE(client.Submit({}).ok());
  EXPECT_GE(attempts, 2) << "a busy machine may be late a second time";
}

TEST_F(ClientTest, AsksOnceWhereTheCallerWantsNoRepeat) {
  Script({Unavailable()});
  Client client(Options());

  EXPECT_FALSE(client.Submit({}, {.timeout = std::nullopt, .retry = false}).ok());
  EXPECT_THAT(request_ids(), SizeIs(1));
}

TEST_F(ClientTest, SendsTheToken) {
  Script({});
  ClientOptions options = Options();
  options.token = "secret";
  Client client(options);

  ASSERT_TRUE(client.Submit({}).ok());

  base::MutexLock lock(&mutex_);
  EXPECT_THAT(tokens_, testing::ElementsAre("Bearer secret"));
}

TEST(ClientHealthTest, TellsWhatAStandardHealthServiceSays) {
  grpc::EnableDefaultHealthCheckService(true);
  FakeService service;
  grpc::EnableDefaultHealthCheckService(false);
  Client client(service.client_options());

  EXPECT_EQ(client.CheckHealth("").value(), Health::kServing);
  const auto unknown = client.CheckHealth("no.such.Service");
  EXPECT_TRUE(absl::IsNotFound(unknown.status())) << unknown.status();
}

}  // namespace
}  // namespace supervision::client
