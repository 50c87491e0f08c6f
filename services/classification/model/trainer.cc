#include "services/classification/model/trainer.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <optional>
#include <random>
#include <set>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/classification/model/format.h"
#include "services/classification/model/model.h"
#include "services/classification/model/problem_training.h"
#include "services/classification/model/separators.h"
#include "services/classification/model/softmax.h"

namespace supervision::classification {
namespace {

constexpr uint32_t kInnerFolds = 5;
constexpr size_t kFewest = 2;  // clues of a class, so that each can be left out once
constexpr std::string_view kOutOfScope = "OUT_OF_SCOPE";
constexpr std::string_view kHigh = "HIGH";
constexpr size_t kFewestHigh = 20;   // clues rated HIGH below which risk is not learnt
constexpr size_t kFewestAsked = 50;  // clues that the rules rate HIGH, to calibrate on them alone
constexpr double kLoss = 0.3;        // of the softmax over the margins, against its ridge
// A class n times rarer than the average weighs this power of n more: between the plain accuracy,
// which forgets small classes, and equal weights, which see them everywhere.
constexpr double kRarity = 0.35;
// What a review is for: what is not sent to one should be right this often (more than is asked of
// real mail, as most clues to learn from are plainer) …
constexpr double kWantedAccuracy = 0.97;
constexpr double kMostReviewed =
    0.18;  // … with at most this share sent; doubts about HIGH add some.
constexpr size_t kMostMistakesTold = 20;

class Trainer {
 public:
  Trainer(std::span<const LabelledClue> clues, const Classifier& rules, const TrainOptions& options)
      : clues_(clues), rules_(rules), options_(options) {}

  absl::StatusOr<std::string> Run() {
    if (absl::Status status = Check(); !status.ok()) return status;
    Describe();
    problems_.emplace(clues_, documents_, classes_, static_cast<unsigned>(options_.seed));
    SetFolds();
    MarginsOutOfFold();
    const Softmax softmax = Fit();
    std::vector<uint32_t> all(clues_.size());
    std::iota(all.begin(), all.end(), 0U);
    const Separators separators = TrainSeparators(documents_, all, separator_options_);
    ModelData data = Pack(separators, softmax);
    data.problems = problems_->Learn(separators);
    return WriteModel(data);
  }

 private:
  absl::Status Check() {
    std::vector<std::string> mistakes;
    std::set<std::string> ids;
    std::map<std::string, size_t> sizes;
    std::map<std::string, const LabelledClue*> texts;
    if (options_.version.empty() || options_.version.size() > Model::kMaxName) {
      mistakes.push_back(absl::StrCat("the version must have 1 to ", Model::kMaxName, " bytes"));
    }
    for (const LabelledClue& clue : clues_) {
      if (!ids.insert(clue.id).second) {
        mistakes.push_back(absl::StrCat(clue.id, ": the id comes twice; give each clue its own"));
      }
      if (clue.label.empty() || clue.label.size() > Model::kMaxName) {
        mistakes.push_back(absl::StrCat(clue.id, ": the label must have 1 to ", Model::kMaxName,
                                        " bytes; correct it"));
        continue;
      }
      if (clue.title.empty() && clue.content.empty()) {
        mistakes.push_back(absl::StrCat(clue.id, ": neither title nor content; drop the clue"));
      } else if (const auto [first, added] =
                     texts.emplace(absl::StrCat(clue.title, "\n", clue.content), &clue);
                 !added && first->second->label != clue.label) {
        mistakes.push_back(absl::StrCat(clue.id, ": the same text as ", first->second->id,
                                        ", which is labelled ", first->second->label,
                                        "; correct one of the labels"));
      }
      ++sizes[clue.label];
    }
    for (const auto& [label, size] : sizes) {
      if (size < kFewest) {
        mistakes.push_back(absl::StrCat("label ", label, ": only ", size, " clue; give at least ",
                                        kFewest, " or correct the label"));
      }
    }
    if (sizes.size() < 2) {
      mistakes.push_back("the clues have fewer than two labels; there is nothing to tell apart");
    } else if (sizes.size() > Model::kMaxClasses) {
      mistakes.push_back(absl::StrCat("the clues have ", sizes.size(), " labels; at most ",
                                      Model::kMaxClasses, " can be told apart"));
    }
    if (mistakes.empty()) {
      for (const auto& [label, size] : sizes) classes_.push_back(label);
      return absl::OkStatus();
    }
    const size_t count = mistakes.size();
    if (count > kMostMistakesTold) {
      mistakes.resize(kMostMistakesTold);
      mistakes.push_back(absl::StrCat("and ", count - kMostMistakesTold, " more"));
    }
    return absl::InvalidArgumentError(
        absl::StrCat("the labelled clues cannot be learnt from:\n", absl::StrJoin(mistakes, "\n")));
  }

  void Describe() {
    Features features;
    size_t high = 0;
    for (const LabelledClue& clue : clues_) {
      const Input input = {clue.title, clue.content, nullptr, std::nullopt};
      rules_.Describe(input, &features);
      const auto label = std::lower_bound(classes_.begin(), classes_.end(), clue.label);
      Document document = Count(features, static_cast<uint32_t>(label - classes_.begin()));
      document.high = clue.risk == kHigh ||
                      std::find(clue.accept_risk.begin(), clue.accept_risk.end(), kHigh) !=
                          clue.accept_risk.end();
      document.rules_high = rules_.ClassifyByRules(input).risk == domain::Risk::kHigh;
      high += document.high;
      documents_.push_back(std::move(document));
    }
    separator_options_.high = high >= kFewestHigh;
    separator_options_.classes = static_cast<uint32_t>(classes_.size());
    separator_options_.seed = static_cast<unsigned>(options_.seed);
    const auto out = std::find(classes_.begin(), classes_.end(), kOutOfScope);
    if (out != classes_.end() && classes_.size() > 2) {
      separator_options_.scope_class = out - classes_.begin();
    }
    margins_ = classes_.size() + (separator_options_.scope_class >= 0 ? 1 : 0) +
               (separator_options_.high ? 1 : 0);
  }

  // Deals the groups of near-duplicates out, class by class, so that each fold has its share.
  void SetFolds() {
    const std::vector<uint32_t> groups = NearDuplicateGroups(clues_);
    std::vector<std::vector<uint32_t>> members(groups.size());
    for (uint32_t i = 0; i < groups.size(); ++i) members[groups[i]].push_back(i);
    std::vector<std::vector<uint32_t>> by_class(classes_.size());
    for (uint32_t g = 0; g < members.size(); ++g) {
      if (!members[g].empty()) by_class[documents_[members[g][0]].label].push_back(g);
    }
    std::mt19937_64 random(options_.seed);
    folds_.resize(clues_.size());
    uint32_t next = 0;
    for (std::vector<uint32_t>& list : by_class) {
      for (size_t i = list.size(); i > 1; --i) {
        std::swap(list[i - 1], list[random() % i]);  // the same on every standard library
      }
      for (const uint32_t group : list) {
        for (const uint32_t i : members[group]) folds_[i] = next % kInnerFolds;
        ++next;
      }
    }
  }

  void MarginsOutOfFold() {
    task_.rows.resize(clues_.size() * margins_);
    for (uint32_t fold = 0; fold < kInnerFolds; ++fold) {
      std::vector<uint32_t> chosen;
      std::vector<uint32_t> left_out;
      std::vector<size_t> sizes(classes_.size(), 0);
      for (uint32_t i = 0; i < folds_.size(); ++i) {
        if (folds_[i] != fold) {
          chosen.push_back(i);
          ++sizes[documents_[i].label];
        } else {
          left_out.push_back(i);
        }
      }
      // A class all of whose clues are near-duplicates would vanish: one is kept to stand for it.
      for (uint32_t i = 0; i < folds_.size(); ++i) {
        if (sizes[documents_[i].label] == 0) {
          chosen.push_back(i);
          ++sizes[documents_[i].label];
        }
      }
      const Separators separators = TrainSeparators(documents_, chosen, separator_options_);
      for (const uint32_t i : left_out)
        separators.Margins(documents_[i], &task_.rows[i * margins_]);
      problems_->NoteOutOfFold(separators, chosen, left_out);
    }
  }

  Softmax Fit() {
    task_.classes = classes_.size();
    task_.inputs = margins_;
    task_.loss = kLoss;
    std::vector<double> sizes(classes_.size(), 0);
    for (const Document& document : documents_) {
      task_.labels.push_back(document.label);
      ++sizes[document.label];
    }
    const double average = static_cast<double>(clues_.size()) / static_cast<double>(sizes.size());
    for (const double size : sizes) task_.costs.push_back(std::pow(average / size, kRarity));
    return FitSoftmax(task_);
  }

  // The probability that a clue in scope is HIGH from its margin, on the margins out of fold. It is
  // asked where the rules say HIGH, so it is fitted there, when that gives enough.
  void CalibrateHigh(ModelData* data) const {
    SoftmaxTask task;
    task.classes = 2;
    task.inputs = 1;
    task.costs = {1, 1};
    task.loss = 1;
    const auto add = [&](size_t i) {
      task.rows.push_back(task_.rows[(i + 1) * margins_ - 1]);
      task.labels.push_back(documents_[i].high ? 1 : 0);
    };
    for (size_t i = 0; i < documents_.size(); ++i) {
      if (documents_[i].rules_high && documents_[i].label != separator_options_.scope_class) add(i);
    }
    if (task.rows.size() < kFewestAsked) {
      task.rows.clear();
      task.labels.clear();
      for (size_t i = 0; i < documents_.size(); ++i) add(i);
    }
    const Softmax fitted = FitSoftmax(task);
    data->high_slope = static_cast<float>(fitted.weights[1] - fitted.weights[0]);
    data->high_bias = static_cast<float>(fitted.biases[1] - fitted.biases[0]);
  }

  // The confidence below which a person should look, from the margins out of fold: the least that
  // leaves the wanted accuracy, as long as it does not send too many.
  float ReviewBelow(const Softmax& softmax) const {
    std::vector<std::pair<double, bool>> verdicts;
    std::vector<double> p(classes_.size());
    for (size_t i = 0; i < clues_.size(); ++i) {
      softmax.Predict(&task_.rows[i * margins_], p.data());
      const auto best = std::max_element(p.begin(), p.end());
      const std::string& said = classes_[static_cast<size_t>(best - p.begin())];
      const std::vector<std::string>& accept = clues_[i].accept;
      const bool right =
          said == clues_[i].label || std::find(accept.begin(), accept.end(), said) != accept.end();
      verdicts.emplace_back(*best, right);
    }
    std::sort(verdicts.begin(), verdicts.end(),
              [](const auto& a, const auto& b) { return a.first < b.first; });
    auto right = static_cast<double>(
        std::count_if(verdicts.begin(), verdicts.end(), [](const auto& v) { return v.second; }));
    size_t sent = 0;
    const auto total = static_cast<double>(verdicts.size());
    while (static_cast<double>(sent) < kMostReviewed * total &&
           right < kWantedAccuracy * (total - static_cast<double>(sent))) {
      right -= verdicts[sent].second ? 1 : 0;
      ++sent;
    }
    return sent < verdicts.size() ? static_cast<float>(verdicts[sent].first) : 1.0F;
  }

  ModelData Pack(const Separators& separators, const Softmax& softmax) const {
    ModelData data;
    data.version = options_.version;
    data.classes = classes_;
    if (separator_options_.scope_class >= 0) data.stages |= ModelData::kScopeStage;
    if (separator_options_.high) {
      data.stages |= ModelData::kRiskStage;
      CalibrateHigh(&data);
    }
    data.review_below = ReviewBelow(softmax);
    data.biases = separators.biases;
    data.logits.assign(softmax.weights.begin(), softmax.weights.end());
    data.logit_biases.assign(softmax.biases.begin(), softmax.biases.end());
    std::vector<float> widest(data.margins(), 0);
    for (size_t i = 0; i < separators.weights.size(); ++i) {
      float& most = widest[i % data.margins()];
      most = std::max(most, std::fabs(separators.weights[i]));
    }
    for (const float most : widest) data.steps.push_back(std::max(most, 1e-6F) / INT8_MAX);
    data.keys = separators.keys;
    data.values = separators.values;
    for (size_t i = 0; i < separators.weights.size(); ++i) {
      data.weights.push_back(
          static_cast<int8_t>(std::lround(separators.weights[i] / data.steps[i % data.margins()])));
    }
    return data;
  }

  const std::span<const LabelledClue> clues_;
  const Classifier& rules_;
  const TrainOptions& options_;
  std::vector<std::string> classes_;  // sorted
  std::vector<Document> documents_;
  std::vector<uint32_t> folds_;
  SeparatorOptions separator_options_;
  size_t margins_ = 0;
  SoftmaxTask task_;
  std::optional<ProblemTraining> problems_;
};

}  // namespace

absl::StatusOr<std::string> Train(std::span<const LabelledClue> clues, const Classifier& rules,
                                  const TrainOptions& options) {
  return Trainer(clues, rules, options).Run();
}

}  // namespace supervision::classification
