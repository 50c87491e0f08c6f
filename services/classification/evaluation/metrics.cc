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

bool Contains(const std::vector<std::string>& list, std::string_view text) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

bool AcceptsRisk(const LabelledClue& clue, std::string_view risk) {
  return clue.risk == risk || Contains(clue.accept_risk, risk);
}

// How the codes of problem models fit, over all clues.
class Problems {
 public:
  void Count(const Judged& one) {
    labelled_ += one.clue->problem_codes.size();
    said_ += one.answer.problem_codes.size();
    for (const std::string& code : one.answer.problem_codes) {
      right_ += Contains(one.clue->problem_codes, code);
    }
  }
  void Tell(Figures* figures) const {
    if (labelled_ == 0) return;  // a set whose problems nobody has looked for
    figures->problem_precision = ShareIfAny(right_, said_);
    figures->problem_recall = Share(right_, labelled_);
  }

 private:
  size_t labelled_ = 0;
  size_t said_ = 0;
  size_t right_ = 0;
};

// How the risks of clues in scope fit.
class Risks {
 public:
  void Count(const Judged& one) {
    const LabelledClue& clue = *one.clue;
    known_ = known_ || !clue.risk.empty();
    if (one.answer.risk == kHigh && RiskKnown(clue)) {
      ++said_high_;
      high_right_ += AcceptsRisk(clue, kHigh);
    }
    if (clue.risk == kHigh) {
      ++high_;
      high_found_ += one.answer.risk == kHigh;
    }
    if (!clue.risk.empty() && InScope(clue.label) && InScope(one.answer.label)) {
      ++rated_;
      right_ += AcceptsRisk(clue, one.answer.risk);
    }
  }
  void Tell(Figures* figures) const {
    figures->said_high = said_high_;
    if (!known_) return;
    figures->high_precision = ShareIfAny(high_right_, said_high_);
    figures->high_recall = ShareIfAny(high_found_, high_);
    figures->risk_accuracy = ShareIfAny(right_, rated_);
  }

 private:
  bool known_ = false;
  size_t said_high_ = 0;
  size_t high_right_ = 0;
  size_t high_ = 0;
  size_t high_found_ = 0;
  size_t rated_ = 0;
  size_t right_ = 0;
};

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
  size_t unreviewed = 0;
  size_t unreviewed_right = 0;
  bool has_reject = false;
  Risks risks;
  Problems problems;
  for (const Judged& one : judged) {
    right += one.Right();
    scope_right += ScopeRight(one);
    has_reject = has_reject || !InScope(one.clue->label) || !InScope(one.answer.label);
    risks.Count(one);
    problems.Count(one);
    if (!one.answer.needs_review) {
      ++unreviewed;
      unreviewed_right += one.Right();
    }
  }
  figures.accuracy = Share(right, judged.size());
  if (has_reject) {
    figures.scope_accuracy = ShareIfAny(scope_right, judged.size());
  }
  risks.Tell(&figures);
  problems.Tell(&figures);
  figures.calibration_error = CalibrationError(Reliability(judged));
  figures.review_share = Share(judged.size() - unreviewed, judged.size());
  figures.accuracy_unreviewed = ShareIfAny(unreviewed_right, unreviewed);
  return figures;
}

}  // namespace supervision::classification
