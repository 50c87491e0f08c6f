#include "services/config/rules_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "services/classification/classifier.h"
#include "services/config/catalogue_config.h"
#include "services/config/rule_files.h"
#include "tests/support/temp_dir.h"

namespace supervision::config {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr absl::CivilDay kDay(2026, 6, 1);

class RulesConfigTest : public ::testing::Test {
 protected:
  void Write(const std::string& name, const std::string& text) {
    std::ofstream(Path(name)) << text;
  }
  std::string Path(const std::string& name) const { return folder_.path() + "/" + name; }

  classification::RuleSet Load() {
    auto rules = LoadRules(folder_.path(), kDay);
    EXPECT_TRUE(rules.ok()) << rules.status();
    return rules.ok() ? *std::move(rules) : classification::RuleSet{};
  }

  testing::TempDir folder_;
};

TEST_F(RulesConfigTest, AZeroInTheRiskFormulaIsTakenAndWhatIsMissingKeepsItsDefault) {
  Write("a.yaml", "risk: {spread_crowd: 0, spread_group: 0, repeat: 0, repeat_max: 0}\n");
  const classification::RiskFormula risk = Load().risk;
  EXPECT_EQ(risk.spread_crowd, 0);
  EXPECT_EQ(risk.spread_group, 0);
  EXPECT_EQ(risk.repeat, 0);
  EXPECT_EQ(risk.repeat_max, 0);
  EXPECT_EQ(risk.sensitivity, classification::RiskFormula{}.sensitivity);
  EXPECT_EQ(risk.high_from, classification::RiskFormula{}.high_from);
}

// Emacs' lock is a link that leads nowhere, for as long as a file is being changed.
TEST_F(RulesConfigTest, HiddenFilesBesideTheRulesAreNoRules) {
  Write("a.yaml", "version: \"7\"\n");
  const std::string before = DigestOf({.rules = folder_.path()});
  std::filesystem::create_symlink("someone@somewhere.4711", Path(".#a.yaml"));
  Write("._a.yaml", "of another system");
  EXPECT_EQ(Load().version, "7");
  EXPECT_EQ(DigestOf({.rules = folder_.path()}), before);
}

TEST_F(RulesConfigTest, PutsTheFilesTogetherInTheOrderOfTheirNames) {
  Write("b.yaml",
        "scenario: JUDICIAL\n"
        "rules:\n"
        "  - id: JUD.X\n"
        "    kind: INSTRUMENT\n"
        "    weight: 2.5\n"
        "    any: [\"判决\", \"裁定\"]\n"
        "    instruments: [COURT_CASE]\n"
        "    signal: HIGH\n"
        "    effective: {from: \"2026-02-01\"}\n");
  Write("a.yaml", "version: \"7\"\nlexicons:\n  - name: ORGAN\n    phrases: [\"城管\"]\n");
  Write("notes.txt", "not read");
  const classification::RuleSet set = Load();
  EXPECT_THAT(set.mistakes, IsEmpty());
  EXPECT_EQ(set.version, "7");
  ASSERT_EQ(set.lexicons.size(), 1U);
  ASSERT_EQ(set.rules.size(), 1U);
  const classification::Rule& rule = set.rules[0];
  EXPECT_EQ(rule.scenario, domain::Scenario::kJudicial);
  EXPECT_EQ(rule.kind, classification::RuleKind::kInstrument);
  EXPECT_EQ(rule.signal, domain::Risk::kHigh);
  EXPECT_THAT(rule.instruments, ElementsAre(domain::InstrumentType::kCourtCase));
  EXPECT_EQ(rule.effective.from, absl::CivilDay(2026, 2, 1));
  EXPECT_EQ(rule.any[1].origin.line, 6U);
  EXPECT_EQ(rule.origin.line, 3U);
  EXPECT_EQ(rule.origin.file, Path("b.yaml"));
}

TEST_F(RulesConfigTest, ReadsStatutesAndCitationsWithTheirDaysAndPlaces) {
  Write("a.yaml",
        "version: \"1\"\n"
        "statutes:\n"
        "  - name: 信访条例\n"
        "    full_name: 信访条例（国务院令第431号）\n"
        "    effective: {from: \"2005-05-01\", to: \"2022-04-30\"}\n"
        "    replaced_by: 信访工作条例\n"
        "rules:\n"
        "  - id: PET.X\n"
        "    kind: SCOPE\n"
        "    any: [\"信访\"]\n"
        "    legal_basis:\n"
        "      - {statute: 信访条例, article: \"28\", effective: {to: \"2020-01-01\"}}\n");
  const classification::RuleSet set = Load();
  EXPECT_THAT(set.mistakes, IsEmpty());
  ASSERT_EQ(set.statutes.size(), 1U);
  EXPECT_EQ(set.statutes[0].name, "信访条例");
  EXPECT_EQ(set.statutes[0].effective.from, absl::CivilDay(2005, 5, 1));
  EXPECT_EQ(set.statutes[0].effective.to, absl::CivilDay(2022, 4, 30));
  EXPECT_EQ(set.statutes[0].replaced_by, "信访工作条例");
  ASSERT_EQ(set.rules.size(), 1U);
  ASSERT_EQ(set.rules[0].legal_basis.size(), 1U);
  const classification::LegalBasis& basis = set.rules[0].legal_basis[0];
  EXPECT_EQ(basis.article, "28");
  EXPECT_EQ(basis.effective.to, absl::CivilDay(2020, 1, 1));
  EXPECT_EQ(basis.origin.line, 12U);
}

TEST_F(RulesConfigTest, MistakesOfAllFilesAreKeptWithTheirLines) {
  Write("a.yaml", "version: \"1\"\nscenario: ADMIN\n");
  Write("b.yaml",
        "version: \"2\"\n"
        "rules:\n"
        "  - id: X\n"
        "    instruments: [COURT]\n"
        "    effective: {to: \"soon\"}\n"
        "    weigth: 3\n");
  const classification::RuleSet set = Load();
  EXPECT_THAT(set.mistakes,
              ElementsAre(HasSubstr("a.yaml:2:11: 'ADMIN' is no scenario"),
                          HasSubstr("b.yaml:1:10: another file gives the version already"),
                          HasSubstr("b.yaml:4:19: 'COURT' is no instrument"),
                          HasSubstr("b.yaml:5:21: 'soon' is no date"),
                          HasSubstr("b.yaml:6:5: unknown key 'weigth'")));
}

TEST_F(RulesConfigTest, MistakesOfReadingAndOfMeaningAreToldTogether) {
  Write("catalogue.yaml", "version: \"1\"\nscenarios:\n  - code: JUDICIAL\n    number: x\n");
  const auto catalogue = LoadCatalogue(Path("catalogue.yaml"));
  ASSERT_TRUE(catalogue.ok()) << catalogue.status();
  classification::RuleSet rules;
  rules.as_of = kDay;
  const auto classifier = classification::Classifier::Create(*catalogue, rules);
  const std::string told(classifier.status().message());
  EXPECT_THAT(told, HasSubstr("catalogue.yaml:4:13: "));
  EXPECT_THAT(told, HasSubstr("catalogue.yaml:3: scenario JUDICIAL: give name_zh and name_en"));
  EXPECT_THAT(told, HasSubstr("scenario OUT_OF_SCOPE is missing"));
}

TEST_F(RulesConfigTest, BrokenYamlIsToldAlone) {
  Write("a.yaml", "rules: [\n");
  EXPECT_EQ(LoadRules(folder_.path(), kDay).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(RulesConfigTest, AFolderWithoutRulesIsNotFound) {
  EXPECT_EQ(LoadRules(folder_.path(), kDay).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(LoadRules(Path("none"), kDay).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(LoadCatalogue(Path("none")).status().code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace supervision::config
