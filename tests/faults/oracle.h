#pragma once

#include <string>
#include <vector>

namespace supervision::faults {

// What one alert looked like to whoever heard of it.
struct Told {
  std::string clue_id;
  uint32_t version = 0;
  bool operator==(const Told&) const = default;
};

// What was written down while the service was being killed. Submitters and monitors each keep a
// file of their own; the oracle reads those files and a fresh stream from EARLIEST, and nothing
// else: it never asks the code under test what it believes.
struct Evidence {
  std::vector<std::string> acknowledged;    // clue ids, as the submitters wrote them down
  std::vector<std::vector<Told>> monitors;  // what each resuming monitor was told, in order
  // What the consumers of each shared subscription were handed together, in any order. It begins
  // with the history.
  std::vector<std::vector<Told>> shares;
  std::vector<Told> history;  // a fresh stream from EARLIEST, in order
};

// Every broken promise in one sentence each; empty when all were kept:
//   no acknowledged clue is missing from the history, none is there twice,
//   each monitor was told a run of the history without a gap, a repeat or a change of order, up to
//   its end,
//   of each shared subscription all of the history was handed over, and nothing else. Repeats are
//   told apart by (id, version), and no fault: what a lost connection had in hand comes again.
std::vector<std::string> Judge(const Evidence& evidence);

// Journals: one line each, written and flushed before the writer goes on.
class Journal {
 public:
  explicit Journal(const std::string& path);
  ~Journal();
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;
  void Write(const std::string& line);

 private:
  int fd_;
};
std::vector<std::string> ReadLines(const std::string& path);

// "<clue id> <version>", as monitors write it.
std::string ToLine(const Told& told);
Told ToldFromLine(const std::string& line);

}  // namespace supervision::faults
