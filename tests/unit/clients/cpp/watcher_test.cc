#include "clients/cpp/watcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "tests/unit/clients/cpp/fake_service.h"

namespace supervision::client {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

v1::WatchAlertsResponse Message(const std::string& cursor, const std::vector<std::string>& ids) {
  v1::WatchAlertsResponse message;
  message.set_cursor(cursor);
  for (const std::string& id : ids) message.add_updates()->mutable_alert()->set_id(id);
  return message;
}

// Where a stream was asked to begin.
std::string StartOf(const v1::WatchAlertsRequest& request) {
  return request.has_cursor() ? request.cursor() : v1::StartFrom_Name(request.start_from());
}

class WatcherTest : public ::testing::Test {
 protected:
  WatcherTest() : client_(service_.client_options()) {
    options_.backoff = {absl::Milliseconds(1), absl::Milliseconds(5)};
  }

  // Runs until `stop_at` alerts were told or watching ended by itself.
  absl::Status Run(size_t stop_at) {
    Watcher watcher(&client_, options_, Callbacks(stop_at));
    watcher_ = &watcher;
    const absl::Status status = watcher.Run();
    last_cursor_ = watcher.cursor();
    return status;
  }

  Watcher::Callbacks Callbacks(size_t stop_at) {
    Watcher::Callbacks callbacks;
    callbacks.on_updates = [this, stop_at](const auto& updates, const std::string& cursor) {
      for (const auto& update : updates) told_.push_back(update.alert().id());
      cursors_.push_back(cursor);
      if (told_.size() >= stop_at) watcher_->Stop();
    };
    callbacks.on_break = [this](const absl::Status& status, absl::Duration delay) {
      breaks_.push_back(status.code());
      delays_.push_back(delay);
    };
    return callbacks;
  }

  // Once, or more often where a busy machine was late with the next stream too.
  void ExpectBroken() const {
    EXPECT_THAT(breaks_, Not(IsEmpty()));
    EXPECT_THAT(breaks_, Each(absl::StatusCode::kUnavailable));
  }
  static grpc::Status WaitForCancel(grpc::ServerContext& context) {
    while (!context.IsCancelled()) std::this_thread::yield();
    return grpc::Status::CANCELLED;
  }

  FakeService service_;
  Client client_;
  WatcherOptions options_;
  Watcher* watcher_ = nullptr;
  std::vector<std::string> told_;
  std::vector<std::string> cursors_;
  std::vector<absl::StatusCode> breaks_;
  std::vector<absl::Duration> delays_;
  std::string last_cursor_;
};

TEST_F(WatcherTest, ResumesFromTheNewestCursorAfterABreak) {
  std::vector<std::string> starts;
  service_.on_watch = [&](grpc::ServerContext& context, const v1::WatchAlertsRequest& request,
                          FakeService::AlertWriter& writer) {
    starts.push_back(StartOf(request));
    if (starts.size() == 1) {
      writer.Write(Message("c1", {"a", "b"}));
      writer.Write(Message("c2", {}));
      return grpc::Status(grpc::StatusCode::UNAVAILABLE, "broken");
    }
    writer.Write(Message("c3", {"c"}));
    return WaitForCancel(context);
  };

  EXPECT_TRUE(Run(3).ok());

  EXPECT_THAT(starts, ElementsAre("START_FROM_LATEST", "c2"));
  EXPECT_THAT(told_, ElementsAre("a", "b", "c"));
  EXPECT_EQ(last_cursor_, "c3");
  EXPECT_THAT(breaks_, ElementsAre(absl::StatusCode::kUnavailable));
}

TEST_F(WatcherTest, WaitsAsAskedWhenTheServiceEndsTheStreamInOrder) {
  int streams = 0;
  service_.on_watch = [&](grpc::ServerContext& context, const v1::WatchAlertsRequest& request,
                          FakeService::AlertWriter& writer) {
    if (streams++ == 0) {
      v1::WatchAlertsResponse last = Message("c1", {"a"});
      last.mutable_ending()->set_reason(v1::STREAM_ENDING_REASON_DRAINING);
      last.mutable_ending()->mutable_retry_after()->set_nanos(50'000'000);
      writer.Write(last);
      return grpc::Status::OK;
    }
    writer.Write(Message("c2", {"after " + StartOf(request)}));
    return WaitForCancel(context);
  };

  EXPECT_TRUE(Run(2).ok());

  EXPECT_THAT(told_, ElementsAre("a", "after c1"));
  EXPECT_THAT(breaks_, ElementsAre(absl::StatusCode::kOk));
  EXPECT_GE(delays_.at(0), absl::Milliseconds(50));
}

TEST_F(WatcherTest, StopsWithTheServicesWordWhereItMustNotGoOn) {
  service_.on_watch = [](grpc::ServerContext&, const v1::WatchAlertsRequest&,
                         FakeService::AlertWriter&) {
    return AsGrpc(MakeRpcStatus(absl::StatusCode::kOutOfRange, "CURSOR_TRIMMED"));
  };
  options_.cursor = "old";

  const absl::Status status = Run(1);

  EXPECT_EQ(ErrorOf(status).reason, "CURSOR_TRIMMED");
  EXPECT_THAT(breaks_, IsEmpty());
}

TEST_F(WatcherTest, BeginsWhereItIsToldWithItsFilter) {
  v1::WatchAlertsRequest seen;
  service_.on_watch = [&](grpc::ServerContext& context, const v1::WatchAlertsRequest& request,
                          FakeService::AlertWriter& writer) {
    seen = request;
    writer.Write(Message("c1", {"a"}));
    return WaitForCancel(context);
  };
  options_.start_from = v1::START_FROM_EARLIEST;
  options_.filter.set_min_risk(v1::RISK_HIGH);
  options_.bookmark_interval = absl::Milliseconds(1500);

  EXPECT_TRUE(Run(1).ok());

  EXPECT_EQ(seen.start_from(), v1::START_FROM_EARLIEST);
  EXPECT_EQ(seen.filter().min_risk(), v1::RISK_HIGH);
  EXPECT_EQ(seen.bookmark_interval().seconds(), 1);
  EXPECT_EQ(seen.bookmark_interval().nanos(), 500'000'000);
}

TEST_F(WatcherTest, StopFromAnotherThreadEndsAQuietWatch) {
  std::atomic<bool> open = false;
  service_.on_watch = [&](grpc::ServerContext& context, const v1::WatchAlertsRequest&,
                          FakeService::AlertWriter&) {
    open = true;
    return WaitForCancel(context);
  };
  Watcher watcher(&client_, options_, Callbacks(1));
  std::thread stopper([&] {
    while (!open) std::this_thread::yield();
    watcher.Stop();
  });

  EXPECT_TRUE(watcher.Run().ok());
  stopper.join();
}

TEST_F(WatcherTest, StopEndsAWatchThatWaitsForTheServiceToComeBack) {
  service_.on_watch = [](grpc::ServerContext&, const v1::WatchAlertsRequest&,
                         FakeService::AlertWriter&) {
    return AsGrpc(MakeRpcStatus(absl::StatusCode::kUnavailable, "DRAINING", absl::Hours(1)));
  };
  Watcher::Callbacks callbacks;
  callbacks.on_break = [this](const absl::Status&, absl::Duration) { watcher_->Stop(); };
  Watcher watcher(&client_, options_, callbacks);
  watcher_ = &watcher;

  EXPECT_TRUE(watcher.Run().ok());
}

TEST_F(WatcherTest, TakesAStreamThatDoesNotBeginForBroken) {
  int streams = 0;
  service_.on_watch = [&](grpc::ServerContext& context, const v1::WatchAlertsRequest&,
                          FakeService::AlertWriter& writer) {
    if (++streams > 1) writer.Write(Message("c1", {"a"}));
    return WaitForCancel(context);
  };
  options_.opening_limit = absl::Milliseconds(300);

  EXPECT_TRUE(Run(1).ok());
  ExpectBroken();
}

TEST_F(WatcherTest, TakesASilentStreamForBroken) {
  int streams = 0;
  service_.on_watch = [&](grpc::ServerContext& context, const v1::WatchAlertsRequest&,
                          FakeService::AlertWriter& writer) {
    writer.Write(++streams == 1 ? Message("c1", {"a"}) : Message("c2", {"b"}));
    return WaitForCancel(context);
  };
  options_.silence_limit = absl::Milliseconds(300);

  EXPECT_TRUE(Run(2).ok());
  ExpectBroken();
}

TEST_F(WatcherTest, GivesUpWhenItsPatienceIsOver) {
  service_.on_watch = [](grpc::ServerContext&, const v1::WatchAlertsRequest&,
                         FakeService::AlertWriter&) {
    return grpc::Status(grpc::StatusCode::UNAVAILABLE, "away");
  };
  options_.patience = absl::Milliseconds(50);

  EXPECT_TRUE(absl::IsUnavailable(Run(1)));
}

}  // namespace
}  // namespace supervision::client
