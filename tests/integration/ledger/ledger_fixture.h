#pragma once

#include <functional>
#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "prometheus/registry.h"
#include "services/base/clock.h"
#include "services/base/mutex.h"
#include "services/domain/error.h"
#include "services/ledger/ledger.h"
#include "tests/support/eventually.h"
#include "tests/support/redis_server.h"

namespace supervision::testing {

inline constexpr absl::Duration kPatience = absl::Seconds(60);

// A valid submission; `key` makes it another record with another text.
inline ledger::Submission ExampleSubmission(const std::string& key) {
  ledger::Submission submission;
  submission.partner = "hotline";
  submission.request_id = "req-" + key;
  submission.content.source_record_id = "rec-" + key;
  submission.content.title = "决定书未送达 " + key;
  submission.content.content = "处罚决定书没有送达，罚款已经扣缴。" + key;
  submission.content.region_code = "330106";
  submission.content.unit = {"某区城市管理局", "11330106MB1234567X"};
  submission.content.confidentiality = domain::Confidentiality::kNormal;
  submission.verdict.scenario = domain::Scenario::kAdminEnforcement;
  submission.verdict.risk = domain::Risk::kMedium;
  submission.verdict.confidence = 0.75f;
  submission.verdict.rules_version = "rules-1";
  return submission;
}

inline ledger::Revision RevisionOf(const ledger::Submission& submission,
                                   const ledger::Receipt& receipt, const std::string& request_id) {
  ledger::Revision revision;
  revision.partner = submission.partner;
  revision.request_id = request_id;
  revision.clue_id = receipt.clue_id;
  revision.etag = receipt.etag;
  revision.content = submission.content;
  revision.content.content += " 补充：" + request_id;
  revision.verdict = submission.verdict;
  return revision;
}

inline ledger::Withdrawal WithdrawalOf(const ledger::Submission& submission,
                                       const ledger::Receipt& receipt,
                                       const std::string& request_id) {
  return {submission.partner, request_id, receipt.clue_id, receipt.etag, "重复提交"};
}

// A reviewer's word on the clue as `receipt` has it: JUDICIAL, MEDIUM.
inline ledger::CorrectionRequest CorrectionOf(const ledger::Receipt& receipt,
                                              const std::string& request_id) {
  ledger::CorrectionRequest request;
  request.author = "reviewer-1";
  request.request_id = request_id;
  request.clue_id = receipt.clue_id;
  request.etag = receipt.etag;
  request.reason = "属于法院执行问题";
  request.finding.scenario = domain::Scenario::kJudicial;
  request.finding.risk = domain::Risk::kMedium;
  return request;
}

// A handler's step on `alert` as it was seen.
inline ledger::AlertStepRequest StepOf(const domain::Alert& alert, domain::AlertAction action,
                                       const std::string& request_id) {
  ledger::AlertStepRequest request;
  request.request_id = request_id;
  request.alert_id = alert.id;
  request.etag = domain::AlertEtag(alert.version);
  request.step.action = action;
  request.step.by = "handler-1";
  request.step.note = "已电话核实 " + request_id;
  if (action == domain::AlertAction::kAssign) {
    request.step.owner = "handler-1";
    request.owner_scope.emplace();
  }
  if (action == domain::AlertAction::kResolve) {
    request.step.outcome = domain::AlertOutcome::kHandled;
  }
  return request;
}

// A callback that hands the answer over to the test's thread. A failure is made anew for it: two
// copies of a status share a count that lives in Debian's absl, where ThreadSanitizer cannot see
// that giving them up is in order.
template <typename T>
ledger::Ledger::Callback<T> Into(std::future<absl::StatusOr<T>>* answer) {
  auto promise = std::make_shared<std::promise<absl::StatusOr<T>>>();
  *answer = promise->get_future();
  return [promise](absl::StatusOr<T> result) {
    if (result.ok()) return promise->set_value(std::move(result));
    const std::optional<domain::ErrorDetail> detail = domain::DetailOf(result.status());
    promise->set_value(detail.has_value()
                           ? domain::MakeError(*detail)
                           : absl::Status(result.status().code(), "without a reason"));
  };
}

// Calls an asynchronous method and waits for its one answer.
template <typename T>
absl::StatusOr<T> Await(const std::function<void(ledger::Ledger::Callback<T>)>& call) {
  std::future<absl::StatusOr<T>> answer;
  call(Into(&answer));
  return answer.get();
}

// A ledger with a loop of its own, and waiting forms of its methods.
class TestLedger {
 public:
  explicit TestLedger(ledger::Ledger::Options options,
                      const base::Clock* clock = base::Clock::System(),
                      observability::Logger* log = observability::Logger::Null())
      : ledger_(
            std::make_unique<ledger::Ledger>(&loop_, clock, log, &registry_, std::move(options))) {}
  ~TestLedger() { ledger_.reset(); }

  ledger::Ledger* operator->() { return ledger_.get(); }
  ledger::Ledger* get() { return ledger_.get(); }

  bool WaitReady() {
    return Eventually([this] { return ledger_->state().ready; });
  }

  absl::StatusOr<ledger::Receipt> Submit(ledger::Submission submission,
                                         absl::Duration timeout = kPatience) {
    return Await<ledger::Receipt>([&](ledger::Ledger::Callback<ledger::Receipt> done) {
      ledger_->Submit(std::move(submission), timeout, std::move(done));
    });
  }
  std::future<absl::StatusOr<ledger::Receipt>> SubmitLater(ledger::Submission submission,
                                                           absl::Duration timeout = kPatience) {
    std::future<absl::StatusOr<ledger::Receipt>> answer;
    ledger_->Submit(std::move(submission), timeout, Into(&answer));
    return answer;
  }
  absl::StatusOr<ledger::Receipt> Revise(ledger::Revision revision) {
    return Await<ledger::Receipt>([&](ledger::Ledger::Callback<ledger::Receipt> done) {
      ledger_->Revise(std::move(revision), kPatience, std::move(done));
    });
  }
  absl::StatusOr<ledger::Receipt> Withdraw(ledger::Withdrawal withdrawal) {
    return Await<ledger::Receipt>([&](ledger::Ledger::Callback<ledger::Receipt> done) {
      ledger_->Withdraw(std::move(withdrawal), kPatience, std::move(done));
    });
  }
  absl::StatusOr<ledger::Receipt> Correct(ledger::CorrectionRequest request) {
    return Await<ledger::Receipt>([&](ledger::Ledger::Callback<ledger::Receipt> done) {
      ledger_->Correct(std::move(request), kPatience, std::move(done));
    });
  }
  absl::StatusOr<ledger::AlertReceipt> Step(ledger::AlertStepRequest request) {
    return Await<ledger::AlertReceipt>([&](ledger::Ledger::Callback<ledger::AlertReceipt> done) {
      ledger_->TakeStep(std::move(request), kPatience, std::move(done));
    });
  }
  absl::StatusOr<std::vector<ledger::PastChange>> Changes(const std::string& clue_id,
                                                          domain::Scope scope = {}) {
    using Changes = std::vector<ledger::PastChange>;
    return Await<Changes>([&](ledger::Ledger::Callback<Changes> done) {
      ledger_->ReadAlertChanges(clue_id, scope, kPatience, std::move(done));
    });
  }
  absl::StatusOr<ledger::ReviewPage> Queue(ledger::ReviewQuery query = {}) {
    return Await<ledger::ReviewPage>([&](ledger::Ledger::Callback<ledger::ReviewPage> done) {
      ledger_->ListReviewQueue(std::move(query), kPatience, std::move(done));
    });
  }
  absl::StatusOr<ledger::ReviewItem> Claim(ledger::ClaimRequest request) {
    return Await<ledger::ReviewItem>([&](ledger::Ledger::Callback<ledger::ReviewItem> done) {
      ledger_->ClaimReview(std::move(request), kPatience, std::move(done));
    });
  }
  absl::StatusOr<ledger::ReviewItem> Release(ledger::ClaimRequest request) {
    return Await<ledger::ReviewItem>([&](ledger::Ledger::Callback<ledger::ReviewItem> done) {
      ledger_->ReleaseReview(std::move(request), kPatience, std::move(done));
    });
  }
  absl::StatusOr<ledger::CorrectionPage> Corrections(ledger::ListQuery query = {}) {
    return Await<ledger::CorrectionPage>(
        [&](ledger::Ledger::Callback<ledger::CorrectionPage> done) {
          ledger_->ListCorrections(std::move(query), kPatience, std::move(done));
        });
  }
  absl::StatusOr<ledger::History> History(const std::string& clue_id, domain::Scope scope = {}) {
    return Await<ledger::History>([&](ledger::Ledger::Callback<ledger::History> done) {
      ledger_->ReadHistory(clue_id, scope, kPatience, std::move(done));
    });
  }
  absl::StatusOr<ledger::ClueRecord> Get(const std::string& clue_id, domain::Scope scope = {}) {
    return Await<ledger::ClueRecord>([&](ledger::Ledger::Callback<ledger::ClueRecord> done) {
      ledger_->GetClue(clue_id, scope, kPatience, std::move(done));
    });
  }
  absl::StatusOr<ledger::ClueRecord> Find(ledger::Identity identity, domain::Scope scope = {}) {
    return Await<ledger::ClueRecord>([&](ledger::Ledger::Callback<ledger::ClueRecord> done) {
      ledger_->FindClue(std::move(identity), scope, kPatience, std::move(done));
    });
  }
  absl::StatusOr<ledger::ListPage> List(ledger::ListQuery query) {
    return Await<ledger::ListPage>([&](ledger::Ledger::Callback<ledger::ListPage> done) {
      ledger_->List(std::move(query), kPatience, std::move(done));
    });
  }
  absl::StatusOr<ledger::LogPage> ReadLog(int partition, int64_t epoch, int64_t after,
                                          int max_entries = 1000, size_t max_bytes = 1 << 20) {
    return Await<ledger::LogPage>([&](ledger::Ledger::Callback<ledger::LogPage> done) {
      ledger_->ReadLog(partition, epoch, after, max_entries, max_bytes, kPatience, std::move(done));
    });
  }
  absl::StatusOr<ledger::Place> Latest() {
    return Await<ledger::Place>([&](ledger::Ledger::Callback<ledger::Place> done) {
      ledger_->LatestPlace(kPatience, std::move(done));
    });
  }
  absl::StatusOr<ledger::Place> Earliest() {
    return Await<ledger::Place>([&](ledger::Ledger::Callback<ledger::Place> done) {
      ledger_->EarliestPlace(kPatience, std::move(done));
    });
  }
  absl::StatusOr<ledger::Place> Resolve(const std::string& cursor) {
    return Await<ledger::Place>([&](ledger::Ledger::Callback<ledger::Place> done) {
      ledger_->ResolveCursor(cursor, kPatience, std::move(done));
    });
  }

 private:
  redis::Loop loop_;
  prometheus::Registry registry_;
  std::unique_ptr<ledger::Ledger> ledger_;
};

// While it lives Redis answers reads and keeps every write waiting, in the order of their coming:
// so a test sets what stands between a call's reading and its writing.
class HeldWrites {
 public:
  explicit HeldWrites(const RedisServer* server) : server_(server) {
    EXPECT_EQ(server_->Call({"CLIENT", "PAUSE", "60000", "WRITE"}), "+OK\r\n");
  }
  ~HeldWrites() { EXPECT_EQ(server_->Call({"CLIENT", "UNPAUSE"}), "+OK\r\n"); }
  HeldWrites(const HeldWrites&) = delete;
  HeldWrites& operator=(const HeldWrites&) = delete;

  // Until writes of so many bytes in all are there, and wait.
  bool WaitFor(size_t bytes = 1) const {
    return Eventually([&] { return Waiting() >= bytes; });
  }
  // Calls `read`, then waits until Redis has answered `command` (in small letters) once more.
  bool WaitForRead(const std::string& command, const std::function<void()>& read) const {
    const std::string before = Calls(command);
    read();
    return Eventually([&] { return Calls(command) != before; });
  }

 private:
  size_t Waiting() const {
    const std::string clients = server_->Call({"CLIENT", "LIST"});
    size_t bytes = 0;
    size_t at = 0;
    // The connection that commits; the tail's waits too, but for entries.
    while ((at = clients.find(" name=commit ", at)) != std::string::npos) {
      const size_t end = clients.find('\n', at);
      const bool blocked = clients.find(" flags=b", at) < end;
      for (const std::string size : {" qbuf=", " argv-mem="}) {
        const size_t found = clients.find(size, at);
        if (blocked && found < end) bytes += std::stoul(clients.substr(found + size.size()));
      }
      at = end;
    }
    return bytes;
  }
  // How often Redis has executed a command, as it tells.
  std::string Calls(const std::string& command) const {
    const std::string all = server_->Call({"INFO", "commandstats"});
    const size_t at = all.find("cmdstat_" + command + ":");
    return at == std::string::npos ? "" : all.substr(at, all.find(',', at) - at);
  }

  const RedisServer* const server_;
};

// As the user of deploy/redis/users.acl: what the ledger does, that user may.
inline ledger::Ledger::Options OptionsFor(const RedisServer& server) {
  ledger::Ledger::Options options;
  options.address.unix_path = server.path();
  options.address.user = kServiceUser;
  options.address.password = kServicePassword;
  options.command_timeout = kPatience;  // a Redis that is slow here is busy, not lost
  return options;
}

// Keeps what the tail tells, and looks whether positions are dense.
class RecordingObserver final : public ledger::TailObserver {
 public:
  void OnEntries(int partition, absl::Span<const ledger::LogEntryPtr> entries) override {
    base::MutexLock lock(&mutex_);
    for (const ledger::LogEntryPtr& entry : entries) {
      EXPECT_EQ(entry->partition, partition);
      entries_.push_back(entry);
    }
  }
  void OnNewEpoch(int partition, int64_t epoch, int64_t first) override {
    base::MutexLock lock(&mutex_);
    epochs_.push_back({partition, epoch, first});
  }

  struct NewEpoch {
    int partition;
    int64_t epoch;
    int64_t first;
    bool operator==(const NewEpoch&) const = default;
  };
  std::vector<ledger::LogEntryPtr> entries() const {
    base::MutexLock lock(&mutex_);
    return entries_;
  }
  std::vector<NewEpoch> epochs() const {
    base::MutexLock lock(&mutex_);
    return epochs_;
  }
  bool WaitFor(size_t count) const {
    return Eventually([&] { return entries().size() >= count; });
  }

 private:
  mutable base::Mutex mutex_;
  std::vector<ledger::LogEntryPtr> entries_ ABSL_GUARDED_BY(mutex_);
  std::vector<NewEpoch> epochs_ ABSL_GUARDED_BY(mutex_);
};

// Whether a StatusOr or Status failed for `reason`.
MATCHER_P(FailsWith, reason, std::string("fails with ") + std::string(domain::Row(reason).name)) {
  if (arg.ok()) {
    *result_listener << "it succeeded";
    return false;
  }
  *result_listener << arg.status().ToString();
  return domain::HasReason(arg.status(), reason);
}

// A fact of an error; empty when it has none.
template <typename T>
std::string FactOf(const absl::StatusOr<T>& result, const std::string& name) {
  const std::optional<domain::ErrorDetail> detail = domain::DetailOf(result.status());
  if (!detail.has_value()) return "";
  for (const auto& [key, value] : detail->metadata) {
    if (key == name) return value;
  }
  return "";
}

}  // namespace supervision::testing
