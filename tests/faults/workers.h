#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/base/mutex.h"
#include "supervision/v1/clue_service.pb.h"
#include "tests/faults/oracle.h"

namespace grpc {
class ClientContext;
}

namespace supervision::faults {

// Counts what all workers did and lets the test wait for it: conditions, not sleeps.
class Progress {
 public:
  void Add();
  int64_t count() const;
  // Waits until the count has reached `target`; false after two minutes.
  bool WaitFor(int64_t target);

 private:
  mutable base::Mutex mutex_;
  base::CondVar changed_;
  int64_t count_ ABSL_GUARDED_BY(mutex_) = 0;
};

// Submits clues one behind the other through plain generated stubs, repeats a call with the same
// request_id until it is answered, and writes each acknowledged clue's id to its journal before the
// next. Ends with Stop().
class Submitter {
 public:
  Submitter(int number, std::string address, std::string journal_path, Progress* acknowledged);
  ~Submitter() { Stop(); }
  void Stop();

 private:
  void Run();

  const int number_;
  const std::string address_;
  Journal journal_;
  Progress* const acknowledged_;
  std::atomic<bool> stopping_ = false;
  std::thread thread_;
};

// The breaks of a stream that went on. For one thread.
class Outages {
 public:
  struct Outage {
    absl::Duration resumed;  // from the end of the stream to the first message of the next
    absl::Duration silent;   // from the last message before to the first after
  };
  void Message();
  void Break();
  const std::vector<Outage>& all() const { return all_; }

 private:
  absl::Time last_ = absl::InfinitePast();
  absl::Time broken_ = absl::InfiniteFuture();  // while it is
  std::vector<Outage> all_;
};

// Watches alerts through a plain stub, writes each to its journal, and resumes by the newest cursor
// after every break. Ends with Stop().
class Monitor {
 public:
  enum class From { kEarliest, kLatest };
  Monitor(std::string address, From from, std::string journal_path, Progress* told);
  ~Monitor() { Stop(); }
  void Stop();

  // Waits until it has been told of `clue_id`; false after two minutes.
  bool WaitForClue(const std::string& clue_id);
  // The terminal error that ended it before Stop(); empty when there was none.
  std::string error() const;
  // To be asked after Stop().
  const Outages& outages() const { return outages_; }

 private:
  void Run();

  const std::string address_;
  const From from_;
  Journal journal_;
  Progress* const told_;
  Outages outages_;
  mutable base::Mutex mutex_;
  base::CondVar changed_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::string last_clue_ ABSL_GUARDED_BY(mutex_);
  std::string awaited_ ABSL_GUARDED_BY(mutex_);
  bool awaited_seen_ ABSL_GUARDED_BY(mutex_) = false;
  std::string error_ ABSL_GUARDED_BY(mutex_);
  grpc::ClientContext* context_ ABSL_GUARDED_BY(mutex_) = nullptr;
  std::thread thread_;
};

// How calls of one kind of client went. Thread-safe.
class Tally {
 public:
  void Count(bool succeeded, const std::string& error);
  int64_t calls() const;
  std::vector<std::string> failures() const;  // the error of each call that failed

 private:
  mutable base::Mutex mutex_;
  int64_t calls_ ABSL_GUARDED_BY(mutex_) = 0;
  std::vector<std::string> failures_ ABSL_GUARDED_BY(mutex_);
};

// Submits clues one behind the other as a partner does whose code never repeats a call: whatever
// fails is counted. Ends with Stop().
class StrictSubmitter {
 public:
  // Submits one clue under this request_id and record id; its id, or the error. For one thread.
  using Submit = std::function<absl::StatusOr<std::string>(const std::string& record)>;
  StrictSubmitter(std::string name, Submit submit, std::string journal_path, Progress* acknowledged,
                  Tally* tally);
  ~StrictSubmitter() { Stop(); }
  void Stop();

 private:
  void Run();

  const std::string name_;
  const Submit submit_;
  Journal journal_;
  Progress* const acknowledged_;
  Tally* const tally_;
  std::atomic<bool> stopping_ = false;
  std::thread thread_;
};

// The clue that all of these submit.
v1::SubmitClueRequest MakeRequest(const std::string& record);

// Submits one clue whose record id is `record`, repeating until it is answered; its clue id, or
// empty after two minutes.
std::string SubmitOne(const std::string& address, const std::string& record);

}  // namespace supervision::faults
