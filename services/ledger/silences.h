#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "services/ledger/context.h"
#include "services/ledger/deadline.h"
#include "services/ledger/silence_codec.h"
#include "services/ledger/silence_desk.h"

namespace supervision::ledger {

// Silences: kept in partition 0, and followed into the context's SilenceBook, by which this process
// marks the alerts that it makes. Everything is read once before the first change is taken and on
// each new connection; then what has changed is asked for every kLookEvery, so a change counts on
// every replica within about a second. On the loop's thread; see SilenceDesk for what each method
// promises.
class Silences {
 public:
  template <typename T>
  using Callback = Ledger::Callback<T>;

  explicit Silences(Context* context) : context_(context) {}

  void Create(SilenceDraft draft, SilenceQuota quota, absl::Duration timeout,
              Callback<domain::Silence> callback);
  // The silence that the same draft made before; SILENCE_NOT_FOUND, IDEMPOTENCY_KEY_REUSED.
  // REQUIRES: a request_id.
  void Repeat(const SilenceDraft& draft, Deadline deadline, Callback<domain::Silence> callback);
  void Change(SilenceChange change, absl::Duration timeout, Callback<domain::Silence> callback);
  void Get(const std::string& id, SilenceDesk::MayRead may_read, absl::Duration timeout,
           Callback<domain::Silence> callback);
  void List(SilenceQuery query, absl::Duration timeout, Callback<SilencePage> callback);

  // Brings the book up to date, then calls back.
  void Load(std::function<void(absl::Status)> callback);
  void Start();
  void Stop();

 private:
  struct Found {
    SilenceRecord record;
    std::string bytes;  // as they lie in Redis
  };
  void Read(const std::string& id, Deadline deadline, Callback<Found> callback);
  void Put(SilenceRecord record, const std::string& expected, SilenceQuota quota, Deadline deadline,
           Callback<domain::Silence> callback);
  void AnswerAgain(const std::string& id, const std::string& digest, Deadline deadline,
                   Callback<domain::Silence> callback);
  void ChangeNow(SilenceChange change, Deadline deadline, Callback<domain::Silence> callback,
                 int tries);
  struct ListPlace {
    std::string from = "+inf";  // the end that the list goes on with, as Redis takes it
    std::string behind;         // of those that end then the last that was listed
    std::string until;
  };
  struct Ending {
    std::string id;
    std::string end;
  };
  void ReadEnds(SilenceQuery query, ListPlace place, size_t most, Deadline deadline,
                Callback<SilencePage> callback);
  void ReadListed(SilenceQuery query, std::vector<Ending> candidates, bool more, Deadline deadline,
                  Callback<SilencePage> callback);
  void LookLater();
  void ReadChanges(std::function<void(absl::Status)> callback);
  void TakeChanges(const redis::Reply& ids, std::function<void(absl::Status)> callback);

  Context* const context_;
  // The newest revision that the book has, and whose it was; empty: none was read yet.
  std::string last_id_;
  int64_t last_revision_ = 0;
  bool anew_ = true;  // what is read next replaces what the book has
  bool stopped_ = true;
  std::unique_ptr<redis::Loop::Timer> timer_;
};

}  // namespace supervision::ledger
