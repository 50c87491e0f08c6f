#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "services/classification/evaluation/report.h"

namespace supervision::cli {

// An evaluation as it is shown: what was measured, and how.
struct Evaluation {
  classification::Report report;

  std::string part = "all";                 // "dev" or "held-out": which part of the files
  std::string method;                       // "shipped", "rules", "cv" or "train"
  size_t folds = 0;                         // of "cv"
  uint64_t seed = 0;                        // of "cv" and "train"
  std::vector<std::string> training_files;  // beside the labels
  size_t training_clues = 0;                // of "train"
  size_t near_duplicates = 0;  // clues of "train" that nearly stand in the training files
  std::string rules_version;
  std::string model_version;  // empty: none
  std::string catalogue_version;
  // Whether texts of clues may be shown. The held-out part stays unread.
  bool show_texts = true;
  std::map<std::string, std::string> chinese;  // names of classes that have one
};

// The evaluation as one JSON object on one line. Its keys are part of the command's contract.
std::string ToJson(const Evaluation& evaluation);

// One self-contained HTML page, English and Chinese, with the JSON inside.
std::string ToPage(const Evaluation& evaluation);

}  // namespace supervision::cli
