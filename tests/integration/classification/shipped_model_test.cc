// The model that we ship can be made again from the clues that we ship, and judges as its card
// says.

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "services/classification/classifier.h"
#include "services/classification/evaluation/judge.h"
#include "services/classification/evaluation/metrics.h"
#include "services/classification/model/format.h"
#include "services/classification/model/model.h"
#include "services/classification/model/trainer.h"
#include "services/config/catalogue_config.h"
#include "services/config/labelled_clues.h"
#include "services/config/model_file.h"
#include "services/config/rules_config.h"

namespace supervision {
namespace {

using classification::Answer;
using classification::Classifier;
using classification::Figures;
using classification::Judged;
using classification::LabelledClue;
using classification::Model;

const std::string kConfig = std::string(SUPERVISION_SOURCE_DIR) + "/deploy/config";
constexpr absl::CivilDay kDay(2026, 6, 1);  // for which the shipped rules are tested, too
// What another compiler, or a law that has come into force since, may move.
constexpr double kDrift = 0.02;
constexpr size_t kEvery = 6;  // of the clues serve where the bytes are compared

std::vector<LabelledClue> CluesOf(const std::string& folder) {
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(kConfig + "/model/" + folder)) {
    if (entry.path().extension() == ".jsonl") files.push_back(entry.path().string());
  }
  std::sort(files.begin(), files.end());
  return config::LoadLabelledClues(files, config::LabelNames::kCatalogue).value().clues;
}

std::unique_ptr<Classifier> ClassifierWith(std::shared_ptr<const Model> model) {
  const auto catalogue = config::LoadCatalogue(kConfig + "/catalogue.yaml").value();
  const auto rules = config::LoadRules(kConfig + "/rules", kDay).value();
  return (model == nullptr ? Classifier::Create(catalogue, rules)
                           : Classifier::Create(catalogue, rules, std::move(model)))
      .value();
}

const Classifier& Rules() {
  static const Classifier* const rules = ClassifierWith(nullptr).release();
  return *rules;
}

std::vector<Answer> JudgeAll(const Classifier& classifier, const std::vector<LabelledClue>& clues) {
  std::vector<Answer> answers;
  for (const LabelledClue& clue : clues) {
    answers.push_back(classification::Judge(classifier, clue));
  }
  return answers;
}

Figures FiguresOf(const std::vector<LabelledClue>& clues, const std::vector<Answer>& answers) {
  std::vector<Judged> judged;
  for (size_t i = 0; i < clues.size(); ++i) judged.push_back({&clues[i], answers[i]});
  return classification::Measure(judged, {});
}

TEST(ShippedModelTest, MadeAnewFromItsCluesItJudgesUnseenOnesAsTheShippedOneDoes) {
  const auto shipped = config::LoadModel(kConfig + "/model/model.bin");
  ASSERT_TRUE(shipped.ok()) << shipped.status();
  const auto bytes = classification::Train(CluesOf("training"), Rules(), {});
  ASSERT_TRUE(bytes.ok()) << bytes.status();
  const auto rebuilt = Model::Load(*bytes);
  ASSERT_TRUE(rebuilt.ok()) << rebuilt.status();

  const std::vector<LabelledClue> unseen = CluesOf("held_out");
  const std::vector<Answer> before = JudgeAll(*ClassifierWith(*shipped), unseen);
  const std::vector<Answer> after = JudgeAll(*ClassifierWith(*rebuilt), unseen);
  size_t same = 0;
  for (size_t i = 0; i < unseen.size(); ++i) same += before[i].label == after[i].label;
  EXPECT_GE(static_cast<double>(same), (1 - kDrift) * static_cast<double>(unseen.size()));

  const Figures shipped_figures = FiguresOf(unseen, before);
  const Figures rebuilt_figures = FiguresOf(unseen, after);
  EXPECT_NEAR(rebuilt_figures.accuracy, shipped_figures.accuracy, kDrift);
  EXPECT_NEAR(rebuilt_figures.scope_accuracy.value(), shipped_figures.scope_accuracy.value(),
              kDrift);
  EXPECT_NEAR(rebuilt_figures.review_share, shipped_figures.review_share, 2 * kDrift);
}

TEST(ShippedModelTest, ProblemsAreThoseOfTheClassAndMoreThanRulesFind) {
  const auto classifier = ClassifierWith(config::LoadModel(kConfig + "/model/model.bin").value());
  // "Without telling" alone is no penalty without a hearing.
  const domain::Verdict disclosure =
      classifier->Classify({"反映有关部门履职问题",
                            "县某局于三月收到我的政府信息公开申请，申请公开征地补偿安置方案，至今已"
                            "经超过四十个工作日，既没有答"
                            "复也没有告知延期。",
                            nullptr, std::nullopt});
  EXPECT_EQ(disclosure.scenario, domain::Scenario::kDecisionDisclosure);
  EXPECT_EQ(disclosure.problem_codes, std::vector<std::string>{"DIS-01"});
  const std::vector<LabelledClue> unseen = CluesOf("held_out");
  const Figures figures = FiguresOf(unseen, JudgeAll(*classifier, unseen));
  // The same model that has learnt none of them.
  std::ifstream file(kConfig + "/model/model.bin", std::ios::binary);
  classification::ModelData data =
      classification::ReadModel(std::string(std::istreambuf_iterator<char>(file), {})).value();
  data.problems.clear();
  const auto without = ClassifierWith(Model::Load(classification::WriteModel(data)).value());
  const Figures by_rules = FiguresOf(unseen, JudgeAll(*without, unseen));
  EXPECT_GT(figures.problem_recall.value(), by_rules.problem_recall.value());
  RecordProperty(
      "problems",
      absl::StrFormat("precision %.3f (%.3f by rules), recall %.3f (%.3f)",
                      figures.problem_precision.value(), by_rules.problem_precision.value(),
                      figures.problem_recall.value(), by_rules.problem_recall.value()));
}

TEST(ShippedModelTest, APaperThatThePartnerNamesDecidesAlsoWhereTheTextMentionsIt) {
  const auto classifier = ClassifierWith(config::LoadModel(kConfig + "/model/model.bin").value());
  const std::vector<domain::Instrument> item = {
      {domain::InstrumentType::kPetitionItem, "330421202603150001", std::nullopt}};
  const std::string text = "镇里夜里强拆了我家棚子，我去上访过。";
  EXPECT_EQ(classifier->Classify({"", text, &item, std::nullopt}).scenario,
            domain::Scenario::kPetitionDispute);
  EXPECT_EQ(classifier->Classify({"", text, nullptr, std::nullopt}).scenario,
            domain::Scenario::kAdminEnforcement);
  const std::vector<domain::Instrument> reconsideration = {
      {domain::InstrumentType::kReconsiderationCase, "盐政复〔2026〕8号", std::nullopt}};
  const std::string fine = "市监所罚了我三千，我后来申请过行政复议。";
  const auto share = [&](const std::vector<domain::Instrument>* given) {
    const domain::Verdict verdict = classifier->Classify({"", fine, given, std::nullopt});
    return verdict.scenario == domain::Scenario::kAdminEnforcement ? verdict.confidence : 0;
  };
  EXPECT_LT(share(&reconsideration), share(nullptr));
}

// Each was rated HIGH, or shown with a problem model that it denies, for a word of everyday.
TEST(ShippedModelTest, WhatOnlySoundsGraveIsNoGraveSign) {
  const auto classifier = ClassifierWith(config::LoadModel(kConfig + "/model/model.bin").value());
  for (const std::string text :
       {"县里的招商办法通过了合法性审查，答应我们的奖励至今没有兑现。",
        "县司法局对这份协议作了合法性审核，但是镇里不兑现。",
        "镇里把我们工程队的保证金扣了三个月，找了镇里五次没人管。",
        "城管把我的车扣了，是22年买的新车，第二天就还了。",
        "民事判决下来一年，前夫拒不履行判决，执行局说找不到财产。",
        "根据全县统一部署开展的代表建议办理督查，一件建议逾期两个月未答复。",
        "邻居侵占公共楼道，物业和城管不管。", "社区工作人员代填了我家的信息登记表，没有让我签字。",
        "我妈每天要喝药，跑了五趟窗口，材料还是办不下来。", "开发商跳楼价卖车库，住建局不管。",
        "假酒的案子市监局已经移送公安，我的钱谁赔。"}) {
    const domain::Verdict verdict = classifier->Classify({"", text, nullptr, std::nullopt});
    EXPECT_NE(verdict.risk, domain::Risk::kHigh) << text;
    for (const domain::RiskReason& reason : verdict.risk_reasons) {
      EXPECT_FALSE(reason.code.starts_with("SIGNAL:")) << text << reason.code;
      EXPECT_LT(reason.points, 75) << text << reason.code;
    }
  }
  const auto risk = [&](const std::string& text) {
    return classifier->Classify({"", text, nullptr, std::nullopt}).risk;
  };
  EXPECT_EQ(risk("镇里没有经过合法性审查就签了协议。"), domain::Risk::kHigh);
}

TEST(ShippedModelTest, NothingHeldOutWasLearntFrom) {
  const std::vector<LabelledClue> learnt = CluesOf("training");
  std::vector<LabelledClue> all = learnt;
  const std::vector<LabelledClue> unseen = CluesOf("held_out");
  all.insert(all.end(), unseen.begin(), unseen.end());
  const std::vector<uint32_t> groups = classification::NearDuplicateGroups(all);
  const uint32_t most = *std::max_element(groups.begin(), groups.end());
  std::vector<bool> known(most + 1, false);
  for (size_t i = 0; i < learnt.size(); ++i) known[groups[i]] = true;
  for (size_t i = learnt.size(); i < all.size(); ++i) {
    EXPECT_FALSE(known[groups[i]]) << all[i].id;
  }
}

TEST(ShippedModelTest, TheSameCluesAndSeedGiveTheSameBytes) {
  std::vector<LabelledClue> some;
  const std::vector<LabelledClue> all = CluesOf("training");
  for (size_t i = 0; i < all.size(); i += kEvery) some.push_back(all[i]);
  const auto first = classification::Train(some, Rules(), {.seed = 5});
  ASSERT_TRUE(first.ok()) << first.status();
  const auto second = classification::Train(some, Rules(), {.seed = 5});
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_TRUE(*first == *second);
}

}  // namespace
}  // namespace supervision
