#include "tests/tools/labelled_clues.h"

#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>

#include <fstream>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace supervision::tools {
namespace {

std::string Text(const google::protobuf::Struct& object, const std::string& name) {
  const auto field = object.fields().find(name);
  return field == object.fields().end() ? "" : field->second.string_value();
}

}  // namespace

bool IsHeldOut(std::string_view id) {
  uint64_t hash = 0xcbf29ce484222325;  // FNV-1a
  for (const char c : id) {
    hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001b3;
  }
  return (hash ^ (hash >> 32)) % 3 == 0;
}

absl::StatusOr<std::vector<LabelledClue>> ReadLabelledClues(const std::string& path, Part part) {
  std::ifstream file(path);
  if (!file) {
    return absl::NotFoundError(absl::StrCat("cannot read ", path));
  }
  std::vector<LabelledClue> clues;
  int number = 0;
  for (std::string line; std::getline(file, line);) {
    ++number;
    if (line.empty()) {
      continue;
    }
    google::protobuf::Struct object;
    const auto parsed = google::protobuf::util::JsonStringToMessage(line, &object);
    if (!parsed.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat(path, ":", number, ": not a JSON object: ", parsed.ToString()));
    }
    LabelledClue clue;
    clue.id = Text(object, "id");
    if (part != Part::kAll && IsHeldOut(clue.id) != (part == Part::kHeldOut)) {
      continue;
    }
    clue.title = Text(object, "title");
    clue.content = Text(object, "content");
    clue.label = Text(object, "label");
    clue.secondary = Text(object, "secondary");
    clue.risk = Text(object, "risk");
    if (const auto codes = object.fields().find("problem_codes"); codes != object.fields().end()) {
      for (const auto& code : codes->second.list_value().values()) {
        clue.problem_codes.push_back(code.string_value());
      }
    }
    clues.push_back(std::move(clue));
  }
  return clues;
}

}  // namespace supervision::tools
