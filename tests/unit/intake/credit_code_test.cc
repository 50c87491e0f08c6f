#include <string>

#include "gtest/gtest.h"
#include "services/intake/validation.h"

namespace supervision::intake {
namespace {

constexpr std::string_view kAlphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY";

TEST(CreditCodeTest, AcceptsPublishedCodesOfOrgansAndCompanies) {
  for (const char* code : {"113304240025560106", "113304240025561412", "91350100M000100Y43",
                           "91330000755918469E", "11330922002643050C"}) {
    EXPECT_TRUE(IsCreditCode(code)) << code;
  }
}

TEST(CreditCodeTest, RefusesTheWrongExampleOfTheStandardItself) {
  EXPECT_FALSE(IsCreditCode("91350100M000100Y4Z"));
}

TEST(CreditCodeTest, RefusesEveryChangeOfOneCharacter) {
  const std::string right = "91330000755918469E";
  for (size_t i = 0; i < right.size(); ++i) {
    for (const char c : kAlphabet) {
      std::string changed = right;
      changed[i] = c;
      EXPECT_EQ(IsCreditCode(changed), changed == right) << changed;
    }
  }
}

TEST(CreditCodeTest, RemainderOfZeroGivesTheDigitZero) {
  // Of the 31 codes that differ in their last but one character, one has the check digit 0.
  int zeros = 0;
  for (const char c : kAlphabet) zeros += IsCreditCode(std::string("1133042400255601") + c + "0");
  EXPECT_EQ(zeros, 1);
}

TEST(CreditCodeTest, RefusesOtherLengthsAndCharacters) {
  for (const char* code :
       {"", "1", "11330424002556010", "1133042400255601066", "91330000755918469e",
        "9133000075591846 E", "I13304240025560106", "１13304240025560106", "O13304240025560106"}) {
    EXPECT_FALSE(IsCreditCode(code)) << code;
  }
}

}  // namespace
}  // namespace supervision::intake
