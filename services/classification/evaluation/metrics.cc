#include "services/classification/evaluation/metrics.h"

#include <algorithm>
#include <map>

#include "services/classification/evaluation/calibration.h"

namespace supervision::classification {
namespace {

constexpr std::string_view kHigh = "HIGH";

double Share(size_t part, size_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

std::optional<double> ShareIfAny(size_t part, size_t whole) {
  return whole == 0 ? std::nullopt : std::optional<double>(Share(part, whole));
}

// The classes that occur, those of `order` first.
std::vector<ClassFigures> PerClass(std::span<const Judged> judged,
                                   std::span<const std::string> order) {
  std::map<std::string, ClassFigures, std::less<>> found;
  for (const Judged& one : judged) {
    ++found[one.clue->label].labelled;
    ++found[one.answer.label].said;
    found[one.clue->label].right += one.answer.label == one.clue->label;
  }
  std::vector<ClassFigures> classes;
  const auto take = [&](auto entry) {
    entry->second.name = entry->first;
    classes.push_back(std::move(entry->second));
    found.erase(entry);
  };
  for (const std::string& name : order) {
    if (const auto entry = found.find(name); entry != found.end()) {
      take(entry);
    }
  }
  while (!found.empty()) {
    take(found.begin());
  }
  return classes;
}

bool InScope(std::string_view label) { return label != kOutOfScopeName; }

// Whether an accepted class lies on the same side of the scope as the answer.
bool ScopeRight(const Judged& one) {
  const bool said = InScope(one.answer.label);
  return InScope(one.clue->label) == said ||
         std::any_of(one.clue->accept.begin(), one.clue->accept.end(),
                     [said](const std::string& label) { return InScope(label) == said; });
}

// Whether it is known how grave the clue is; what is out of scope is never HIGH.
bool RiskKnown(const LabelledClue& clue) {
  return !clue.risk.empty() || !clue.accept_risk.empty() || !InScope(clue.label);
}

bool MayBeHigh(const LabelledClue& clue) {
  return clue.risk == kHigh || std::find(clue.accept_risk.begin(), clue.accept_risk.end(), kHigh) !=
                                   clue.accept_risk.end();
}

}  // namespace

double ClassFigures::Precision() const { return Share(right, said); }
double ClassFigures::Recall() const { return Share(right, labelled); }
double ClassFigures::F1() const { return Share(2 * right, labelled + said); }

Figures Measure(std::span<const Judged> judged, std::span<const std::string> order) {
  Figures figures;
  figures.clues = judged.size();
  figures.per_class = PerClass(judged, order);
  for (const ClassFigures& one : figures.per_class) {
    figures.macro_f1 += one.F1() / static_cast<double>(figures.per_class.size());
  }
  size_t right = 0;
  size_t scope_right = 0;
  size_t high_right = 0;
  size_t unreviewed = 0;
  size_t unreviewed_right = 0;
  bool has_reject = false;
  bool has_risk = false;
  for (const Judged& one : judged) {
    right += one.Right();
    scope_right += ScopeRight(one);
    has_reject = has_reject || !InScope(one.clue->label) || !InScope(one.answer.label);
    has_risk = has_risk || !one.clue->risk.empty();
    if (one.answer.risk == kHigh && RiskKnown(*one.clue)) {
      ++figures.said_high;
      high_right += MayBeHigh(*one.clue);
    }
    if (!one.answer.needs_review) {
      ++unreviewed;
      unreviewed_right += one.Right();
    }
  }
  figures.accuracy = Share(right, judged.size());
  if (has_reject) {
    figures.scope_accuracy = ShareIfAny(scope_right, judged.size());
  }
  if (has_risk) {
    figures.high_precision = ShareIfAny(high_right, figures.said_high);
  }
  figures.calibration_error = CalibrationError(Reliability(judged));
  figures.review_share = Share(judged.size() - unreviewed, judged.size());
  figures.accuracy_unreviewed = ShareIfAny(unreviewed_right, unreviewed);
  return figures;
}

}  // namespace supervision::classification
