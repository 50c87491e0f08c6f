#include "clients/cpp/submitter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/eventually.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/clients/cpp/fake_service.h"

namespace supervision::client {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

v1::StreamCluesRequest Clue(const std::string& id) {
  v1::StreamCluesRequest clue;
  clue.set_request_id(id);
  clue.mutable_clue()->set_title(id);
  return clue;
}

// Answers each clue as `answer` says: with an error, or with a receipt when it is OK.
using Answers = std::function<google::rpc::Status(const v1::StreamCluesRequest&)>;

class SubmitterTest : public ::testing::Test {
 protected:
  SubmitterTest() : client_(service_.client_options()) {
    SpoolOptions spool;
    spool.path = directory_.path() + "/spool";
    spool.sync = SpoolSync::kProcessDeath;
    spool_ = *Spool::Open(spool);
    options_.backoff = {absl::Milliseconds(1), absl::Milliseconds(5)};
    options_.on_receipt = [this](const std::string& id, const v1::ClueReceipt&) {
      base::MutexLock lock(&mutex_);
      receipts_.push_back(id);
    };
    options_.on_refused = [this](const std::string& id, const absl::Status& error) {
      base::MutexLock lock(&mutex_);
      refused_[id] = ErrorOf(error).reason;
    };
    service_.on_stream = [this](grpc::ServerContext&, FakeService::ClueStream& stream) {
      return Serve(stream, [](const auto&) { return google::rpc::Status(); });
    };
  }

  grpc::Status Serve(FakeService::ClueStream& stream, const Answers& answer) {
    v1::StreamCluesRequest clue;
    for (uint64_t index = 0; stream.Read(&clue); ++index) {
      {
        base::MutexLock lock(&mutex_);
        seen_.push_back(clue.request_id());
      }
      v1::StreamCluesResponse response;
      response.set_index(index);
      response.set_request_id(clue.request_id());
      const google::rpc::Status status = answer(clue);
      if (status.code() == 0) {
        response.mutable_receipt()->set_clue_id(clue.request_id());
      } else {
        *response.mutable_error() = status;
      }
      stream.Write(response);
    }
    return grpc::Status::OK;
  }

  void SubmitAll(Submitter& submitter, int count) {
    for (int i = 0; i < count; ++i) {
      ASSERT_TRUE(submitter.Submit(Clue(std::to_string(i))).ok());
    }
  }
  static std::vector<std::string> UpTo(int count) {
    std::vector<std::string> ids;
    for (int i = 0; i < count; ++i) ids.push_back(std::to_string(i));
    return ids;
  }
  int64_t waiting() { return spool_->Status()->waiting; }

  const testing::TempDir directory_;
  FakeService service_;
  Client client_;
  std::unique_ptr<Spool> spool_;
  SubmitterOptions options_;
  base::Mutex mutex_;
  std::vector<std::string> seen_ ABSL_GUARDED_BY(mutex_);  // by the service
  std::vector<std::string> receipts_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, std::string> refused_ ABSL_GUARDED_BY(mutex_);
};

constexpr absl::Duration kLong = absl::Seconds(30);

TEST_F(SubmitterTest, HandsOverInOrderAndForgetsWhatTheServiceHas) {
  Submitter submitter(&client_, spool_.get(), options_);
  SubmitAll(submitter, 1000);
  EXPECT_TRUE(submitter.Flush(kLong).ok());
  base::MutexLock lock(&mutex_);
  EXPECT_EQ(seen_, UpTo(1000));
  EXPECT_EQ(receipts_, UpTo(1000));
  EXPECT_EQ(waiting(), 0);
}

TEST_F(SubmitterTest, GoesOnWithWhatAnEarlierProcessLeft) {
  ASSERT_TRUE(spool_->AddAll({Clue("0"), Clue("1")}).ok());
  Submitter submitter(&client_, spool_.get(), options_);
  EXPECT_TRUE(submitter.Flush(kLong).ok());
  base::MutexLock lock(&mutex_);
  EXPECT_THAT(seen_, ElementsAre("0", "1"));
}

TEST_F(SubmitterTest, ARefusedClueIsKeptWithItsErrorAndHoldsNothingBack) {
  service_.on_stream = [this](grpc::ServerContext&, FakeService::ClueStream& stream) {
    return Serve(stream, [](const v1::StreamCluesRequest& clue) {
      return clue.request_id() == "1"
                 ? MakeRpcStatus(absl::StatusCode::kInvalidArgument, "INVALID_REQUEST")
                 : google::rpc::Status();
    });
  };
  Submitter submitter(&client_, spool_.get(), options_);
  SubmitAll(submitter, 3);
  EXPECT_TRUE(submitter.Flush(kLong).ok());
  base::MutexLock lock(&mutex_);
  EXPECT_THAT(receipts_, ElementsAre("0", "2"));
  EXPECT_THAT(refused_, ElementsAre(std::pair("1", "INVALID_REQUEST")));
  ASSERT_THAT(*spool_->Refused(10), SizeIs(1));
  EXPECT_EQ(ErrorOf(spool_->Refused(10)->at(0).error).reason, "INVALID_REQUEST");
}

TEST_F(SubmitterTest, ServiceDownAndBackLosesAndReordersNothing) {
  std::atomic<bool> down = true;
  service_.on_stream = [&](grpc::ServerContext&, FakeService::ClueStream& stream) {
    if (down) return grpc::Status(grpc::StatusCode::UNAVAILABLE, "down");
    return Serve(stream, [](const auto&) { return google::rpc::Status(); });
  };
  std::atomic<int> troubles = 0;
  options_.on_trouble = [&](const absl::Status&, absl::Duration) { ++troubles; };
  Submitter submitter(&client_, spool_.get(), options_);
  SubmitAll(submitter, 10);
  EXPECT_TRUE(testing::Eventually([&] { return troubles > 3; }));
  EXPECT_TRUE(absl::IsUnavailable(submitter.Flush(absl::Milliseconds(20))));
  EXPECT_EQ(waiting(), 10);
  down = false;
  EXPECT_TRUE(submitter.Flush(kLong).ok());
  base::MutexLock lock(&mutex_);
  EXPECT_EQ(receipts_, UpTo(10));
}

TEST_F(SubmitterTest, ACallerWithoutTheRightKeepsItsCluesAndIsTold) {
  std::atomic<bool> barred = true;
  service_.on_stream = [&](grpc::ServerContext&, FakeService::ClueStream& stream) {
    if (barred) {
      return AsGrpc(MakeRpcStatus(absl::StatusCode::kUnauthenticated, "UNAUTHENTICATED"));
    }
    return Serve(stream, [](const auto&) { return google::rpc::Status(); });
  };
  Submitter submitter(&client_, spool_.get(), options_);
  SubmitAll(submitter, 3);
  EXPECT_EQ(ErrorOf(submitter.Flush(kLong)).reason, "UNAUTHENTICATED");
  EXPECT_EQ(waiting(), 3);
  EXPECT_THAT(*spool_->Refused(10), IsEmpty());
  barred = false;
  EXPECT_TRUE(testing::Eventually([&] { return waiting() == 0; }));
}

TEST_F(SubmitterTest, AClueThatBreaksEveryStreamGoesAloneAndIsRefused) {
  service_.on_stream = [&](grpc::ServerContext&, FakeService::ClueStream& stream) {
    v1::StreamCluesRequest clue;
    for (uint64_t index = 0; stream.Read(&clue); ++index) {
      if (clue.request_id() == "1") return grpc::Status(grpc::StatusCode::INVALID_ARGUMENT, "bad");
      v1::StreamCluesResponse response;
      response.set_index(index);
      response.mutable_receipt()->set_clue_id(clue.request_id());
      stream.Write(response);
    }
    return grpc::Status::OK;
  };
  std::atomic<int> live = 0;
  service_.on_submit = [&](grpc::ServerContext&, const v1::SubmitClueRequest& request,
                           v1::SubmitClueResponse& response) {
    if (!request.backfill()) ++live;
    if (request.request_id() == "1") {
      return AsGrpc(MakeRpcStatus(absl::StatusCode::kInvalidArgument, "MALFORMED_MESSAGE"));
    }
    response.mutable_receipt()->set_clue_id(request.request_id());
    return grpc::Status::OK;
  };
  for (const char* id : {"0", "1", "2", "3"}) {
    v1::StreamCluesRequest clue = Clue(id);
    clue.set_backfill(true);
    ASSERT_TRUE(spool_->Add(clue).ok());
  }
  Submitter submitter(&client_, spool_.get(), options_);
  EXPECT_TRUE(submitter.Flush(kLong).ok());
  EXPECT_EQ(live, 0) << "history stays history";
  base::MutexLock lock(&mutex_);
  EXPECT_THAT(refused_, ElementsAre(std::pair("1", "MALFORMED_MESSAGE")));
  EXPECT_THAT(receipts_, ElementsAre("0", "2", "3"));
}

TEST_F(SubmitterTest, ADamagedClueInAFullPageHoldsNothingBack) {
  ASSERT_TRUE(spool_->AddAll({Clue("0"), Clue("damaged"), Clue("2"), Clue("3")}).ok());
  const std::string path = spool_->path();
  spool_.reset();
  std::string bytes;
  {
    std::ifstream file(path, std::ios::binary);
    bytes.assign(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  const size_t place = bytes.rfind(
      "\x07"
      "damaged");  // the title, not the request_id
  ASSERT_NE(place, std::string::npos);
  bytes[place + 1] = 'D';
  std::ofstream(path, std::ios::binary) << bytes;
  SpoolOptions spool;
  spool.path = path;
  spool_ = *Spool::Open(spool);
  options_.window = 2;
  Submitter submitter(&client_, spool_.get(), options_);
  EXPECT_TRUE(submitter.Flush(kLong).ok());
  base::MutexLock lock(&mutex_);
  EXPECT_THAT(receipts_, ElementsAre("0", "2", "3"));
  EXPECT_THAT(*spool_->Refused(10), SizeIs(1));
}

TEST_F(SubmitterTest, WithAWindowOfOneTheOrderStaysWhenTheServiceAsksToWait) {
  std::map<std::string, int> times;
  service_.on_stream = [&](grpc::ServerContext&, FakeService::ClueStream& stream) {
    return Serve(stream, [&](const v1::StreamCluesRequest& clue) {
      return ++times[clue.request_id()] == 1 ? MakeRpcStatus(absl::StatusCode::kResourceExhausted,
                                                             "OVERLOADED", absl::Milliseconds(1))
                                             : google::rpc::Status();
    });
  };
  options_.window = 1;
  Submitter submitter(&client_, spool_.get(), options_);
  SubmitAll(submitter, 5);
  EXPECT_TRUE(submitter.Flush(kLong).ok());
  base::MutexLock lock(&mutex_);
  EXPECT_THAT(seen_, ElementsAre("0", "0", "1", "1", "2", "2", "3", "3", "4", "4"));
}

TEST_F(SubmitterTest, StopLeavesInTheSpoolWhatIsNotAnswered) {
  std::atomic<int> reached = 0;
  service_.on_stream = [&](grpc::ServerContext& context, FakeService::ClueStream& stream) {
    v1::StreamCluesRequest clue;
    while (stream.Read(&clue)) ++reached;
    while (!context.IsCancelled()) std::this_thread::yield();
    return grpc::Status::CANCELLED;
  };
  options_.window = 2;
  Submitter submitter(&client_, spool_.get(), options_);
  SubmitAll(submitter, 3);
  EXPECT_TRUE(testing::Eventually([&] { return reached == 2; }));
  submitter.Stop();
  submitter.Stop();
  EXPECT_EQ(waiting(), 3);
  EXPECT_TRUE(absl::IsCancelled(submitter.Flush(kLong)));
}

TEST_F(SubmitterTest, AFullSpoolIsToldToTheCaller) {
  SpoolOptions small;
  small.path = directory_.path() + "/small";
  small.max_clues = 1;
  auto spool = *Spool::Open(small);
  service_.on_stream = [](grpc::ServerContext&, FakeService::ClueStream&) {
    return grpc::Status(grpc::StatusCode::UNAVAILABLE, "down");
  };
  Submitter submitter(&client_, spool.get(), options_);
  EXPECT_TRUE(submitter.Submit(Clue("a")).ok());
  EXPECT_TRUE(absl::IsResourceExhausted(submitter.Submit(Clue("b")).status()));
}

}  // namespace
}  // namespace supervision::client
