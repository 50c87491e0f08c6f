#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "services/domain/verdict.h"

namespace supervision::domain {

// Who set a clue's class and risk beside the machine's verdict. The numbers are those of
// supervision.v1.CorrectedBy and of the ledger, and never change.
enum class CorrectedBy : uint8_t {
  kUnspecified = 0,
  kPerson = 1,
  kSystem = 2,  // history sorted anew by later rules
};

// What a person finds a clue to be.
struct Finding {
  Scenario scenario = Scenario::kUnspecified;
  Scenario secondary = Scenario::kUnspecified;  // kUnspecified when there is none
  Risk risk = Risk::kUnspecified;
  std::vector<std::string> problem_codes;  // best first
  bool operator==(const Finding&) const = default;
};

// A correction stands beside the verdict that the machine gave when the version was accepted, and
// never overwrites it (promise 7).
struct Correction {
  CorrectedBy by = CorrectedBy::kUnspecified;
  std::string author;         // id of the principal; kSystemAuthor
  std::string reason;         // why
  uint32_t clue_version = 0;  // the version that this correction made
  absl::Time made_at;
  Verdict verdict;  // what stands since then
  // The machine's verdict that a person judged, where it is not the clue's own but that of an
  // earlier correction by the system.
  std::optional<Verdict> judged;
  bool operator==(const Correction&) const = default;
};

inline constexpr char kSystemAuthor[] = "system";

}  // namespace supervision::domain
