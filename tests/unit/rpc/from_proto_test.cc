#include "services/rpc/from_proto.h"

#include <limits>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/rpc/convert_time.h"
#include "services/rpc/to_proto.h"

namespace supervision::rpc {
namespace {

using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

std::vector<std::string> Fields(const Violations& violations) {
  std::vector<std::string> fields;
  for (const domain::FieldViolation& violation : violations) fields.push_back(violation.field);
  return fields;
}

v1::CivilDate Date(int year, int month, int day) {
  v1::CivilDate date;
  date.set_year(year);
  date.set_month(month);
  date.set_day(day);
  return date;
}

domain::ClueContent FullContent() {
  domain::ClueContent content;
  content.source_record_id = "GD-2026-1";
  content.title = "标题";
  content.content = "王某反映某事。";
  content.occurred_on = absl::CivilDay(2026, 2, 28);
  content.region_code = "320102003";
  content.unit = {"某局", "91320000MA1P2AAAA1"};
  content.party_kind = domain::PartyKind::kEnterprise;
  content.instruments = {{domain::InstrumentType::kCourtCase, "（2023）某号", {}},
                         {domain::InstrumentType::kOther, "二", absl::CivilDay(2024, 2, 29)}};
  content.amounts = {{12'345, "罚款"}, {0, ""}};
  content.persons_affected = 0;
  content.evidence = {{"https://example.org/a", std::string(32, '\xff'), 7, "image/png"}};
  content.confidentiality = domain::Confidentiality::kSecret;
  content.channel = domain::Channel::kHotline;
  return content;
}

TEST(FromProtoTest, ContentSurvivesTheWayOutAndBack) {
  Violations violations;
  EXPECT_EQ(FromProto(ToProto(FullContent()), "clue", &violations), FullContent());
  EXPECT_THAT(violations, IsEmpty());
}

TEST(FromProtoTest, EmptyContentSurvivesTheWayOutAndBack) {
  Violations violations;
  EXPECT_EQ(FromProto(ToProto(domain::ClueContent{}), "clue", &violations), domain::ClueContent{});
  EXPECT_THAT(violations, IsEmpty());
}

struct DateCase {
  const char* name;
  int year, month, day;
  bool exists;
};
constexpr int kMost = std::numeric_limits<int>::max();
constexpr int kLeast = std::numeric_limits<int>::min();
class CivilDateTest : public ::testing::TestWithParam<DateCase> {};
INSTANTIATE_TEST_SUITE_P(
    All, CivilDateTest,
    ::testing::Values(
        DateCase{"Ordinary", 2026, 11, 25, true}, DateCase{"LeapDay", 2024, 2, 29, true},
        DateCase{"NoLeapDay", 2023, 2, 29, false},
        DateCase{"CenturyWithoutLeapDay", 1900, 2, 29, false}, DateCase{"First", 1900, 1, 1, true},
        DateCase{"Last", 9999, 12, 31, true}, DateCase{"TooEarly", 1899, 12, 31, false},
        DateCase{"TooLate", 10000, 1, 1, false}, DateCase{"AllZero", 0, 0, 0, false},
        DateCase{"MonthZero", 2026, 0, 1, false}, DateCase{"Month13", 2026, 13, 1, false},
        DateCase{"DayZero", 2026, 1, 0, false}, DateCase{"Day31InApril", 2026, 4, 31, false},
        DateCase{"Negative", -5, -5, -5, false}, DateCase{"Huge", kMost, kMost, kMost, false},
        DateCase{"Tiny", kLeast, kLeast, kLeast, false}),
    [](const auto& info) { return info.param.name; });

TEST_P(CivilDateTest, IsTakenExactlyWhenItExists) {
  const DateCase& p = GetParam();
  Violations violations;
  const auto day = FromProto(Date(p.year, p.month, p.day), "clue.occurred_on", &violations);
  EXPECT_EQ(day.has_value(), p.exists);
  if (p.exists) {
    EXPECT_EQ(day, absl::CivilDay(p.year, p.month, p.day));
  }
  EXPECT_EQ(violations.size(), p.exists ? 0u : 1u);
}

TEST(FromProtoTest, NamesEveryFieldThatADomainValueCannotHold) {
  v1::ClueContent proto;
  *proto.mutable_occurred_on() = Date(2026, 2, 30);
  proto.add_instruments();
  *proto.add_instruments()->mutable_date() = Date(2026, 13, 1);
  proto.mutable_instruments(1)->set_type(static_cast<v1::InstrumentType>(77));
  proto.set_party_kind(static_cast<v1::PartyKind>(300));
  proto.set_confidentiality(static_cast<v1::Confidentiality>(-1));
  proto.set_channel(static_cast<v1::Channel>(99));
  Violations violations;

  FromProto(std::move(proto), "items[7].clue", &violations);

  EXPECT_THAT(Fields(violations),
              UnorderedElementsAre("items[7].clue.occurred_on", "items[7].clue.instruments[1].date",
                                   "items[7].clue.instruments[1].type", "items[7].clue.party_kind",
                                   "items[7].clue.confidentiality", "items[7].clue.channel"));
}

TEST(FromProtoTest, QueryKeepsEveryCondition) {
  v1::ListCluesRequest proto;
  proto.add_scenarios(v1::SCENARIO_JUDICIAL);
  proto.add_scenarios(v1::SCENARIO_OUT_OF_SCOPE);
  proto.set_min_risk(v1::RISK_MEDIUM);
  proto.set_region_prefix("3201");
  proto.set_unit("某局");
  proto.set_partner("hotline");
  proto.set_state(v1::CLUE_STATE_WITHDRAWN);
  proto.mutable_received_from()->set_seconds(100);
  proto.mutable_received_before()->set_seconds(200);
  proto.set_page_size(500);
  proto.set_page_token("token");
  Violations violations;

  const ledger::ListQuery query = FromProto(std::move(proto), &violations);

  EXPECT_THAT(violations, IsEmpty());
  EXPECT_EQ(query.kind, ledger::ListQuery::Kind::kClues);
  EXPECT_EQ(query.filter.scenarios, domain::ScenarioSet((1u << 7) | (1u << 12)));
  EXPECT_EQ(query.filter.min_risk, domain::Risk::kMedium);
  EXPECT_EQ(query.filter.region_prefix, "3201");
  EXPECT_EQ(query.filter.unit, "某局");
  EXPECT_EQ(query.partner, "hotline");
  EXPECT_EQ(query.state, domain::ClueState::kWithdrawn);
  EXPECT_EQ(query.received_from, absl::FromUnixSeconds(100));
  EXPECT_EQ(query.received_before, absl::FromUnixSeconds(200));
  EXPECT_EQ(query.page_size, 500);
  EXPECT_EQ(query.page_token, "token");
}

TEST(FromProtoTest, QueryNamesAllItsMistakes) {
  v1::ListCluesRequest proto;
  proto.add_scenarios(v1::SCENARIO_JUDICIAL);
  proto.add_scenarios(v1::SCENARIO_UNSPECIFIED);
  proto.add_scenarios(static_cast<v1::Scenario>(40));
  proto.set_min_risk(static_cast<v1::Risk>(4));
  proto.set_region_prefix("3a");
  proto.set_unit(std::string(801, 'u'));
  proto.set_partner(std::string(65, 'p'));
  proto.set_state(static_cast<v1::ClueState>(9));
  proto.mutable_received_from()->set_nanos(-1);
  proto.mutable_received_before()->set_seconds(std::numeric_limits<int64_t>::max());
  proto.set_page_size(501);
  proto.set_page_token(std::string(5000, 't'));
  Violations violations;

  FromProto(std::move(proto), &violations);

  EXPECT_THAT(Fields(violations),
              UnorderedElementsAre("scenarios[1]", "scenarios[2]", "min_risk", "region_prefix",
                                   "unit", "partner", "state", "received_from", "received_before",
                                   "page_size", "page_token"));
}

TEST(FromProtoTest, AlertQueryPutsItsFilterInThePath) {
  v1::ListAlertsRequest proto;
  proto.mutable_filter()->set_region_prefix("1");
  proto.set_page_size(-1);
  proto.mutable_received_from()->set_seconds(5);
  proto.mutable_received_before()->set_seconds(5);
  Violations violations;
  const ledger::ListQuery query = FromProto(std::move(proto), &violations);
  EXPECT_EQ(query.kind, ledger::ListQuery::Kind::kAlerts);
  EXPECT_THAT(Fields(violations),
              UnorderedElementsAre("filter.region_prefix", "page_size", "received_before"));
}

struct IntervalCase {
  const char* name;
  int64_t seconds;
  int32_t nanos;
  bool valid;
};
class BookmarkIntervalTest : public ::testing::TestWithParam<IntervalCase> {};
INSTANTIATE_TEST_SUITE_P(All, BookmarkIntervalTest,
                         ::testing::Values(IntervalCase{"Zero", 0, 0, true},
                                           IntervalCase{"Least", 0, 100'000'000, true},
                                           IntervalCase{"TooShort", 0, 99'999'999, false},
                                           IntervalCase{"Most", 60, 0, true},
                                           IntervalCase{"TooLong", 60, 1, false},
                                           IntervalCase{"Negative", -1, 0, false},
                                           IntervalCase{"MixedSigns", 1, -1, false}),
                         [](const auto& info) { return info.param.name; });

TEST_P(BookmarkIntervalTest, IsTakenWithinItsLimits) {
  v1::WatchAlertsRequest proto;
  proto.mutable_bookmark_interval()->set_seconds(GetParam().seconds);
  proto.mutable_bookmark_interval()->set_nanos(GetParam().nanos);
  Violations violations;
  const absl::Duration interval =
      BookmarkInterval(true, proto.bookmark_interval(), "bookmark_interval", &violations);
  EXPECT_EQ(violations.empty(), GetParam().valid);
  const absl::Duration asked =
      absl::Seconds(GetParam().seconds) + absl::Nanoseconds(GetParam().nanos);
  EXPECT_EQ(interval, GetParam().valid ? asked : absl::ZeroDuration());
}

TEST(ConvertTimeTest, KeepsNanosecondsBeforeAndAfter1970) {
  for (const int64_t nanos : {0LL, 1LL, -1LL, 1'764'000'000'123'456'789LL, -5'000'000'001LL}) {
    const absl::Time time = absl::FromUnixNanos(nanos);
    EXPECT_EQ(FromProto(ToProto(time)), time) << nanos;
  }
}

}  // namespace
}  // namespace supervision::rpc
