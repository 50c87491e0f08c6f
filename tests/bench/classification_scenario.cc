#include <hs/hs.h>
#include <linear.h>
#include <malloc.h>
#include <re2/re2.h>
#include <re2/set.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <numeric>
#include <set>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "services/classification/classifier.h"
#include "services/classification/model/features.h"
#include "services/classification/model/format.h"
#include "services/classification/normaliser.h"
#include "services/classification/pattern.h"
#include "services/classification/rules.h"
#include "services/config/catalogue_config.h"
#include "services/config/labelled_clues.h"
#include "services/config/model_file.h"
#include "services/config/rules_config.h"
#include "services/domain/civil_date.h"
#include "tests/bench/allocations.h"
#include "tests/bench/requests.h"
#include "tests/bench/scenarios.h"

namespace supervision::bench {
namespace {

constexpr char kTitle[] = "反映有关部门履职问题";
constexpr size_t kLongText = 20'000;  // code points

// How often a second `act(text)` can be done; it returns something, so that nothing is left out.
template <typename Act>
double PerSecond(absl::Duration duration, Act&& act) {
  const absl::Time begun = absl::Now();
  int64_t done = 0;
  size_t sum = 0;
  while (absl::Now() - begun < duration) {
    for (size_t i = 0; i < kTexts.size(); ++i) {
      sum += act(i);
      ++done;
    }
  }
  if (sum == 0) return 0;
  return static_cast<double>(done) / absl::ToDoubleSeconds(absl::Now() - begun);
}

size_t Evidence(const classification::Classifier& classifier, std::string_view text) {
  return classifier.Classify({kTitle, text, nullptr, std::nullopt}).evidence.size();
}

// The phrases of all rules, normalised, each once: what the index looks for.
std::set<std::string> PhrasesOf(const classification::RuleSet& rules,
                                const classification::Normaliser& normaliser) {
  std::set<std::string> phrases;
  std::string error;
  const auto add = [&](const std::vector<classification::Phrase>& patterns) {
    for (const classification::Phrase& pattern : patterns) {
      for (const auto& segment : classification::ParsePattern(pattern.text, &error)) {
        for (const std::string& phrase : segment.phrases) {
          phrases.insert(normaliser.Normalise(phrase));
        }
      }
    }
  };
  for (const classification::Lexicon& lexicon : rules.lexicons) add(lexicon.phrases);
  for (const classification::Rule& rule : rules.rules) {
    for (const auto* patterns : {&rule.any, &rule.with, &rule.without, &rule.unless})
      add(*patterns);
  }
  return phrases;
}

// What the matching and the weighing cost in the libraries alone, on the same texts and patterns.
class References {
 public:
  References(const classification::RuleSet& rules, const classification::Classifier& classifier,
             const std::string& model_file)
      : normaliser_(classification::Normaliser::Create().value()),
        set_(Options(), re2::RE2::UNANCHORED) {
    for (const std::string_view text : kTexts) texts_.push_back(normaliser_->Normalise(text));
    const std::set<std::string> phrases = PhrasesOf(rules, *normaliser_);
    CompileVectorscan(phrases);
    for (const std::string& phrase : phrases) set_.Add(re2::RE2::QuoteMeta(phrase), nullptr);
    set_.Compile();
    BuildLinear(classifier, model_file);
  }

  ~References() {
    hs_free_scratch(scratch_);
    hs_free_database(database_);
  }
  References(const References&) = delete;
  References& operator=(const References&) = delete;

  size_t Vectorscan(size_t text) {
    size_t hits = 0;
    const auto count = [](unsigned, unsigned long long, unsigned long long, unsigned,
                          void* to) -> int {
      ++*static_cast<size_t*>(to);
      return 0;
    };
    hs_scan(database_, texts_[text].data(), static_cast<unsigned>(texts_[text].size()), 0, scratch_,
            count, &hits);
    return hits;
  }

  size_t Re2(size_t text) {
    matched_.clear();
    set_.Match(texts_[text], &matched_);
    return matched_.size();
  }

  size_t Linear(size_t text) {
    predict_values(&linear_, nodes_[text].data(), margins_.data());
    return 1 + (margins_[0] > 0 ? 1 : 0);
  }

 private:
  void CompileVectorscan(const std::set<std::string>& phrases) {
    std::vector<const char*> expressions;
    std::vector<size_t> sizes;
    for (const std::string& phrase : phrases) {
      expressions.push_back(phrase.data());
      sizes.push_back(phrase.size());
    }
    const std::vector<unsigned> flags(phrases.size(), 0);
    std::vector<unsigned> ids(phrases.size());
    std::iota(ids.begin(), ids.end(), 0U);
    hs_compile_error_t* error = nullptr;
    if (hs_compile_lit_multi(expressions.data(), flags.data(), ids.data(), sizes.data(),
                             static_cast<unsigned>(phrases.size()), HS_MODE_BLOCK, nullptr,
                             &database_, &error) == HS_SUCCESS) {
      hs_alloc_scratch(database_, &scratch_);
    }
  }

  static re2::RE2::Options Options() {
    re2::RE2::Options options;
    options.set_max_mem(int64_t{512} << 20);  // else it gives up on so many phrases
    return options;
  }

  // The shipped weights as liblinear's own model, and each text as its vector.
  void BuildLinear(const classification::Classifier& classifier, const std::string& model_file) {
    std::ifstream file(model_file, std::ios::binary);
    const std::string bytes((std::istreambuf_iterator<char>(file)), {});
    const auto data = classification::ReadModel(bytes).value();
    weights_.assign(data.weights.begin(), data.weights.end());
    margins_.resize(data.margins());
    labels_.resize(data.margins());
    linear_.param.solver_type = L2R_L2LOSS_SVC_DUAL;
    linear_.nr_class = static_cast<int>(data.margins());
    linear_.nr_feature = static_cast<int>(data.keys.size());
    linear_.w = weights_.data();
    linear_.label = labels_.data();
    linear_.bias = -1;
    classification::Features features;
    for (const std::string_view text : kTexts) {
      classifier.Describe({kTitle, text, nullptr, std::nullopt}, &features);
      std::map<int, double> values;
      const auto add = [&](classification::FeatureKey key) {
        const auto row = std::lower_bound(data.keys.begin(), data.keys.end(), key);
        if (row == data.keys.end() || *row != key) return false;
        values[static_cast<int>(row - data.keys.begin()) + 1] += 1;
        return true;
      };
      features.ForEachGram(
          [&](classification::FeatureKey key, size_t, size_t) { return add(key); });
      for (const auto& signal : features.signals) add(signal.key);
      std::vector<feature_node>& nodes = nodes_.emplace_back();
      for (const auto& [row, value] : values) nodes.push_back({row, value});
      nodes.push_back({-1, 0});
    }
  }

  std::unique_ptr<classification::Normaliser> normaliser_;
  std::vector<std::string> texts_;
  hs_database_t* database_ = nullptr;
  hs_scratch_t* scratch_ = nullptr;
  re2::RE2::Set set_;
  std::vector<int> matched_;
  model linear_{};
  std::vector<double> weights_;
  std::vector<double> margins_;
  std::vector<int> labels_;
  std::vector<std::vector<feature_node>> nodes_;
};

std::vector<classification::LabelledClue> CluesOf(const std::string& folder) {
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".jsonl") files.push_back(entry.path().string());
  }
  auto clues = config::LoadLabelledClues(files, config::LabelNames::kCatalogue);
  return clues.ok() ? std::move(clues->clues) : std::vector<classification::LabelledClue>();
}

// The longest that a text takes of those that are asked for; of each the best of five rounds, or
// what else runs on the machine would be measured.
double SlowestLongText(const classification::Classifier& classifier, const std::string& folder) {
  std::vector<std::string> texts;
  for (const std::string_view piece :
       {kTexts[0], std::string_view("罚款不退没人管"), std::string_view("强.制.2О23一二三万元")}) {
    const size_t points =
        std::max<size_t>(piece.size() / 3, 1);  // at most so many: none is shorter
    std::string& text = texts.emplace_back();
    for (size_t i = 0; i < kLongText; i += points) text += piece;
  }
  std::string& varied = texts.emplace_back();  // hardly a sentence twice
  const auto clues = CluesOf(folder);
  for (size_t i = 0; i < clues.size() && varied.size() < 3 * kLongText; ++i) {
    varied += clues[i].content;
  }
  absl::Duration slowest;
  for (const std::string& text : texts) {
    absl::Duration best = absl::InfiniteDuration();
    for (int round = 0; round < 5; ++round) {
      const absl::Time begun = absl::Now();
      Evidence(classifier, text);
      best = std::min(best, absl::Now() - begun);
    }
    slowest = std::max(slowest, best);
  }
  return absl::ToDoubleMilliseconds(slowest);
}

// The four texts of the intake bench are soon known to the processor by heart; these are not.
double PerSecondOfManyTexts(const classification::Classifier& classifier, const std::string& folder,
                            absl::Duration duration) {
  const auto clues = CluesOf(folder);
  if (clues.empty()) return 0;
  int64_t done = 0;
  size_t sum = 0;
  const absl::Time begun = absl::Now();
  while (absl::Now() - begun < duration) {
    for (int i = 0; i < 100; ++i) {
      const auto& clue = clues[static_cast<size_t>(done++) % clues.size()];
      sum += classifier.Classify({clue.title, clue.content, nullptr, std::nullopt}).evidence.size();
    }
  }
  return sum == 0 ? 0 : static_cast<double>(done) / absl::ToDoubleSeconds(absl::Now() - begun);
}

double AllocationsPerVerdict(const classification::Classifier& classifier) {
  constexpr int kRounds = 100;
  const uint64_t before = Allocations();
  for (int i = 0; i < kRounds; ++i) {
    for (const std::string_view text : kTexts) Evidence(classifier, text);
  }
  return static_cast<double>(Allocations() - before) / (kRounds * kTexts.size());
}

}  // namespace

void MeasureClassification(const Bench& bench, Report* report) {
  const std::string config = std::string(SUPERVISION_SOURCE_DIR) + "/deploy/config";
  const std::string model_file = config + "/model/model.bin";
  const auto before = mallinfo2();
  const absl::Time load_begun = absl::Now();
  const auto catalogue = config::LoadCatalogue(config + "/catalogue.yaml");
  const auto rules = config::LoadRules(config + "/rules", domain::CivilDate(load_begun));
  const auto model = config::LoadModel(model_file);
  if (!catalogue.ok() || !rules.ok() || !model.ok()) return;
  const auto classifier = classification::Classifier::Create(*catalogue, *rules, *model);
  report->Add("classifier_load_ms", "load of the shipped rules and model",
              absl::ToDoubleMilliseconds(absl::Now() - load_begun), "ms", "<= 300");
  if (!classifier.ok()) return;
  Evidence(**classifier, kTexts[0]);
  const auto after = mallinfo2();
  report->Add("classifier_memory_mib", "memory of rules and model with one desk",
              static_cast<double>(after.uordblks + after.hblkhd - before.uordblks - before.hblkhd) /
                  (1 << 20),
              "MiB", "<= 64");
  const auto rules_only = classification::Classifier::Create(*catalogue, *rules);
  if (!rules_only.ok()) return;
  const absl::Duration each = bench.duration / 4;
  report->Add("verdicts_per_second_rules_only",
              "rules without the model, one core, 200 code points",
              PerSecond(each, [&](size_t i) { return Evidence(**rules_only, kTexts[i]); }), "/s");
  const double served =
      PerSecond(2 * each, [&](size_t i) { return Evidence(**classifier, kTexts[i]); });
  report->Add("verdicts_per_second", "classification as served, one core, 200 code points", served,
              "/s", ">= 50000");
  report->Add("verdicts_per_second_many_texts",
              "the same over the clues that the model learns from",
              PerSecondOfManyTexts(**classifier, config + "/model/training", 2 * each), "/s");
  report->Add("allocations_per_verdict", "allocations of a verdict as served",
              AllocationsPerVerdict(**classifier), "");
  report->Add("long_text_ms", "slowest verdict of 20,000 code points",
              SlowestLongText(**classifier, config + "/model/training"), "ms", "<= 5");
  References references(*rules, **classifier, model_file);
  report->Add("vectorscan_per_second", "vectorscan alone, the same phrases and texts",
              PerSecond(each, [&](size_t i) { return references.Vectorscan(i); }), "/s");
  report->Add("liblinear_per_second", "liblinear's predict alone, vectors made beforehand",
              PerSecond(each, [&](size_t i) { return references.Linear(i); }), "/s");
  report->Add("re2_set_per_second", "RE2::Set alone, the same phrases and texts",
              PerSecond(each, [&](size_t i) { return references.Re2(i); }), "/s");
}

}  // namespace supervision::bench
