#include "services/classification/matcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <set>
#include <string>
#include <vector>

#include "services/classification/utf8.h"
#include "tests/unit/classification/rules_for_test.h"

namespace supervision::classification {
namespace {

using domain::Scenario;

// Rules for a test, compiled, with a matcher.
class Fixture {
 public:
  explicit Fixture(std::vector<Rule> rules)
      : rules_(std::move(rules)), normaliser_(Normaliser::Create().value()) {
    std::vector<const Rule*> all;
    for (const Rule& rule : rules_) {
      all.push_back(&rule);
    }
    std::vector<std::string> errors;
    const RuleSet set = GoodRules({});
    index_ = BuildRuleIndex(all, {}, set.scoring, *normaliser_, &errors);
    EXPECT_THAT(errors, testing::IsEmpty());
    matcher_ = std::make_unique<Matcher>(index_.get(), normaliser_.get());
  }

  std::set<uint32_t> Matched(const std::string& content) {
    std::set<uint32_t> matched;
    for (const RuleMatch& match : matcher_->Match({"", content, nullptr, std::nullopt})) {
      matched.insert(match.rule);
    }
    return matched;
  }
  Matcher& matcher() { return *matcher_; }

 private:
  std::vector<Rule> rules_;
  std::unique_ptr<Normaliser> normaliser_;
  std::unique_ptr<RuleIndex> index_;
  std::unique_ptr<Matcher> matcher_;
};

Rule Substance(const std::string& id, const std::string& pattern) {
  return MakeRule(id, RuleKind::kSubstance, Scenario::kAdminEnforcement, 1, 1, {pattern});
}

std::string RandomText(std::mt19937* random, size_t longest) {
  static const char* const kLetters[] = {"甲", "乙", "丙", "a"};
  std::string text;
  for (size_t i = (*random)() % longest + 2; i > 0; --i) {
    text += kLetters[(*random)() % std::size(kLetters)];
  }
  return text;
}

TEST(MatcherTest, FindsAPhraseExactlyWhereAPlainSearchDoes) {
  const unsigned seed = std::random_device()();
  std::mt19937 random(seed);
  std::vector<Rule> rules;
  std::vector<std::string> phrases;
  for (int i = 0; i < 60; ++i) {
    phrases.push_back(RandomText(&random, 4));
    rules.push_back(Substance("R" + std::to_string(i), phrases.back()));
  }
  Fixture fixture(rules);
  for (int round = 0; round < 500; ++round) {
    const std::string text = RandomText(&random, 60);
    std::set<uint32_t> wanted;
    for (uint32_t i = 0; i < phrases.size(); ++i) {
      if (text.find(phrases[i]) != std::string::npos) {
        wanted.insert(i);
      }
    }
    ASSERT_EQ(fixture.Matched(text), wanted) << "seed " << seed << " text " << text;
  }
}

// Every way to place B behind A within the gap, by trying all pairs.
bool HasPair(const std::u32string& text, const std::u32string& a, const std::u32string& b,
             size_t gap) {
  for (size_t i = text.find(a); i != std::u32string::npos; i = text.find(a, i + 1)) {
    for (size_t k = text.find(b); k != std::u32string::npos; k = text.find(b, k + 1)) {
      if (k >= i + a.size() && k - i - a.size() <= gap) {
        return true;
      }
    }
  }
  return false;
}

TEST(MatcherTest, FindsAGapExactlyWhereTryingAllPairsDoes) {
  const unsigned seed = std::random_device()();
  std::mt19937 random(seed);
  Rule rule = Substance("GAP", "{甲乙|甲乙丙丙}…{丙|丙甲}");
  rule.within = 2;
  Fixture fixture({rule});
  static const char32_t kLetters[] = U"甲乙丙丁";
  for (int round = 0; round < 3000; ++round) {
    std::u32string points;
    std::string text;
    for (size_t i = random() % 12 + 1; i > 0; --i) {
      points.push_back(kLetters[random() % 4]);
      AppendUtf8(points.back(), &text);
    }
    bool wanted = false;
    for (const auto& a : {U"甲乙", U"甲乙丙丙"}) {
      for (const auto& b : {U"丙", U"丙甲"}) {
        wanted |= HasPair(points, a, b, 2);
      }
    }
    ASSERT_EQ(!fixture.Matched(text).empty(), wanted) << "seed " << seed << " text " << text;
  }
}

// Whichever word of a pattern is looked for first.
TEST(MatcherTest, OfARulesPatternsTheOneThatIsCompleteFirstIsItsEvidence) {
  Rule rule = Substance("A", "收据");
  rule.any = Phrases({"责令停产停业……书", "收据", "罚……不予行政许可决定"});
  Fixture fixture({rule});
  for (const std::string text : {"责令停产停业，收据，书", "罚，收据，不予行政许可决定",
                                 "责令停产停业，罚，收据，不予行政许可决定，书"}) {
    const auto& matches = fixture.matcher().Match({"", text, nullptr, std::nullopt});
    ASSERT_EQ(matches.size(), 1U) << text;
    EXPECT_EQ(matches[0].begin, CountCodePoints(text.substr(0, text.find("收据")))) << text;
    EXPECT_EQ(matches[0].end, matches[0].begin + 2) << text;
  }
}

TEST(MatcherTest, OneOfFewWordsAndOneOfManyCompleteAPatternAlike) {
  const std::string few = "{没有|未曾|不曾}";
  const std::string many = "{甲一|甲二|甲三|甲四|甲五|甲六|甲七|甲八|甲九|甲十}";
  Fixture fixture({Substance("A", few + "……" + many + "……责令停产停业")});
  EXPECT_EQ(fixture.Matched("不曾，甲九，责令停产停业").size(), 1U);
  EXPECT_EQ(fixture.Matched("甲九，责令停产停业").size(), 0U);
  EXPECT_EQ(fixture.Matched("不曾，责令停产停业").size(), 0U);
  EXPECT_EQ(fixture.Matched("不曾，甲九").size(), 0U);
}

TEST(MatcherTest, RemembersNothingOfTheTextBefore) {
  Fixture fixture({Substance("A", "罚款"), Substance("GAP", "扣押…不还")});
  EXPECT_EQ(fixture.Matched("罚款，扣押").size(), 1U);
  EXPECT_EQ(fixture.Matched("不还").size(), 0U);
  fixture.Matched("三十户");
  EXPECT_EQ(fixture.matcher().persons().in_text, 30);
  fixture.Matched("");
  EXPECT_EQ(fixture.matcher().persons().in_text, 0);
}

// By its kind, or by its number, which a pattern takes for the paper.
TEST(MatcherTest, ANamedInstrumentSpeaksAlsoWhereTheTextMentionsIt) {
  Rule petition = MakeRule("PET.X", RuleKind::kInstrument, Scenario::kPetitionDispute, 1, 1,
                           {"上访", "<petition_document>"});
  petition.instruments = {domain::InstrumentType::kPetitionItem};
  petition.without = Phrases({"球赛"});
  Rule court = MakeRule("JUD.X", RuleKind::kInstrument, Scenario::kJudicial, 1, 1,
                        {"行政诉讼", "<court_administrative>", "<court_administrative>…判决"});
  Fixture fixture({petition, court});
  const std::vector<domain::Instrument> item = {
      {domain::InstrumentType::kPetitionItem, "1", std::nullopt}};
  const std::vector<domain::Instrument> suit = {
      {domain::InstrumentType::kCourtCase, "（2023）浙0402行初1号", std::nullopt}};
  const auto match = [&](const std::string& content, const std::vector<domain::Instrument>* given) {
    return fixture.matcher().Match({"", content, given, std::nullopt});
  };
  for (const std::string text : {"我去上访过", "上访，上访"}) {
    const auto matches = match(text, &item);
    ASSERT_EQ(matches.size(), 1U) << text;
    EXPECT_EQ(matches[0].part, domain::TextPart::kContent) << "its place is told all the same";
    EXPECT_TRUE(matches[0].named) << text;
    EXPECT_FALSE(match(text, nullptr).at(0).named) << text;
  }
  EXPECT_TRUE(match("", &item).at(0).named);
  EXPECT_TRUE(match("行政诉讼", &suit).at(0).named);
  EXPECT_TRUE(match("", &suit).at(0).named);
  EXPECT_FALSE(match("行政诉讼", &item).at(0).named) << "a paper of another kind";
  EXPECT_THAT(match("上访与球赛", &item), testing::IsEmpty()) << "what refuses the rule refuses it";
}

TEST(MatcherTest, KindsOfInstrumentsThatItDoesNotKnowAreNoHarm) {
  Fixture fixture({Substance("A", "罚款")});
  const std::vector<domain::Instrument> given = {
      {static_cast<domain::InstrumentType>(200), "1", std::nullopt}};
  EXPECT_THAT(fixture.matcher().Match({"", "", &given, std::nullopt}), testing::IsEmpty());
}

TEST(MatcherTest, ClausesAreWhatStandsBetweenPausesWithoutThem) {
  Fixture fixture({Substance("ENF.X", "罚款")});
  const std::string title = "甲乙丙";
  const std::string content = "甲，乙乙；丙：，「甲甲」？乙乙。。丙丙";
  fixture.matcher().Match({title, content, nullptr, std::nullopt});
  std::vector<std::string> clauses;
  for (const Matcher::Bytes& clause : fixture.matcher().Clauses()) {
    const RuleMatch place = fixture.matcher().PlaceOf(clause.begin, clause.end);
    const std::string& text = place.part == domain::TextPart::kTitle ? title : content;
    clauses.push_back(text.substr(place.begin * 3, (place.end - place.begin) * 3));
  }
  EXPECT_THAT(clauses, testing::ElementsAre("甲乙丙", "甲", "乙乙", "丙", "甲甲", "乙乙", "丙丙"));
}

TEST(MatcherTest, AnEmptyTextHasNoClauses) {
  Fixture fixture({Substance("ENF.X", "罚款")});
  for (const std::string text : {"", "，", "。，；"}) {
    fixture.matcher().Match({"", text, nullptr, std::nullopt});
    EXPECT_THAT(fixture.matcher().Clauses(), testing::IsEmpty()) << text;
  }
}

}  // namespace
}  // namespace supervision::classification
