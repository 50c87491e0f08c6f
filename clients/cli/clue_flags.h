#pragma once

#include <optional>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "supervision/v1/clue_service.pb.h"

namespace supervision::cli {

// The flags that describe a clue, shared by submit and revise.
class ClueFlags {
 public:
  // The options that were added.
  std::vector<CLI::Option*> AddTo(CLI::App& command);

  // Puts what the flags say into `clue`, over what is there. Not OK names the flag and the mistake;
  // what only the service can judge is left to it.
  absl::Status Apply(v1::ClueContent& clue) const;

 private:
  std::optional<std::string> record_;
  std::optional<std::string> title_;
  std::optional<std::string> content_;
  std::optional<std::string> content_file_;
  std::optional<std::string> occurred_on_;
  std::optional<std::string> region_;
  std::optional<std::string> unit_;
  std::optional<std::string> unit_code_;
  std::optional<std::string> party_;
  std::vector<std::string> instruments_;
  std::vector<std::string> amounts_;
  std::optional<int64_t> persons_;
  std::vector<std::string> evidence_;
  std::optional<std::string> confidentiality_;
  std::optional<std::string> channel_;
};

// A whole file, or standard input for "-".
absl::StatusOr<std::string> ReadInput(const std::string& path);

// A clue in JSON: {"request_id": …, "clue": {…}} or only the clue's content. A text that is not
// UTF-8 is said in both languages, with a remedy.
absl::StatusOr<v1::StreamCluesRequest> ClueFromJson(const std::string& json);

}  // namespace supervision::cli
