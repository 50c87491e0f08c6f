#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "services/classification/evaluation/answer.h"
#include "services/classification/evaluation/calibration.h"
#include "services/classification/evaluation/confusion.h"
#include "services/classification/evaluation/metrics.h"
#include "services/classification/evaluation/review_curve.h"

namespace supervision::classification {

// The figures of a part of the answers, such as those of one file or one fold.
struct PartFigures {
  std::string name;
  Figures figures;
};

// Everything that is measured on one set of answers. Plain values.
struct Report {
  Figures all;
  std::vector<PartFigures> per_file;
  std::vector<PartFigures> per_fold;  // empty without cross-validation
  Confusion confusion;
  std::vector<ReliabilityBin> reliability;
  std::vector<ReviewPoint> curve;
  double target = 0;                  // the accuracy that is asked for without review
  std::optional<ReviewPoint> needed;  // the least review that reaches it
  std::vector<Judged> worst;
};

// What the report is made from, beside the answers.
struct ReportOptions {
  std::vector<std::string> order;       // classes that come first
  std::vector<std::string> file_names;  // one for each number in file_of
  std::vector<size_t> file_of;          // of each answer
  std::vector<size_t> fold_of;          // of each answer; empty without cross-validation
  double target = 0;
  size_t worst = 0;
};

Report MakeReport(const std::vector<Judged>& judged, const ReportOptions& options);

}  // namespace supervision::classification
