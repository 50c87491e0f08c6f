#include "services/classification/classifier.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>

#include "tests/unit/classification/rules_for_test.h"

namespace supervision::classification {
namespace {

using domain::Risk;
using domain::Scenario;
using domain::TextPart;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::IsEmpty;
using ::testing::SizeIs;

std::unique_ptr<Classifier> Make(std::vector<Rule> rules) {
  auto classifier = Classifier::Create(GoodCatalogue(), GoodRules(std::move(rules)));
  EXPECT_TRUE(classifier.ok()) << classifier.status();
  return *std::move(classifier);
}

domain::Verdict Classify(const Classifier& classifier, std::string_view title,
                         std::string_view content) {
  return classifier.Classify({title, content, nullptr, std::nullopt});
}

Rule Enforcement(const std::vector<std::string>& any) {
  return MakeRule("ENF.X", RuleKind::kSubstance, Scenario::kAdminEnforcement, 2, 1, any);
}

TEST(ClassifierTest, WithoutEvidenceAClueIsOutOfScope) {
  const auto classifier = Make({Enforcement({"超期扣押"})});
  const domain::Verdict verdict = Classify(*classifier, "你好", "今天天气很好。");
  EXPECT_EQ(verdict.scenario, Scenario::kOutOfScope);
  EXPECT_EQ(verdict.risk, Risk::kUnspecified);
  EXPECT_THAT(verdict.evidence, IsEmpty());
}

TEST(ClassifierTest, EvidencePointsIntoTheOriginalText) {
  const auto classifier = Make({Enforcement({"超期扣押"})});
  const domain::Verdict verdict = Classify(*classifier, "求助", "我的車被超 期　扣押了");
  ASSERT_EQ(verdict.scenario, Scenario::kAdminEnforcement);
  ASSERT_THAT(verdict.evidence, SizeIs(1));
  EXPECT_EQ(verdict.evidence[0].part, TextPart::kContent);
  EXPECT_EQ(verdict.evidence[0].begin, 4U);
  EXPECT_EQ(verdict.evidence[0].end, 10U);
  EXPECT_EQ(verdict.evidence[0].rule_id, "ENF.X");
  EXPECT_EQ(verdict.evidence[0].scenario, Scenario::kAdminEnforcement);
}

TEST(ClassifierTest, GapStaysInItsSentenceAndWithinItsWidth) {
  Rule rule = Enforcement({"扣押…不还"});
  rule.within = 4;
  const auto classifier = Make({rule});
  EXPECT_EQ(Classify(*classifier, "", "车被扣押至今不还").scenario, Scenario::kAdminEnforcement);
  EXPECT_EQ(Classify(*classifier, "", "车被扣押。至今不还").scenario, Scenario::kOutOfScope);
  EXPECT_EQ(Classify(*classifier, "", "车被扣押一二三四五不还").scenario, Scenario::kOutOfScope);
  EXPECT_EQ(Classify(*classifier, "车被扣押", "不还").scenario, Scenario::kOutOfScope);
}

TEST(ClassifierTest, WideGapCrossesSentences) {
  const auto classifier = Make({Enforcement({"承诺……没有下文"})});
  EXPECT_EQ(Classify(*classifier, "", "局里承诺过。后来没有下文").scenario,
            Scenario::kAdminEnforcement);
}

TEST(ClassifierTest, LaterBeginningIsTriedWhenTheFirstIsTooFar) {
  Rule rule = Enforcement({"扣押…不还"});
  rule.within = 3;
  const auto classifier = Make({rule});
  EXPECT_EQ(Classify(*classifier, "", "扣押扣押，，，，，，扣押了不还").scenario,
            Scenario::kAdminEnforcement);
}

TEST(ClassifierTest, UnlessUndoesOnlyWhatStandsNear) {
  Rule rule = Enforcement({"去法院"});
  rule.unless = Phrases({"不行就"});
  const auto classifier = Make({rule});
  EXPECT_EQ(Classify(*classifier, "", "不行就去法院告").scenario, Scenario::kOutOfScope);
  EXPECT_EQ(Classify(*classifier, "", "不行就去法院告。我去法院了").scenario,
            Scenario::kAdminEnforcement);
}

TEST(ClassifierTest, WithAndWithoutLookAtTheWholeText) {
  Rule rule = Enforcement({"整改"});
  rule.with = Phrases({"执法"});
  rule.without = Phrases({"巡察"});
  const auto classifier = Make({rule});
  EXPECT_EQ(Classify(*classifier, "", "整改").scenario, Scenario::kOutOfScope);
  EXPECT_EQ(Classify(*classifier, "执法", "整改").scenario, Scenario::kAdminEnforcement);
  EXPECT_EQ(Classify(*classifier, "执法", "整改。巡察").scenario, Scenario::kOutOfScope);
}

TEST(ClassifierTest, SectionsLimitWhereAMatchCounts) {
  Rule title = Enforcement({"通知"});
  title.section = RuleSection::kTitle;
  Rule first =
      MakeRule("ENF.FIRST", RuleKind::kSubstance, Scenario::kAdminEnforcement, 2, 1, {"开头"});
  first.section = RuleSection::kFirstSentence;
  const auto classifier = Make({title, first});
  EXPECT_EQ(Classify(*classifier, "通知", "内容").scenario, Scenario::kAdminEnforcement);
  EXPECT_EQ(Classify(*classifier, "标题", "通知").scenario, Scenario::kOutOfScope);
  EXPECT_EQ(Classify(*classifier, "标题", "开头。").scenario, Scenario::kAdminEnforcement);
  EXPECT_EQ(Classify(*classifier, "开头", "第一句。开头").scenario, Scenario::kOutOfScope);
}

TEST(ClassifierTest, InstrumentDecidesBeforeSubstance) {
  RuleSet set = GoodRules(
      {MakeRule("REC.X", RuleKind::kInstrument, Scenario::kReconsideration, 1, 1, {"复议决定"}),
       Enforcement({"罚款"})});
  set.scoring.instrument_bonus = 3;
  const auto classifier = Classifier::Create(GoodCatalogue(), set);
  ASSERT_TRUE(classifier.ok()) << classifier.status();
  const domain::Verdict verdict = Classify(**classifier, "", "复议决定撤销罚款");
  EXPECT_EQ(verdict.scenario, Scenario::kReconsideration);
  EXPECT_EQ(verdict.secondary, Scenario::kAdminEnforcement);
}

TEST(ClassifierTest, PrecedenceDecidesATie) {
  const auto classifier =
      Make({MakeRule("PET.X", RuleKind::kSubstance, Scenario::kPetitionDispute, 2.05F, 1, {"信访"}),
            MakeRule("JUD.X", RuleKind::kSubstance, Scenario::kJudicial, 2, 1, {"判决"})});
  EXPECT_EQ(Classify(*classifier, "", "信访与判决").scenario, Scenario::kJudicial);
}

TEST(ClassifierTest, InstrumentOfThePartnerCountsWithoutASpan) {
  Rule proposal =
      MakeRule("CPP.X", RuleKind::kInstrument, Scenario::kCppccDemocratic, 2, 1, {"提案"});
  proposal.instruments = {domain::InstrumentType::kProposal};
  Rule court = MakeRule("JUD.X", RuleKind::kInstrument, Scenario::kJudicial, 2, 1,
                        {"<court_administrative>"});
  const auto classifier = Make({proposal, court});
  const std::vector<domain::Instrument> given = {
      {domain::InstrumentType::kProposal, "75", std::nullopt}};
  const domain::Verdict verdict = classifier->Classify({"答复", "内容", &given, std::nullopt});
  EXPECT_EQ(verdict.scenario, Scenario::kCppccDemocratic);
  EXPECT_THAT(verdict.evidence, IsEmpty());
  const std::vector<domain::Instrument> cases = {
      {domain::InstrumentType::kCourtCase, "（2023）浙0402行初1号", std::nullopt}};
  EXPECT_EQ(classifier->Classify({"", "", &cases, std::nullopt}).scenario, Scenario::kJudicial);
}

TEST(ClassifierTest, NeverMoreThanSixteenPiecesOfEvidenceStrongestFirst) {
  std::vector<Rule> rules;
  std::string text;
  for (int i = 0; i < 30; ++i) {
    const std::string word = "词语" + std::to_string(100 + i);
    rules.push_back(MakeRule("ENF." + std::to_string(i), RuleKind::kSubstance,
                             Scenario::kAdminEnforcement, 0.1F * static_cast<float>(i), 1, {word}));
    text += word + "。";
  }
  const domain::Verdict verdict = Classify(*Make(rules), "", text);
  ASSERT_THAT(verdict.evidence, SizeIs(16));
  EXPECT_EQ(verdict.evidence[0].rule_id, "ENF.29");
  EXPECT_GT(verdict.evidence[0].weight, verdict.evidence[15].weight);
}

TEST(ClassifierTest, RulesOutOfForceAreLeftOut) {
  Rule rule = Enforcement({"罚款"});
  rule.effective.to = absl::CivilDay(2026, 5, 31);
  EXPECT_EQ(Classify(*Make({rule, MakeRule("ENF.Y", RuleKind::kSubstance,
                                           Scenario::kAdminEnforcement, 2, 1, {"别的"})}),
                     "", "罚款")
                .scenario,
            Scenario::kOutOfScope);
}

Rule Addend(const std::string& id, RiskAddend addend, const std::string& word) {
  Rule rule = MakeRule(id, RuleKind::kRisk, Scenario::kUnspecified, 0, 0, {word});
  rule.addend = addend;
  return rule;
}

TEST(ClassifierTest, RiskIsTheSumOfItsReasons) {
  RuleSet set = GoodRules(
      {Enforcement({"罚款"}), Addend("R.1", RiskAddend::kRepeatTwice, "三次信访"),
       Addend("R.2", RiskAddend::kMinor, "孩子"), Addend("R.3", RiskAddend::kElderly, "老人"),
       Addend("R.4", RiskAddend::kMedia, "记者")});
  set.problems.push_back({{"rules.yaml", 5},
                          "ENF-06",
                          Scenario::kAdminEnforcement,
                          "过罚不当",
                          "out of proportion",
                          Risk::kLow,
                          {},
                          {}});
  set.rules[0].problem = "ENF-06";
  const auto classifier = Classifier::Create(GoodCatalogue(), set);
  ASSERT_TRUE(classifier.ok()) << classifier.status();
  const domain::Verdict verdict =
      Classify(**classifier, "", "罚款，三次信访，四十多户，有孩子、老人，记者来过");
  EXPECT_THAT(verdict.problem_codes, ElementsAre("ENF-06"));
  EXPECT_THAT(verdict.risk_reasons,
              ElementsAre(Field(&domain::RiskReason::code, "BASE:ENF-06"),
                          Field(&domain::RiskReason::code, "REPEAT"),
                          Field(&domain::RiskReason::code, "SPREAD"),
                          Field(&domain::RiskReason::code, "SENSITIVE:MINOR"),
                          Field(&domain::RiskReason::code, "SENSITIVE:ELDERLY")));
  EXPECT_EQ(verdict.risk_score, 20 + 20 + 25 + 10 + 10);  // the third sensitivity is over the most
  EXPECT_EQ(verdict.risk, Risk::kHigh);
}

TEST(ClassifierTest, PersonsThatThePartnerNamesCountAsSpread) {
  const auto classifier = Make({Enforcement({"罚款"})});
  EXPECT_EQ(classifier->Classify({"", "罚款", nullptr, 4}).risk_score, 45);
  EXPECT_EQ(classifier->Classify({"", "罚款", nullptr, 5}).risk_score, 55);
  EXPECT_EQ(classifier->Classify({"", "罚款", nullptr, 30}).risk_score, 70);
}

TEST(ClassifierTest, HighSignalLiftsTheRisk) {
  Rule rule = Enforcement({"夜间强拆"});
  rule.signal = Risk::kHigh;
  const domain::Verdict verdict = Classify(*Make({rule}), "", "夜间强拆");
  EXPECT_EQ(verdict.risk, Risk::kHigh);
  EXPECT_EQ(verdict.risk_score, 70);
  EXPECT_EQ(verdict.risk_reasons.back().code, "SIGNAL:ENF.X");
}

TEST(ClassifierTest, HighSignalInATextOutOfScopeGoesToAPerson) {
  Rule rule = MakeRule("R.HIGH", RuleKind::kRisk, Scenario::kUnspecified, 0, 0, {"跳楼"});
  rule.signal = Risk::kHigh;
  const domain::Verdict verdict = Classify(*Make({rule}), "", "有人要跳楼");
  EXPECT_EQ(verdict.scenario, Scenario::kOutOfScope);
  EXPECT_EQ(verdict.risk, Risk::kHigh);
  EXPECT_TRUE(verdict.needs_review);
}

TEST(ClassifierTest, LowConfidenceGoesToAPerson) {
  RuleSet set = GoodRules({Enforcement({"罚款"})});
  set.scoring.review_below = 0.99F;
  const auto classifier = Classifier::Create(GoodCatalogue(), set);
  ASSERT_TRUE(classifier.ok()) << classifier.status();
  EXPECT_TRUE(Classify(**classifier, "", "罚款").needs_review);
}

TEST(ClassifierTest, VersionNamesTheContentOfTheRules) {
  const auto one = Make({Enforcement({"罚款"})});
  const auto same = Make({Enforcement({"罚款"})});
  const auto other = Make({Enforcement({"罚金"})});
  EXPECT_EQ(one->rules_version(), same->rules_version());
  EXPECT_NE(one->rules_version(), other->rules_version());
  EXPECT_EQ(Classify(*one, "", "").rules_version, one->rules_version());
  EXPECT_THAT(std::string(one->rules_version()), testing::MatchesRegex("1\\+[0-9a-f]{12}"));
}

TEST(ClassifierTest, TheVersionIsAnotherOnTheDayOnWhichARuleBeginsOrEnds) {
  Rule ends = Enforcement({"罚款"});
  ends.effective.to = absl::CivilDay(2026, 5, 31);
  Rule begins =
      MakeRule("ENF.Y", RuleKind::kSubstance, Scenario::kAdminEnforcement, 2, 1, {"罚金"});
  begins.effective.from = absl::CivilDay(2026, 7, 1);
  RuleSet set = GoodRules(
      {ends, begins,
       MakeRule("ENF.Z", RuleKind::kSubstance, Scenario::kAdminEnforcement, 2, 1, {"别的"})});
  const auto version = [&](absl::CivilDay day) {
    set.as_of = day;
    return std::string(Classifier::Create(GoodCatalogue(), set).value()->rules_version());
  };
  const std::string may = version(absl::CivilDay(2026, 5, 31));
  const std::string june = version(absl::CivilDay(2026, 6, 1));
  EXPECT_NE(may, june);
  EXPECT_EQ(june, version(absl::CivilDay(2026, 6, 30)));
  EXPECT_NE(june, version(absl::CivilDay(2026, 7, 1)));
}

TEST(ClassifierTest, WhatAnExplanationReadsIsPartOfTheVersion) {
  RuleSet set = GoodRules({Enforcement({"罚款"})});
  const auto plain = Classifier::Create(GoodCatalogue(), set);
  set.reading.told = Phrases({"ENF.X"});
  const auto read = Classifier::Create(GoodCatalogue(), set);
  ASSERT_TRUE(plain.ok() && read.ok()) << read.status();
  EXPECT_NE((*plain)->rules_version(), (*read)->rules_version());
}

TEST(ClassifierTest, BytesThatAreNoTextAreNoHarm) {
  const auto classifier = Make({Enforcement({"罚款"})});
  const domain::Verdict verdict = Classify(*classifier, "\xff\xfe", "\xe7\xbd罚款\x80");
  EXPECT_EQ(verdict.scenario, Scenario::kAdminEnforcement);
  EXPECT_THAT(verdict.evidence, Contains(Field(&domain::EvidenceSpan::begin, 1U)));
}

TEST(ClassifierTest, ManyThreadsGetTheSameVerdicts) {
  const auto classifier = Make({Enforcement({"扣押…不还"})});
  const domain::Verdict wanted = Classify(*classifier, "求助", "车被扣押至今不还");
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < 500; ++round) {
        wrong += !(Classify(*classifier, "求助", "车被扣押至今不还") == wanted);
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(wrong.load(), 0);
}

}  // namespace
}  // namespace supervision::classification
