#include "clients/cpp/submitter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/eventually.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/clients/cpp/fake_service.h"

namespace supervision::client {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAreArray;

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

  // `ends`: before a clue is answered.
  grpc::Status Serve(
      FakeService::ClueStream& stream, const Answers& answer,
      const std::function<bool()>& ends = [] { return false; }) {
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
      if (ends()) break;
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

  // Changes a letter of the stored title, and opens the spool anew.
  void Damage(const std::string& title) {
    SpoolOptions spool;
    spool.path = spool_->path();
    spool_.reset();
    std::ifstream file(spool.path, std::ios::binary);
    std::string bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    const size_t place = bytes.find(title);
    ASSERT_NE(place, std::string::npos);
    bytes[place] ^= 0x20;
    std::ofstream(spool.path, std::ios::binary) << bytes;
    spool_ = *Spool::Open(spool);
  }

  void ExpectThatNothingIsRefused(const google::rpc::Status& error);
  void ExpectThatOthersPass(const google::rpc::Status& failure, bool ends_streams);

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
  service_.on_submit = [&](grpc::ServerContext&, const v1::SubmitClueRequest& request,
                           v1::SubmitClueResponse& response) {
    response.mutable_receipt()->set_clue_id(request.request_id());
    return down ? grpc::Status(grpc::StatusCode::UNAVAILABLE, "down") : grpc::Status::OK;
  };
  std::atomic<int> troubles = 0;
  options_.on_trouble = [&](const absl::Status&, absl::Duration) { ++troubles; };
  Submitter submitter(&client_, spool_.get(), options_);
  SubmitAll(submitter, 10);
  // Longer than it takes until one goes alone.
  EXPECT_TRUE(testing::Eventually([&] { return troubles > 20; }));
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
  v1::StreamCluesRequest sound = Clue("1");
  sound.mutable_clue()->set_title("sound");
  ASSERT_TRUE(spool_->AddAll({Clue("0"), sound, Clue("2"), Clue("3")}).ok());
  Damage("sound");
  options_.window = 2;
  Submitter submitter(&client_, spool_.get(), options_);
  EXPECT_TRUE(submitter.Flush(kLong).ok());
  base::MutexLock lock(&mutex_);
  EXPECT_THAT(receipts_, ElementsAre("0", "2", "3"));
  EXPECT_THAT(*spool_->Refused(10), SizeIs(1));
}

// The service answers every clue with `error` for a while, then as it should.
void SubmitterTest::ExpectThatNothingIsRefused(const google::rpc::Status& error) {
  std::atomic<bool> in_trouble = true;
  service_.on_stream = [&](grpc::ServerContext&, FakeService::ClueStream& stream) {
    return Serve(stream, [&](const auto&) { return in_trouble ? error : google::rpc::Status(); });
  };
  service_.on_submit = [&](grpc::ServerContext&, const v1::SubmitClueRequest& request,
                           v1::SubmitClueResponse& response) {
    response.mutable_receipt()->set_clue_id(request.request_id());
    return in_trouble ? AsGrpc(error) : grpc::Status::OK;
  };
  std::atomic<int> troubles = 0;
  options_.on_trouble = [&](const absl::Status&, absl::Duration) { ++troubles; };
  Submitter submitter(&client_, spool_.get(), options_);
  SubmitAll(submitter, 10);
  // Longer than it takes until some let others pass.
  EXPECT_TRUE(testing::Eventually([&] { return troubles > 20; }));
  EXPECT_EQ(waiting(), 10);
  EXPECT_THAT(*spool_->Refused(10), IsEmpty());
  EXPECT_EQ(static_cast<int>(submitter.Flush(absl::Milliseconds(1)).code()), error.code());
  in_trouble = false;
  EXPECT_TRUE(submitter.Flush(kLong).ok());
  base::MutexLock lock(&mutex_);
  EXPECT_THAT(receipts_, UnorderedElementsAreArray(UpTo(10)));
  EXPECT_THAT(refused_, IsEmpty());
}

TEST_F(SubmitterTest, WhereTheServiceFailsNothingIsRefused) {
  ExpectThatNothingIsRefused(MakeRpcStatus(absl::StatusCode::kInternal, "INTERNAL"));
}

TEST_F(SubmitterTest, WhereTheServiceLosesDataNothingIsRefused) {
  ExpectThatNothingIsRefused(MakeRpcStatus(absl::StatusCode::kDataLoss, "NEWER_WORD"));
}

TEST_F(SubmitterTest, WhatSomethingElseAnswersIsNoRefusal) {
  ExpectThatNothingIsRefused(MakeRpcStatus(absl::StatusCode::kInvalidArgument, ""));
}

// The service fails at one clue: it answers with `failure`, or ends every stream that it is on.
void SubmitterTest::ExpectThatOthersPass(const google::rpc::Status& failure, bool ends_streams) {
  std::atomic<bool> healed = false;
  const auto fails = [&](const std::string& id) { return id == "1" && !healed; };
  service_.on_stream = [&, this](grpc::ServerContext&, FakeService::ClueStream& stream) {
    bool ended = false;
    const grpc::Status status = Serve(
        stream,
        [&](const v1::StreamCluesRequest& clue) {
          if (fails(clue.request_id()) && ends_streams) ended = true;
          return fails(clue.request_id()) ? failure : google::rpc::Status();
        },
        [&] { return ended; });
    return ended ? AsGrpc(failure) : status;
  };
  service_.on_submit = [&](grpc::ServerContext&, const v1::SubmitClueRequest& request,
                           v1::SubmitClueResponse& response) {
    response.mutable_receipt()->set_clue_id(request.request_id());
    return fails(request.request_id()) ? AsGrpc(failure) : grpc::Status::OK;
  };
  std::atomic<bool> named = false;
  options_.on_trouble = [&](const absl::Status& trouble, absl::Duration) {
    const std::string said = ErrorOf(trouble).english;
    if (said.find("at the clue 1; those behind it go on") != std::string::npos) named = true;
  };
  options_.window = 1;
  Submitter submitter(&client_, spool_.get(), options_);
  SubmitAll(submitter, 4);
  EXPECT_TRUE(testing::Eventually([&] { return waiting() == 1; }));
  EXPECT_TRUE(testing::Eventually([&] { return named.load(); }));
  const absl::Status kept_back = submitter.Flush(absl::Milliseconds(1));
  EXPECT_TRUE(absl::IsInternal(kept_back)) << kept_back;
  EXPECT_THAT(ErrorOf(kept_back).chinese, HasSubstr("线索 1 已失败"));
  EXPECT_THAT(*spool_->Refused(10), IsEmpty());
  // New ones pass as well.
  ASSERT_TRUE(submitter.Submit(Clue("new")).ok());
  EXPECT_TRUE(testing::Eventually([&] { return waiting() == 1; }));
  healed = true;
  EXPECT_TRUE(submitter.Flush(kLong).ok());
  base::MutexLock lock(&mutex_);
  EXPECT_THAT(receipts_, ElementsAre("0", "2", "3", "new", "1"));
}

TEST_F(SubmitterTest, AClueAtWhichTheServiceAlwaysFailsLetsOthersPassAndIsNamed) {
  ExpectThatOthersPass(MakeRpcStatus(absl::StatusCode::kInternal, "INTERNAL"), false);
}

TEST_F(SubmitterTest, AClueAtWhichTheServiceEndsEveryStreamLetsOthersPassToo) {
  ExpectThatOthersPass(MakeRpcStatus(absl::StatusCode::kInternal, "INTERNAL"), true);
}

TEST_F(SubmitterTest, AClueOnWhichSomethingElseBreaksEveryStreamLetsOthersPassToo) {
  ExpectThatOthersPass(MakeRpcStatus(absl::StatusCode::kInternal, ""), true);
}

TEST_F(SubmitterTest, FlushHandsOverWhatTheSpoolLetWaitAgain) {
  std::atomic<bool> healed = false;
  service_.on_stream = [&, this](grpc::ServerContext&, FakeService::ClueStream& stream) {
    return Serve(stream, [&](const auto&) {
      return healed ? google::rpc::Status()
                    : MakeRpcStatus(absl::StatusCode::kInvalidArgument, "INVALID_REQUEST");
    });
  };
  Submitter submitter(&client_, spool_.get(), options_);
  SubmitAll(submitter, 1);
  ASSERT_TRUE(submitter.Flush(kLong).ok());
  healed = true;
  ASSERT_TRUE(spool_->Retry("0").ok());
  EXPECT_TRUE(submitter.Flush(kLong).ok());
  base::MutexLock lock(&mutex_);
  EXPECT_THAT(receipts_, ElementsAre("0"));
}

TEST_F(SubmitterTest, CallbacksRunOnOneThread) {
  std::set<std::thread::id> threads;  // without a mutex: that is what it is about
  std::atomic<int> told = 0;
  const auto note = [&] {
    threads.insert(std::this_thread::get_id());
    ++told;
  };
  options_.on_receipt = [&](const std::string&, const v1::ClueReceipt&) { note(); };
  options_.on_trouble = [&](const absl::Status&, absl::Duration) { note(); };
  std::atomic<int> streams = 0;
  service_.on_stream = [&, this](grpc::ServerContext&, FakeService::ClueStream& stream) {
    if (++streams <= 2) return grpc::Status(grpc::StatusCode::UNAVAILABLE, "down");
    return Serve(stream, [](const auto&) { return google::rpc::Status(); });
  };
  Submitter submitter(&client_, spool_.get(), options_);
  SubmitAll(submitter, 1);
  EXPECT_TRUE(submitter.Flush(kLong).ok());
  submitter.Stop();
  EXPECT_GE(told, 2);
  EXPECT_THAT(threads, SizeIs(1));
}

TEST_F(SubmitterTest, FlushEndsWhenTheLastThatWaitedWasDamagedWhichIsTold) {
  v1::StreamCluesRequest sound = Clue("1");
  sound.mutable_clue()->set_title("sound");
  ASSERT_TRUE(spool_->Add(sound).ok());
  Damage("sound");
  absl::Status told;
  options_.on_refused = [&](const std::string& id, const absl::Status& error) {
    if (id == "1") told = error;
  };
  Submitter submitter(&client_, spool_.get(), options_);
  EXPECT_TRUE(submitter.Flush(kLong).ok());
  submitter.Stop();
  EXPECT_TRUE(absl::IsDataLoss(told)) << told;
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
