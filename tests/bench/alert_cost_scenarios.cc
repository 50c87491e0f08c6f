// What an alert costs where many silences or many routes are in force: in this process, on one
// thread, in turns with few of them.
#include <iterator>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "services/combining/engine.h"
#include "services/domain/silence_index.h"
#include "tests/bench/requests.h"
#include "tests/bench/scenarios.h"

namespace supervision::bench {
namespace {

constexpr int64_t kSilences = 10'000;
constexpr int kRoutes = 1000;
constexpr int kUnits = 20'000;
constexpr int kCounties = 100;
constexpr int kRounds = 4;
const absl::Time kBegin = absl::UnixEpoch() + absl::Hours(1);

std::string UnitName(int64_t number) { return absl::StrCat("某县第", number, "局"); }

domain::Alert AlertOf(int64_t number, const std::vector<std::string>& counties) {
  domain::Alert alert;
  alert.id = absl::StrCat("a", number);
  alert.clue_id = absl::StrCat("c", number);
  alert.version = 1;
  alert.kind = domain::AlertKind::kClueReceived;
  alert.facets.scenario = domain::Scenario::kAdminEnforcement;
  alert.facets.risk = domain::Risk::kLow;
  alert.facets.region_code = counties[static_cast<size_t>(number) % counties.size()];
  alert.facets.partner = "12345";
  alert.facets.unit.name = UnitName(number % kUnits);
  return alert;
}

domain::Expression Parsed(const std::string& text) {
  return std::get<domain::Expression>(domain::ParseExpression(text));
}

// Silences of one organ each, as most are, some of a region, a few of a class and risk.
domain::SilenceIndex IndexOf(int64_t count, const std::vector<std::string>& counties) {
  std::vector<domain::SilencePtr> silences;
  for (int64_t i = 0; i < count; ++i) {
    domain::Silence silence;
    silence.id = absl::StrCat("s", i);
    silence.receivers = {absl::StrCat("principal-", i % 100)};
    silence.ends_at = absl::InfiniteFuture();
    silence.created_at = absl::UnixEpoch();
    if (i % 100 == 0) {
      silence.matcher.region_prefix = counties[static_cast<size_t>(i / 100) % counties.size()];
    } else if (i % 1000 == 1) {
      silence.matcher.expression = Parsed("scenario = JUDICIAL AND risk <= LOW");
    } else {
      silence.matcher.unit = UnitName(i);
    }
    silences.push_back(std::make_shared<const domain::Silence>(std::move(silence)));
  }
  return domain::SilenceIndex(std::move(silences));
}

// The time of one `act(number)`, called for `duration`.
template <typename Act>
absl::Duration TimeOfOne(absl::Duration duration, int64_t* number, const Act& act) {
  constexpr int64_t kBetweenLooks = 64;  // at the clock
  const int64_t first = *number;
  const absl::Time begun = absl::Now();
  do {
    for (int64_t i = 0; i < kBetweenLooks; ++i) act((*number)++);
  } while (absl::Now() - begun < duration);
  return (absl::Now() - begun) / (*number - first);
}

// A route of a county each, so that ten of a thousand concern an alert, that tells of many clues
// about one unit.
std::unique_ptr<combining::Engine> EngineOf(int count, const std::vector<std::string>& counties) {
  auto routes = std::make_shared<combining::RouteSet>();
  for (int i = 0; i < count; ++i) {
    combining::Route route;
    route.id = absl::StrCat("r", i);
    route.enabled = true;
    route.filter = Parsed(absl::StrCat(
        "region : \"", counties[static_cast<size_t>(i) % counties.size()], "\" AND risk >= LOW"));
    route.by = {combining::GroupBy::kUnit};
    route.rule = combining::ThresholdRule{5 + i / kCounties, absl::Hours(24 * 7), std::nullopt,
                                          absl::Hours(24 * 7)};
    routes->routes.push_back(std::move(route));
  }
  auto engine =
      std::make_unique<combining::Engine>(std::move(routes), std::map<std::string, absl::Time>());
  engine->GoLive({0});
  return engine;
}

// A route with three addends, and `cases` that are known against organs.
std::unique_ptr<combining::Engine> RaisingEngine(int64_t cases,
                                                 const std::vector<std::string>& counties) {
  using combining::Counts;
  using combining::GroupBy;
  const absl::Duration day = absl::Hours(24);
  auto routes = std::make_shared<combining::RouteSet>();
  combining::Route route;
  route.id = "unit-record";
  route.enabled = true;
  route.by = {GroupBy::kUnit, GroupBy::kRegion};
  route.rule = combining::RaiseRule{{{Counts::kClues, route.by, 90 * day, 10, 20, 0},
                                     {Counts::kPartners, {GroupBy::kRegion}, 30 * day, 10, 10, 0},
                                     {Counts::kHandled, {GroupBy::kUnit}, 366 * day, 10, 10, 2}}};
  routes->routes.push_back(std::move(route));
  auto engine =
      std::make_unique<combining::Engine>(std::move(routes), std::map<std::string, absl::Time>());
  for (int64_t i = 0; i < cases; ++i) {
    domain::Alert alert = AlertOf(i, counties);
    alert.clue_id = absl::StrCat("case-", i);
    alert.received_at = kBegin - absl::Hours(1);
    alert.facets.state = domain::AlertState::kResolved;
    alert.handling.emplace();
    alert.handling->outcome = domain::AlertOutcome::kHandled;
    alert.handling->changed_at = alert.received_at;
    engine->Recall(alert);
  }
  engine->GoLive({0});
  return engine;
}

// An alert with a text and, one in four, the number of a case; in every second block one of ten is
// like one of the block before.
domain::ChangeEvent MatterOf(int64_t number, int units, const std::vector<std::string>& counties) {
  constexpr int64_t kBlock = 60'000;  // a multiple of the units and counties
  const bool repeats = number % 10 == 9 && number / kBlock % 2 == 1;
  const int64_t like = repeats ? number - kBlock : number;
  domain::ChangeEvent event;
  event.alert = AlertOf(number, counties);
  event.alert.facets.unit.name = UnitName(number % units);
  event.alert.facets.partner = absl::StrCat("partner-", number % 7);
  event.alert.raised_at = event.alert.received_at = kBegin + absl::Milliseconds(number);
  std::mt19937_64 random(static_cast<uint64_t>(like));
  auto keys = std::make_shared<domain::MatterKeys>();
  keys->shape = random();
  if (like % 4 == 0) keys->numbers = {random()};
  event.alert.matter = std::move(keys);
  return event;
}

// An engine with `held` clues of `units` organs.
std::unique_ptr<combining::Engine> LinkingEngine(int64_t held, int units,
                                                 const std::vector<std::string>& counties) {
  auto routes = std::make_shared<combining::RouteSet>();
  combining::Route route;
  route.id = "same-matter";
  route.enabled = true;
  route.rule =
      combining::LinkRule{absl::Hours(24 * 30), domain::kMostShapeDistance, 2, absl::Minutes(10)};
  routes->routes.push_back(std::move(route));
  auto engine =
      std::make_unique<combining::Engine>(std::move(routes), std::map<std::string, absl::Time>());
  for (int64_t i = 0; i < held; ++i) engine->Take(0, i + 1, MatterOf(i, units, counties));
  engine->GoLive({0});
  engine->Due(kBegin + absl::Milliseconds(held));
  return engine;
}

double Microseconds(absl::Duration duration) { return absl::ToDoubleMicroseconds(duration); }

}  // namespace

void MeasureSilences(const Bench& bench, Report* report) {
  const std::vector<std::string> counties = Counties(kCounties);
  const absl::Time begun = absl::Now();
  const domain::SilenceIndex many = IndexOf(kSilences, counties);
  const absl::Duration made = absl::Now() - begun;
  const domain::SilenceIndex none = IndexOf(0, counties);
  int64_t number = 0;
  size_t hidden = 0;
  absl::Duration with, without;
  for (int round = 0; round < kRounds; ++round) {
    for (const bool use_many : {true, false}) {
      (use_many ? with : without) +=
          TimeOfOne(bench.duration / (2 * kRounds), &number,
                    [&](int64_t i) {
                      const domain::Alert alert = AlertOf(i, counties);
                      hidden += (use_many ? many : none).MarksOf(alert, nullptr, kBegin).size();
                    }) /
          kRounds;
    }
  }
  // Less what making the alert costs, which is the same in both.
  report->Add("silences_10000_us_per_alert",
              "asking 10,000 silences about an alert, less asking none",
              Microseconds(with - without), "us", "<= 10");
  report->Add("silences_10000_index_ms", "making them into an index, when one changes",
              absl::ToDoubleMilliseconds(made), "ms");
  report->Add("silences_10000_hiding", "silences that hid an alert meanwhile",
              static_cast<double>(hidden), "", ">= 1");
}

void MeasureRoutes(const Bench& bench, Report* report) {
  constexpr auto kCases = static_cast<int64_t>(combining::UnitRecord::kMostClues);
  const std::vector<std::string> counties = Counties(kCounties);
  const std::unique_ptr<combining::Engine> engines[] = {
      EngineOf(kRoutes, counties), EngineOf(1, counties), RaisingEngine(kCases, counties)};
  absl::Duration times[std::size(engines)];
  int64_t number = 0;
  int64_t told = 0;
  for (int round = 0; round < kRounds; ++round) {
    for (size_t k = 0; k < std::size(engines); ++k) {
      times[k] +=
          TimeOfOne(bench.duration / (3 * kRounds), &number,
                    [&](int64_t i) {
                      domain::ChangeEvent event;
                      event.alert = AlertOf(i, counties);
                      event.alert.raised_at = event.alert.received_at =
                          kBegin + absl::Milliseconds(i);
                      engines[k]->Take(0, i + 1, event);
                      told += static_cast<int64_t>(engines[k]->Due(event.alert.raised_at).size());
                    }) /
          kRounds;
    }
  }
  report->Add("routes_1000_us_per_alert", "an alert with 1,000 routes, ten of its county",
              Microseconds(times[0]), "us", "<= 200");
  report->Add("routes_1_us_per_alert", "the same with one route", Microseconds(times[1]), "us");
  report->Add("routes_raise_us_per_alert",
              "the same with one route that adds up three addends, 100,000 cases known",
              Microseconds(times[2]), "us", "<= 200");
  report->Add("routes_1000_told", "alerts that routes told meanwhile", static_cast<double>(told),
              "", ">= 1");
}

void MeasureMatters(const Bench& bench, Report* report) {
  const auto held = static_cast<int64_t>(combining::Engine::kMostClues);
  // Of ordinary organs, and of one that is reported so often that its texts are looked at in part.
  const std::vector<std::string> counties = Counties(kCounties);
  const std::vector<std::string> one_county = Counties(1);
  const auto measure = [&](int units, const std::vector<std::string>& in, int64_t* told) {
    const auto engine = LinkingEngine(held, units, in);
    int64_t number = held;
    const absl::Duration all = TimeOfOne(bench.duration / 4, &number, [&](int64_t i) {
      const domain::ChangeEvent event = MatterOf(i, units, in);
      engine->Take(0, i + 1, event);
      *told += static_cast<int64_t>(engine->Due(event.alert.raised_at).size());
    });
    // Less what making the alert costs.
    size_t versions = 0;
    const absl::Duration making = TimeOfOne(bench.duration / 4, &number, [&](int64_t i) {
      versions += MatterOf(i, units, in).alert.version;
    });
    return Microseconds(all - making);
  };
  int64_t told = 0;
  int64_t told_of_one = 0;
  report->Add("matters_300000_us_per_clue", "linking a clue with 300,000 held, of 20,000 organs",
              measure(kUnits, counties, &told), "us", "<= 50");
  report->Add("matters_one_organ_us_per_clue", "the same of one organ: its newest 10,000 texts",
              measure(1, one_county, &told_of_one), "us", "<= 200");
  report->Add("matters_told", "alerts of matters meanwhile",
              static_cast<double>(told + told_of_one), "", ">= 1");
}

}  // namespace supervision::bench
