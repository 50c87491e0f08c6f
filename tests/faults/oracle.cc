#include "tests/faults/oracle.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <map>
#include <set>

#include "absl/strings/str_cat.h"

namespace supervision::faults {
namespace {

void JudgeHistory(const Evidence& evidence, std::vector<std::string>* broken) {
  std::map<std::string, int> times;
  for (const Told& told : evidence.history) {
    if (++times[ToLine(told)] == 2) {
      broken->push_back(absl::StrCat("the history has ", ToLine(told), " twice"));
    }
  }
  std::set<std::string> known;
  for (const Told& told : evidence.history) known.insert(told.clue_id);
  for (const std::string& id :
       std::set<std::string>(evidence.acknowledged.begin(), evidence.acknowledged.end())) {
    if (!known.contains(id)) broken->push_back(absl::StrCat("acknowledged and lost: ", id));
  }
}

// A monitor that began at some place must have been told exactly the history's tail from there on.
void JudgeMonitor(size_t number, const std::vector<Told>& told, const std::vector<Told>& history,
                  std::vector<std::string>* broken) {
  if (told.empty()) {
    if (!history.empty()) broken->push_back(absl::StrCat("monitor ", number, " was told nothing"));
    return;
  }
  const auto begin = std::find(history.begin(), history.end(), told.front());
  if (begin == history.end()) {
    broken->push_back(
        absl::StrCat("monitor ", number, " was told what never happened: ", ToLine(told.front())));
    return;
  }
  const size_t expected = static_cast<size_t>(history.end() - begin);
  for (size_t i = 0; i < std::min(expected, told.size()); ++i) {
    if (!(told[i] == *(begin + static_cast<ptrdiff_t>(i)))) {
      broken->push_back(absl::StrCat("monitor ", number, ", alert ", i, ": told ", ToLine(told[i]),
                                     ", the history has ",
                                     ToLine(*(begin + static_cast<ptrdiff_t>(i)))));
      return;  // what follows is shifted, and would only repeat this
    }
  }
  if (told.size() != expected) {
    broken->push_back(absl::StrCat("monitor ", number, " was told ", told.size(),
                                   " alerts where the history has ", expected));
  }
}

void JudgeShare(size_t number, const std::vector<Told>& handed, const std::vector<Told>& history,
                std::vector<std::string>* broken) {
  std::set<std::string> missing;
  for (const Told& told : history) missing.insert(ToLine(told));
  const std::set<std::string> known = missing;
  for (const Told& told : handed) {
    missing.erase(ToLine(told));
    if (known.contains(ToLine(told))) continue;
    broken->push_back(
        absl::StrCat("share ", number, " was handed what never happened: ", ToLine(told)));
  }
  if (missing.empty()) return;
  broken->push_back(absl::StrCat("share ", number, " was not handed ", missing.size(),
                                 " alerts of the history, ", *missing.begin(), " among them"));
}

}  // namespace

std::vector<std::string> Judge(const Evidence& evidence) {
  std::vector<std::string> broken;
  JudgeHistory(evidence, &broken);
  for (size_t i = 0; i < evidence.monitors.size(); ++i) {
    JudgeMonitor(i, evidence.monitors[i], evidence.history, &broken);
  }
  for (size_t i = 0; i < evidence.shares.size(); ++i) {
    JudgeShare(i, evidence.shares[i], evidence.history, &broken);
  }
  return broken;
}

Journal::Journal(const std::string& path)
    : fd_(open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)) {
  if (fd_ < 0) std::abort();  // without its journal a test would prove nothing
}

Journal::~Journal() { close(fd_); }

void Journal::Write(const std::string& line) {
  const std::string whole = line + "\n";
  if (write(fd_, whole.data(), whole.size()) != static_cast<ssize_t>(whole.size())) std::abort();
}

std::vector<std::string> ReadLines(const std::string& path) {
  std::ifstream file(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

std::string ToLine(const Told& told) { return absl::StrCat(told.clue_id, " ", told.version); }

Told ToldFromLine(const std::string& line) {
  const size_t space = line.find(' ');
  if (space == std::string::npos) return {line, 0};
  return {line.substr(0, space),
          static_cast<uint32_t>(std::strtoul(line.c_str() + space, nullptr, 10))};
}

}  // namespace supervision::faults
