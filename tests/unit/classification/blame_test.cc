// Who is blamed for what, as a model sees it.

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "services/classification/classifier.h"
#include "services/classification/model/features.h"
#include "tests/unit/classification/rules_for_test.h"

namespace supervision::classification {
namespace {

Features Describe(std::string_view title, std::string_view content) {
  static const Classifier* const rules = [] {
    RuleSet set = GoodRules({MakeRule("ANY", RuleKind::kSubstance,
                                      domain::Scenario::kAdminEnforcement, 1, 0, {"罚款"})});
    const auto add = [&](const std::string& name, const std::vector<std::string>& phrases) {
      set.lexicons.push_back({{"rules.yaml", 1}, name, Phrases(phrases)});
    };
    add("WHO_ORGAN", {"城管", "部门"});
    add("WHO_FIRM", {"物业", "公司"});
    add("WHO_UTILITY", {"公交公司"});
    add("DID_NOTHING", {"不管", "没有哪个"});
    add("DID_REFUSE", {"不退"});
    add("BLAME_ASKING", {"请", "希望"});
    add("BLAME_TELLING", {"找"});
    return Classifier::Create(GoodCatalogue(), set).value().release();
  }();
  Features features;
  rules->Describe({title, content, nullptr, std::nullopt}, &features);
  return features;
}

bool Has(const Features& features, const std::string& name) {
  const FeatureKey key = SignalKey(SignalKind::kRule, name);
  return std::any_of(features.signals.begin(), features.signals.end(),
                     [key](const Features::Signal& signal) { return signal.key == key; });
}

bool Blames(std::string_view content, const std::string& who, const std::string& did) {
  return Has(Describe("", content), "B:" + who + ":" + did);
}

TEST(BlameTest, WhatIsSaidOfAnOrganIsHeldAgainstTheOrgan) {
  EXPECT_TRUE(Blames("城管来过两趟，还是不管。", "WHO_ORGAN", "DID_NOTHING"));
}

TEST(BlameTest, TheOneNamedLastIsBlamed) {
  EXPECT_TRUE(Blames("城管来过，物业不管。", "WHO_FIRM", "DID_NOTHING"));
  EXPECT_FALSE(Blames("城管来过，物业不管。", "WHO_ORGAN", "DID_NOTHING"));
}

TEST(BlameTest, TheBlamedMayStandJustBehindTheWord) {
  EXPECT_TRUE(Blames("三年了，没有哪个部门来看。", "WHO_ORGAN", "DID_NOTHING"));
}

TEST(BlameTest, WhoIsOnlyAskedIsNotBlamed) {
  const Features features = Describe("", "请城管看看，路灯坏了不管可不行。");
  EXPECT_FALSE(Has(features, "B:WHO_ORGAN:DID_NOTHING"));
  EXPECT_TRUE(Has(features, "B:ASKED:DID_NOTHING"));
  EXPECT_TRUE(Has(features, "ASKED:WHO_ORGAN:"));
}

TEST(BlameTest, AskingEndsWithItsClause) {
  EXPECT_TRUE(Blames("我请了假，城管不管。", "WHO_ORGAN", "DID_NOTHING"));
}

TEST(BlameTest, WhoWasToldIsKnownAndMayBeBlamed) {
  const Features features = Describe("", "找过城管，不管。");
  EXPECT_TRUE(Has(features, "TOLD:WHO_ORGAN:"));
  EXPECT_TRUE(Has(features, "B:WHO_ORGAN:DID_NOTHING"));
}

TEST(BlameTest, BlameDoesNotCrossSentences) {
  EXPECT_TRUE(Blames("城管来过。一直不管。", "NOBODY", "DID_NOTHING"));
  EXPECT_FALSE(Blames("城管来过。一直不管。", "WHO_ORGAN", "DID_NOTHING"));
}

TEST(BlameTest, BlameDoesNotCrossFromTitleToContent) {
  EXPECT_TRUE(Has(Describe("城管", "不管这条路"), "B:NOBODY:DID_NOTHING"));
}

TEST(BlameTest, OfTwoNamesThatEndTogetherTheLongerCounts) {
  EXPECT_TRUE(Blames("公交公司不退钱。", "WHO_UTILITY", "DID_REFUSE"));
  EXPECT_FALSE(Blames("公交公司不退钱。", "WHO_FIRM", "DID_REFUSE"));
}

TEST(BlameTest, ALongWayOffNobodyIsBlamed) {
  EXPECT_TRUE(Blames("城管一开头提到一次，后面整整写了很多很多别的话，这事不管。", "NOBODY",
                     "DID_NOTHING"));
}

TEST(BlameTest, WithoutAWordOfBlameThereIsNone) {
  const Features features = Describe("", "城管在路口。");
  EXPECT_FALSE(Has(features, "B:WHO_ORGAN:DID_NOTHING"));
  EXPECT_FALSE(Has(features, "B:NOBODY:DID_NOTHING"));
}

}  // namespace
}  // namespace supervision::classification
