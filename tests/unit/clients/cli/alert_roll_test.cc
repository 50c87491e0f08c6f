#include "clients/cli/alert_roll.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace supervision::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kUnder[] = "└";

// No service listens there, so scenarios are shown by their words.
class AlertRollTest : public ::testing::Test {
 protected:
  AlertRollTest() {
    session_.options().server = "127.0.0.1:1";
    session_.options().language = Language::kChinese;
    session_.options().color = ColorMode::kNever;
  }

  static v1::AlertUpdate Update(const std::string& id, const std::string& unit) {
    v1::AlertUpdate update;
    v1::Alert& alert = *update.mutable_alert();
    alert.set_id(id);
    alert.set_kind(v1::ALERT_KIND_CLUE_RECEIVED);
    alert.set_risk(v1::RISK_MEDIUM);
    alert.mutable_reported_unit()->set_name(unit);
    alert.set_title("标题 " + id);
    return update;
  }
  static v1::AlertUpdate Matter(const std::string& id, const std::vector<std::string>& members) {
    v1::AlertUpdate update = Update(id, "");
    update.mutable_alert()->set_kind(v1::ALERT_KIND_SAME_MATTER);
    for (const std::string& member : members) {
      update.mutable_alert()->mutable_group()->add_member_alert_ids(member);
    }
    return update;
  }
  std::string Next(const v1::AlertUpdate& update) { return roll_.Next(session_, update); }

  Session session_;
  AlertRoll roll_{true};
};

TEST_F(AlertRollTest, WhatFollowsAboutOneUnitStandsUnderItWithoutItsName) {
  EXPECT_THAT(Next(Update("a1", "甲局")), AllOf(HasSubstr("甲局"), Not(HasSubstr(kUnder))));
  EXPECT_THAT(Next(Update("a2", "甲局")),
              AllOf(HasSubstr(kUnder), HasSubstr("标题 a2"), Not(HasSubstr("甲局"))));
  EXPECT_THAT(Next(Update("a3", "乙局")), AllOf(HasSubstr("乙局"), Not(HasSubstr(kUnder))));
  EXPECT_THAT(Next(Update("a4", "甲局")), AllOf(HasSubstr("甲局"), Not(HasSubstr(kUnder))))
      << "what does not follow directly is named anew";
}

TEST_F(AlertRollTest, MembersOfAMatterStandUnderItWhicheverComesFirst) {
  EXPECT_THAT(Next(Matter("m1", {"a1", "a2"})), Not(HasSubstr(kUnder)));
  EXPECT_THAT(Next(Update("a2", "甲局")), AllOf(HasSubstr(kUnder), HasSubstr("甲局")));
  EXPECT_THAT(Next(Update("b1", "乙局")), Not(HasSubstr(kUnder)));
  EXPECT_THAT(Next(Matter("m2", {"b1", "b2"})), HasSubstr(kUnder));
}

TEST_F(AlertRollTest, ALaterVersionAndALeavingStandUnderTheirAlert) {
  Next(Update("a1", ""));
  EXPECT_THAT(Next(Update("a1", "")), HasSubstr(kUnder));
  v1::AlertUpdate left;
  left.mutable_left()->set_alert_id("a1");
  EXPECT_THAT(Next(left), HasSubstr(kUnder));
  EXPECT_THAT(Next(Update("a2", "")), Not(HasSubstr(kUnder))) << "no unit is not the same unit";
}

TEST_F(AlertRollTest, OneUnitIsKnownByItsCodeWhereBothHaveOne) {
  v1::AlertUpdate first = Update("a1", "甲局");
  first.mutable_alert()->mutable_reported_unit()->set_credit_code("11330424MB0000001X");
  v1::AlertUpdate renamed = Update("a2", "甲局（更名）");
  renamed.mutable_alert()->mutable_reported_unit()->set_credit_code("11330424MB0000001X");
  v1::AlertUpdate other = Update("a3", "甲局");
  other.mutable_alert()->mutable_reported_unit()->set_credit_code("11330424MB0000002X");
  Next(first);
  EXPECT_THAT(Next(renamed), HasSubstr(kUnder));
  EXPECT_THAT(Next(other), Not(HasSubstr(kUnder)));
}

TEST_F(AlertRollTest, ElsewhereThanOnATerminalEachLineStandsAlone) {
  AlertRoll roll(false);
  roll.Next(session_, Update("a1", "甲局"));
  EXPECT_THAT(roll.Next(session_, Update("a2", "甲局")),
              AllOf(HasSubstr("甲局"), Not(HasSubstr(kUnder))));
}

}  // namespace
}  // namespace supervision::cli
