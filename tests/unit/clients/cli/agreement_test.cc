#include "clients/cli/agreement.h"

#include "clients/cli/review_corrections.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace supervision::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::Key;

v1::CorrectedClue Corrected(const std::string& reviewer, v1::Scenario machine, v1::Scenario person,
                            v1::Risk risk = v1::RISK_MEDIUM) {
  v1::CorrectedClue clue;
  clue.set_clue_id("c001");
  clue.mutable_judged()->set_scenario(machine);
  clue.mutable_judged()->set_risk(v1::RISK_MEDIUM);
  for (const auto& [rule, scenario] :
       {std::pair("ENF.A", v1::SCENARIO_ADMIN_ENFORCEMENT),
        std::pair("ENF.A", v1::SCENARIO_ADMIN_ENFORCEMENT),
        std::pair("JUD.A", v1::SCENARIO_JUDICIAL), std::pair("RISK.A", v1::SCENARIO_UNSPECIFIED)}) {
    auto* const span = clue.mutable_judged()->add_evidence();
    span->set_rule_id(rule);
    span->set_scenario(scenario);
  }
  clue.mutable_correction()->set_author(reviewer);
  clue.mutable_correction()->mutable_verdict()->set_scenario(person);
  clue.mutable_correction()->mutable_verdict()->set_risk(risk);
  return clue;
}

TEST(AgreementTest, CountsByReviewerClassAndRule) {
  Agreement agreement;
  agreement.Add(Corrected("r1", v1::SCENARIO_ADMIN_ENFORCEMENT, v1::SCENARIO_ADMIN_ENFORCEMENT));
  agreement.Add(Corrected("r1", v1::SCENARIO_ADMIN_ENFORCEMENT, v1::SCENARIO_JUDICIAL));
  agreement.Add(Corrected("r2", v1::SCENARIO_JUDICIAL, v1::SCENARIO_JUDICIAL, v1::RISK_HIGH));
  EXPECT_EQ(agreement.total().clues, 3);
  EXPECT_EQ(agreement.total().same_class, 2);
  EXPECT_EQ(agreement.total().same_risk, 1);
  EXPECT_EQ(agreement.by_reviewer().at("r1").clues, 2);
  EXPECT_EQ(agreement.by_reviewer().at("r1").same_class, 1);
  EXPECT_EQ(agreement.by_class().at("ADMIN_ENFORCEMENT").clues, 2);
  EXPECT_THAT(agreement.by_rule(), ElementsAre(Key("ENF.A"), Key("JUD.A")))
      << "only rules that spoke for what the machine said";
  EXPECT_EQ(agreement.by_rule().at("ENF.A").clues, 2) << "once a clue";
  EXPECT_EQ(agreement.by_rule().at("ENF.A").same_class, 1);
}

TEST(AgreementTest, AnExportedLineIsLabelledData) {
  v1::CorrectedClue clue =
      Corrected("r1", v1::SCENARIO_ADMIN_ENFORCEMENT, v1::SCENARIO_OUT_OF_SCOPE);
  clue.mutable_correction()->mutable_verdict()->set_risk(v1::RISK_UNSPECIFIED);
  clue.mutable_correction()->mutable_verdict()->add_problem_codes("ENF-24");
  clue.set_title("标\"题");
  clue.set_content("正文\n第二行");
  EXPECT_EQ(LabelledLine(clue).find('\n'), std::string::npos);
  EXPECT_EQ(LabelledLine(clue).find("r1"), std::string::npos) << "names no reviewer";
  EXPECT_NE(LabelledLine(clue).find(R"("OUT_OF_SCOPE")"), std::string::npos);
  EXPECT_NE(LabelledLine(clue).find(R"(标\"题)"), std::string::npos);
}

TEST(AgreementTest, TwoTextsOfOneClueAreTwoLinesWithIdsOfTheirOwn) {
  v1::CorrectedClue clue =
      Corrected("r1", v1::SCENARIO_ADMIN_ENFORCEMENT, v1::SCENARIO_OUT_OF_SCOPE);
  EXPECT_NE(LabelledLine(clue).find(R"("c001")"), std::string::npos);
  clue.set_version(2);
  clue.set_superseded(true);
  EXPECT_NE(LabelledLine(clue).find(R"("c001/2")"), std::string::npos);
}

}  // namespace
}  // namespace supervision::cli
