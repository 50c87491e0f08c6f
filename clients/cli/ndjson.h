#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "clients/cli/session.h"

namespace supervision::cli {

// What submit --ndjson does.
struct NdjsonOptions {
  std::string path;  // "-": standard input
  bool validate_only = false;
  bool backfill = false;  // history that alerts nobody
  bool json = false;      // print every answer
};

// Submits many clues, one JSON object a line, a window of them at a time. A line that is no clue or
// is refused is reported with its number and never keeps the others back. The exit code: kOk when
// all were accepted, kRefused when some were not, otherwise why it ended.
int SubmitNdjson(Session& session, const NdjsonOptions& options);

// Says that a file ended in an error and not at its end, whatever became of what was read before.
int FailUnread(const Session& session, const std::string& path);

// request_ids for lines that bring none: made from the line and how often it has occurred, so that
// the same file gives the same ids again.
class LineIds {
 public:
  std::string Next(const std::string& line);

 private:
  std::map<std::string, int64_t> seen_;  // by the line's digest
};

}  // namespace supervision::cli
