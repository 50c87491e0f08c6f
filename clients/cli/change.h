#pragma once

#include <string>

#include "CLI/CLI.hpp"
#include "absl/status/statusor.h"
#include "clients/cli/session.h"
#include "supervision/v1/clue_service.pb.h"

namespace supervision::cli {

// The flags that revise and withdraw share.
struct ChangeFlags {
  std::string etag;
  std::string request_id;
  bool json = false;

  void AddTo(CLI::App& command);
};

// The clue as it stands, which a change starts from.
absl::StatusOr<v1::Clue> ReadClue(client::Client& client, const std::string& clue_id);

// Says before a change how it is repeated when its answer does not come.
void NoteChange(const Session& session, const std::string& request_id, const std::string& etag);

// Prints the answer to a change; the exit code.
int TellReceipt(Session& session, const std::string& request_id, const v1::ClueReceipt& receipt,
                bool json);

}  // namespace supervision::cli
