#include "services/config/labelled_clues.h"

#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "services/config/problems.h"
#include "services/config/suggest.h"
#include "services/domain/scenario.h"

namespace supervision::config {
namespace {

using classification::LabelledClue;
using google::protobuf::Struct;
using google::protobuf::Value;

std::vector<std::string> CatalogueCodes() {
  std::vector<std::string> codes;
  for (const domain::Scenario scenario : domain::kScenarios) {
    codes.emplace_back(domain::Code(scenario));
  }
  return codes;
}

const std::vector<std::string>& Risks() {
  static const auto* const risks = new std::vector<std::string>{"LOW", "MEDIUM", "HIGH"};
  return *risks;
}

bool Contains(const std::vector<std::string>& list, const std::string& word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

// Reads the fields of one line and notes what is wrong with them.
class Line {
 public:
  Line(const Struct& object, std::string file, int number, Problems* problems)
      : object_(object), file_(std::move(file)), number_(number), problems_(problems) {}

  void Mistake(const std::string& text) const { problems_->AddAt(file_, {number_, 1}, text); }

  std::string Text(const std::string& name) const {
    const Value* const value = Find(name);
    if (value == nullptr) return "";
    if (value->kind_case() != Value::kStringValue) {
      Mistake(absl::StrCat("'", name, "' is no text; write it in quotation marks"));
      return "";
    }
    return value->string_value();
  }

  // A text that must be there and not empty.
  std::string Needed(const std::string& name) const {
    const Value* const value = Find(name);
    if (value == nullptr ||
        (value->kind_case() == Value::kStringValue && value->string_value().empty())) {
      Mistake(absl::StrCat("'", name, "' is missing; id, content and label must be there"));
      return "";
    }
    return Text(name);
  }

  std::vector<std::string> Texts(const std::string& name) const {
    std::vector<std::string> texts;
    const Value* const value = Find(name);
    if (value == nullptr) return texts;
    bool sound = value->kind_case() == Value::kListValue;
    for (const Value& entry : value->list_value().values()) {
      sound = sound && entry.kind_case() == Value::kStringValue;
      texts.push_back(entry.string_value());
    }
    if (!sound) Mistake(absl::StrCat("'", name, "' is no list of texts; write [\"A\", \"B\"]"));
    return sound ? texts : std::vector<std::string>();
  }

 private:
  // Null for what is absent or null.
  const Value* Find(const std::string& name) const {
    const auto field = object_.fields().find(name);
    return field == object_.fields().end() || field->second.kind_case() == Value::kNullValue
               ? nullptr
               : &field->second;
  }

  const Struct& object_;
  const std::string file_;
  const int number_;
  Problems* const problems_;
};

class Reader {
 public:
  explicit Reader(LabelledSet* set) : set_(set) {}

  absl::Status Read(const std::string& path) {
    std::ifstream file(path);
    if (!file) return absl::NotFoundError(absl::StrCat("cannot read ", path));
    const size_t before = set_->clues.size();
    const bool sound_before = problems_.empty();
    int number = 0;
    std::string text;
    while (std::getline(file, text)) {
      ++number;
      if (text.find_first_not_of(" \t\r") != std::string::npos) ReadLine(path, number, text);
    }
    if (!file.eof()) {
      return absl::NotFoundError(absl::StrCat("cannot read ", path));
    }
    if (set_->clues.size() == before && (problems_.empty() || !sound_before)) {
      problems_.AddAt(path, {}, "holds no clue; write one JSON object a line");
    }
    set_->files.push_back(path);
    return absl::OkStatus();
  }

  // Checks what takes all clues to know.
  absl::Status Finish(LabelNames names) {
    const std::vector<std::string> codes = CatalogueCodes();
    const auto is_code = [&codes](const LabelledClue& clue) { return Contains(codes, clue.label); };
    const auto is_scenario = [&](const LabelledClue& clue) {
      return is_code(clue) && clue.label != domain::Code(domain::Scenario::kOutOfScope);
    };
    const auto& clues = set_->clues;
    set_->catalogue_names = std::all_of(clues.begin(), clues.end(), is_code);
    if (names == LabelNames::kCatalogue || (names == LabelNames::kCatalogueOrOwn &&
                                            std::any_of(clues.begin(), clues.end(), is_scenario))) {
      for (size_t i = 0; i < clues.size(); ++i) CheckNames(i, codes);
    }
    return problems_.ToStatus();
  }

 private:
  void ReadLine(const std::string& path, int number, const std::string& text) {
    Struct object;
    const auto parsed = google::protobuf::util::JsonStringToMessage(text, &object);
    if (!parsed.ok()) {
      problems_.AddAt(
          path, {number, 1},
          "is no JSON object; write {\"id\": …, \"content\": …, \"label\": …} on one line");
      return;
    }
    const Line line(object, path, number, &problems_);
    LabelledClue clue;
    clue.id = line.Needed("id");
    clue.title = line.Text("title");
    clue.content = line.Needed("content");
    clue.label = line.Needed("label");
    clue.secondary = line.Text("secondary");
    clue.risk = line.Text("risk");
    clue.accept = line.Texts("accept");
    clue.accept_risk = line.Texts("accept_risk");
    clue.problem_codes = line.Texts("problem_codes");
    if (!clue.id.empty()) CheckId(clue.id, path, number, line);
    CheckRisk("risk", clue.risk, line);
    for (const std::string& risk : clue.accept_risk) CheckRisk("accept_risk", risk, line);
    set_->clues.push_back(std::move(clue));
    set_->file_of.push_back(set_->files.size());
    lines_.emplace_back(path, number);
  }

  void CheckId(const std::string& id, const std::string& path, int number, const Line& line) {
    const auto [first, added] = places_.emplace(id, absl::StrCat(path, ":", number));
    if (!added) {
      line.Mistake(absl::StrCat("id ", Quote(id), " stands already in ", first->second,
                                "; give each clue its own"));
    }
  }

  static void CheckRisk(const std::string& name, const std::string& risk, const Line& line) {
    if (!risk.empty() && !Contains(Risks(), risk)) {
      line.Mistake(absl::StrCat("'", name, "' is ", Quote(risk), "; ", Suggest(risk, Risks())));
    }
  }

  void CheckNames(size_t place, const std::vector<std::string>& codes) {
    const LabelledClue& clue = set_->clues[place];
    const auto check = [&](const char* name, const std::string& word) {
      if (word.empty() || Contains(codes, word)) return;
      problems_.AddAt(lines_[place].first, {lines_[place].second, 1},
                      absl::StrCat("'", name, "' is ", Quote(word),
                                   ", which is no class of the catalogue; ", Suggest(word, codes)));
    };
    check("label", clue.label);
    check("secondary", clue.secondary);
    for (const std::string& label : clue.accept) check("accept", label);
  }

  LabelledSet* const set_;
  Problems problems_;
  std::map<std::string, std::string> places_;       // of ids
  std::vector<std::pair<std::string, int>> lines_;  // of clues
};

}  // namespace

absl::StatusOr<LabelledSet> LoadLabelledClues(const std::vector<std::string>& files,
                                              LabelNames names) {
  LabelledSet set;
  Reader reader(&set);
  for (const std::string& file : files) {
    if (absl::Status status = reader.Read(file); !status.ok()) return status;
  }
  if (absl::Status status = reader.Finish(names); !status.ok()) return status;
  return set;
}

}  // namespace supervision::config
