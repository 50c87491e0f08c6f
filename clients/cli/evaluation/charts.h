#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "services/classification/evaluation/calibration.h"
#include "services/classification/evaluation/confusion.h"
#include "services/classification/evaluation/review_curve.h"

namespace supervision::cli {

// `text` as it may stand in HTML and in quoted attributes.
std::string HtmlText(std::string_view text);

// Charts as inline SVG that needs nothing else. Each has a class of its own, and says its numbers
// when the pointer rests on them.

// Labels by row, what was said by column; the shade is the share of the row. `names` are shown
// beside the rows, one for each class; the columns have the classes' own names.
std::string ConfusionChart(const classification::Confusion& confusion,
                           const std::vector<std::string>& names);

// Accuracy by confidence, with the diagonal on which a calibrated classifier lies and how many
// answers each bin has.
std::string ReliabilityChart(std::span<const classification::ReliabilityBin> bins);

// What the chart of review shows beside the curve.
struct ReviewMarks {
  double share = 0;                // that is sent to review now
  std::optional<double> accuracy;  // of the others now
  double target = 0;               // accuracy that is asked for
  std::optional<classification::ReviewPoint> needed;
};

// Accuracy of the rest against the share that people review.
std::string ReviewChart(std::span<const classification::ReviewPoint> curve,
                        const ReviewMarks& marks);

}  // namespace supervision::cli
