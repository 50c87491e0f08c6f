#include "services/domain/visibility.h"

#include <functional>
#include <set>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace supervision::domain {
namespace {

Facets Example() {
  Facets facets;
  facets.scenario = Scenario::kJudicial;
  facets.secondary = Scenario::kReconsideration;
  facets.risk = Risk::kMedium;
  facets.region_code = "330106";
  facets.unit = {"某局", "11330106MB1234567X"};
  facets.partner = "court";
  facets.state = AlertState::kOpen;
  facets.owner = "wang";
  return facets;
}

ScenarioSet Only(Scenario scenario) { return ScenarioSet().set(static_cast<size_t>(scenario)); }

TEST(SeesTest, AnEmptyScopeSeesAll) { EXPECT_TRUE(Sees(Scope{}, Example())); }

TEST(SeesTest, APartnerSeesOnlyItsOwn) {
  Scope scope;
  scope.partner = "court";
  EXPECT_TRUE(Sees(scope, Example()));
  scope.partner = "hotline";
  EXPECT_FALSE(Sees(scope, Example()));
}

TEST(SeesTest, AScenarioScopeIsMetByEitherReading) {
  Scope scope;
  scope.scenarios = Only(Scenario::kJudicial);
  EXPECT_TRUE(Sees(scope, Example()));
  scope.scenarios = Only(Scenario::kReconsideration);
  EXPECT_TRUE(Sees(scope, Example()));
  scope.scenarios = Only(Scenario::kSocialOpinion);
  EXPECT_FALSE(Sees(scope, Example()));
}

TEST(SeesTest, ADoubtfulClueOutOfScopeReachesWhoAnswersForItsSecondReading) {
  Facets facets = Example();
  facets.scenario = Scenario::kOutOfScope;
  Scope scope;
  scope.scenarios = Only(Scenario::kReconsideration);
  EXPECT_TRUE(Sees(scope, facets));
  facets.secondary = Scenario::kUnspecified;
  EXPECT_FALSE(Sees(scope, facets));
}

TEST(SeesTest, ARegionScopeIsMetByAnyOfItsPrefixes) {
  Scope scope;
  scope.regions = {"11", "3301"};
  EXPECT_TRUE(Sees(scope, Example()));
  scope.regions = {"11", "3302"};
  EXPECT_FALSE(Sees(scope, Example()));
}

TEST(HasNewReadersTest, WhoeverSeesItNowCouldBefore) {
  const Facets was = Example();
  EXPECT_FALSE(HasNewReaders(was, was));
  struct Row {
    const char* name;
    std::function<void(Facets*)> change;
    bool expected;
  };
  const std::vector<Row> rows = {
      {"graver", [](Facets* is) { is->risk = Risk::kHigh; }, false},
      {"of another unit", [](Facets* is) { is->unit.name = "某街道"; }, false},
      {"without its second reading", [](Facets* is) { is->secondary = Scenario::kUnspecified; },
       false},
      {"the readings the other way round",
       [](Facets* is) { std::swap(is->scenario, is->secondary); }, false},
      {"of another class", [](Facets* is) { is->scenario = Scenario::kSocialOpinion; }, true},
      {"with another second reading", [](Facets* is) { is->secondary = Scenario::kSocialOpinion; },
       true},
      {"in a wider region", [](Facets* is) { is->region_code = "3301"; }, false},
      {"in a part of its region", [](Facets* is) { is->region_code = "330106001"; }, true},
      {"elsewhere", [](Facets* is) { is->region_code = "440106"; }, true},
      {"of another partner", [](Facets* is) { is->partner = "hotline"; }, true},
      {"secret", [](Facets* is) { is->confidentiality = Confidentiality::kSecret; }, false},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    Facets is = was;
    row.change(&is);
    EXPECT_EQ(HasNewReaders(was, is), row.expected);
  }
}

TEST(HasNewReadersTest, ALiftedSecrecyLetsOthersRead) {
  Facets was = Example();
  was.confidentiality = Confidentiality::kSecret;
  EXPECT_FALSE(HasNewReaders(was, was));
  for (const Confidentiality now : {Confidentiality::kUnspecified, Confidentiality::kNormal,
                                    Confidentiality::kRealNameProtected}) {
    Facets is = was;
    is.confidentiality = now;
    EXPECT_TRUE(HasNewReaders(was, is));
    EXPECT_FALSE(HasNewReaders(is, was));
  }
}

TEST(MatchesTest, EveryConditionGivenMustHold) {
  Filter filter;
  EXPECT_TRUE(Matches(filter, Example()));
  filter.scenarios = Only(Scenario::kJudicial);
  filter.min_risk = Risk::kMedium;
  filter.region_prefix = "33";
  filter.unit = "某局";
  filter.states.set(static_cast<size_t>(AlertState::kOpen));
  filter.owner = "wang";
  EXPECT_TRUE(Matches(filter, Example()));
}

TEST(MatchesTest, EachConditionAloneRefuses) {
  Filter by_scenario;
  by_scenario.scenarios = Only(Scenario::kReconsideration);
  EXPECT_FALSE(Matches(by_scenario, Example())) << "the class is the first reading";
  Filter by_risk;
  by_risk.min_risk = Risk::kHigh;
  EXPECT_FALSE(Matches(by_risk, Example()));
  Filter by_region;
  by_region.region_prefix = "330106001";
  EXPECT_FALSE(Matches(by_region, Example()));
  Filter by_unit;
  by_unit.unit = "某";
  EXPECT_FALSE(Matches(by_unit, Example())) << "a name is compared whole";
  Filter by_state;
  by_state.states.set(static_cast<size_t>(AlertState::kResolved));
  EXPECT_FALSE(Matches(by_state, Example()));
  Filter by_owner;
  by_owner.owner = "li";
  EXPECT_FALSE(Matches(by_owner, Example()));
}

TEST(MatchesTest, AStateOfALaterServiceIsNoneOfThoseAskedFor) {
  Facets facets = Example();
  facets.state = static_cast<AlertState>(200);
  Filter filter;
  filter.states.set();
  EXPECT_FALSE(Matches(filter, facets));
  EXPECT_TRUE(Matches(Filter(), facets));
}

TEST(MatchesTest, AUnitIsItsCodeOrItsName) {
  Filter filter;
  filter.unit = "11330106MB1234567X";
  EXPECT_TRUE(Matches(filter, Example()));
}

TEST(ProjectionTest, SecretIsWithheldFromThoseNotCleared) {
  Scope scope;
  EXPECT_EQ(ProjectionFor(scope, Confidentiality::kSecret), Projection::kWithheld);
  EXPECT_EQ(ProjectionFor(scope, Confidentiality::kRealNameProtected), Projection::kFull);
  EXPECT_EQ(ProjectionFor(scope, Confidentiality::kUnspecified), Projection::kFull);
  scope.cleared_for_secret = true;
  EXPECT_EQ(ProjectionFor(scope, Confidentiality::kSecret), Projection::kFull);
}

TEST(ProjectionTest, APartnerReadsWhatItWrote) {
  Scope scope;
  scope.partner = "court";
  EXPECT_EQ(ProjectionFor(scope, Confidentiality::kSecret), Projection::kFull);
}

TEST(ViewKeyTest, DiffersForDifferentViewsOnly) {
  std::vector<std::pair<Scope, Filter>> views(12);
  views[1].first.scenarios = Only(Scenario::kJudicial);
  views[2].first.regions = {"33", "11"};
  views[3].first.regions = {"3311"};
  views[4].first.partner = "33";
  views[5].first.cleared_for_secret = true;
  views[6].second.scenarios = Only(Scenario::kJudicial);
  views[7].second.min_risk = Risk::kHigh;
  views[8].second.region_prefix = "33";
  views[9].second.unit = "33";
  views[10].second.states.set(1);
  views[11].second.owner = "33";
  std::set<std::string> keys;
  for (const auto& [scope, filter] : views) {
    keys.insert(ViewKey(scope, filter));
    EXPECT_EQ(ViewKey(scope, filter), ViewKey(Scope(scope), Filter(filter)));
  }
  EXPECT_EQ(keys.size(), views.size());
}

}  // namespace
}  // namespace supervision::domain
