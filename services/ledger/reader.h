#pragma once

#include <string>

#include "services/ledger/context.h"
#include "services/ledger/deadline.h"

namespace supervision::ledger {

// Single clues, on the loop's thread, and pages of the log, from any thread and answered on the
// thread of the bulk connection.
class Reader {
 public:
  explicit Reader(Context* context) : context_(context) {}

  void GetClue(const std::string& clue_id, domain::Scope scope, absl::Duration timeout,
               Ledger::Callback<ClueRecord> callback);

  void GetAlert(const std::string& alert_id, domain::Scope scope, absl::Duration timeout,
                Ledger::Callback<domain::Alert> callback);
  // The same with the marks of its version alone, without those of silences that hide it now.
  void GetAlertAsTold(const std::string& alert_id, domain::Scope scope, absl::Duration timeout,
                      Ledger::Callback<domain::Alert> callback);

  void ReadHistory(const std::string& clue_id, domain::Scope scope, absl::Duration timeout,
                   Ledger::Callback<History> callback);

  struct LogRequest {
    int partition = 0;
    int64_t epoch = 1;
    int64_t after = 0;
    int max_entries = 1;
    size_t max_bytes = 0;
  };
  void ReadLog(const LogRequest& request, absl::Duration timeout,
               Ledger::Callback<LogPage> callback);

 private:
  // `before`: what stood before the entries were read, where replicas are asked for what they have
  // confirmed, else the log's end.
  absl::StatusOr<LogPage> MakePage(const LogRequest& request, const redis::Result& before,
                                   const redis::Result& entries, const redis::Result& meta);

  Context* const context_;
};

// The entry of a stream reply's element [id, [field, value]]; one that cannot be read is told as an
// entry without an alert, so that positions stay dense. Null when it is no such element at all.
LogEntryPtr ReadEntry(Context* context, int partition, const redis::Reply& element);

}  // namespace supervision::ledger
