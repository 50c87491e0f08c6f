// The rules that we ship: they compile, their examples hold, and clues written for them are sorted
// as a person would.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "services/classification/classifier.h"
#include "services/classification/examples.h"
#include "services/classification/untried.h"
#include "services/config/catalogue_config.h"
#include "services/config/labelled_clues.h"
#include "services/config/rules_config.h"

namespace supervision {
namespace {

using ::testing::Each;
using ::testing::Ge;
using ::testing::Pair;

const std::string kConfig = std::string(SUPERVISION_SOURCE_DIR) + "/deploy/config";
const std::string kGolden =
    std::string(SUPERVISION_SOURCE_DIR) + "/tests/unit/classification/golden.jsonl";
constexpr absl::CivilDay kDay(2026, 6, 1);

const classification::RuleSet& Rules() {
  static const auto* const rules =
      new classification::RuleSet(config::LoadRules(kConfig + "/rules", kDay).value());
  return *rules;
}

const classification::Classifier& Shipped() {
  static const auto* const classifier =
      classification::Classifier::Create(config::LoadCatalogue(kConfig + "/catalogue.yaml").value(),
                                         Rules())
          .value()
          .release();
  return *classifier;
}

domain::Verdict Classify(std::string_view title, std::string_view content) {
  return Shipped().Classify({title, content, nullptr, std::nullopt});
}

TEST(ShippedRulesTest, CompileWithoutMistakes) {
  const auto catalogue = config::LoadCatalogue(kConfig + "/catalogue.yaml");
  ASSERT_TRUE(catalogue.ok()) << catalogue.status();
  const auto classifier = classification::Classifier::Create(*catalogue, Rules());
  EXPECT_TRUE(classifier.ok()) << classifier.status();
}

TEST(ShippedRulesTest, GoldenCluesAreSortedAsLabelled) {
  const auto clues = config::LoadLabelledClues({kGolden}, config::LabelNames::kCatalogue);
  ASSERT_TRUE(clues.ok()) << clues.status();
  std::map<std::string, int> per_class;
  for (const classification::LabelledClue& clue : clues->clues) {
    const domain::Verdict verdict = Classify(clue.title, clue.content);
    EXPECT_EQ(domain::Code(verdict.scenario), clue.label) << clue.id << " " << clue.title;
    ++per_class[clue.label];
  }
  EXPECT_EQ(per_class.size(), domain::kScenarios.size());
  EXPECT_THAT(per_class, Each(Pair(testing::_, Ge(3))));
}

TEST(ShippedRulesTest, ExamplesOfRulesHold) {
  const auto report = classification::RunExamples(Rules());
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_GT(report->examples, 0U);
  for (const auto& mistake : report->mistakes) {
    ADD_FAILURE() << ToString(mistake);
  }
}

TEST(ShippedRulesTest, EachRuleIsTriedFromBothSides) {
  const auto report = classification::RunExamples(Rules());
  ASSERT_TRUE(report.ok()) << report.status();
  for (const classification::Rule* rule : report->without_examples) {
    ADD_FAILURE() << ToString(rule->origin) << ": rule " << rule->id
                  << " needs an example and a counter-example";
  }
  const auto untried = classification::FindUntried(Rules());
  ASSERT_TRUE(untried.ok()) << untried.status();
  for (const classification::Untried& part : *untried) {
    ADD_FAILURE() << ToString(part);
  }
}

TEST(ShippedRulesTest, EachLawThatIsCitedIsListedWithItsDates) {
  std::set<std::string> with_dates;
  for (const classification::Statute& statute : Rules().statutes) {
    if (statute.effective.from.has_value()) {
      with_dates.insert(statute.name);
    }
  }
  const auto check = [&](const std::vector<classification::LegalBasis>& basis) {
    for (const classification::LegalBasis& row : basis) {
      EXPECT_TRUE(row.article.empty() || with_dates.count(row.statute) > 0)
          << ToString(row.origin) << ": the edition of " << row.statute
          << " whose article is cited needs its first day";
    }
  };
  EXPECT_FALSE(with_dates.empty());
  for (const classification::Rule& rule : Rules().rules) {
    check(rule.legal_basis);
  }
  for (const classification::Problem& problem : Rules().problems) {
    check(problem.legal_basis);
  }
}

// Those that need structured case data cannot be seen in a text alone.
TEST(ShippedRulesTest, EachProblemModelThatWorksOnTextHasARule) {
  const auto report = classification::RunExamples(Rules());
  ASSERT_TRUE(report.ok()) << report.status();
  std::vector<std::string> codes;
  for (const classification::Problem* problem : report->without_rules) {
    codes.push_back(problem->code);
  }
  EXPECT_THAT(codes, testing::UnorderedElementsAre("ENF-02", "ENF-05", "ENF-19", "SOC-01"));
}

TEST(ShippedRulesTest, NightDemolitionIsHighWithItsReasons) {
  const domain::Verdict verdict =
      Classify("夜里拆了我的棚", "镇里没有给决定书，夜里十点来了推土机把棚推平，先把电掐断了。");
  EXPECT_EQ(verdict.scenario, domain::Scenario::kAdminEnforcement);
  EXPECT_EQ(verdict.risk, domain::Risk::kHigh);
  EXPECT_THAT(verdict.problem_codes, testing::Contains("ENF-24"));
  int32_t sum = 0;
  for (const domain::RiskReason& reason : verdict.risk_reasons) {
    EXPECT_FALSE(reason.chinese.empty());
    EXPECT_FALSE(reason.english.empty());
    sum += reason.points;
  }
  EXPECT_EQ(sum, verdict.risk_score);
}

TEST(ShippedRulesTest, EvidenceOfLongHostileTextsStaysInBounds) {
  for (const char* piece : {"罚款不退没人管", "扣押", "(2023)浙0424行初", "一二三四五六七八九十",
                            "a\u0301", "镇里说让街道说让", "１２３４５６７８９"}) {
    std::string text;
    while (text.size() < 60'000) {
      text += piece;
    }
    const domain::Verdict verdict = Classify("标题", text);
    for (const domain::EvidenceSpan& span : verdict.evidence) {
      EXPECT_LT(span.begin, span.end);
      EXPECT_LE(span.end, 60'010U);
    }
  }
}

}  // namespace
}  // namespace supervision
