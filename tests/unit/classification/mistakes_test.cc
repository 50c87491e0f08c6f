#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "services/classification/classifier.h"
#include "tests/unit/classification/rules_for_test.h"

namespace supervision::classification {
namespace {

using domain::Scenario;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

RuleSet OneRule() {
  return GoodRules(
      {MakeRule("ENF.X", RuleKind::kSubstance, Scenario::kAdminEnforcement, 2, 1, {"罚款"})});
}

std::string Mistakes(const Catalogue& catalogue, const RuleSet& rules) {
  const auto classifier = Classifier::Create(catalogue, rules);
  return classifier.ok() ? "" : std::string(classifier.status().message());
}

// The rule rests on an article of the one statute that is listed.
void Cite(RuleSet* rules, EffectiveDates statute, EffectiveDates article = {}) {
  rules->statutes = {{{"rules.yaml", 20}, "行政处罚法", "", statute, "新处罚法"}};
  rules->rules[0].legal_basis = {{"行政处罚法", "63", article, {"rules.yaml", 5}}};
}

constexpr absl::CivilDay kPast(2026, 1, 31);
constexpr absl::CivilDay kFuture(2027, 1, 1);

struct Case {
  const char* name;
  std::function<void(Catalogue*, RuleSet*)> spoil;
  const char* told;
};

class MistakeCases : public testing::TestWithParam<Case> {};

TEST_P(MistakeCases, AreToldWithPlaceAndRemedy) {
  Catalogue catalogue = GoodCatalogue();
  RuleSet rules = OneRule();
  ASSERT_EQ(Mistakes(catalogue, rules), "");
  GetParam().spoil(&catalogue, &rules);
  EXPECT_THAT(Mistakes(catalogue, rules), HasSubstr(GetParam().told));
}

INSTANTIATE_TEST_SUITE_P(
    All, MistakeCases,
    testing::Values(
        Case{"UnknownScenario", [](Catalogue* c, RuleSet*) { c->scenarios[3].code = "ADMIN"; },
             "catalogue.yaml:40: scenario code \"ADMIN\" is not known"},
        Case{"MissingClass", [](Catalogue* c, RuleSet*) { c->scenarios.pop_back(); },
             "scenario OUT_OF_SCOPE is missing"},
        Case{"ClassTwice", [](Catalogue* c, RuleSet*) { c->scenarios.push_back(c->scenarios[0]); },
             "PARTY_INSPECTION is defined twice"},
        Case{"WrongNumber", [](Catalogue* c, RuleSet*) { c->scenarios[0].number = 2; },
             "catalogue.yaml:10: scenario PARTY_INSPECTION: number must be 1"},
        Case{"Owner", [](Catalogue* c, RuleSet*) { c->scenarios[0].owner_subjects = {"KING"}; },
             "owner_subject \"KING\" is not known"},
        Case{"ClassExpired",
             [](Catalogue* c, RuleSet*) {
               c->scenarios[0].effective.to = absl::CivilDay(2026, 1, 1);
             },
             "not in force today"},
        Case{"DatesSwapped",
             [](Catalogue*, RuleSet* r) {
               r->rules[0].effective = {absl::CivilDay(2026, 2, 1), absl::CivilDay(2026, 1, 1)};
             },
             "rules.yaml:3: rule ENF.X: effective_to lies before effective_from"},
        Case{"DuplicateId", [](Catalogue*, RuleSet* r) { r->rules.push_back(r->rules[0]); },
             "rule id ENF.X is already used in rules.yaml:3"},
        Case{"NoId", [](Catalogue*, RuleSet* r) { r->rules[0].id = ""; }, "without an id"},
        Case{"EmptyPattern", [](Catalogue*, RuleSet* r) { r->rules[0].any[0].text = ""; },
             "rules.yaml:7: pattern \"\": the pattern is empty"},
        Case{"OnlySpaces", [](Catalogue*, RuleSet* r) { r->rules[0].any[0].text = " \u200b"; },
             "empty after normalisation"},
        Case{"SingleCharacter", [](Catalogue*, RuleSet* r) { r->rules[0].any[0].text = "罚"; },
             "match too often"},
        Case{"ImpossiblePattern", [](Catalogue*, RuleSet* r) { r->rules[0].any[0].text = "{罚"; },
             "rules.yaml:7: pattern \"{罚\": \"{\" is not closed"},
        Case{"UnknownLexicon",
             [](Catalogue*, RuleSet* r) { r->rules[0].any[0].text = "$ORGAN…不管"; },
             "lexicon $ORGAN is not defined"},
        Case{"NothingToMatch", [](Catalogue*, RuleSet* r) { r->rules[0].any.clear(); },
             "nothing to match"},
        Case{"WeightOutOfRange", [](Catalogue*, RuleSet* r) { r->rules[0].weight = 21; },
             "weight and scope must lie in -20 to 20"},
        Case{"UnknownProblem", [](Catalogue*, RuleSet* r) { r->rules[0].problem = "ENF-99"; },
             "problem \"ENF-99\" is not defined"},
        Case{"NoScenario",
             [](Catalogue*, RuleSet* r) { r->rules[0].scenario = Scenario::kUnspecified; },
             "needs one of the 11 scenarios"},
        Case{"ScopeWithWeight", [](Catalogue*, RuleSet* r) { r->rules[0].kind = RuleKind::kScope; },
             "takes neither scenario nor weight"},
        Case{"RiskWithoutEffect",
             [](Catalogue*, RuleSet* r) {
               r->rules[0].kind = RuleKind::kRisk;
               r->rules[0].weight = 0;
               r->rules[0].scenario = Scenario::kUnspecified;
             },
             "needs a signal or an addend"},
        Case{"UnlessWithGap",
             [](Catalogue*, RuleSet* r) { r->rules[0].unless = Phrases({"没有…罚"}); },
             "`unless` takes words"},
        Case{"Precedence", [](Catalogue*, RuleSet* r) { r->scoring.precedence.pop_back(); },
             "precedence names SOCIAL_OPINION 0 times"},
        Case{"Priors", [](Catalogue*, RuleSet* r) { r->scoring.priors.pop_back(); },
             "priors hold OUT_OF_SCOPE 0 times"},
        Case{"Temperature", [](Catalogue*, RuleSet* r) { r->scoring.temperature = 0; },
             "temperature must be greater than 0"},
        Case{"RiskBases", [](Catalogue*, RuleSet* r) { r->risk.base_low = 80; },
             "the bases must rise"},
        Case{"NoVersion", [](Catalogue*, RuleSet* r) { r->version = ""; },
             "the rules have no version"},
        Case{"ExampleNotMatched",
             [](Catalogue*, RuleSet* r) { r->rules[0].examples = Phrases({"没有收据"}); },
             "rules.yaml:7: rule ENF.X: the example is not matched"},
        Case{"CounterExampleMatched",
             [](Catalogue*, RuleSet* r) { r->rules[0].counter_examples = Phrases({"罚款五元"}); },
             "rules.yaml:7: rule ENF.X: the counter-example matches"},
        Case{"ExpiredLaw",
             [](Catalogue*, RuleSet* r) {
               Cite(r, {{}, kPast});
             },
             "rules.yaml:5: rule ENF.X rests on 行政处罚法 第63条, which ended on 2026-01-31; cite "
             "新处罚法"},
        Case{"LawNotYetInForce",
             [](Catalogue*, RuleSet* r) {
               Cite(r, {kFuture, {}});
             },
             "rules.yaml:5: rule ENF.X rests on 行政处罚法 第63条, which is not in force before "
             "2027-01-01"},
        Case{"ExpiredArticle",
             [](Catalogue*, RuleSet* r) {
               Cite(r, {}, {{}, kPast});
             },
             "which ended on 2026-01-31; cite what holds now"},
        Case{"UnlistedLaw",
             [](Catalogue*, RuleSet* r) {
               Cite(r, {});
               r->statutes[0].name = "行政许可法";
             },
             "rules.yaml:5: rule ENF.X rests on 行政处罚法 第63条, which is not listed"},
        Case{"ExpiredLawOfAProblem",
             [](Catalogue*, RuleSet* r) {
               Cite(r, {{}, kPast});
               Problem problem;
               problem.code = "ENF-01";
               problem.legal_basis.swap(r->rules[0].legal_basis);
               r->problems = {problem};
             },
             "problem ENF-01 rests on 行政处罚法 第63条, which ended"},
        Case{"ExpiredLawOfAClass",
             [](Catalogue* c, RuleSet* r) {
               Cite(r, {{}, kPast});
               c->scenarios[3].legal_basis.swap(r->rules[0].legal_basis);
             },
             "scenario ADMIN_ENFORCEMENT rests on 行政处罚法 第63条, which ended"},
        Case{"LawTwice",
             [](Catalogue*, RuleSet* r) {
               Cite(r, {});
               r->statutes.push_back(r->statutes[0]);
             },
             "rules.yaml:20: statute 行政处罚法 is nameless or listed twice"},
        Case{"DatesOfALawSwapped",
             [](Catalogue*, RuleSet* r) {
               Cite(r, {kFuture, kPast});
             },
             "rules.yaml:20: statute 行政处罚法: its last day lies before its first"},
        Case{"FoundWhileReading",
             [](Catalogue* c, RuleSet*) { c->mistakes = {"catalogue.yaml:9:3: bad date"}; },
             "catalogue.yaml:9:3: bad date"}),
    [](const auto& info) { return info.param.name; });

TEST(MistakesTest, ALawMayEndWithTheRuleThatRestsOnIt) {
  RuleSet rules = OneRule();
  Cite(&rules, {{}, kPast});
  rules.rules[0].effective.to = kPast;
  rules.rules.push_back(
      MakeRule("ENF.Y", RuleKind::kSubstance, Scenario::kAdminEnforcement, 2, 1, {"扣押"}));
  EXPECT_EQ(Mistakes(GoodCatalogue(), rules), "");
}

TEST(MistakesTest, WhatHasLapsedIsKeptWhereNobodyChangedAnything) {
  Catalogue catalogue = GoodCatalogue();
  catalogue.scenarios[3].legal_basis = {{"行政处罚法", "63", {}, {"catalogue.yaml", 41}},
                                        {"行政许可法", "7", {}, {"catalogue.yaml", 42}}};
  RuleSet rules = OneRule();
  const auto before = Classifier::Create(catalogue, rules);
  Cite(&rules, {{}, kPast});
  rules.statutes.push_back({{"rules.yaml", 21}, "行政许可法", "", {}, ""});
  const auto kept = Classifier::Create(catalogue, rules, nullptr, Lapsed::kKeep);
  ASSERT_TRUE(kept.ok()) << kept.status();
  EXPECT_THAT((*kept)->lapsed(),
              ElementsAre(HasSubstr("catalogue.yaml:41: scenario ADMIN_ENFORCEMENT rests on"),
                          HasSubstr("rules.yaml:5: rule ENF.X rests on")));
  const Input input{"", "被罚款二百元", nullptr, std::nullopt};
  EXPECT_EQ((*kept)->Classify(input).scenario, Scenario::kAdminEnforcement);
  EXPECT_EQ((*kept)->rules_version(), (*before)->rules_version());
  const auto& shown = (*kept)->catalogue().scenarios[3].legal_basis;
  ASSERT_EQ(shown.size(), 1U);
  EXPECT_EQ(shown[0].statute, "行政许可法");
}

TEST(MistakesTest, AClassAndACatalogueWhoseDaysHaveEndedAreKeptToo) {
  Catalogue catalogue = GoodCatalogue();
  catalogue.effective.to = kPast;
  catalogue.scenarios[0].effective.to = kPast;
  const auto kept = Classifier::Create(catalogue, OneRule(), nullptr, Lapsed::kKeep);
  ASSERT_TRUE(kept.ok()) << kept.status();
  EXPECT_EQ((*kept)->lapsed().size(), 2U);
}

TEST(MistakesTest, WhatIsNotYetInForceHasNotLapsed) {
  RuleSet rules = OneRule();
  Cite(&rules, {kFuture, {}});
  EXPECT_FALSE(Classifier::Create(GoodCatalogue(), rules, nullptr, Lapsed::kKeep).ok());
}

TEST(MistakesTest, WithoutAListAnyLawMayBeCited) {
  RuleSet rules = OneRule();
  Cite(&rules, {});
  rules.statutes.clear();
  EXPECT_EQ(Mistakes(GoodCatalogue(), rules), "");
}

TEST(MistakesTest, AllAreToldAtOnce) {
  Catalogue catalogue = GoodCatalogue();
  catalogue.scenarios[0].number = 9;
  RuleSet rules = OneRule();
  rules.rules[0].weight = 21;
  rules.rules[0].any[0].text = "{罚";
  const std::string told = Mistakes(catalogue, rules);
  EXPECT_THAT(told, HasSubstr("number must be 1"));
  EXPECT_THAT(told, HasSubstr("weight and scope"));
  EXPECT_THAT(told, HasSubstr("not closed"));
  EXPECT_THAT(told, HasSubstr("3 mistakes"));
}

}  // namespace
}  // namespace supervision::classification
