#include "clients/cpp/monitor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <deque>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/eventually.h"
#include "tests/unit/clients/cpp/fake_service.h"

namespace supervision::client {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

v1::WatchAlertsResponse Message(const std::string& cursor, const std::vector<std::string>& ids,
                                uint32_t version = 1) {
  v1::WatchAlertsResponse message;
  message.set_cursor(cursor);
  for (const std::string& id : ids) {
    message.add_updates()->mutable_alert()->set_id(id);
    message.mutable_updates()->rbegin()->mutable_alert()->set_version(version);
  }
  return message;
}

grpc::Status WaitForCancel(grpc::ServerContext& context) {
  while (!context.IsCancelled()) std::this_thread::yield();
  return grpc::Status::CANCELLED;
}

// An event loop of the caller's: callbacks wait until the test runs them.
class Loop {
 public:
  void Post(std::function<void()> callback) {
    base::MutexLock lock(&mutex_);
    waiting_.push_back(std::move(callback));
  }
  size_t size() {
    base::MutexLock lock(&mutex_);
    return waiting_.size();
  }
  void RunOne() {
    std::function<void()> callback;
    {
      base::MutexLock lock(&mutex_);
      callback = std::move(waiting_.front());
      waiting_.pop_front();
    }
    callback();
  }

 private:
  base::Mutex mutex_;
  std::deque<std::function<void()>> waiting_ ABSL_GUARDED_BY(mutex_);
};

class MonitorTest : public ::testing::Test {
 protected:
  MonitorTest() : client_(service_.client_options()) {
    options_.watch.backoff = {absl::Milliseconds(1), absl::Milliseconds(5)};
    options_.watch.start_from = v1::START_FROM_EARLIEST;
    callbacks_.on_updates = [this](const auto& updates, const MonitorPlace& place) {
      base::MutexLock lock(&mutex_);
      for (const auto& update : updates) {
        told_.push_back(update.has_left()
                            ? "left " + update.left().alert_id()
                            : update.alert().id() + std::to_string(update.alert().version()));
      }
      place_ = place;
      thread_ = std::this_thread::get_id();
    };
  }

  std::vector<std::string> told() {
    base::MutexLock lock(&mutex_);
    return told_;
  }
  bool Told(size_t count) {
    return testing::Eventually([&] { return told().size() >= count; });
  }

  FakeService service_;
  Client client_;
  MonitorOptions options_;
  Monitor::Callbacks callbacks_;
  base::Mutex mutex_;
  std::vector<std::string> told_ ABSL_GUARDED_BY(mutex_);
  MonitorPlace place_ ABSL_GUARDED_BY(mutex_);
  std::thread::id thread_ ABSL_GUARDED_BY(mutex_);
};

TEST_F(MonitorTest, ResumesByItselfAndDropsWhatIsToldAgain) {
  std::atomic<int> streams = 0;
  service_.on_watch = [&](grpc::ServerContext& context, const v1::WatchAlertsRequest&,
                          FakeService::AlertWriter& writer) {
    if (++streams == 1) {
      writer.Write(Message("c1", {"a", "b"}));
      return grpc::Status(grpc::StatusCode::UNAVAILABLE, "broken");
    }
    // As after a place that had not been kept: b again, and a in a new version.
    writer.Write(Message("c2", {"b"}));
    writer.Write(Message("c3", {"a"}, 2));
    return WaitForCancel(context);
  };
  Monitor monitor(&client_, options_, callbacks_);
  EXPECT_TRUE(Told(3));
  EXPECT_THAT(told(), ElementsAre("a1", "b1", "a2"));
}

TEST_F(MonitorTest, RemembersNoMoreThanItIsAllowed) {
  service_.on_watch = [&](grpc::ServerContext& context, const v1::WatchAlertsRequest&,
                          FakeService::AlertWriter& writer) {
    for (const char* id : {"a", "b", "c", "c", "a"}) writer.Write(Message("c1", {id}));
    return WaitForCancel(context);
  };
  options_.remembered = 2;
  Monitor monitor(&client_, options_, callbacks_);
  EXPECT_TRUE(Told(4));
  EXPECT_THAT(told(), ElementsAre("a1", "b1", "c1", "a1"));
}

TEST_F(MonitorTest, RunsCallbacksWhereTheCallerWantsThemAndReadsOnlyAfterwards) {
  service_.on_watch = [&](grpc::ServerContext& context, const v1::WatchAlertsRequest&,
                          FakeService::AlertWriter& writer) {
    writer.Write(Message("c1", {"a"}));
    writer.Write(Message("c2", {"b"}));
    return WaitForCancel(context);
  };
  Loop loop;
  options_.executor = [&](std::function<void()> callback) { loop.Post(std::move(callback)); };
  Monitor monitor(&client_, options_, callbacks_);
  ASSERT_TRUE(testing::Eventually([&] { return loop.size() == 1; }));
  EXPECT_THAT(told(), IsEmpty());
  loop.RunOne();
  EXPECT_THAT(told(), ElementsAre("a1"));
  ASSERT_TRUE(testing::Eventually([&] { return loop.size() == 1; }));
  loop.RunOne();
  EXPECT_THAT(told(), ElementsAre("a1", "b1"));
  base::MutexLock lock(&mutex_);
  EXPECT_EQ(thread_, std::this_thread::get_id());
}

TEST_F(MonitorTest, AfterStopNoCallbackBegins) {
  service_.on_watch = [&](grpc::ServerContext& context, const v1::WatchAlertsRequest&,
                          FakeService::AlertWriter& writer) {
    writer.Write(Message("c1", {"a"}));
    return WaitForCancel(context);
  };
  Loop loop;
  options_.executor = [&](std::function<void()> callback) { loop.Post(std::move(callback)); };
  {
    Monitor monitor(&client_, options_, callbacks_);
    ASSERT_TRUE(testing::Eventually([&] { return loop.size() == 1; }));
    monitor.Stop();
    monitor.Stop();
  }
  loop.RunOne();  // the event loop still has it, and the monitor is gone
  EXPECT_THAT(told(), IsEmpty());
}

TEST_F(MonitorTest, StopWaitsForACallbackThatRuns) {
  service_.on_watch = [&](grpc::ServerContext& context, const v1::WatchAlertsRequest&,
                          FakeService::AlertWriter& writer) {
    writer.Write(Message("c1", {"a"}));
    return WaitForCancel(context);
  };
  std::atomic<bool> inside = false;
  std::atomic<bool> release = false;
  std::atomic<bool> stopped = false;
  callbacks_.on_updates = [&](const auto&, const MonitorPlace&) {
    inside = true;
    while (!release) std::this_thread::yield();
  };
  Monitor monitor(&client_, options_, callbacks_);
  ASSERT_TRUE(testing::Eventually([&] { return inside.load(); }));
  std::thread stopper([&] {
    monitor.Stop();
    stopped = true;
  });
  EXPECT_FALSE(testing::Eventually([&] { return stopped.load(); }, std::chrono::milliseconds(50)));
  release = true;
  stopper.join();
}

TEST_F(MonitorTest, MayBeStoppedInsideOfACallback) {
  service_.on_watch = [&](grpc::ServerContext& context, const v1::WatchAlertsRequest&,
                          FakeService::AlertWriter& writer) {
    for (const char* id : {"a", "b", "c"}) writer.Write(Message("c1", {id}));
    return WaitForCancel(context);
  };
  std::atomic<Monitor*> running = nullptr;
  std::atomic<int> calls = 0;
  callbacks_.on_updates = [&](const auto&, const MonitorPlace&) {
    ++calls;
    while (running == nullptr) std::this_thread::yield();
    running.load()->Stop();
  };
  {
    Monitor monitor(&client_, options_, callbacks_);
    running = &monitor;
    EXPECT_TRUE(testing::Eventually([&] { return calls > 0; }));
  }
  EXPECT_EQ(calls, 1);
}

TEST_F(MonitorTest, TellsWhyItCannotGoOnOnceAndAsTheLast) {
  service_.on_watch = [&](grpc::ServerContext&, const v1::WatchAlertsRequest&,
                          FakeService::AlertWriter&) {
    return AsGrpc(MakeRpcStatus(absl::StatusCode::kOutOfRange, "CURSOR_TRIMMED"));
  };
  std::atomic<int> ends = 0;
  callbacks_.on_end = [&](const absl::Status& status) {
    EXPECT_EQ(ErrorOf(status).reason, "CURSOR_TRIMMED");
    ++ends;
  };
  options_.high_first = true;
  {
    Monitor monitor(&client_, options_, callbacks_);
    EXPECT_TRUE(testing::Eventually([&] { return ends == 1; }));
  }
  EXPECT_EQ(ends, 1);
}

TEST_F(MonitorTest, HighAlertsDoNotWaitBehindACatchUp) {
  std::atomic<bool> high_told = false;
  service_.on_watch = [&](grpc::ServerContext& context, const v1::WatchAlertsRequest& request,
                          FakeService::AlertWriter& writer) {
    if (request.filter().min_risk() == v1::RISK_HIGH) {
      EXPECT_EQ(request.cursor(), "h0");
      writer.Write(Message("h1", {"high"}));
      v1::WatchAlertsResponse left;
      left.set_cursor("h2");
      left.add_updates()->mutable_left()->set_alert_id("high");
      writer.Write(left);
    } else {
      EXPECT_EQ(request.cursor(), "c0");
      // The long catch-up: it comes to the alert when the other stream has told it.
      while (!high_told && !context.IsCancelled()) std::this_thread::yield();
      writer.Write(Message("c1", {"low", "high", "last"}));
    }
    return WaitForCancel(context);
  };
  options_.high_first = true;
  options_.place = {"c0", "h0"};
  Monitor monitor(&client_, options_, callbacks_);
  ASSERT_TRUE(Told(1));
  high_told = true;
  ASSERT_TRUE(Told(3));
  EXPECT_THAT(told(), ElementsAre("high1", "low1", "last1"));
  EXPECT_TRUE(testing::Eventually([&] {
    base::MutexLock lock(&mutex_);
    return place_.cursor == "c1" && place_.high_cursor == "h2";
  }));
}

}  // namespace
}  // namespace supervision::client
