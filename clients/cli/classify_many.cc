#include "clients/cli/classify_many.h"

#include <fstream>
#include <iostream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "clients/cli/clue_flags.h"
#include "clients/cli/explain.h"
#include "clients/cli/json.h"
#include "clients/cli/names.h"
#include "clients/cli/ndjson.h"
#include "clients/cli/progress.h"
#include "clients/cli/table.h"

namespace supervision::cli {
namespace {

// Where a text stands, and what its writer calls it.
struct Place {
  std::string path;
  int64_t line = 0;
  std::string id;
};

// Texts on their way to the service, a batch at a time.
class TextBatches {
 public:
  TextBatches(Session& session, client::Client* client, bool json)
      : session_(session),
        client_(client),
        json_(json),
        progress_(session),
        table_({session.Say({"LINE", "行"}), session.Say({"ID", "编号"}),
                session.Say({"SCENARIO", "子场景"}), session.Say({"SURE", "置信度"}),
                session.Say({"RISK", "风险"}), session.Say({"PROBLEMS", "问题代码"}),
                session.Say({"REVIEW", "待复核"})}) {}

  // Not OK when the service cannot be asked.
  absl::Status Add(const std::string& path, int64_t line, const std::string& text) {
    auto clue = ClueFromJson(text);
    if (!clue.ok()) {
      // What came before is told before.
      if (absl::Status flushed = Flush(); !flushed.ok()) return flushed;
      Refuse({path, line, ""}, clue.status());
      return absl::OkStatus();
    }
    v1::ClueContent* const content = clue->mutable_clue();
    const std::string& id =
        clue->request_id().empty() ? content->source_record_id() : clue->request_id();
    v1::ClassifyTextRequest request;
    request.set_title(content->title());
    request.set_content(content->content());
    *request.mutable_instruments() = std::move(*content->mutable_instruments());
    if (content->has_persons_affected()) {
      request.set_persons_affected(content->persons_affected());
    }
    // Beside one that is too long for any batch the others have to be answered too.
    bytes_ += request.ByteSizeLong();
    if (bytes_ > kBytes && !places_.empty()) {
      if (absl::Status flushed = Flush(); !flushed.ok()) return flushed;
      bytes_ = request.ByteSizeLong();
    }
    *batch_.add_texts() = std::move(request);
    places_.push_back({path, line, id});
    return batch_.texts_size() < kTexts ? absl::OkStatus() : Flush();
  }

  absl::Status Flush() {
    bytes_ = 0;
    if (places_.empty()) return absl::OkStatus();
    const v1::BatchClassifyTextsRequest batch = std::exchange(batch_, {});
    const std::vector<Place> places = std::exchange(places_, {});
    const auto answer = client_->BatchClassify(batch);
    if (!answer.ok()) return answer.status();
    for (size_t i = 0; i < places.size(); ++i) {
      if (static_cast<int>(i) >= answer->results_size()) {
        return absl::InternalError("the service left out a text");
      }
      const auto& result = answer->results(static_cast<int>(i));
      if (result.has_verdict()) {
        Tell(places[i], result.verdict());
      } else {
        Refuse(places[i], client::ToAbslStatus(result.error()));
      }
    }
    if (progress_.Due()) progress_.Show(Line());
    return absl::OkStatus();
  }

  int End(const absl::Status& status) {
    progress_.Clear();
    if (!json_ && sorted_ > 0) session_.Print(table_.Text());
    session_.Note(Line());
    if (!status.ok()) return session_.Fail(status);
    return refused_ > 0 ? kRefused : kOk;
  }

 private:
  static constexpr int kTexts = 100;
  static constexpr size_t kBytes = 1 << 20;

  static std::vector<std::pair<std::string, std::string>> Members(const Place& place) {
    return {{"file", JsonQuote(place.path)},
            {"line", absl::StrCat(place.line)},
            {"id", JsonQuote(place.id)}};
  }

  void Tell(const Place& place, const v1::Verdict& verdict) {
    ++sorted_;
    if (json_) {
      auto members = Members(place);
      members.emplace_back("verdict", ToJson(verdict));
      return session_.Print(JsonObject(members) + "\n");
    }
    table_.Add({absl::StrCat(place.line), place.id, session_.ScenarioName(verdict.scenario()),
                absl::StrCat(static_cast<int>(verdict.confidence() * 100), " %"),
                WordOf(verdict.risk()), absl::StrJoin(verdict.problem_codes(), " "),
                verdict.needs_review() ? session_.Say({"review", "待复核"}) : ""});
  }

  void Refuse(const Place& place, const absl::Status& why) {
    ++refused_;
    const client::Error error = client::ErrorOf(why);
    if (json_) {
      auto members = Members(place);
      members.emplace_back("error", ToJson(error));
      session_.Print(JsonObject(members) + "\n");
    }
    progress_.Clear();
    session_.Note(
        absl::StrCat(Printable(place.path), ":", place.line, " ",
                     Explain(error, {session_.language(), UseColor(session_.options().color, 2),
                                     session_.options().server, ""})));
  }

  std::string Line() const {
    return absl::StrCat(session_.Say({"sorted: ", "已研判 "}), sorted_,
                        session_.Say({", refused: ", " 条，未通过 "}), refused_,
                        session_.Say({"", " 条"}));
  }

  Session& session_;
  client::Client* const client_;
  const bool json_;
  Progress progress_;
  Table table_;
  v1::BatchClassifyTextsRequest batch_;
  std::vector<Place> places_;  // of the texts of batch_
  size_t bytes_ = 0;
  int64_t sorted_ = 0;
  int64_t refused_ = 0;
};

absl::Status ReadLines(const std::string& path, std::istream& input, TextBatches* batches) {
  std::string line;
  for (int64_t number = 1; std::getline(input, line); ++number) {
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    if (absl::Status added = batches->Add(path, number, line); !added.ok()) return added;
  }
  return absl::OkStatus();
}

}  // namespace

int ClassifyMany(Session& session, const std::vector<std::string>& paths, bool json) {
  client::Client* const client = session.Connect();
  if (client == nullptr) return kUsage;
  for (const std::string& path : paths) {
    if (path != "-" && !std::ifstream(path).is_open()) {
      return session.FailUsage({"cannot open", "无法打开"}, path);
    }
  }
  TextBatches batches(session, client, json);
  absl::Status status;
  std::string unread;
  for (const std::string& path : paths) {
    if (!status.ok()) break;
    std::ifstream file;
    if (path != "-") file.open(path, std::ios::binary);
    std::istream& input = path == "-" ? std::cin : file;
    status = ReadLines(path, input, &batches);
    if (input.bad()) unread = path;
  }
  if (status.ok()) status = batches.Flush();
  const int exit_code = batches.End(status);
  return unread.empty() ? exit_code : FailUnread(session, unread);
}

}  // namespace supervision::cli
