#include "clients/cli/ndjson.h"

#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <iostream>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "clients/cli/clue_flags.h"
#include "clients/cli/explain.h"
#include "clients/cli/json.h"
#include "clients/cli/progress.h"
#include "clients/cpp/pipeline.h"
#include "services/base/hash.h"
#include "services/base/hex.h"

namespace supervision::cli {
namespace {

// Takes clues and reports what came of them. Report() may run on the pipeline's thread, but never
// twice at a time: it and the reading thread share a mutex.
class Submission {
 public:
  Submission(Session& session, const NdjsonOptions& options)
      : session_(session), options_(options), progress_(session) {}

  void Expect(const std::string& request_id, int64_t line) {
    base::MutexLock lock(&mutex_);
    lines_.emplace(request_id, line);
  }

  void Report(const std::string& request_id, const absl::StatusOr<v1::ClueReceipt>& answer) {
    base::MutexLock lock(&mutex_);
    const auto found = lines_.find(request_id);
    const int64_t line = found == lines_.end() ? 0 : found->second;
    if (found != lines_.end()) lines_.erase(found);
    if (answer.ok()) {
      ++accepted_;
      if (options_.json) {
        session_.Print(JsonObject({{"request_id", JsonQuote(request_id)},
                                   {"line", std::to_string(line)},
                                   {"receipt", ToJson(*answer)}}) +
                       "\n");
      }
    } else {
      Refuse(line, request_id, client::ErrorOf(answer.status()));
    }
    if (progress_.Due()) progress_.Show(Line(false));
  }

  void RefuseLine(int64_t line, const absl::Status& why) {
    base::MutexLock lock(&mutex_);
    Refuse(line, "", client::ErrorOf(why));
  }

  void Break(const absl::Status& status, absl::Duration delay) {
    base::MutexLock lock(&mutex_);
    progress_.Clear();
    session_.NoteRetry(status, delay);
  }

  // The last line, and the exit code.
  int End(const absl::Status& status) {
    base::MutexLock lock(&mutex_);
    progress_.Clear();
    session_.Note(Line(options_.validate_only));
    if (!status.ok()) return session_.Fail(status);
    return refused_ > 0 ? kRefused : kOk;
  }

 private:
  std::string Line(bool validated) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (session_.language() == Language::kChinese) {
      return absl::StrCat(validated ? "已校验通过 " : "已接收 ", accepted_, " 条，未通过 ",
                          refused_, " 条");
    }
    return absl::StrCat(validated ? "valid: " : "accepted: ", accepted_, ", refused: ", refused_);
  }
  void Refuse(int64_t line, const std::string& request_id, const client::Error& error)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    ++refused_;
    if (options_.json) {
      session_.Print(JsonObject({{"request_id", JsonQuote(request_id)},
                                 {"line", std::to_string(line)},
                                 {"error", ToJson(error)}}) +
                     "\n");
    }
    // After so many the reader has understood; the summary counts on.
    constexpr int64_t kMostExplained = 50;
    if (++explained_ > kMostExplained) return;
    progress_.Clear();
    const bool chinese = session_.language() == Language::kChinese;
    session_.Note(absl::StrCat(
        chinese ? "第 " : "line ", line, chinese ? " 行 " : " ", request_id,
        request_id.empty() ? "" : " ",
        Explain(error, {session_.language(), UseColor(session_.options().color, STDERR_FILENO),
                        session_.options().server, ""})));
    if (explained_ == kMostExplained) {
      session_.Note(session_.Say({"further refusals are only counted", "其余未通过的仅计数"}));
    }
  }

  Session& session_;
  const NdjsonOptions options_;
  base::Mutex mutex_;
  Progress progress_ ABSL_GUARDED_BY(mutex_);
  std::multimap<std::string, int64_t> lines_ ABSL_GUARDED_BY(mutex_);  // by request_id
  int64_t accepted_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t refused_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t explained_ ABSL_GUARDED_BY(mutex_) = 0;
};

// Calls `take` for every line that is a clue, until it says that it takes no more.
template <typename Take>
void ReadClues(std::istream& input, Submission& submission, const Take& take) {
  LineIds ids;
  std::string line;
  for (int64_t number = 1; std::getline(input, line); ++number) {
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    absl::StatusOr<v1::StreamCluesRequest> clue = ClueFromJson(line);
    if (!clue.ok()) {
      submission.RefuseLine(number, clue.status());
      continue;
    }
    if (clue->request_id().empty()) clue->set_request_id(ids.Next(line));
    submission.Expect(clue->request_id(), number);
    if (!take(*std::move(clue))) return;
  }
}

absl::Status Stream(Session& session, client::Client& client, std::istream& input, bool backfill,
                    Submission& submission) {
  client::PipelineOptions options;
  options.patience = absl::Seconds(session.options().timeout_seconds);
  options.on_break = [&submission](const absl::Status& status, absl::Duration delay) {
    submission.Break(status, delay);
  };
  client::CluePipeline pipeline(&client, options,
                                [&submission](const v1::StreamCluesRequest& clue,
                                              const absl::StatusOr<v1::ClueReceipt>& answer) {
                                  submission.Report(clue.request_id(), answer);
                                });
  ReadClues(input, submission, [&pipeline, backfill](v1::StreamCluesRequest clue) {
    if (backfill) clue.set_backfill(true);
    return pipeline.Send(std::move(clue)).ok();
  });
  return pipeline.Finish();
}

// Only checks: the stream has no such mode, batches have.
absl::Status Validate(client::Client& client, std::istream& input, bool backfill,
                      Submission& submission) {
  constexpr int kItems = 100;
  constexpr size_t kBytes = 1 << 20;
  v1::BatchSubmitCluesRequest batch;
  absl::Status status;
  const auto flush = [&] {
    if (batch.items().empty()) return true;
    batch.set_validate_only(true);
    const auto response = client.BatchSubmit(batch);
    status = response.status();
    for (int i = 0; i < batch.items_size(); ++i) {
      const std::string& id = batch.items(i).request_id();
      if (!response.ok() || i >= response->results_size()) {
        submission.Report(id, response.ok() ? absl::InternalError("no result") : status);
      } else if (response->results(i).has_receipt()) {
        submission.Report(id, response->results(i).receipt());
      } else {
        submission.Report(id, client::ToAbslStatus(response->results(i).error()));
      }
    }
    batch.Clear();
    return status.ok();
  };
  ReadClues(input, submission, [&](v1::StreamCluesRequest clue) {
    // A batch is history as a whole, or not at all.
    const bool history = backfill || clue.backfill();
    if (batch.backfill() != history && !flush()) return false;
    batch.set_backfill(history);
    auto& item = *batch.add_items();
    item.set_request_id(clue.request_id());
    *item.mutable_clue() = std::move(*clue.mutable_clue());
    return (batch.items_size() < kItems && batch.ByteSizeLong() < kBytes) || flush();
  });
  flush();
  return status;
}

}  // namespace

int SubmitNdjson(Session& session, const NdjsonOptions& options) {
  std::ifstream file;
  if (options.path != "-") {
    file.open(options.path, std::ios::binary);
    if (!file.is_open()) {
      return session.FailUsage({"cannot open", "无法打开"}, options.path);
    }
  }
  std::istream& input = options.path == "-" ? std::cin : file;
  client::Client* const client = session.Connect();
  if (client == nullptr) return kUsage;
  Submission submission(session, options);
  const int exit_code = submission.End(
      options.validate_only ? Validate(*client, input, options.backfill, submission)
                            : Stream(session, *client, input, options.backfill, submission));
  return input.bad() ? FailUnread(session, options.path) : exit_code;
}

int FailUnread(const Session& session, const std::string& path) {
  return session.FailUsage({"cannot be read to its end", "未能读完"}, path);
}

std::string LineIds::Next(const std::string& line) {
  constexpr size_t kBytes = 16;
  const std::string digest = base::HexEncode(base::Prefix(base::Sha256(line), kBytes));
  return absl::StrCat("line-", digest, "-", ++seen_[digest]);
}

}  // namespace supervision::cli
