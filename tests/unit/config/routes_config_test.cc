#include "services/config/routes_config.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/domain/civil_date.h"

namespace supervision::config {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr char kFolder[] = SUPERVISION_SOURCE_DIR "/deploy/config/";

std::string MistakesOf(std::string_view routes, std::string_view calendar = "") {
  const auto loaded = ParseRoutes(routes, "routes.yaml", calendar, "calendar.yaml");
  return loaded.ok() ? "" : std::string(loaded.status().message());
}

TEST(RoutesConfigTest, TheShippedRoutesDoWhatTheirTestsSayAndAreOff) {
  const auto loaded =
      LoadRoutes(std::string(kFolder) + "routes.yaml", std::string(kFolder) + "calendar.yaml");
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EXPECT_GE(loaded->trials.size(), loaded->routes->routes.size());
  for (const combining::Route& route : loaded->routes->routes) EXPECT_FALSE(route.enabled);
}

TEST(RoutesConfigTest, FilesThatAreMissingAreNoRoutes) {
  const auto loaded = LoadRoutes(std::string(kFolder) + "absent.yaml", "");
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EXPECT_TRUE(loaded->routes->routes.empty());
}

TEST(RoutesConfigTest, EveryMistakeIsToldAtOnceWithFileAndLine) {
  const std::string mistakes =
      MistakesOf(R"(version: "1"
routes:
  - id: Wrong id
    title_zh: 甲
    title_en: a
    filter: unit >> 3
    threshold: {at_least: 1, window: 0s}
  - id: both
    title_zh: 甲
    title_en: a
    threshold: {at_least: 3, window: 7d, distinct: PROBLEM}
    group: {wait: 1h, interval: 1h, idle: 1d}
  - id: nothing
    title_zh: 甲
    title_en: a
    risk: RED
  - id: long
    title_zh: 甲
    title_en: a
    by: [UNIT, UNIT]
    surge: {factor: 3, window: 30d, baseline: 8, at_least: 5}
tests:
  - route: nobody
    clues: [{at: "2026-03-02 09:00", scenario: JUDICIAL}]
)",
                 "years: [{year: 2026, off: [\"13-01\"], working: [\"01-05\"]}]");
  EXPECT_THAT(mistakes, AllOf(HasSubstr("routes.yaml:3"), HasSubstr("routes.yaml:6"),
                              HasSubstr("routes.yaml:7:27"), HasSubstr("routes.yaml:7:38")));
  EXPECT_THAT(mistakes,
              AllOf(HasSubstr("several of group"), HasSubstr("tells nothing"), HasSubstr("no risk"),
                    HasSubstr("stands twice"), HasSubstr("90 days"), HasSubstr("is no route")));
  EXPECT_THAT(mistakes,
              AllOf(HasSubstr("calendar.yaml:1"), HasSubstr("13-01"), HasSubstr("neither")));
}

domain::Scope Within(std::vector<std::string> regions,
                     std::optional<domain::Scenario> scenario = std::nullopt) {
  domain::Scope scope;
  scope.regions = std::move(regions);
  if (scenario.has_value()) scope.scenarios.set(static_cast<size_t>(*scenario));
  return scope;
}

TEST(RoutesConfigTest, ARouteThatIsOnAndTellsNobodyIsNamedWithItsLine) {
  const auto loaded = ParseRoutes(R"(version: "1"
routes:
  - {id: off, title_zh: 甲, title_en: a, filter: 'region : "42"', link: {window: 30d}}
  - {id: any, title_zh: 甲, title_en: a, enabled: true, link: {window: 30d}}
  - id: county
    enabled: true
    title_zh: 甲
    title_en: a
    filter: 'region : "330424" AND (scenario = JUDICIAL OR scenario = RECONSIDERATION)'
    link: {window: 30d}
)",
                                  "routes.yaml", "", "calendar.yaml");
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  const auto to_nobody = [&](std::vector<domain::Scope> watchers) {
    return RoutesToNobody(*loaded, watchers);
  };
  using ::testing::ElementsAre;
  using ::testing::IsEmpty;
  EXPECT_THAT(to_nobody({}), ElementsAre(HasSubstr("routes.yaml:4: the route any tells nobody"),
                                         HasSubstr("routes.yaml:5: the route county")));
  EXPECT_THAT(to_nobody({Within({})}), IsEmpty());
  // A part of the county, and all that it is a part of.
  EXPECT_THAT(to_nobody({Within({"330424001"})}), IsEmpty());
  EXPECT_THAT(to_nobody({Within({"42", "33"}, domain::Scenario::kJudicial)}), IsEmpty());
  EXPECT_THAT(to_nobody({Within({"330425"})}), ElementsAre(HasSubstr("county")));
  EXPECT_THAT(to_nobody({Within({"3304"}, domain::Scenario::kPetitionDispute),
                         Within({"42"}, domain::Scenario::kJudicial)}),
              ElementsAre(HasSubstr("county")))
      << "one has the region, another the class, none both";
}

TEST(RoutesConfigTest, ThatTheCalendarEndsIsSaidInTimeWhileARouteGoesByIt) {
  const auto said = [](const std::string& times, int month) {
    const auto loaded = ParseRoutes(
        "version: \"1\"\nroutes: [{id: many, enabled: true, title_zh: 多, title_en: many, by: "
        "[UNIT], "
        "threshold: {at_least: 3, window: 1d}" +
            times + "}]\n",
        "routes.yaml", "years: [{year: 2026}]\n", "calendar.yaml");
    EXPECT_TRUE(loaded.ok()) << loaded.status();
    const absl::CivilDay day(2026, month, 20);
    return CalendarEndsSoon(*loaded, absl::FromCivil(day, domain::ChinaTime()));
  };
  EXPECT_THAT(said(", times: OFFICE_HOURS", 11), HasSubstr("no holidays of 2027"));
  EXPECT_EQ(said(", times: OFFICE_HOURS", 10), "");
  EXPECT_EQ(said("", 11), "");
}

TEST(RoutesConfigTest, ARouteThatLinksHasItsBoundsAndDefaults) {
  constexpr char kLink[] = R"(version: "1"
routes:
  - {id: a, title_zh: 甲, title_en: a, link: {window: 30d}}
  - {id: b, title_zh: 甲, title_en: a, link: {window: 1h, distance: 0, partners: 1, interval: 1s}}
)";
  const auto loaded = ParseRoutes(kLink, "routes.yaml", "", "calendar.yaml");
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  const auto rule = [&](int i) {
    return std::get<combining::LinkRule>(loaded->routes->routes.at(i).rule);
  };
  EXPECT_EQ(rule(0).distance, 10);
  EXPECT_EQ(rule(0).partners, 2);
  EXPECT_EQ(rule(0).interval, absl::Minutes(10));
  EXPECT_EQ(rule(1).distance, 0) << "only texts that are the same";
  EXPECT_EQ(rule(1).partners, 1);
  EXPECT_THAT(MistakesOf(R"(version: "1"
routes:
  - {id: a, title_zh: 甲, title_en: a, by: [UNIT], link: {window: 45d, distance: 11, interval: 2d}}
  - {id: b, title_zh: 甲, title_en: a, link: {partners: 101}}
)"),
              AllOf(HasSubstr("44d"), HasSubstr("11 is out of bounds"), HasSubstr("1s to 1d"),
                    HasSubstr("not for a route that links"), HasSubstr("1 to 100"),
                    HasSubstr("is missing")));
}

TEST(RoutesConfigTest, ARouteThatRaisesHasOneAddendOrAList) {
  constexpr char kRaise[] = R"(version: "1"
routes:
  - {id: a, title_zh: 甲, title_en: a, by: [UNIT], raise: {window: 90d, points_each: 5, points_most: 9}}
  - id: b
    title_zh: 甲
    title_en: a
    by: [PROBLEM, UNIT]
    raise:
      addends:
        - {window: 30d, by: [UNIT, PROBLEM], points_each: 10, points_most: 20}
        - {counts: HANDLED, by: [UNIT], window: 366d, free: 2, points_each: 10, points_most: 10}
)";
  const auto loaded = ParseRoutes(kRaise, "routes.yaml", "", "calendar.yaml");
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  const auto addends = [&](int i) {
    return std::get<combining::RaiseRule>(loaded->routes->routes.at(i).rule).addends;
  };
  ASSERT_EQ(addends(0).size(), 1u);
  EXPECT_EQ(addends(0)[0].counts, combining::Counts::kClues);
  EXPECT_EQ(addends(0)[0].by, loaded->routes->routes[0].by);
  EXPECT_EQ(addends(0)[0].points_most, 9);
  ASSERT_EQ(addends(1).size(), 2u);
  EXPECT_EQ(addends(1)[0].by, loaded->routes->routes[1].by) << "in whatever order it is written";
  EXPECT_EQ(addends(1)[1].counts, combining::Counts::kHandled);
  EXPECT_EQ(addends(1)[1].window, absl::Hours(366 * 24));
  EXPECT_EQ(combining::ReachOf(loaded->routes->routes[1]), absl::Hours(30 * 24))
      << "the history is not read from the log";
}

TEST(RoutesConfigTest, EveryMistakeOfAnAddendIsToldWithItsLineAndARemedy) {
  EXPECT_THAT(MistakesOf(R"(version: "1"
routes:
  - id: a
    title_zh: 甲
    title_en: a
    by: [UNIT, PROBLEM]
    raise:
      window: 7d
      addends:
        - {counts: CLUES, window: 91d, points_each: 0, points_most: 20}
        - {counts: HANDLED, by: [PROBLEM], window: 367d, free: 101, points_each: 1, points_most: 1}
        - {counts: REGIONS, by: [REGION], window: 7d, points_each: 1, points_most: 1}
        - {counts: UNITS, window: 7d, points_each: 1, points_most: 101}
tests:
  - route: a
    clues: [{at: "2026-03-02 09:00", scenario: JUDICIAL, handled: true, withdrawn: true}]
)"),
              AllOf(HasSubstr("routes.yaml:8"), HasSubstr("stands beside addends"),
                    HasSubstr("routes.yaml:10:35"), HasSubstr("1h to 90d"),
                    HasSubstr("routes.yaml:11"), HasSubstr("lacks UNIT"), HasSubstr("1h to 366d"),
                    HasSubstr("101 is out of bounds; write 0 to 100"),
                    HasSubstr("is not in the route's `by`"), HasSubstr("only one of it"),
                    HasSubstr("routes.yaml:16"), HasSubstr("stands beside withdrawn")));
}

constexpr char kRoute[] = R"(version: "1"
routes:
  - id: unit
    title_zh: 甲
    title_en: a
    by: [UNIT]
    threshold: {at_least: 2, window: 7d}
tests:
  - route: unit
    name: two
    clues: [{at: "2026-03-02 09:00", scenario: JUDICIAL, unit: 甲, times: 2}]
)";

TEST(RoutesConfigTest, ATestThatExpectsTooLittleFails) {
  EXPECT_THAT(MistakesOf(kRoute), AllOf(HasSubstr("routes.yaml:9"), HasSubstr("not expected")));
}

TEST(RoutesConfigTest, ATestThatExpectsTooMuchFails) {
  EXPECT_EQ(MistakesOf(std::string(kRoute) + "    expect: [{at: \"2026-03-02 09:00\"}]\n"), "");
  EXPECT_THAT(MistakesOf(std::string(kRoute) +
                         "    expect: [{at: \"2026-03-02 09:00\"}, {at: \"2026-03-03 09:00\"}]\n"),
              HasSubstr("did not come"));
  EXPECT_THAT(
      MistakesOf(std::string(kRoute) + "    expect: [{at: \"2026-03-02 09:00\", members: 3}]\n"),
      HasSubstr("it has 2 clues"));
}

}  // namespace
}  // namespace supervision::config
