#include "services/classification/model/problem_training.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "services/classification/model/softmax.h"

namespace supervision::classification {
namespace {

constexpr size_t kFewestOthers = 10;  // clues of the class without the problem
constexpr std::string_view kOutOfScope = "OUT_OF_SCOPE";

}  // namespace

ProblemTraining::ProblemTraining(std::span<const LabelledClue> clues,
                                 std::span<const Document> documents,
                                 const std::vector<std::string>& classes, unsigned seed)
    : documents_(documents), seed_(seed) {
  std::vector<size_t> sizes(classes.size(), 0);
  std::map<std::string, std::map<uint32_t, size_t>> counts;  // of each code, by class
  for (size_t i = 0; i < clues.size(); ++i) {
    ++sizes[documents[i].label];
    if (clues[i].label == kOutOfScope) continue;
    for (const std::string& code : clues[i].problem_codes) ++counts[code][documents[i].label];
  }
  for (const auto& [code, by_class] : counts) {
    const auto [klass, examples] =
        *std::max_element(by_class.begin(), by_class.end(),
                          [](const auto& a, const auto& b) { return a.second < b.second; });
    if (examples < kFewestExamples || sizes[klass] < examples + kFewestOthers) continue;
    Problem& problem = problems_.emplace_back();
    problem.code = code;
    problem.klass = klass;
    for (const LabelledClue& clue : clues) {
      problem.shown.push_back(std::find(clue.problem_codes.begin(), clue.problem_codes.end(),
                                        code) != clue.problem_codes.end());
    }
  }
}

Separators ProblemTraining::Train(const Problem& problem, const Separators& separators,
                                  std::span<const uint32_t> chosen) const {
  std::vector<uint32_t> of_class;
  for (const uint32_t i : chosen) {
    if (documents_[i].label == problem.klass) of_class.push_back(i);
  }
  return TrainSeparator(
      documents_, of_class, separators, [&](uint32_t i) { return problem.shown[i]; },
      ProblemSeparator::kMostRows, seed_);
}

void ProblemTraining::NoteOutOfFold(const Separators& separators, std::span<const uint32_t> chosen,
                                    std::span<const uint32_t> left_out) {
  for (Problem& problem : problems_) {
    const Separators learnt = Train(problem, separators, chosen);
    for (const uint32_t i : left_out) {
      if (documents_[i].label != problem.klass) continue;
      double margin = 0;
      learnt.Margins(documents_[i], &margin);
      problem.noted.emplace_back(i, margin);
    }
  }
}

std::vector<ProblemSeparator> ProblemTraining::Learn(const Separators& separators) const {
  std::vector<uint32_t> all(documents_.size());
  std::iota(all.begin(), all.end(), 0U);
  std::vector<ProblemSeparator> result;
  for (const Problem& problem : problems_) {
    SoftmaxTask task;
    task.classes = 2;
    task.inputs = 1;
    task.costs = {1, 1};
    for (const auto& [i, margin] : problem.noted) {
      task.rows.push_back(margin);
      task.labels.push_back(problem.shown[i] ? 1 : 0);
    }
    const Softmax fitted = FitSoftmax(task);
    const double slope = fitted.weights[1] - fitted.weights[0];
    // What the margin does not tell: nothing that is shown by chance alone is worth a word.
    if (slope <= 0) continue;
    const Separators learnt = Train(problem, separators, all);
    float widest = 0;
    for (const float weight : learnt.weights) widest = std::max(widest, std::fabs(weight));
    if (widest <= 0) continue;
    const float step = widest / INT8_MAX;
    ProblemSeparator& one = result.emplace_back();
    one.code = problem.code;
    one.klass = problem.klass;
    one.step = static_cast<float>(slope * step);
    one.bias = static_cast<float>(slope * learnt.biases[0] + fitted.biases[1] - fitted.biases[0]);
    for (uint32_t row = 0; row < learnt.weights.size(); ++row) {
      const auto weight = static_cast<int8_t>(std::lround(learnt.weights[row] / step));
      if (weight == 0) continue;
      one.rows.push_back(row);
      one.weights.push_back(weight);
    }
  }
  return result;
}

}  // namespace supervision::classification
