#pragma once

#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "supervision/v1/alert.pb.h"

namespace supervision::cli {

// The flags that choose alerts or clues, shared by watch and list.
class FilterFlags {
 public:
  void AddTo(CLI::App& command);

  // The flags that choose alerts by what people did with them.
  void AddStateTo(CLI::App& command);

  // The filter; not OK names the flag and the words there are.
  absl::StatusOr<v1::AlertFilter> Filter() const;

 private:
  std::vector<std::string> scenarios_;
  std::string min_risk_;
  std::string region_;
  std::string unit_;
  std::string expression_;
  std::vector<std::string> states_;
  std::string owner_;
};

}  // namespace supervision::cli
