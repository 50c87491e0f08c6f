#include "clients/cli/reclassify_apply.h"

#include <unistd.h>

#include <array>
#include <cstdio>
#include <iostream>
#include <thread>

#include "absl/strings/str_cat.h"
#include "clients/cli/json.h"
#include "clients/cli/pacer.h"
#include "clients/cli/progress.h"
#include "clients/cli/table.h"

namespace supervision::cli {
namespace {

// What came of one change.
enum Outcome : size_t { kCorrected, kSame, kDecided, kGone, kMoved, kHeld, kHidden, kFull };
constexpr size_t kOutcomes = kFull + 1;
struct OutcomeRow {
  const char* word;    // in JSON
  const char* reason;  // of the service; empty: none
  Text text;
  bool left;  // the set says otherwise still
};
const std::array<OutcomeRow, kOutcomes> kRows = {
    OutcomeRow{"corrected", "", {"corrected", "已更正"}, false},
    OutcomeRow{"same", "", {"as the set says already", "已与规则一致"}, false},
    OutcomeRow{"decided", "CORRECTED_BY_PERSON", {"decided by a person", "已由人工认定"}, false},
    OutcomeRow{"gone", "CLUE_WITHDRAWN", {"withdrawn or not seen", "已撤回或不可见"}, false},
    OutcomeRow{"moved", "ETAG_MISMATCH", {"changed meanwhile", "期间已有变化"}, true},
    OutcomeRow{"held", "REVIEW_CLAIMED", {"held by a reviewer", "复核人员认领中"}, true},
    OutcomeRow{"withheld", "TEXT_WITHHELD", {"text withheld", "正文不可见"}, true},
    OutcomeRow{"full", "TOO_MANY_VERSIONS", {"has all its versions", "版本数已满"}, true},
};

// The changes on their way, shared by a few threads: each waits for one answer at a time.
class Application {
 public:
  Application(Session& session, client::Client* client, std::vector<PendingChange> changes,
              const ApplyOptions& options)
      : session_(session),
        client_(client),
        changes_(std::move(changes)),
        options_(options),
        pacer_(options.rate),
        progress_(session) {}

  int Run() {
    constexpr size_t kAtOnce = 4;
    std::vector<std::thread> threads;
    for (size_t i = 0; i < std::min(kAtOnce, changes_.size()); ++i) {
      threads.emplace_back([this] { Work(); });
    }
    for (std::thread& thread : threads) thread.join();
    base::MutexLock lock(&mutex_);
    progress_.Clear();
    Tell();
    if (!stop_.ok()) {
      session_.Note(session_.Say({"not all was applied; the same command goes on from here",
                                  "未全部完成；重新运行同一命令即可继续"}));
      return session_.Fail(stop_);
    }
    for (size_t i = 0; i < kOutcomes; ++i) {
      if (kRows[i].left && counts_[i] > 0) return kConflict;
    }
    return kOk;
  }

 private:
  void Work() {
    while (const PendingChange* const next = Take()) {
      pacer_.Wait();
      v1::ReclassifyClueRequest request;
      request.set_clue_id(next->change.clue_id);
      request.set_etag(next->etag);
      request.set_rules_version(next->change.after.rules_version());
      const auto answer = client_->ReclassifyClue(request);
      base::MutexLock lock(&mutex_);
      Settle(*next, answer);
    }
  }

  const PendingChange* Take() {
    base::MutexLock lock(&mutex_);
    if (!stop_.ok() || taken_ == changes_.size()) return nullptr;
    return &changes_[taken_++];
  }

  void Settle(const PendingChange& pending,
              const absl::StatusOr<v1::ReclassifyClueResponse>& answer)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    size_t outcome = answer.ok() && !answer->has_receipt() ? kSame : kCorrected;
    if (!answer.ok()) {
      const std::string reason = client::ErrorOf(answer.status()).reason;
      for (size_t i = kDecided; i < kOutcomes; ++i) {
        if (reason == kRows[i].reason) outcome = i;
      }
      if (reason == "CLUE_NOT_FOUND") outcome = kGone;
      // Anything else will be so for the next one too.
      if (outcome == kCorrected) {
        if (stop_.ok()) stop_ = answer.status();
        return;
      }
    }
    ++counts_[outcome];
    if (outcome == kCorrected) corrected_.Add(pending.change);
    if (options_.json) {
      session_.Print(JsonObject({{"clue_id", JsonQuote(pending.change.clue_id)},
                                 {"outcome", JsonQuote(kRows[outcome].word)}}) +
                     "\n");
    }
    if (!progress_.Due()) return;
    size_t done = 0;
    for (const size_t count : counts_) done += count;
    progress_.Show(absl::StrCat(session_.Say({"applied ", "已处理 "}), done, "/", changes_.size()));
  }

  void Tell() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    const std::array<std::pair<Text, int64_t>, 4> kinds = {
        std::pair{Text{"  in scenario", "  子场景"}, corrected_.scenario},
        std::pair{Text{"  in risk", "  风险等级"}, corrected_.risk},
        std::pair{Text{"  of these raised", "  其中升级"}, corrected_.raised},
        std::pair{Text{"  in review", "  复核要求"}, corrected_.review}};
    if (options_.json) {
      std::vector<std::pair<std::string, std::string>> members;
      for (size_t i = 0; i < kOutcomes; ++i) {
        members.emplace_back(kRows[i].word, absl::StrCat(counts_[i]));
      }
      members.emplace_back("scenario", absl::StrCat(corrected_.scenario));
      members.emplace_back("risk", absl::StrCat(corrected_.risk));
      members.emplace_back("raised", absl::StrCat(corrected_.raised));
      members.emplace_back("review", absl::StrCat(corrected_.review));
      return session_.Print(JsonObject({{"applied", JsonObject(members)}}) + "\n");
    }
    Table table({session_.Say({"APPLIED", "处理结果"}), session_.Say({"CLUES", "线索数"})});
    for (size_t i = 0; i < kOutcomes; ++i) {
      if (i > kCorrected && counts_[i] == 0) continue;
      table.Add({session_.Say(kRows[i].text), absl::StrCat(counts_[i])});
      if (i > kCorrected) continue;
      for (const auto& [name, count] : kinds) table.Add({session_.Say(name), absl::StrCat(count)});
    }
    session_.Print(table.Text());
  }

  Session& session_;
  client::Client* const client_;
  const std::vector<PendingChange> changes_;
  const ApplyOptions options_;
  Pacer pacer_;
  base::Mutex mutex_;
  Progress progress_ ABSL_GUARDED_BY(mutex_);
  size_t taken_ ABSL_GUARDED_BY(mutex_) = 0;
  std::array<size_t, kOutcomes> counts_ ABSL_GUARDED_BY(mutex_) = {};
  ChangeCounts corrected_ ABSL_GUARDED_BY(mutex_);
  absl::Status stop_ ABSL_GUARDED_BY(mutex_);  // not OK: nothing more is begun
};

}  // namespace

bool MayApply(const Session& session, const ApplyOptions& options) {
  if (options.yes || (isatty(STDIN_FILENO) == 1 && isatty(STDERR_FILENO) == 1)) return true;
  session.FailUsage({"--apply needs --yes where nobody can be asked",
                     "无法询问确认时，--apply 须同时给出 --yes"});
  return false;
}

int ApplyChanges(Session& session, client::Client* client, std::vector<PendingChange> changes,
                 const ApplyOptions& options) {
  if (!changes.empty() && !options.yes) {
    std::fputs(absl::StrCat(session.Say({"Correct ", "确认由系统更正 "}), changes.size(),
                            session.Say({" clues? [y/N] ", " 条线索？[y/N] "}))
                   .c_str(),
               stderr);
    std::string word;
    std::getline(std::cin, word);
    if (word != "y" && word != "Y" && word != "yes") {
      session.Note(session.Say({"nothing was changed", "未作任何更改"}));
      return kOk;
    }
  }
  return Application(session, client, std::move(changes), options).Run();
}

}  // namespace supervision::cli
