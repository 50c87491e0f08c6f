#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gtest/gtest.h"
#include "services/alerting/encoder.h"
#include "services/alerting/hub.h"
#include "services/base/mutex.h"

namespace supervision::alerting {

// Pieces that a test reads, a line each: "alert ID VERSION full", "left ID VERSION", "notice NAME",
// "cursor TEXT", "ending". Counts what it encodes.
class TestEncoder final : public AlertEncoder {
 public:
  SharedBytes EncodeAlert(const domain::Alert& alert,
                          domain::Projection projection) const override {
    ++alerts;
    return Piece(absl::StrCat("alert ", alert.id, " ", alert.version,
                              projection == domain::Projection::kFull ? " full" : " withheld"));
  }
  SharedBytes EncodeLeft(std::string_view alert_id, uint32_t version) const override {
    ++left;
    return Piece(absl::StrCat("left ", std::string(alert_id), " ", version));
  }
  SharedBytes EncodeCursor(std::string_view cursor) const override {
    ++cursors;
    return Piece(absl::StrCat("cursor ", std::string(cursor)));
  }
  SharedBytes EncodeNotice(Notice notice) const override {
    constexpr const char* kNames[] = {"throttled", "resumed", "complete"};
    return Piece(absl::StrCat("notice ", kNames[static_cast<size_t>(notice)]));
  }
  SharedBytes EncodeEnding(EndingReason, absl::Duration) const override { return Piece("ending"); }

  mutable std::atomic<int> alerts = 0;
  mutable std::atomic<int> left = 0;
  mutable std::atomic<int> cursors = 0;

 private:
  static SharedBytes Piece(std::string text) {
    return std::make_shared<const std::string>(std::move(text) + "\n");
  }
};

// The lines of a message.
inline std::vector<std::string> LinesOf(const std::vector<SharedBytes>& pieces) {
  std::vector<std::string> lines;
  for (const SharedBytes& piece : pieces) {
    for (const absl::string_view line : absl::StrSplit(*piece, '\n', absl::SkipEmpty())) {
      lines.emplace_back(line);
    }
  }
  return lines;
}

// A client of a stream. It checks what a session owes its carrier: one write at a time, one Finish,
// nothing behind it, and a cursor in every message. Thread-safe.
class TestStream final : public StreamSink {
 public:
  struct Message {
    std::vector<std::string> updates;  // without "alert " in front
    std::string cursor;
    std::vector<SharedBytes> pieces;
    size_t bytes = 0;
    bool ending = false;
    std::string notice;
  };
  // Called for each Write, without a lock; when there is none, the test calls Take.
  using Reader = std::function<void(TestStream*)>;

  explicit TestStream(Reader reader = nullptr) : reader_(std::move(reader)) {}

  // Cancels, as a client that goes away does, and waits for the end.
  ~TestStream() override {
    std::shared_ptr<Session> session;
    {
      base::MutexLock lock(&mutex_);
      session = session_;
    }
    if (session == nullptr) return;
    session->OnCancelled();
    base::MutexLock lock(&mutex_);
    while (!finished_.has_value()) ended_.Wait(&mutex_);
  }

  // A reader that takes each message at once.
  static void Eager(TestStream* stream) { stream->Take(); }

  void Open(Hub* hub, Hub::Request request) {
    if (request.start.from == Hub::Start::From::kSnapshot) {
      base::MutexLock lock(&mutex_);
      snapshot_ = true;
    }
    std::shared_ptr<Session> session = hub->Open(std::move(request), this);
    bool owed = false;
    {
      base::MutexLock lock(&mutex_);
      session_ = session;
      owed = std::exchange(owed_, false);
    }
    if (owed) session->OnWritten(true);
  }

  // Says that the outstanding message has been taken.
  void Take(bool ok = true) {
    std::shared_ptr<Session> session;
    {
      base::MutexLock lock(&mutex_);
      if (!outstanding_) return;
      outstanding_ = false;
      session = session_;
      if (session == nullptr) owed_ = true;  // Open has not returned yet
    }
    if (session != nullptr) session->OnWritten(ok);
  }

  void Cancel() {
    std::shared_ptr<Session> session;
    {
      base::MutexLock lock(&mutex_);
      session = session_;
    }
    session->OnCancelled();
  }

  void Write(std::vector<SharedBytes> pieces) override {
    {
      base::MutexLock lock(&mutex_);
      EXPECT_FALSE(outstanding_) << "a second write before the first was taken";
      EXPECT_FALSE(finished_.has_value()) << "a write behind Finish";
      outstanding_ = true;
      Message message;
      for (const SharedBytes& piece : pieces) message.bytes += piece->size();
      for (const std::string& line : LinesOf(pieces)) {
        if (line.rfind("cursor ", 0) == 0) {
          EXPECT_TRUE(message.cursor.empty());
          message.cursor = line.substr(7);
          cursor_ = message.cursor;
        } else if (line.rfind("notice ", 0) == 0) {
          message.notice = line.substr(7);
          notices_.push_back(message.notice);
          if (message.notice == "complete") snapshot_ = false;
        } else if (line == "ending") {
          message.ending = true;
        } else {
          EXPECT_TRUE(message.cursor.empty()) << "an alert behind the cursor";
          const bool alert = line.rfind("alert ", 0) == 0;
          message.updates.push_back(alert ? line.substr(6) : line);
          updates_.push_back(message.updates.back());
        }
      }
      EXPECT_EQ(message.cursor.empty(), snapshot_) << "a cursor in every message behind a snapshot";
      message.pieces = std::move(pieces);
      messages_.push_back(std::move(message));
    }
    if (reader_ != nullptr) reader_(this);
  }

  void Finish(absl::Status status) override {
    base::MutexLock lock(&mutex_);
    EXPECT_FALSE(finished_.has_value()) << "a second Finish";
    finished_ = std::move(status);
    ended_.SignalAll();
  }

  std::vector<Message> messages() const {
    base::MutexLock lock(&mutex_);
    return messages_;
  }
  std::vector<std::string> updates() const {
    base::MutexLock lock(&mutex_);
    return updates_;
  }
  std::vector<std::string> notices() const {
    base::MutexLock lock(&mutex_);
    return notices_;
  }
  size_t told() const {
    base::MutexLock lock(&mutex_);
    return updates_.size();
  }
  // The newest cursor.
  std::string cursor() const {
    base::MutexLock lock(&mutex_);
    return cursor_;
  }
  bool outstanding() const {
    base::MutexLock lock(&mutex_);
    return outstanding_;
  }
  std::optional<absl::Status> finished() const {
    base::MutexLock lock(&mutex_);
    return finished_;
  }

 private:
  const Reader reader_;
  mutable base::Mutex mutex_;
  base::CondVar ended_;
  std::shared_ptr<Session> session_ ABSL_GUARDED_BY(mutex_);
  bool outstanding_ ABSL_GUARDED_BY(mutex_) = false;
  bool owed_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<Message> messages_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::string> updates_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::string> notices_ ABSL_GUARDED_BY(mutex_);
  bool snapshot_ ABSL_GUARDED_BY(mutex_) = false;  // begun and not complete
  std::string cursor_ ABSL_GUARDED_BY(mutex_);
  std::optional<absl::Status> finished_ ABSL_GUARDED_BY(mutex_);
};

// Alerts to append.
inline domain::ChangeEvent NewAlert(std::string id, domain::Risk risk = domain::Risk::kMedium) {
  domain::ChangeEvent event;
  event.alert.id = std::move(id);
  event.alert.version = 1;
  event.alert.kind = domain::AlertKind::kClueReceived;
  event.alert.facets.scenario = static_cast<domain::Scenario>(1);
  event.alert.facets.risk = risk;
  event.alert.facets.region_code = "330106";
  return event;
}

inline Hub::Request From(Hub::Start::From from, std::string cursor = "") {
  Hub::Request request;
  request.start = {from, std::move(cursor)};
  return request;
}
inline Hub::Request Latest() { return From(Hub::Start::From::kLatest); }
inline Hub::Request Earliest() { return From(Hub::Start::From::kEarliest); }
inline Hub::Request Behind(std::string cursor) {
  return From(Hub::Start::From::kCursor, std::move(cursor));
}

}  // namespace supervision::alerting
