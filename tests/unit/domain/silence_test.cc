#include "services/domain/silence.h"

#include <random>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/domain/silence_index.h"

namespace supervision::domain {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const absl::Time kMonday = absl::FromUnixSeconds(1'800'000'000);

Silence Of(const std::string& id, std::string unit = "某县公安局") {
  Silence silence;
  silence.id = id;
  silence.author = "wang-mou";
  silence.receivers = {"wang-mou"};
  silence.matcher.unit = std::move(unit);
  silence.created_at = kMonday;
  silence.ends_at = kMonday + absl::Hours(24);
  return silence;
}

Alert First(absl::Duration after, Risk risk = Risk::kLow) {
  Alert alert;
  alert.id = "a1";
  alert.version = 1;
  alert.facets.scenario = Scenario::kUnspecified;
  alert.facets.risk = risk;
  alert.facets.unit.name = "某县公安局";
  alert.facets.region_code = "330424";
  alert.facets.partner = "12345";
  alert.raised_at = kMonday + after;
  return alert;
}

SilenceIndex IndexOf(std::vector<Silence> silences) {
  std::vector<SilencePtr> all;
  for (Silence& silence : silences) {
    all.push_back(std::make_shared<const Silence>(std::move(silence)));
  }
  return SilenceIndex(std::move(all));
}

std::vector<std::string> IdsOf(const std::vector<SilenceMark>& marks) {
  std::vector<std::string> ids;
  for (const SilenceMark& mark : marks) ids.push_back(mark.silence_id);
  return ids;
}

// What the next version of `before` is hidden by; leaves it in `before`.
std::vector<std::string> Next(const SilenceIndex& index, Alert after, Alert* before) {
  after.version = before->version + 1;
  after.facets.silences =
      index.MarksOf(after, before->version > 0 ? before : nullptr, after.raised_at);
  *before = after;
  return IdsOf(after.facets.silences);
}

TEST(SilenceTest, HidesWhileItLasts) {
  const SilenceIndex index = IndexOf({Of("s1")});
  Alert none;
  EXPECT_THAT(Next(index, First(-absl::Seconds(1)), &(none = Alert())), IsEmpty());
  EXPECT_THAT(Next(index, First(absl::Seconds(0)), &(none = Alert())), ElementsAre("s1"));
  EXPECT_THAT(Next(index, First(absl::Hours(23)), &(none = Alert())), ElementsAre("s1"));
  EXPECT_THAT(Next(index, First(absl::Hours(24)), &(none = Alert())), IsEmpty());
}

TEST(SilenceTest, NeverHidesHighByACondition) {
  Alert none;
  EXPECT_THAT(Next(IndexOf({Of("s1")}), First(absl::Hours(1), Risk::kHigh), &none), IsEmpty());
}

TEST(SilenceTest, HidesHighThatItNamesButNotWhatBecameHighSince) {
  Silence named = Of("s1", "");
  named.alert_id = "a1";
  named.hides_up_to = Risk::kHigh;
  Alert before = First(-absl::Hours(1), Risk::kHigh);
  EXPECT_THAT(Next(IndexOf({named}), First(absl::Hours(1), Risk::kHigh), &before),
              ElementsAre("s1"));

  named.hides_up_to = Risk::kMedium;
  before = First(-absl::Hours(1), Risk::kMedium);
  const SilenceIndex index = IndexOf({named});
  EXPECT_THAT(Next(index, First(absl::Hours(1), Risk::kMedium), &before), ElementsAre("s1"));
  EXPECT_THAT(Next(index, First(absl::Hours(2), Risk::kHigh), &before), IsEmpty());
}

TEST(SilenceTest, TellsWhatBecameGraverAndGoesOnTellingIt) {
  const SilenceIndex index = IndexOf({Of("s1")});
  Alert alert;
  EXPECT_THAT(Next(index, First(absl::Hours(1), Risk::kLow), &alert), ElementsAre("s1"));
  EXPECT_THAT(Next(index, First(absl::Hours(2), Risk::kMedium), &alert), IsEmpty());
  EXPECT_THAT(Next(index, First(absl::Hours(3), Risk::kMedium), &alert), IsEmpty());
  EXPECT_THAT(Next(index, First(absl::Hours(4), Risk::kLow), &alert), IsEmpty());
}

TEST(SilenceTest, ADowngradeReachesThoseWhoWereTold) {
  Alert alert;
  const SilenceIndex index = IndexOf({Of("s1")});
  EXPECT_THAT(Next(index, First(absl::Hours(1), Risk::kHigh), &alert), IsEmpty());
  EXPECT_THAT(Next(index, First(absl::Hours(2), Risk::kLow), &alert), IsEmpty());
}

TEST(SilenceTest, HidesTheNextVersionOfWhatStoodBefore) {
  Alert alert = First(-absl::Hours(1));
  EXPECT_THAT(Next(IndexOf({Of("s1")}), First(absl::Hours(1)), &alert), ElementsAre("s1"));
}

TEST(SilenceTest, HidesOnlyWhatItsAuthorSaw) {
  Silence silence = Of("s1");
  silence.scope.regions = {"3305"};
  Alert none;
  EXPECT_THAT(Next(IndexOf({silence}), First(absl::Hours(1)), &none), IsEmpty());
}

TEST(SilenceTest, HidesFromItsReceiversOnly) {
  const std::vector<SilenceMark> marks = {{"s1", {"li-mou", "wang-mou"}}};
  EXPECT_TRUE(HiddenFrom(marks, "wang-mou"));
  EXPECT_FALSE(HiddenFrom(marks, "zhao-mou"));
  EXPECT_FALSE(HiddenFrom({}, "wang-mou"));
}

TEST(SilenceTest, CoversOnlyWhatLiesWithin) {
  const Scope all;
  Scope county;
  county.regions = {"330424"};
  Scope city;
  city.regions = {"3304", "3305"};
  Scope one_class = city;
  one_class.scenarios.set(3);
  EXPECT_TRUE(Covers(all, county));
  EXPECT_FALSE(Covers(county, all));
  EXPECT_TRUE(Covers(city, county));
  EXPECT_FALSE(Covers(county, city));
  EXPECT_TRUE(Covers(city, one_class));
  EXPECT_FALSE(Covers(one_class, city));
}

TEST(SilenceIndexTest, MarksAreBoundedAndTheOldestCome) {
  std::vector<Silence> silences;
  for (size_t i = 0; i < SilenceIndex::kMostReceivers + 10; ++i) {
    silences.push_back(Of("s" + std::to_string(i)));
    silences.back().created_at = kMonday + absl::Seconds(i);
  }
  const std::vector<SilenceMark> marks =
      IndexOf(silences).MarksOf(First(absl::Hours(2)), nullptr, kMonday + absl::Hours(2));
  ASSERT_EQ(marks.size(), SilenceIndex::kMostReceivers);
  EXPECT_EQ(marks.front().silence_id, "s0");
  EXPECT_EQ(marks.back().silence_id, "s" + std::to_string(SilenceIndex::kMostReceivers - 1));
}

Expression Parsed(const std::string& text) { return std::get<Expression>(ParseExpression(text)); }

// Whatever an index leaves unasked does not match: compared with asking all.
TEST(SilenceIndexTest, FindsWhatAskingEachWouldFind) {
  const uint32_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const auto pick = [&random](std::vector<std::string> texts) {
    return texts[random() % texts.size()];
  };
  const std::vector<std::string> units = {"某县公安局", "某市某局", "12330424MB1234567X", ""};
  const std::vector<std::string> regions = {"330424", "330400", "330524001", "33", ""};
  const std::vector<std::string> partners = {"12345", "petition", ""};
  std::vector<Silence> silences;
  for (int i = 0; i < 300; ++i) {
    Silence silence = Of("s" + std::to_string(i), random() % 2 ? "" : pick(units));
    silence.matcher.region_prefix = random() % 3 ? "" : pick(regions);
    if (random() % 4 == 0) silence.alert_id = "a" + std::to_string(random() % 5);
    silence.matcher.expression =
        Parsed(pick({"", "risk <= MEDIUM", "unit = \"某市某局\" OR partner = \"petition\"",
                     "scenario = JUDICIAL OR scenario = ADMIN_ENFORCEMENT", "NOT region : \"3304\"",
                     "region : \"3304\" AND partner = \"12345\"", "unit : \"某市\""}));
    silences.push_back(std::move(silence));
  }
  const SilenceIndex index = IndexOf(silences);
  size_t found = 0;
  for (int i = 0; i < 500; ++i) {
    Alert alert = First(absl::Hours(1), random() % 2 ? Risk::kLow : Risk::kMedium);
    alert.id = "a" + std::to_string(random() % 8);
    alert.facets.unit.name = pick(units);
    alert.facets.unit.credit_code = pick({"12330424MB1234567X", ""});
    alert.facets.region_code = pick(regions);
    alert.facets.partner = pick(partners);
    alert.facets.scenario = kScenarios[random() % kScenarios.size()];
    std::vector<std::string> expected;
    for (const Silence& silence : silences) {
      if (IsAbout(silence, alert.id, alert.facets)) expected.push_back(silence.id);
    }
    std::vector<std::string> ids = IdsOf(index.MarksOf(alert, nullptr, alert.raised_at));
    EXPECT_THAT(ids, testing::UnorderedElementsAreArray(expected));
    found += ids.size();
  }
  EXPECT_GT(found, 500u);
}

}  // namespace
}  // namespace supervision::domain
