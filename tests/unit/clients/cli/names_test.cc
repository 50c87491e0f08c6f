#include "clients/cli/names.h"

#include <gtest/gtest.h>

#include "supervision/v1/clue.pb.h"
#include "supervision/v1/scenario.pb.h"

namespace supervision::cli {
namespace {

TEST(NamesTest, WordsAreReadInAnySpelling) {
  for (const char* word : {"admin-enforcement", "ADMIN_ENFORCEMENT", "Admin_Enforcement",
                           "SCENARIO_ADMIN_ENFORCEMENT"}) {
    EXPECT_EQ(FromWord<v1::Scenario>(word), v1::SCENARIO_ADMIN_ENFORCEMENT) << word;
  }
}

TEST(NamesTest, UnknownAndUnspecifiedWordsAreNone) {
  EXPECT_EQ(FromWord<v1::Scenario>("no-such"), std::nullopt);
  EXPECT_EQ(FromWord<v1::Scenario>("unspecified"), std::nullopt);
  EXPECT_EQ(FromWord<v1::Scenario>(""), std::nullopt);
}

TEST(NamesTest, ANumberOfANewerServiceIsShownAsNumber) {
  EXPECT_EQ(WordOf(v1::RISK_HIGH), "HIGH");
  EXPECT_EQ(WordOf(static_cast<v1::Risk>(77)), "77");
}

TEST(NamesTest, HelpListsEveryWord) { EXPECT_EQ(WordsOf<v1::Risk>(), "low, medium, high"); }

}  // namespace
}  // namespace supervision::cli
