#pragma once

#include <istream>
#include <memory>
#include <string>

#include "clients/cli/session.h"
#include "clients/cpp/spool.h"

namespace supervision::cli {

// What submit --spool does beside the clue itself.
struct SpoolSubmitOptions {
  std::string path;    // of the spool
  bool later = false;  // only store
  bool json = false;
};

// Opens a spool to write it, and says when it had to be repaired. Null: why not has been said, and
// `exit_code` is set.
std::unique_ptr<client::Spool> OpenSpool(Session& session, const std::string& path, int* exit_code);

// Stores one clue and hands over what the spool has, this clue among it. kOk as soon as it is
// stored, whether the service can be reached or not; what the service says of it otherwise.
int SubmitOneThroughSpool(Session& session, v1::StreamCluesRequest clue,
                          const SpoolSubmitOptions& options);

// The same for many, one JSON object a line.
int SubmitNdjsonThroughSpool(Session& session, std::istream& input,
                             const SpoolSubmitOptions& options);

// Hands over what waits; prints a line for each clue that the service answered. kOk when nothing
// waits any more and nothing was refused.
int FlushSpool(Session& session, const std::string& path, bool json);

}  // namespace supervision::cli
