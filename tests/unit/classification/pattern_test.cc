#include "services/classification/pattern.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace supervision::classification {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(PatternTest, ExpandsAlternativesInAlternatives) {
  std::string error;
  const auto segments = ParsePattern("{没{有|}|未}答复", &error);
  ASSERT_EQ(error, "");
  ASSERT_EQ(segments.size(), 1U);
  EXPECT_THAT(segments[0].phrases, ElementsAre("没有答复", "没答复", "未答复"));
}

TEST(PatternTest, TellsTheKindsOfGaps) {
  std::string error;
  const auto segments = ParsePattern("$ORGAN…不管……<persons:30>户主", &error);
  ASSERT_EQ(error, "");
  ASSERT_EQ(segments.size(), 4U);
  EXPECT_EQ(segments[0].lexicon, "ORGAN");
  EXPECT_EQ(segments[1].join, Join::kSameSentence);
  EXPECT_EQ(segments[2].join, Join::kNearby);
  ASSERT_TRUE(segments[2].reference.has_value());
  EXPECT_EQ(segments[2].reference->least, 30);
  EXPECT_EQ(segments[3].join, Join::kBeside);
}

struct Wrong {
  const char* name;
  const char* pattern;
  const char* message;
};

class WrongPatterns : public testing::TestWithParam<Wrong> {};

TEST_P(WrongPatterns, AreToldWithARemedy) {
  std::string error;
  EXPECT_THAT(ParsePattern(GetParam().pattern, &error), IsEmpty());
  EXPECT_THAT(error, HasSubstr(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    All, WrongPatterns,
    testing::Values(Wrong{"Empty", "", "empty"}, Wrong{"LeadingGap", "…罚", "begins with a gap"},
                    Wrong{"TrailingGap", "罚…", "ends with a gap"},
                    Wrong{"OpenBrace", "{罚|扣", "not closed"},
                    Wrong{"StrayBrace", "罚}", "stands alone"},
                    Wrong{"GapInBraces", "{罚…款|扣}", "alternatives hold only words"},
                    Wrong{"TooDeep", "{a{b{c{d{e}}}}}", "too deep"},
                    Wrong{"TooMany", "{a|b|c|d|e|f|g|h}{a|b|c|d|e|f|g|h}{a|b|c|d|e|f|g|h|i}",
                          "multiply to more than 512"},
                    Wrong{"NoName", "$不管", "without a name"},
                    Wrong{"UnknownReference", "<people:5>", "no type of reference"},
                    Wrong{"BadLeast", "<persons:many>", "whole number"}),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace supervision::classification
