#include "clients/cpp/pipeline.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "services/base/mutex.h"
#include "tests/support/eventually.h"
#include "tests/unit/clients/cpp/fake_service.h"

namespace supervision::client {
namespace {

using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

v1::StreamCluesRequest Clue(const std::string& request_id) {
  v1::StreamCluesRequest clue;
  clue.set_request_id(request_id);
  clue.mutable_clue()->set_title(request_id);
  return clue;
}

v1::StreamCluesResponse Receipt(uint64_t index, const v1::StreamCluesRequest& clue) {
  v1::StreamCluesResponse response;
  response.set_request_id(clue.request_id());
  response.set_index(index);
  response.mutable_receipt()->set_clue_id("clue of " + clue.request_id());
  return response;
}

v1::StreamCluesResponse Refusal(uint64_t index, const v1::StreamCluesRequest& clue,
                                const google::rpc::Status& status) {
  v1::StreamCluesResponse response;
  response.set_request_id(clue.request_id());
  response.set_index(index);
  *response.mutable_error() = status;
  return response;
}

class PipelineTest : public ::testing::Test {
 protected:
  PipelineTest() : client_(service_.client_options()) {
    options_.backoff = {absl::Milliseconds(1), absl::Milliseconds(5)};
    options_.patience = absl::Seconds(60);
  }

  CluePipeline::OnAnswer Record() {
    return
        [this](const v1::StreamCluesRequest& clue, const absl::StatusOr<v1::ClueReceipt>& answer) {
          told_.emplace_back(clue.request_id(),
                             answer.ok() ? answer->clue_id() : ErrorOf(answer.status()).reason);
        };
  }

  // Sends a, b, c … `count` of them and waits for all answers.
  absl::Status SendAll(int count) {
    CluePipeline pipeline(&client_, options_, Record());
    absl::Status sent;
    for (int i = 0; i < count && sent.ok(); ++i) sent = pipeline.Send(Clue(NameOf(i)));
    const absl::Status finished = pipeline.Finish();
    resent_ = pipeline.resent();
    return finished;
  }
  static std::string NameOf(int i) { return std::string(1, static_cast<char>('a' + i)); }

  FakeService service_;
  Client client_;
  PipelineOptions options_;
  std::vector<std::pair<std::string, std::string>> told_;  // request_id -> clue or reason
  int64_t resent_ = 0;
};

TEST_F(PipelineTest, TellsEachAnswerWhateverTheOrder) {
  service_.on_stream = [](grpc::ServerContext&, FakeService::ClueStream& stream) {
    std::vector<v1::StreamCluesRequest> clues(3);
    for (auto& clue : clues) stream.Read(&clue);
    for (const uint64_t index : {2, 0, 1}) stream.Write(Receipt(index, clues[index]));
    v1::StreamCluesRequest more;
    while (stream.Read(&more)) {
    }
    return grpc::Status::OK;
  };

  EXPECT_TRUE(SendAll(3).ok());

  EXPECT_THAT(told_, ::testing::ElementsAre(Pair("c", "clue of c"), Pair("a", "clue of a"),
                                            Pair("b", "clue of b")));
  EXPECT_EQ(resent_, 0);
}

TEST_F(PipelineTest, TellsApartTwoCluesWithOneRequestId) {
  service_.on_stream = [](grpc::ServerContext&, FakeService::ClueStream& stream) {
    v1::StreamCluesRequest clue;
    for (uint64_t index = 0; stream.Read(&clue); ++index) {
      stream.Write(index == 0 ? Receipt(index, clue)
                              : Refusal(index, clue,
                                        MakeRpcStatus(absl::StatusCode::kAlreadyExists, "REUSED")));
    }
    return grpc::Status::OK;
  };
  CluePipeline pipeline(&client_, options_, Record());
  ASSERT_TRUE(pipeline.Send(Clue("a")).ok());
  ASSERT_TRUE(pipeline.Send(Clue("a")).ok());

  EXPECT_TRUE(pipeline.Finish().ok());
  EXPECT_THAT(told_, UnorderedElementsAre(Pair("a", "clue of a"), Pair("a", "REUSED")));
}

TEST_F(PipelineTest, SendsAgainAfterABreakOnlyWhatWasNotAnswered) {
  std::vector<std::string> second_stream;
  int streams = 0;
  service_.on_stream = [&](grpc::ServerContext&, FakeService::ClueStream& stream) {
    v1::StreamCluesRequest clue;
    if (streams++ == 0) {
      // Four are read, the second is answered, then the stream breaks.
      for (uint64_t index = 0; index < 4 && stream.Read(&clue); ++index) {
        if (index == 1) stream.Write(Receipt(index, clue));
      }
      return grpc::Status(grpc::StatusCode::UNAVAILABLE, "gone");
    }
    for (uint64_t index = 0; stream.Read(&clue); ++index) {
      second_stream.push_back(clue.request_id());
      stream.Write(Receipt(index, clue));
    }
    return grpc::Status::OK;
  };

  EXPECT_TRUE(SendAll(5).ok());

  EXPECT_THAT(second_stream, ::testing::ElementsAre("a", "c", "d", "e"));
  EXPECT_THAT(told_, UnorderedElementsAre(Pair("a", "clue of a"), Pair("b", "clue of b"),
                                          Pair("c", "clue of c"), Pair("d", "clue of d"),
                                          Pair("e", "clue of e")));
}

TEST_F(PipelineTest, GoesOnWhenTheServiceEndsAStreamInOrder) {
  int streams = 0;
  service_.on_stream = [&](grpc::ServerContext&, FakeService::ClueStream& stream) {
    ++streams;
    v1::StreamCluesRequest clue;
    if (stream.Read(&clue)) stream.Write(Receipt(0, clue));
    return grpc::Status::OK;  // one clue a stream
  };

  EXPECT_TRUE(SendAll(4).ok());
  EXPECT_THAT(told_, SizeIs(4));
  EXPECT_GE(streams, 4);
}

TEST_F(PipelineTest, SendsAgainWhatTheServiceAsksToSendLater) {
  std::map<std::string, int> seen;
  service_.on_stream = [&](grpc::ServerContext&, FakeService::ClueStream& stream) {
    v1::StreamCluesRequest clue;
    for (uint64_t index = 0; stream.Read(&clue); ++index) {
      const bool first = ++seen[clue.request_id()] == 1;
      stream.Write(first && clue.request_id() != "a"
                       ? Refusal(index, clue,
                                 MakeRpcStatus(absl::StatusCode::kResourceExhausted, "OVERLOADED",
                                               absl::Milliseconds(10)))
                       : Receipt(index, clue));
    }
    return grpc::Status::OK;
  };

  EXPECT_TRUE(SendAll(3).ok());

  EXPECT_THAT(told_, UnorderedElementsAre(Pair("a", "clue of a"), Pair("b", "clue of b"),
                                          Pair("c", "clue of c")));
  EXPECT_EQ(resent_, 2);
}

TEST_F(PipelineTest, ARefusedClueDoesNotKeepTheOthersBack) {
  service_.on_stream = [](grpc::ServerContext&, FakeService::ClueStream& stream) {
    v1::StreamCluesRequest clue;
    for (uint64_t index = 0; stream.Read(&clue); ++index) {
      stream.Write(
          index == 1 ? Refusal(index, clue,
                               MakeRpcStatus(absl::StatusCode::kInvalidArgument, "INVALID_REQUEST"))
                     : Receipt(index, clue));
    }
    return grpc::Status::OK;
  };

  EXPECT_TRUE(SendAll(3).ok());
  EXPECT_THAT(told_, UnorderedElementsAre(Pair("a", "clue of a"), Pair("b", "INVALID_REQUEST"),
                                          Pair("c", "clue of c")));
}

TEST_F(PipelineTest, EndsWhereOnlyAPersonCanHelpAndTellsOfEachClueOnce) {
  service_.on_stream = [](grpc::ServerContext&, FakeService::ClueStream& stream) {
    v1::StreamCluesRequest clue;
    stream.Read(&clue);
    return AsGrpc(MakeRpcStatus(absl::StatusCode::kPermissionDenied, "PERMISSION_DENIED"));
  };
  CluePipeline pipeline(&client_, options_, Record());
  ASSERT_TRUE(pipeline.Send(Clue("a")).ok());

  const absl::Status end = pipeline.Finish();

  EXPECT_EQ(ErrorOf(end).reason, "PERMISSION_DENIED");
  EXPECT_THAT(told_, ::testing::ElementsAre(Pair("a", "PERMISSION_DENIED")));
  EXPECT_FALSE(pipeline.Send(Clue("b")).ok());
}

TEST_F(PipelineTest, GivesUpWhenNothingIsSettledForTooLong) {
  service_.on_stream = [](grpc::ServerContext&, FakeService::ClueStream&) {
    return grpc::Status(grpc::StatusCode::UNAVAILABLE, "away");
  };
  options_.patience = absl::Milliseconds(100);

  EXPECT_TRUE(absl::IsUnavailable(SendAll(2)));
  EXPECT_THAT(told_, SizeIs(2));
}

TEST_F(PipelineTest, TakesAStreamThatOwesAnswersForBroken) {
  int streams = 0;
  service_.on_stream = [&](grpc::ServerContext& context, FakeService::ClueStream& stream) {
    v1::StreamCluesRequest clue;
    if (streams++ == 0) {
      while (!context.IsCancelled()) std::this_thread::yield();  // silent
      return grpc::Status::CANCELLED;
    }
    for (uint64_t index = 0; stream.Read(&clue); ++index) stream.Write(Receipt(index, clue));
    return grpc::Status::OK;
  };
  options_.answer_timeout = absl::Milliseconds(200);

  EXPECT_TRUE(SendAll(2).ok());
  EXPECT_THAT(told_, SizeIs(2));
  EXPECT_GE(resent_, 2) << "more where a busy machine was late again";
}

TEST_F(PipelineTest, KeepsNoMoreOnTheWayThanTheWindow) {
  base::Mutex mutex;
  std::vector<v1::StreamCluesResponse> owed;  // guarded by mutex
  size_t most = 0;                            // the same
  bool over = false;                          // the same
  service_.on_stream = [&](grpc::ServerContext&, FakeService::ClueStream& stream) {
    const auto owes = [&](size_t count) {
      return [&, count] {
        base::MutexLock lock(&mutex);
        return over || owed.size() >= count;
      };
    };
    std::thread answerer([&] {
      while (true) {
        testing::Eventually(owes(3), std::chrono::seconds(5));
        // A window that is too wide shows itself while nothing is answered.
        testing::Eventually(owes(4), std::chrono::milliseconds(50));
        base::MutexLock lock(&mutex);
        if (over) return;
        for (const auto& answer : owed) stream.Write(answer);
        owed.clear();
      }
    });
    v1::StreamCluesRequest clue;
    for (uint64_t index = 0; stream.Read(&clue); ++index) {
      base::MutexLock lock(&mutex);
      owed.push_back(Receipt(index, clue));
      most = std::max(most, owed.size());
    }
    {
      base::MutexLock lock(&mutex);
      over = true;
    }
    answerer.join();
    return grpc::Status::OK;
  };
  options_.window = 3;

  EXPECT_TRUE(SendAll(9).ok());
  EXPECT_THAT(told_, SizeIs(9));
  EXPECT_EQ(most, 3);
}

TEST_F(PipelineTest, AbandonedCluesAreToldOf) {
  service_.on_stream = [](grpc::ServerContext& context, FakeService::ClueStream&) {
    while (!context.IsCancelled()) std::this_thread::yield();
    return grpc::Status::CANCELLED;
  };
  {
    CluePipeline pipeline(&client_, options_, Record());
    ASSERT_TRUE(pipeline.Send(Clue("a")).ok());
  }
  EXPECT_THAT(told_, ::testing::ElementsAre(Pair("a", "")));
}

TEST_F(PipelineTest, AsksNothingWhenNothingWasSent) {
  service_.on_stream = [](grpc::ServerContext&, FakeService::ClueStream&) {
    ADD_FAILURE() << "a stream was opened";
    return grpc::Status::OK;
  };
  EXPECT_TRUE(SendAll(0).ok());
  EXPECT_THAT(told_, IsEmpty());
}

}  // namespace
}  // namespace supervision::client
