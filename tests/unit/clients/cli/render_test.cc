#include "clients/cli/render.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "clients/cli/render_group.h"

namespace supervision::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// No service listens there, so scenarios are shown by their words.
class RenderTest : public ::testing::Test {
 protected:
  RenderTest() {
    session_.options().server = "127.0.0.1:1";
    session_.options().language = Language::kChinese;
    session_.options().color = ColorMode::kNever;
  }

  v1::AlertUpdate Update() {
    v1::AlertUpdate update;
    v1::Alert& alert = *update.mutable_alert();
    alert.set_kind(v1::ALERT_KIND_CLUE_RECEIVED);
    alert.set_scenario(v1::SCENARIO_ADMIN_ENFORCEMENT);
    alert.set_risk(v1::RISK_MEDIUM);
    alert.mutable_reported_unit()->set_name("某县综合行政执法局");
    alert.set_title("夜间强制拆除");
    alert.add_why("未告知听证权利");
    return update;
  }

  Session session_;
};

TEST_F(RenderTest, AnAlertTellsScenarioRiskUnitTitleAndWhy) {
  EXPECT_THAT(
      AlertLine(session_, Update()),
      AllOf(HasSubstr("ADMIN_ENFORCEMENT"), HasSubstr("橙 MEDIUM"), HasSubstr("某县综合行政执法局"),
            HasSubstr("夜间强制拆除"), HasSubstr("未告知听证权利")));
}

TEST_F(RenderTest, RiskIsYellowOrangeOrRed) {
  session_.options().color = ColorMode::kAlways;
  EXPECT_THAT(RiskText(session_, v1::RISK_LOW), HasSubstr("\033[33m"));
  EXPECT_THAT(RiskText(session_, v1::RISK_MEDIUM), HasSubstr("\033[38;5;208m"));
  EXPECT_THAT(RiskText(session_, v1::RISK_HIGH), HasSubstr("\033[1;31m"));
}

TEST_F(RenderTest, AWithheldTextIsNamedAsSuch) {
  v1::AlertUpdate update = Update();
  update.mutable_alert()->set_projection(v1::PROJECTION_WITHHELD);
  EXPECT_THAT(AlertLine(session_, update), HasSubstr("保密件"));
}

TEST_F(RenderTest, WhatIsUnusualIsSaidBeforeTheTitle) {
  v1::AlertUpdate update = Update();
  update.mutable_alert()->set_kind(v1::ALERT_KIND_REVIEW_NEEDED);
  EXPECT_THAT(AlertLine(session_, update), HasSubstr("[需人工复核] 夜间"));
  update.mutable_alert()->set_kind(v1::ALERT_KIND_CLUE_REVISED);
  update.mutable_alert()->set_clue_version(2);
  EXPECT_THAT(AlertLine(session_, update), HasSubstr("[已修订 v2] 夜间"));
  update.mutable_alert()->set_kind(v1::ALERT_KIND_CLUE_WITHDRAWN);
  EXPECT_THAT(AlertLine(session_, update), HasSubstr("[已撤回] 夜间"));
}

TEST_F(RenderTest, OfAMatterItIsSaidWhoReportedItAndWhyTheyBelongTogether) {
  v1::AlertUpdate update = Update();
  v1::Alert& alert = *update.mutable_alert();
  alert.set_kind(v1::ALERT_KIND_SAME_MATTER);
  alert.clear_why();
  v1::AlertGroup& group = *alert.mutable_group();
  group.set_members(4);
  const auto add = [&group](const char* id, const char* partner, v1::LinkedBy by, int distance) {
    group.add_member_alert_ids(id);
    v1::MatterLink& link = *group.add_links();
    link.set_partner(partner);
    link.set_by(by);
    link.set_distance(distance);
  };
  add("a-3", "court", v1::LINKED_BY_NUMBER, 0);
  add("a-2", "petitions", v1::LINKED_BY_TEXT, 3);
  add("a-1", "hotline", v1::LINKED_BY_FIRST, 0);
  EXPECT_THAT(AlertLine(session_, update),
              AllOf(HasSubstr("[同一事项]"),
                    HasSubstr("hotline / petitions (文字相近，距离3) / court (文号或案号相同)")));
  EXPECT_THAT(AlertText(session_, alert),
              AllOf(HasSubstr("  a-3  court (文号或案号相同)\n"), HasSubstr("另有更早的：1\n")));
}

TEST_F(RenderTest, OfAMatterOfManyTheOldestAndTheNewestStandOnTheLine) {
  v1::AlertGroup group;
  for (const char* const partner : {"g", "f", "e", "d", "c", "b", "a"}) {
    group.add_member_alert_ids("x");
    group.add_links()->set_partner(partner);
  }
  group.set_members(5);
  EXPECT_EQ(PartnersText(session_, group), "a / b / c / d / e / f / g");
  group.set_members(7);
  EXPECT_EQ(PartnersText(session_, group), "a / …2条… / d / e / f / g");
  group.set_members(100);
  EXPECT_EQ(PartnersText(session_, group), "a / …95条… / d / e / f / g");
}

TEST_F(RenderTest, AnAlertThatLeftTheViewIsToldWithItsId) {
  v1::AlertUpdate update;
  update.mutable_left()->set_alert_id("a-1");
  update.mutable_left()->set_version(3);
  EXPECT_EQ(AlertLine(session_, update), "已移出视野：预警 a-1 v3\n");
}

TEST_F(RenderTest, AnAlertStaysOnOneLineWithoutEscapes) {
  v1::AlertUpdate update = Update();
  update.mutable_alert()->set_title("a\n\033[2Jb");
  const std::string line = AlertLine(session_, update);
  EXPECT_EQ(std::count(line.begin(), line.end(), '\n'), 1);
  EXPECT_THAT(line, Not(HasSubstr("\033")));
}

TEST_F(RenderTest, OverlappingPassagesAreMarkedOnce) {
  v1::Verdict verdict;
  for (const auto& [begin, end] : {std::pair(1, 3), {2, 4}, {6, 99}}) {
    auto& span = *verdict.add_evidence();
    span.set_part(v1::TEXT_PART_CONTENT);
    span.set_begin(static_cast<uint32_t>(begin));
    span.set_end(static_cast<uint32_t>(end));
  }
  EXPECT_EQ(MarkedText(session_, verdict, v1::TEXT_PART_CONTENT, "一二三四五六七八"),
            "一【二三四】五六【七八】");
  EXPECT_EQ(MarkedText(session_, verdict, v1::TEXT_PART_TITLE, "一二"), "一二");
}

}  // namespace
}  // namespace supervision::cli
