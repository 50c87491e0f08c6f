#include "clients/cli/filter_text.h"

#include <gtest/gtest.h>

#include <variant>

#include "services/domain/expression.h"

namespace supervision::cli {
namespace {

v1::AlertFilter Everything() {
  v1::AlertFilter filter;
  filter.add_scenarios(v1::SCENARIO_ADMIN_ENFORCEMENT);
  filter.add_scenarios(v1::SCENARIO_JUDICIAL);
  filter.set_min_risk(v1::RISK_MEDIUM);
  filter.set_region_prefix("3304");
  filter.set_unit("某县\"城管\"局");
  filter.add_states(v1::ALERT_STATE_OPEN);
  filter.set_owner("duty-desk");
  filter.set_expression("partner = court OR secondary = JUDICIAL");
  return filter;
}

TEST(FilterTextTest, SaysOnlyWhatIsAskedFor) {
  EXPECT_EQ(FilterText(v1::AlertFilter()), "");
  v1::AlertFilter filter;
  filter.set_unit("某县住建局");
  EXPECT_EQ(FilterText(filter), "unit = \"某县住建局\"");
  filter.set_min_risk(v1::RISK_HIGH);
  EXPECT_EQ(FilterText(filter), "risk >= HIGH AND unit = \"某县住建局\"");
}

TEST(FilterTextTest, AnExpressionAloneStandsAsItWasWritten) {
  v1::AlertFilter filter;
  filter.set_expression("risk >= MEDIUM AND region : \"330424\"");
  EXPECT_EQ(FilterText(filter), "risk >= MEDIUM AND region : \"330424\"");
}

// So that it can be given to --filter of another command.
TEST(FilterTextTest, IsAFilterThatMeansTheSame) {
  const auto parsed = domain::ParseExpression(FilterText(Everything()));
  const auto* const expression = std::get_if<domain::Expression>(&parsed);
  ASSERT_NE(expression, nullptr) << FilterText(Everything());
  domain::Facets facets;
  facets.scenario = domain::Scenario::kJudicial;
  facets.risk = domain::Risk::kHigh;
  facets.region_code = "330424";
  facets.unit.name = "某县\"城管\"局";
  facets.state = domain::AlertState::kOpen;
  facets.owner = "duty-desk";
  facets.partner = "court";
  EXPECT_TRUE(expression->Holds(facets));
  const auto without = [&](auto change) {
    domain::Facets other = facets;
    change(&other);
    return expression->Holds(other);
  };
  EXPECT_FALSE(without([](auto* f) { f->scenario = domain::Scenario::kReconsideration; }));
  EXPECT_FALSE(without([](auto* f) { f->risk = domain::Risk::kLow; }));
  EXPECT_FALSE(without([](auto* f) { f->region_code = "330106"; }));
  EXPECT_FALSE(without([](auto* f) { f->unit.name = "某县住建局"; }));
  EXPECT_FALSE(without([](auto* f) { f->state = domain::AlertState::kResolved; }));
  EXPECT_FALSE(without([](auto* f) { f->owner = ""; }));
  EXPECT_FALSE(without([](auto* f) { f->partner = "hotline"; }));
}

}  // namespace
}  // namespace supervision::cli
