#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace supervision::tools {

// A clue with the class that a person gave it.
struct LabelledClue {
  std::string id;
  std::string title;
  std::string content;
  std::string label;      // code of the class
  std::string secondary;  // second reading, or empty
  std::string risk;       // "LOW", "MEDIUM", "HIGH", or empty
  std::vector<std::string> problem_codes;
};

// Which part of a file: the held-out third is chosen by a hash of the id, so that it stays the same
// whoever measures. Who writes rules reads only the development part.
enum class Part { kDevelopment, kHeldOut, kAll };

bool IsHeldOut(std::string_view id);

// Reads JSON lines with the fields of LabelledClue; others are ignored.
absl::StatusOr<std::vector<LabelledClue>> ReadLabelledClues(const std::string& path, Part part);

}  // namespace supervision::tools
