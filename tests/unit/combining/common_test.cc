#include "services/combining/common.h"

#include <iostream>
#include <random>

#include "gtest/gtest.h"
#include "services/domain/visibility.h"

namespace supervision::combining {
namespace {

using domain::Scenario;

template <typename T>
T OneOf(std::initializer_list<T> values, std::mt19937* random) {
  return *(values.begin() + (*random)() % values.size());
}

Facts AnyFacts(std::mt19937* random) {
  Facts facts;
  facts.facets.scenario =
      OneOf({Scenario::kJudicial, Scenario::kPetitionDispute, Scenario::kSocialOpinion}, random);
  facts.facets.secondary =
      OneOf({Scenario::kUnspecified, Scenario::kJudicial, Scenario::kSocialOpinion}, random);
  facts.facets.risk = OneOf({domain::Risk::kLow, domain::Risk::kHigh}, random);
  facts.facets.region_code =
      OneOf<std::string>({"330401", "330401001", "330402", "330501", "420100", ""}, random);
  facts.facets.unit.name = OneOf<std::string>({"甲局", "乙局"}, random);
  facts.facets.partner = OneOf<std::string>({"hotline", "court"}, random);
  facts.facets.confidentiality =
      OneOf({domain::Confidentiality::kNormal, domain::Confidentiality::kSecret}, random);
  return facts;
}

domain::Scope AnyScope(std::mt19937* random) {
  domain::Scope scope;
  if ((*random)() % 2 == 0) {
    scope.scenarios.set(
        static_cast<size_t>(OneOf({Scenario::kJudicial, Scenario::kPetitionDispute}, random)));
  }
  if ((*random)() % 2 == 0) {
    scope.regions = {OneOf<std::string>({"33", "3304", "330401", "42"}, random)};
  }
  if ((*random)() % 4 == 0) scope.partner = "hotline";
  scope.cleared_for_secret = (*random)() % 4 == 0;
  return scope;
}

// Nobody learns by a derived alert of a clue outside its scope.
TEST(CommonTest, WhoSeesWhatAllHaveInCommonMaySeeEachOfThem) {
  const unsigned seed = std::random_device()();
  std::cout << "seed " << seed << "\n";
  std::mt19937 random(seed);
  int seen = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::vector<Facts> clues(1 + random() % 4);
    Common common;
    for (Facts& facts : clues) {
      facts = AnyFacts(&random);
      common.Add(facts);
    }
    const domain::Scope scope = AnyScope(&random);
    if (!domain::Sees(scope, common.facets())) continue;
    ++seen;
    const bool full =
        domain::ProjectionFor(scope, common.facets().confidentiality) == domain::Projection::kFull;
    for (const Facts& facts : clues) {
      ASSERT_TRUE(domain::Sees(scope, facts.facets)) << "round " << round;
      ASSERT_TRUE(!full || domain::ProjectionFor(scope, facts.facets.confidentiality) ==
                               domain::Projection::kFull)
          << "round " << round;
    }
  }
  EXPECT_GT(seen, 1000);
}

TEST(CommonTest, TheRiskIsTheHighestAndRegionsAreCutToALevel) {
  Facts one;
  one.facets.region_code = "330401";
  one.facets.risk = domain::Risk::kLow;
  one.problems = {"ENF-01", "ENF-02"};
  Facts other = one;
  other.facets.region_code = "330412";
  other.facets.risk = domain::Risk::kHigh;
  other.problems = {"ENF-02"};
  Common common;
  common.Add(one);
  common.Add(other);
  EXPECT_EQ(common.facets().region_code, "3304");
  EXPECT_EQ(common.facets().risk, domain::Risk::kHigh);
  EXPECT_EQ(common.problems(), std::vector<std::string>{"ENF-02"});
}

}  // namespace
}  // namespace supervision::combining
