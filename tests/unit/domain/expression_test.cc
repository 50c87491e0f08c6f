#include "services/domain/expression.h"

#include <random>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/domain/expression_node.h"
#include "services/domain/implied.h"
#include "services/domain/stored_expression.h"

namespace supervision::domain {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using Node = Expression::Node;

Facets Example() {
  Facets facets;
  facets.scenario = Scenario::kJudicial;
  facets.secondary = Scenario::kReconsideration;
  facets.risk = Risk::kMedium;
  facets.region_code = "330424";
  facets.unit = {"某县某局", "11330424MB0000027N"};
  facets.partner = "court";
  facets.state = AlertState::kAcknowledged;
  facets.owner = "wang";
  return facets;
}

Expression Parsed(std::string_view text) {
  auto parsed = ParseExpression(text);
  const auto* const error = std::get_if<ExpressionError>(&parsed);
  EXPECT_EQ(error, nullptr) << text << ": column " << error->column << ": " << error->english;
  return error == nullptr ? std::get<Expression>(parsed) : Expression();
}

ExpressionError Refused(std::string_view text) {
  const auto parsed = ParseExpression(text);
  const auto* const error = std::get_if<ExpressionError>(&parsed);
  EXPECT_NE(error, nullptr) << "accepted: " << text;
  return error == nullptr ? ExpressionError() : *error;
}

TEST(ExpressionTest, EachComparisonLooksAtItsField) {
  const struct {
    std::string_view text;
    bool holds;
  } cases[] = {
      {"", true},
      {"  \t", true},
      {"scenario = JUDICIAL", true},
      {"scenario != JUDICIAL", false},
      {"secondary = RECONSIDERATION", true},
      {"secondary = JUDICIAL", false},
      {"risk = MEDIUM", true},
      {"risk > LOW", true},
      {"risk > MEDIUM", false},
      {"risk >= MEDIUM", true},
      {"risk < HIGH", true},
      {"risk <= LOW", false},
      {"region = 330424", true},
      {"region : \"3304\"", true},
      {"region:3305", false},
      {"region != 330424", false},
      {"unit = 某县某局", true},
      {"unit = \"11330424MB0000027N\"", true},
      {"unit : 某局", true},
      {"unit : 公安", false},
      {"unit != 某局", true},
      {"partner = court", true},
      {"partner = hotline-12345", false},
      {"state = ACKNOWLEDGED", true},
      {"state != ACKNOWLEDGED", false},
      {"state = OPEN OR state = RESOLVED", false},
      {"owner = wang", true},
      {"owner != wang", false},
      {"owner = li", false},
  };
  for (const auto& one : cases) EXPECT_EQ(Parsed(one.text).Holds(Example()), one.holds) << one.text;
}

TEST(ExpressionTest, OrBindsTighterThanAnd) {
  // (MEDIUM) AND (LOW region OR court): were AND tighter, the right side alone would do.
  EXPECT_FALSE(Parsed("risk = HIGH AND region = 11 OR partner = court").Holds(Example()));
  EXPECT_TRUE(Parsed("(risk = HIGH AND region = 11) OR partner = court").Holds(Example()));
}

TEST(ExpressionTest, NotTurnsTheNextConditionOnly) {
  EXPECT_FALSE(Parsed("NOT risk = MEDIUM OR risk = HIGH").Holds(Example()));
  EXPECT_TRUE(Parsed("NOT risk = LOW AND partner = court").Holds(Example()));
  EXPECT_FALSE(Parsed("NOT (risk = LOW OR partner = court)").Holds(Example()));
}

TEST(ExpressionTest, AQuotedValueMayHoldAnything) {
  Facets facets = Example();
  facets.unit.name = "局 \"AND\" (\\)";
  EXPECT_TRUE(Parsed(R"~(unit = "局 \"AND\" (\\)")~").Holds(facets));
}

TEST(ExpressionTest, OneTreeHasOneSpelling) {
  EXPECT_EQ(Parsed("  risk>=MEDIUM   AND(region:33)").text(), "risk >= MEDIUM AND region : \"33\"");
  EXPECT_EQ(Parsed("risk >= MEDIUM AND region : \"33\""), Parsed("risk>=MEDIUM AND region:33"));
}

// What is accepted is accepted again in its own spelling, at the greatest depth too.
TEST(ExpressionTest, TheSpellingLiesNoDeeperThanItsSource) {
  std::string nots;
  for (int i = 0; i < kMaxExpressionDepth; ++i) nots += "NOT ";
  const std::string open(kMaxExpressionDepth, '('), close(kMaxExpressionDepth, ')');
  for (const std::string& text :
       {nots + "risk = LOW", open + "risk = LOW OR risk = HIGH AND region = 33" + close}) {
    const Expression expression = Parsed(text);
    EXPECT_EQ(Parsed(expression.text()), expression) << text;
  }
}

TEST(ExpressionTest, AMistakeIsNamedByItsColumn) {
  const struct {
    std::string_view text;
    size_t column;
    std::string_view remedy;
  } cases[] = {
      {"grade = HIGH", 1, "one of scenario"},
      {"unit = 某局 AND grade = 1", 15, "one of scenario"},  // columns count characters, not bytes
      {"risk = TERRIBLE", 8, "LOW, MEDIUM or HIGH"},
      {"risk : HIGH", 6, "= != < <= > >="},
      {"region >= 33", 8, "= != :"},
      {"scenario = 7", 12, "ListScenarios"},
      {"region = 3x", 10, "2 to 9 digits"},
      {"risk = HIGH risk = LOW", 13, "AND or OR"},
      {"risk = HIGH AND", 16, "a field"},
      {"(risk = HIGH", 1, "')'"},
      {"risk = HIGH)", 12, "AND or OR"},
      {"unit = \"某局", 8, "not closed"},
      {"unit =", 7, "a value"},
      {"unit", 5, "operators"},
  };
  for (const auto& one : cases) {
    const ExpressionError error = Refused(one.text);
    EXPECT_EQ(error.column, one.column) << one.text;
    EXPECT_THAT(error.english, HasSubstr(std::string(one.remedy))) << one.text;
    EXPECT_FALSE(error.chinese.empty());
  }
}

TEST(ExpressionTest, NoSentenceQuotesTheText) {
  EXPECT_THAT(Refused("risk = 王某").english, Not(HasSubstr("王某")));
  EXPECT_THAT(Refused("王某 = 1").chinese, Not(HasSubstr("王某")));
}

TEST(ExpressionTest, SizeAndDepthAreBounded) {
  std::string many = "risk = LOW";
  for (int i = 1; i < kMaxComparisons; ++i) many += " OR risk = LOW";
  Parsed(many);
  EXPECT_THAT(Refused(many + " OR risk = LOW").english, HasSubstr("64"));
  const auto nested = [](int depth) {
    return std::string(depth, '(') + "risk = LOW" + std::string(depth, ')');
  };
  Parsed(nested(kMaxExpressionDepth));
  EXPECT_THAT(Refused(nested(kMaxExpressionDepth + 1)).english, HasSubstr("16"));
  EXPECT_THAT(Refused("unit = " + std::string(kMaxExpressionBytes, 'x')).english,
              HasSubstr("2,000"));
}

// Else a subscription could be made and never be read, changed or deleted again.
TEST(ExpressionTest, TheBoundHoldsOfTheSpellingThatIsKeptToo) {
  std::string units = "unit=\"某县某某街道综合行政执法第01队\"";
  for (int i = 2; i <= 36; ++i) units += " OR unit=\"某县某某街道综合行政执法第36队\"";
  ASSERT_LE(units.size(), kMaxExpressionBytes);
  EXPECT_THAT(Refused(units).english, HasSubstr("as it is kept"));
  EXPECT_THAT(Refused("unit = " + std::string(1500, '\\')).english, HasSubstr("as it is kept"));
  const auto kept = ReadStoredExpression("unit = \"" + std::string(3000, '\\') + '"');
  ASSERT_TRUE(kept.has_value());
  EXPECT_EQ(kept->root()->value, std::string(1500, '\\'));
  EXPECT_FALSE(ReadStoredExpression("unit = ").has_value());
}

// ---- Random expressions

class RandomTest : public ::testing::Test {
 protected:
  RandomTest() { std::printf("seed %lu\n", static_cast<unsigned long>(seed_)); }

  int Draw(int below) { return static_cast<int>(random_() % static_cast<uint64_t>(below)); }
  template <size_t N>
  std::string Pick(const char* const (&words)[N]) {
    return words[Draw(N)];
  }

  // A text and, built beside it, what it says of `facets` in the plainest way.
  std::pair<std::string, bool> Make(int depth, const Facets& facets) {
    const int kind = depth == 0 ? 0 : Draw(4);
    if (kind == 0) return Comparison(facets);
    const auto [left, left_holds] = Make(depth - 1, facets);
    if (kind == 1) return {"NOT (" + left + ")", !left_holds};
    const auto [right, right_holds] = Make(depth - 1, facets);
    if (kind == 2) return {"(" + left + ") AND (" + right + ")", left_holds && right_holds};
    return {"(" + left + ") OR (" + right + ")", left_holds || right_holds};
  }

  Facets SomeFacets() {
    Facets facets;
    facets.scenario = kScenarios[Draw(3)];
    if (Draw(2)) facets.secondary = kScenarios[Draw(3)];
    facets.risk = static_cast<Risk>(1 + Draw(3));
    facets.region_code = Pick({"330424", "330421", "110101"});
    if (Draw(3)) facets.unit = {Pick({"某局", "某县某局"}), Pick({"X1", "X2"})};
    facets.partner = Pick({"court", "hotline"});
    facets.state = static_cast<AlertState>(Draw(4));
    if (Draw(2)) facets.owner = Pick({"wang", "li"});
    return facets;
  }

  const uint64_t seed_ = std::random_device()();

 private:
  std::pair<std::string, bool> Comparison(const Facets& facets) {
    const bool not_equal = Draw(2) == 1;
    const std::string mark = not_equal ? " != " : " = ";
    switch (Draw(9)) {
      case 0: {
        const Scenario one = kScenarios[Draw(3)];
        return {"scenario" + mark + std::string(Code(one)), (facets.scenario == one) != not_equal};
      }
      case 1: {
        const Scenario one = kScenarios[Draw(3)];
        return {"secondary" + mark + std::string(Code(one)),
                (facets.secondary == one) != not_equal};
      }
      case 2: {
        const auto one = static_cast<Risk>(1 + Draw(3));
        const std::string name(Code(one));
        switch (Draw(4)) {
          case 0:
            return {"risk < " + name, facets.risk < one};
          case 1:
            return {"risk <= " + name, facets.risk <= one};
          case 2:
            return {"risk > " + name, facets.risk > one};
          default:
            return {"risk >= " + name, facets.risk >= one};
        }
      }
      case 3: {
        const std::string one = Pick({"33", "330424", "3304", "11"});
        return {"region : " + one, facets.region_code.rfind(one, 0) == 0};
      }
      case 4: {
        const std::string one = Pick({"某局", "X1", "某县某局"});
        const bool same = facets.unit.name == one || facets.unit.credit_code == one;
        return {"unit" + mark + one, same != not_equal};
      }
      case 5: {
        const std::string one = Pick({"某", "县"});
        return {"unit : " + one, facets.unit.name.find(one) != std::string::npos};
      }
      case 6: {
        const auto one = static_cast<AlertState>(1 + Draw(3));
        return {"state" + mark + std::string(Code(one)), (facets.state == one) != not_equal};
      }
      case 7: {
        const std::string one = Pick({"wang", "li"});
        return {"owner" + mark + one, (facets.owner == one) != not_equal};
      }
      default: {
        const std::string one = Pick({"court", "hotline"});
        return {"partner" + mark + one, (facets.partner == one) != not_equal};
      }
    }
  }

  std::mt19937_64 random_{seed_};
};

TEST_F(RandomTest, HoldsWhereAPlainReadingHoldsAndKeepsItsSpelling) {
  for (int round = 0; round < 3000; ++round) {
    const Facets facets = SomeFacets();
    const auto [text, holds] = Make(4, facets);
    const Expression expression = Parsed(text);
    ASSERT_EQ(expression.Holds(facets), holds) << text;
    ASSERT_EQ(Parsed(expression.text()).text(), expression.text()) << text;
    ASSERT_EQ(Parsed(expression.text()).Holds(facets), holds) << text;
  }
}

// Else a list that takes its index from it would leave out what matches.
TEST_F(RandomTest, WhatAFilterImpliesHoldsOfAllThatPassesIt) {
  int passed = 0;
  for (int round = 0; round < 3000; ++round) {
    const Facets facets = SomeFacets();
    Filter filter;
    if (Draw(3) == 0) filter.scenarios.set(static_cast<size_t>(facets.scenario));
    filter.expression = Parsed(Make(3, facets).first);
    if (!Matches(filter, facets)) continue;
    ++passed;
    const Implied implied = ImpliedBy(filter);
    ASSERT_TRUE(implied.scenarios.none() ||
                implied.scenarios.test(static_cast<size_t>(facets.scenario)))
        << filter.expression.text();
    ASSERT_GE(facets.risk, implied.min_risk) << filter.expression.text();
    ASSERT_EQ(facets.region_code.rfind(implied.region_prefix, 0), 0u) << filter.expression.text();
    ASSERT_TRUE(implied.unit.empty() || implied.unit == facets.unit.name ||
                implied.unit == facets.unit.credit_code)
        << filter.expression.text();
    ASSERT_TRUE(implied.states.none() || implied.states.test(static_cast<size_t>(facets.state)))
        << filter.expression.text();
    ASSERT_TRUE(implied.owner.empty() || implied.owner == facets.owner) << filter.expression.text();
    ASSERT_TRUE(implied.partner.empty() || implied.partner == facets.partner)
        << filter.expression.text();
  }
  EXPECT_GT(passed, 300);
}

TEST(ImpliedTest, AConjunctionPinsWhatEachPartPins) {
  Filter filter;
  filter.expression = Parsed(
      "(scenario = JUDICIAL OR scenario = PETITION_DISPUTE) AND risk > LOW AND "
      "region : 330424 AND unit = 某局 AND NOT partner = court");
  const Implied implied = ImpliedBy(filter);
  EXPECT_EQ(implied.scenarios.count(), 2u);
  EXPECT_EQ(implied.min_risk, Risk::kLow) << "above LOW is at least LOW: weaker, never stronger";
  EXPECT_EQ(implied.region_prefix, "330424");
  EXPECT_EQ(implied.unit, "某局");
  EXPECT_EQ(implied.partner, "");
}

}  // namespace
}  // namespace supervision::domain
