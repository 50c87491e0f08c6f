#include "services/ledger/witness.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <sstream>

#include "absl/strings/str_cat.h"

namespace supervision::ledger {
namespace {

constexpr std::string_view kHead = "supervision-ledger-witness 1";

// The prefix has no character that a file name may not have, except the colon on some systems.
std::string FileName(std::string_view key_prefix) {
  std::string name = "ledger-witness";
  if (!key_prefix.empty()) name += "." + std::string(key_prefix);
  std::replace(name.begin(), name.end(), ':', '_');
  return name;
}

std::string ToText(const WitnessRecord& record) {
  std::string text = std::string(kHead) + "\nledger " + record.ledger_id + "\n";
  for (const Board::Witness& witness : record.partitions) {
    text += std::to_string(witness.epoch) + " " + std::to_string(witness.position) + "\n";
  }
  return text + "end\n";
}

std::optional<WitnessRecord> FromText(const std::string& text) {
  std::istringstream lines(text);
  std::string line;
  WitnessRecord record;
  if (!std::getline(lines, line) || line != kHead) return std::nullopt;
  std::string word;
  if (!(lines >> word >> record.ledger_id) || word != "ledger") return std::nullopt;
  while (lines >> word && word != "end") {
    Board::Witness witness;
    witness.epoch = std::strtoll(word.c_str(), nullptr, 10);
    if (!(lines >> witness.position)) return std::nullopt;
    record.partitions.push_back(witness);
  }
  if (word != "end") return std::nullopt;
  return record;
}

absl::Status Failed(std::string_view what, const std::string& path) {
  return absl::UnavailableError(
      absl::StrCat("Cannot ", std::string(what), " ", path, ": ", std::strerror(errno)));
}

}  // namespace

bool WitnessRecord::empty() const {
  return std::all_of(partitions.begin(), partitions.end(),
                     [](const Board::Witness& witness) { return witness.position == 0; });
}

WitnessFile::WitnessFile(std::string_view directory, std::string_view key_prefix) {
  if (!directory.empty()) path_ = std::string(directory) + "/" + FileName(key_prefix);
}

absl::StatusOr<std::optional<WitnessRecord>> WitnessFile::Read() const {
  if (path_.empty()) return std::nullopt;
  errno = 0;
  std::ifstream file(path_);
  if (!file.is_open()) {
    if (errno == ENOENT) return std::nullopt;
    return Failed("read", path_);
  }
  std::ostringstream text;
  text << file.rdbuf();
  return FromText(text.str());
}

absl::Status WitnessFile::Write(const WitnessRecord& record) {
  if (path_.empty()) return absl::OkStatus();
  const std::string text = ToText(record);
  if (text == written_) return absl::OkStatus();
  const std::string fresh = path_ + ".new";
  {
    std::ofstream file(fresh, std::ios::trunc);
    file << text;
    file.flush();
    if (!file.good()) return Failed("write", fresh);
  }
  if (std::rename(fresh.c_str(), path_.c_str()) != 0) return Failed("replace", path_);
  written_ = text;
  return absl::OkStatus();
}

}  // namespace supervision::ledger
