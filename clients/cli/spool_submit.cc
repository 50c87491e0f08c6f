#include "clients/cli/spool_submit.h"

#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "clients/cli/clue_flags.h"
#include "clients/cli/explain.h"
#include "clients/cli/json.h"
#include "clients/cli/ndjson.h"
#include "clients/cli/render.h"
#include "clients/cpp/submitter.h"

namespace supervision::cli {
namespace {

// Says what became of the clues of this run; those that an earlier one left are only counted.
class Report {
 public:
  Report(Session& session, bool json) : session_(session), json_(json) {}

  client::SubmitterOptions Callbacks() {
    client::SubmitterOptions options;
    options.on_receipt = [this](const std::string& id, const v1::ClueReceipt& receipt) {
      base::MutexLock lock(&mutex_);
      ++accepted_;
      if (json_) {
        session_.Print(JsonObject({{"request_id", JsonQuote(id)}, {"receipt", ToJson(receipt)}}) +
                       "\n");
      }
      if (id == awaited_) receipt_ = receipt;
    };
    options.on_refused = [this](const std::string& id, const absl::Status& error) {
      base::MutexLock lock(&mutex_);
      ++refused_;
      if (json_) {
        session_.Print(
            JsonObject({{"request_id", JsonQuote(id)}, {"error", ToJson(client::ErrorOf(error))}}) +
            "\n");
      }
      if (id == awaited_) {
        error_ = error;
      } else {
        session_.Note(id + " " +
                      Explain(client::ErrorOf(error),
                              {session_.language(), false, session_.options().server, ""}));
      }
    };
    options.on_trouble = [this](const absl::Status& trouble, absl::Duration delay) {
      base::MutexLock lock(&mutex_);
      session_.NoteRetry(trouble, delay);
    };
    return options;
  }

  // The clue whose answer is kept.
  void Await(const std::string& request_id) {
    base::MutexLock lock(&mutex_);
    awaited_ = request_id;
  }
  std::optional<v1::ClueReceipt> receipt() {
    base::MutexLock lock(&mutex_);
    return receipt_;
  }
  absl::Status error() {
    base::MutexLock lock(&mutex_);
    return error_;
  }
  int64_t accepted() {
    base::MutexLock lock(&mutex_);
    return accepted_;
  }
  int64_t refused() {
    base::MutexLock lock(&mutex_);
    return refused_;
  }

 private:
  Session& session_;
  const bool json_;
  base::Mutex mutex_;
  std::string awaited_ ABSL_GUARDED_BY(mutex_);
  std::optional<v1::ClueReceipt> receipt_ ABSL_GUARDED_BY(mutex_);
  absl::Status error_ ABSL_GUARDED_BY(mutex_);
  int64_t accepted_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t refused_ ABSL_GUARDED_BY(mutex_) = 0;
};

absl::Duration Patience(Session& session) {
  return absl::Seconds(session.options().timeout_seconds);
}

// That clues are safe, and what keeps them back.
void NoteWaiting(Session& session, client::Spool& spool, const absl::Status& why) {
  const auto status = spool.Status();
  if (!status.ok() || status->waiting == 0) return;
  const bool chinese = session.language() == Language::kChinese;
  const std::string reason = why.ok() ? "" : Printable(session.SentenceOf(why));
  if (chinese) {
    session.Note(absl::StrCat(
        "已存入 ", spool.path(), "，", status->waiting, " 条待移交", reason.empty() ? "" : "：",
        reason, "。下次 submit --spool 或 supervisionctl spool flush ", spool.path(), " 时移交。"));
  } else {
    session.Note(absl::StrCat("stored in ", spool.path(), ", ", status->waiting, " waiting",
                              reason.empty() ? "" : ": ", reason,
                              ". Handed over by the next submit --spool or by: supervisionctl "
                              "spool flush ",
                              spool.path()));
  }
}

void NoteCounts(Session& session, int64_t stored, int64_t accepted, int64_t refused) {
  session.Note(
      session.language() == Language::kChinese
          ? absl::StrCat("已存入 ", stored, " 条，已接收 ", accepted, " 条，未通过 ", refused,
                         " 条")
          : absl::StrCat("stored: ", stored, ", accepted: ", accepted, ", refused: ", refused));
}

}  // namespace

std::unique_ptr<client::Spool> OpenSpool(Session& session, const std::string& path,
                                         int* exit_code) {
  client::SpoolOptions options;
  options.path = path;
  auto spool = client::Spool::Open(options);
  if (!spool.ok()) {
    *exit_code = absl::IsFailedPrecondition(spool.status())
                     ? session.Fail(spool.status())
                     : session.FailUsage({"wrong spool", "暂存文件有误"},
                                         session.SentenceOf(spool.status()));
    return nullptr;
  }
  if (!(*spool)->repaired_from().empty()) {
    session.Note(
        session.Say({"the spool was damaged; what could be read of it was kept. The damaged "
                     "file is ",
                     "暂存文件曾损坏，可读部分已保留。损坏的文件存于 "}) +
        (*spool)->repaired_from());
  }
  return *std::move(spool);
}

int SubmitOneThroughSpool(Session& session, v1::StreamCluesRequest clue,
                          const SpoolSubmitOptions& options) {
  int exit_code = kOk;
  const auto spool = OpenSpool(session, options.path, &exit_code);
  if (spool == nullptr) return exit_code;
  // First: who corrects a token and repeats this must not find it stored under another request_id.
  client::Client* const client = options.later ? nullptr : session.Connect();
  if (client == nullptr && !options.later) return kUsage;
  const v1::ClueContent content = clue.clue();
  const auto id = spool->Add(std::move(clue));
  if (!id.ok()) return session.Fail(id.status());
  session.Note("request_id " + *id);
  if (options.later) {
    NoteWaiting(session, *spool, absl::OkStatus());
    return kOk;
  }
  Report report(session, options.json);
  report.Await(*id);
  client::Submitter submitter(client, spool.get(), report.Callbacks());
  const absl::Status flushed = submitter.Flush(Patience(session));
  submitter.Stop();
  if (const absl::Status error = report.error(); !error.ok()) return session.Fail(error);
  if (const auto receipt = report.receipt(); receipt.has_value() && !options.json) {
    session.Print(ReceiptText(session, *receipt) +
                  EvidenceText(receipt->verdict(), content.title(), content.content()));
  }
  NoteWaiting(session, *spool, flushed);
  return kOk;
}

int SubmitNdjsonThroughSpool(Session& session, std::istream& input,
                             const SpoolSubmitOptions& options) {
  // One synchronisation of the disk for so many lines.
  constexpr size_t kGroup = 100;
  int exit_code = kOk;
  const auto spool = OpenSpool(session, options.path, &exit_code);
  if (spool == nullptr) return exit_code;
  client::Client* const client = options.later ? nullptr : session.Connect();
  if (client == nullptr && !options.later) return kUsage;
  Report report(session, options.json);
  std::unique_ptr<client::Submitter> submitter;
  if (client != nullptr) {
    submitter = std::make_unique<client::Submitter>(client, spool.get(), report.Callbacks());
  }
  int64_t stored = 0;
  int64_t not_stored = 0;
  std::vector<v1::StreamCluesRequest> group;
  const auto store_now = [&](const std::vector<v1::StreamCluesRequest>& clues) {
    const absl::Status status =
        (submitter ? submitter->SubmitAll(clues) : spool->AddAll(clues)).status();
    if (status.ok()) stored += static_cast<int64_t>(clues.size());
    return status;
  };
  const auto store = [&] {
    absl::Status status = store_now(group);
    if (absl::IsResourceExhausted(status) && submitter != nullptr) {
      submitter->Flush(Patience(session)).IgnoreError();  // there may be room then
      status = store_now(group);
    }
    if (absl::IsAlreadyExists(status) || absl::IsInvalidArgument(status)) {
      // One of them is wrong: it must not keep the others back.
      status = absl::OkStatus();
      for (const auto& clue : group) {
        const absl::Status one = store_now({clue});
        if (one.ok()) continue;
        if (!absl::IsAlreadyExists(one) && !absl::IsInvalidArgument(one)) return one;
        ++not_stored;
        session.Note(clue.request_id() + " " +
                     Explain(client::ErrorOf(one), {session.language(), false, "", ""}));
      }
    }
    group.clear();
    return status;
  };
  LineIds line_ids;
  std::string line;
  absl::Status status;
  for (int64_t number = 1; status.ok() && std::getline(input, line); ++number) {
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    auto clue = ClueFromJson(line);
    if (!clue.ok()) {
      ++not_stored;
      session.Note(absl::StrCat(session.Say({"line ", "第 "}), number, session.Say({": ", " 行："}),
                                Printable(session.SentenceOf(clue.status()))));
      continue;
    }
    if (clue->request_id().empty()) clue->set_request_id(line_ids.Next(line));
    group.push_back(*std::move(clue));
    if (group.size() == kGroup) status = store();
  }
  if (status.ok() && !group.empty()) status = store();
  absl::Status flushed;
  if (submitter != nullptr) {
    flushed = submitter->Flush(Patience(session));
    submitter->Stop();
  }
  NoteCounts(session, stored, report.accepted(), report.refused() + not_stored);
  if (!status.ok()) return session.Fail(status);
  NoteWaiting(session, *spool, flushed);
  return report.refused() + not_stored > 0 ? kRefused : kOk;
}

int FlushSpool(Session& session, const std::string& path, bool json) {
  int exit_code = kOk;
  const auto spool = OpenSpool(session, path, &exit_code);
  if (spool == nullptr) return exit_code;
  const auto before = spool->Status();
  if (!before.ok()) return session.Fail(before.status());
  client::Client* const client = session.Connect();
  if (client == nullptr) return kUsage;
  Report report(session, json);
  client::Submitter submitter(client, spool.get(), report.Callbacks());
  const absl::Status flushed = submitter.Flush(Patience(session));
  submitter.Stop();
  NoteCounts(session, before->waiting, report.accepted(), report.refused());
  if (!flushed.ok()) return session.Fail(flushed);
  return report.refused() > 0 ? kRefused : kOk;
}

}  // namespace supervision::cli
