#include "services/classification/model/trainer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "services/classification/model/format.h"
#include "services/classification/model/model.h"
#include "services/classification/model/problem_training.h"
#include "tests/unit/classification/rules_for_test.h"

namespace supervision::classification {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const Classifier& Rules() {
  static const auto* const rules =
      Classifier::Create(GoodCatalogue(),
                         GoodRules({MakeRule("ANY", RuleKind::kSubstance,
                                             domain::Scenario::kAdminEnforcement, 1, 0, {"罚款"})}))
          .value()
          .release();
  return *rules;
}

// Clues of two classes that differ in one word, with other words that tell nothing.
std::vector<LabelledClue> Fruits() {
  constexpr const char* kRest[] = {"今天早上去了集市", "邻居送来一篮子", "孩子放学回家",
                                   "河边的树下有人",   "昨晚下过一场雨", "店里的灯还亮着"};
  std::vector<LabelledClue> clues;
  for (int i = 0; i < 24; ++i) {
    LabelledClue clue;
    clue.id = absl::StrCat("F", i);
    clue.label = i % 2 == 0 ? "苹果类" : "水车类";
    clue.title = absl::StrCat(kRest[i % 6], i);
    clue.content =
        absl::StrCat(kRest[(i * 5 + 1) % 6], i % 2 == 0 ? "，买到苹果。" : "，看见水车。");
    clues.push_back(clue);
  }
  return clues;
}

std::string Refusal(const std::vector<LabelledClue>& clues) {
  const auto bytes = Train(clues, Rules(), {});
  EXPECT_FALSE(bytes.ok());
  EXPECT_EQ(bytes.status().code(), absl::StatusCode::kInvalidArgument);
  return std::string(bytes.status().message());
}

TEST(TrainerTest, LearnsClassesOfAnyName) {
  const auto bytes = Train(Fruits(), Rules(), {});
  ASSERT_TRUE(bytes.ok()) << bytes.status();
  const auto model = Model::Load(*bytes).value();
  EXPECT_THAT(model->classes(), ElementsAre("水车类", "苹果类"));
  EXPECT_GT(Rules().Probabilities(*model, {"", "桌上放着苹果", nullptr, std::nullopt})[1], 0.5F);
  EXPECT_GT(Rules().Probabilities(*model, {"", "远处有一架水车", nullptr, std::nullopt})[0], 0.5F);
}

// Sixty clues of each class; half of the apples are sour, which the rest of the class is told from.
std::vector<LabelledClue> SourFruits() {
  std::vector<LabelledClue> clues;
  for (int round = 0; round < 5; ++round) {
    for (LabelledClue clue : Fruits()) {
      const bool sour = clues.size() % 4 == 0;
      clue.id = absl::StrCat("S", clues.size());
      clue.title = absl::StrCat("第", clues.size(), "封信");
      absl::StrAppend(&clue.content, sour ? "又酸又涩" : "味道很好", clues.size());
      if (sour) clue.problem_codes = {"SOUR"};
      clues.push_back(clue);
    }
  }
  return clues;
}

TEST(TrainerTest, LearnsTheProblemsOfAClass) {
  const auto bytes = Train(SourFruits(), Rules(), {});
  ASSERT_TRUE(bytes.ok()) << bytes.status();
  const auto data = ReadModel(*bytes);
  ASSERT_TRUE(data.ok()) << data.status();
  ASSERT_EQ(data->problems.size(), 1u);
  EXPECT_EQ(data->problems[0].code, "SOUR");
  EXPECT_EQ(data->classes[data->problems[0].klass], "苹果类");
  const auto model = Model::Load(*bytes).value();
  const auto sour = [&](std::string_view content) {
    Features features;
    Rules().Describe({"来信", content, nullptr, std::nullopt}, &features);
    Model::Workspace workspace;
    std::vector<float> p(2);
    model->Score(features, &workspace, p.data());
    return model->Problems(data->problems[0].klass, &workspace)[0].probability;
  };
  EXPECT_GT(sour("买到苹果，又酸又涩"), 0.5F);
  EXPECT_LT(sour("买到苹果，味道很好"), 0.5F);
}

TEST(TrainerTest, AProblemWithFewExamplesIsLeftToTheRules) {
  std::vector<LabelledClue> clues = SourFruits();
  size_t left = ProblemTraining::kFewestExamples - 1;
  for (LabelledClue& clue : clues) {
    if (!clue.problem_codes.empty() && left > 0) {
      --left;
    } else {
      clue.problem_codes.clear();
    }
  }
  EXPECT_TRUE(ReadModel(Train(clues, Rules(), {}).value())->problems.empty());
}

TEST(TrainerTest, SameCluesAndSeedGiveTheSameBytes) {
  const std::string first = Train(Fruits(), Rules(), {.seed = 3}).value();
  EXPECT_EQ(first, Train(Fruits(), Rules(), {.seed = 3}).value());
}

TEST(TrainerTest, TellsEveryMistakeById) {
  std::vector<LabelledClue> clues = Fruits();
  clues[1].id = "F0";
  clues[2].label = "";
  clues[3].title = clues[3].content = "";
  clues[4].label = "独一份";
  const std::string refusal = Refusal(clues);
  EXPECT_THAT(refusal, HasSubstr("F0: the id comes twice"));
  EXPECT_THAT(refusal, HasSubstr("F2: the label must have"));
  EXPECT_THAT(refusal, HasSubstr("F3: neither title nor content"));
  EXPECT_THAT(refusal, HasSubstr("label 独一份: only 1 clue"));
}

TEST(TrainerTest, OneTextWithTwoLabelsIsAMistake) {
  std::vector<LabelledClue> clues = Fruits();
  clues[7].title = clues[2].title;
  clues[7].content = clues[2].content;
  EXPECT_THAT(Refusal(clues), HasSubstr("F7: the same text as F2, which is labelled 苹果类"));
}

TEST(TrainerTest, OneTextTwiceWithTheSameLabelIsLearntFrom) {
  std::vector<LabelledClue> clues = Fruits();
  clues[4].title = clues[2].title;
  clues[4].content = clues[2].content;
  EXPECT_TRUE(Train(clues, Rules(), {}).ok());
}

TEST(TrainerTest, OneClassIsNothingToTellApart) {
  std::vector<LabelledClue> clues = Fruits();
  for (LabelledClue& clue : clues) clue.label = "一";
  EXPECT_THAT(Refusal(clues), HasSubstr("nothing to tell apart"));
  EXPECT_THAT(Refusal({}), HasSubstr("nothing to tell apart"));
}

TEST(NearDuplicatesTest, TextsThatShareTheirWordsAreOneGroup) {
  std::vector<LabelledClue> clues(4);
  clues[0].content = "县综合行政执法局九月三日对我店处以罚款五千元，没有告知听证权利。";
  clues[1].content = "村里的账目三年没有公布，问了几次都说在整理。";
  clues[2].content = "县综合行政执法局九月五日对我店处以罚款八千元，没有告知听证权利，请查。";
  clues[3].content = "村里的路灯坏了一个月，晚上走路看不见。";
  EXPECT_THAT(NearDuplicateGroups(clues), ElementsAre(0, 1, 0, 2));
}

TEST(NearDuplicatesTest, PairsThatDifferInHalfASentenceAreOneGroup) {
  std::vector<LabelledClue> clues(2);
  clues[0].title = clues[1].title = "楼下烧烤店的油烟";
  clues[0].content = "楼下烧烤店的烟管对着我家窗户，晚上睡不着，请派人来看看。";
  clues[1].content = "楼下烧烤店的烟管对着我家窗户，报给城管三次都说人手不够，至今没来。";
  EXPECT_THAT(NearDuplicateGroups(clues), ElementsAre(0, 0));
}

TEST(NearDuplicatesTest, EmptyTextsAreNobodysDuplicates) {
  const std::vector<LabelledClue> clues(3);
  EXPECT_THAT(NearDuplicateGroups(clues), ElementsAre(0, 1, 2));
}

}  // namespace
}  // namespace supervision::classification
