// Verdicts a second on one core, with evidence, for texts of about 200 characters; and what each
// step of it takes. Run by hand: build/tests/bench/classification_bench

#include <benchmark/benchmark.h>

#include <string>

#include "services/classification/classifier.h"
#include "services/classification/matcher.h"
#include "services/classification/normaliser.h"
#include "services/classification/references.h"
#include "services/config/catalogue_config.h"
#include "services/config/rules_config.h"

namespace supervision {
namespace {

constexpr char kTitle[] = "信访事项多次没有结果";
constexpr char kContent[] =
    "我是沈荡镇的村民王某，2019年修路征了我家一亩三分地，镇里当时承诺两年内安排安置房，协议上盖了章"
    "。"
    "到现在第六年，安置房没有影子，过渡费也从去年起没发。我找过镇政府五次，窗口说让我找村里，村里说"
    "让找国土所，"
    "国土所说材料早就报到县里。去年六月我交了信访材料，受理告知书写六十天内答复，逾期三个月没有任何"
    "回音，打12345"
    "每次都说正在协调。我们一起被征地的三十余户都是这样。请上级查一查，给我们一个书面的说法，谢谢"
    "。";

const std::string kConfig = std::string(SUPERVISION_SOURCE_DIR) + "/deploy/config";

const classification::RuleSet& Rules() {
  static const auto* const rules = new classification::RuleSet(
      config::LoadRules(kConfig + "/rules", absl::CivilDay(2026, 6, 1)).value());
  return *rules;
}

std::unique_ptr<classification::Classifier> MakeClassifier() {
  return classification::Classifier::Create(
             config::LoadCatalogue(kConfig + "/catalogue.yaml").value(), Rules())
      .value();
}

void Verdict(benchmark::State& state) {
  const auto classifier = MakeClassifier();
  for (auto _ : state) {
    benchmark::DoNotOptimize(classifier->Classify({kTitle, kContent, nullptr, std::nullopt}));
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(Verdict);

void Normalise(benchmark::State& state) {
  const auto normaliser = classification::Normaliser::Create().value();
  classification::NormalisedText text;
  for (auto _ : state) {
    text.Clear();
    normaliser->Append(kContent, &text);
    benchmark::DoNotOptimize(text.text.data());
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(Normalise);

void References(benchmark::State& state) {
  const std::string text = classification::Normaliser::Create().value()->Normalise(kContent);
  classification::ReferenceScanner scanner;
  std::vector<classification::Reference> found;
  for (auto _ : state) {
    found.clear();
    scanner.Find(text, &found);
    benchmark::DoNotOptimize(found.data());
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(References);

void Match(benchmark::State& state) {
  const auto normaliser = classification::Normaliser::Create().value();
  std::vector<const classification::Rule*> all;
  for (const classification::Rule& rule : Rules().rules) {
    all.push_back(&rule);
  }
  std::vector<std::string> errors;
  const auto index =
      classification::BuildRuleIndex(all, Rules().lexicons, Rules().scoring, *normaliser, &errors);
  classification::Matcher matcher(index.get(), normaliser.get());
  for (auto _ : state) {
    benchmark::DoNotOptimize(matcher.Match({kTitle, kContent, nullptr, std::nullopt}).data());
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(Match);

void CompileRules(benchmark::State& state) {
  Rules();
  for (auto _ : state) {
    benchmark::DoNotOptimize(MakeClassifier());
  }
}
BENCHMARK(CompileRules)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace supervision

BENCHMARK_MAIN();
