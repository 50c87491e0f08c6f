#include "services/classification/evaluation/report.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "services/classification/evaluation/worst.h"

namespace supervision::classification {
namespace {

// The figures of each part; a part without answers is left out.
std::vector<PartFigures> ByPart(const std::vector<Judged>& judged,
                                const std::vector<size_t>& part_of,
                                const std::vector<std::string>& names,
                                const std::vector<std::string>& order) {
  std::vector<std::vector<Judged>> parts(names.size());
  for (size_t i = 0; i < part_of.size(); ++i) {
    parts[part_of[i]].push_back(judged[i]);
  }
  std::vector<PartFigures> result;
  for (size_t i = 0; i < parts.size(); ++i) {
    if (!parts[i].empty()) {
      result.push_back({names[i], Measure(parts[i], order)});
    }
  }
  return result;
}

std::vector<std::string> FoldNames(const std::vector<size_t>& fold_of) {
  std::vector<std::string> names;
  if (!fold_of.empty()) {
    for (size_t i = 0; i <= *std::max_element(fold_of.begin(), fold_of.end()); ++i) {
      names.push_back(absl::StrCat(i + 1));
    }
  }
  return names;
}

}  // namespace

Report MakeReport(const std::vector<Judged>& judged, const ReportOptions& options) {
  Report report;
  report.all = Measure(judged, options.order);
  report.per_file = ByPart(judged, options.file_of, options.file_names, options.order);
  report.per_fold = ByPart(judged, options.fold_of, FoldNames(options.fold_of), options.order);
  std::vector<std::string> classes;
  for (const ClassFigures& one : report.all.per_class) {
    classes.push_back(one.name);
  }
  report.confusion = Confuse(judged, std::move(classes));
  report.reliability = Reliability(judged);
  report.curve = ReviewCurve(judged);
  report.target = options.target;
  report.needed = LeastReview(report.curve, options.target);
  for (const size_t place : WorstCases(judged, options.worst)) {
    report.worst.push_back(judged[place]);
  }
  return report;
}

}  // namespace supervision::classification
