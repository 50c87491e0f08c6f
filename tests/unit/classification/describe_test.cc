#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "services/classification/classifier.h"
#include "services/classification/model/features.h"
#include "tests/unit/classification/rules_for_test.h"

namespace supervision::classification {
namespace {

Features Describe(std::string_view title, std::string_view content) {
  static const auto* const rules =
      Classifier::Create(GoodCatalogue(),
                         GoodRules({MakeRule("ANY", RuleKind::kSubstance,
                                             domain::Scenario::kAdminEnforcement, 1, 0, {"罚款"})}))
          .value()
          .release();
  Features features;
  rules->Describe({title, content, nullptr, std::nullopt}, &features);
  return features;
}

bool Has(const Features& features, FeatureKey key) {
  return std::any_of(features.signals.begin(), features.signals.end(),
                     [key](const Features::Signal& signal) { return signal.key == key; });
}

FeatureKey Pair(char32_t first, char32_t second) { return FeatureKey{first} << 21 | second; }

TEST(DescribeTest, NumbersAreToldByTheirBeingThere) {
  const Features features = Describe("2023年", "收了1,350元");
  EXPECT_EQ(features.characters, U"0年\n收了0,0元");
  EXPECT_EQ(features.offsets.front(), 0U);
  EXPECT_EQ(features.offsets[1], 4U);  // the year begins behind all four digits
  EXPECT_EQ(features.offsets.size(), features.characters.size() + 1);
}

TEST(DescribeTest, NumbersInHanNumeralsAreToldLikeDigits) {
  const Features features = Describe("三十七户", "两次,第十二天,2万元。");
  EXPECT_EQ(features.characters, U"0户\n0次,第0天,0元。");
  EXPECT_EQ(features.offsets[1], 9U);  // the households begin behind all three numerals
}

TEST(DescribeTest, ANumeralThatMostlyStandsInWordsIsANumberOnlyBesideOthers) {
  EXPECT_EQ(Describe("", "一直没有老百姓来").characters, U"\n一直没有老百姓来");
  EXPECT_EQ(Describe("", "一百来户").characters, U"\n0来户");
}

TEST(DescribeTest, WordsOfTheTitleAreToldApart) {
  const Features features = Describe("路灯不亮", "村口那一盏。");
  EXPECT_TRUE(Has(features, ZoneKey(Zone::kTitle, Pair(U'路', U'灯'))));
  EXPECT_FALSE(Has(features, ZoneKey(Zone::kTitle, Pair(U'村', U'口'))));
}

TEST(DescribeTest, WordsOfTheLastSentenceAreToldApart) {
  const Features features = Describe("路灯", "村口那一盏不亮。请派人修一修。");
  EXPECT_TRUE(Has(features, ZoneKey(Zone::kEnd, U'派')));
  EXPECT_FALSE(Has(features, ZoneKey(Zone::kEnd, U'村')));
  EXPECT_FALSE(Has(features, ZoneKey(Zone::kEnd, U'灯')));
}

TEST(DescribeTest, ATextWithoutSentencesEndsInItsLastWords) {
  std::string content = "开头两字";
  for (int i = 0; i < 30; ++i) content += "一直写";
  const Features features = Describe("", content + "没人来过");
  EXPECT_TRUE(Has(features, ZoneKey(Zone::kEnd, U'来')));
  EXPECT_FALSE(Has(features, ZoneKey(Zone::kEnd, U'头')));
}

TEST(DescribeTest, EmptyTextsHaveNoZones) {
  const Features features = Describe("", "");
  for (const Features::Signal& signal : features.signals) {
    EXPECT_EQ(signal.begin, signal.end);
  }
}

}  // namespace
}  // namespace supervision::classification
