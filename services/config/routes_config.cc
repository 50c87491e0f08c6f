#include "services/config/routes_config.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/config/calendar_config.h"
#include "services/config/catalogue_config.h"
#include "services/config/suggest.h"
#include "services/config/text_digest.h"
#include "services/config/trials_config.h"
#include "services/config/units.h"
#include "services/config/yaml_loader.h"
#include "services/config/yaml_tree.h"
#include "services/domain/civil_date.h"
#include "services/domain/matter.h"
#include "supervision/config/v1/routes.pb.h"

namespace supervision::config {
namespace {

using combining::GroupBy;
using combining::Route;

constexpr size_t kMostRoutes = 1000;
constexpr size_t kMostIdBytes = 64;
constexpr int kMostPartners = 100;
constexpr int kMostAddends = 8;
const absl::Duration kDay = absl::Hours(24);
const absl::Duration kLongestReach = absl::Hours(90 * 24);
// Of what is known against an organ, which is read from the ledger: a leap year.
const absl::Duration kLongestRecord = 366 * kDay;
// Of clues that are linked: it reaches back twice as far, and an interval.
const absl::Duration kLongestWindow = 44 * kDay;

// Turns one route of the file into one of the domain.
class RouteReader {
 public:
  RouteReader(const SourceMap& source, Problems* problems) : source_(source), problems_(problems) {}

  Route Read(const v1::RouteConfig& from, std::string at) {
    at_ = std::move(at);
    Route route;
    route.id = from.id();
    if (!IsId(from.id())) Wrong("id", "is missing or no id; write up to 64 of a-z, 0-9 and '-'");
    route.enabled = from.enabled();
    route.title_zh = from.title_zh();
    route.title_en = from.title_en();
    if (from.title_zh().empty()) Wrong("title_zh", "is missing; say in Chinese what it is about");
    if (from.title_en().empty()) Wrong("title_en", "is missing; say in English what it is about");
    ReadFilter(from, &route);
    for (int i = 0; i < from.by_size(); ++i) {
      const auto by = static_cast<GroupBy>(from.by(i));
      if (std::find(route.by.begin(), route.by.end(), by) != route.by.end()) {
        Wrong(absl::StrCat("by[", i, "]"), "stands twice; keep one of them");
      }
      route.by.push_back(by);
    }
    const int digits = from.region_digits() == 0 ? 6 : from.region_digits();
    if (digits != 2 && digits != 4 && digits != 6 && digits != 9) {
      Wrong("region_digits", "is no level of regions; write 2, 4, 6 or 9");
    }
    route.region_digits = static_cast<size_t>(std::max(digits, 0));
    route.times = static_cast<combining::Times>(from.times());
    if (!from.risk().empty()) {
      route.risk = domain::RiskFromCode(from.risk());
      if (!route.risk.has_value()) {
        Wrong("risk", absl::StrCat(Quote(from.risk()), " is no risk; write LOW, MEDIUM or HIGH"));
      }
    }
    ReadRule(from, &route);
    if (combining::ReachOf(route) > kLongestReach) {
      Wrong("",
            "looks back more than 90 days, for which the log need not be kept; shorten its times");
    }
    return route;
  }

 private:
  void Wrong(const std::string& field, std::string text) {
    problems_->Add(source_, field.empty() ? at_ : absl::StrCat(at_, ".", field), std::move(text));
  }

  static bool IsId(const std::string& id) {
    return !id.empty() && id.size() <= kMostIdBytes &&
           std::all_of(id.begin(), id.end(), [](char c) {
             return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
           });
  }

  void ReadFilter(const v1::RouteConfig& from, Route* route) {
    auto parsed = domain::ParseExpression(from.filter());
    if (const auto* error = std::get_if<domain::ExpressionError>(&parsed)) {
      Wrong("filter", absl::StrCat("fails at its character ", error->column, ": ", error->english));
      return;
    }
    route->filter = std::get<domain::Expression>(parsed);
  }

  absl::Duration Length(const std::string& field, const std::string& text, absl::Duration least,
                        absl::Duration most) {
    const std::optional<absl::Duration> length = ParseDuration(text);
    if (!length.has_value()) {
      Wrong(field, text.empty() ? absl::StrCat("is missing; write ", kDurationForms)
                                : absl::StrCat(Quote(text), " is not ", kDurationForms));
      return least;
    }
    if (*length < least || *length > most) {
      Wrong(field, absl::StrCat(Quote(text), " is out of bounds; write ", DurationText(least),
                                " to ", DurationText(most)));
      return least;
    }
    return *length;
  }

  // The same, or `otherwise` when nothing is written.
  absl::Duration Repeat(const std::string& field, const std::string& text,
                        absl::Duration otherwise) {
    return text.empty() ? otherwise : Length(field, text, absl::Minutes(1), kLongestReach);
  }

  template <typename Number>
  Number Within(const std::string& field, Number value, Number least, Number most) {
    if (value >= least && value <= most) return value;
    Wrong(field, absl::StrCat(value, " is out of bounds; write ", least, " to ", most));
    return least;
  }

  void ReadRule(const v1::RouteConfig& from, Route* route) {
    const int rules = static_cast<int>(from.has_group()) + static_cast<int>(from.has_threshold()) +
                      static_cast<int>(from.has_surge()) + static_cast<int>(from.has_raise()) +
                      static_cast<int>(from.has_link());
    if (rules != 1) {
      Wrong("",
            rules == 0
                ? "tells nothing; write one of group, threshold, surge, raise and link"
                : "has several of group, threshold, surge, raise and link; make a route of each");
    }
    if (from.has_group()) {
      combining::GroupRule rule;
      rule.wait = Length("group.wait", from.group().wait(), absl::Seconds(1), 7 * kDay);
      rule.interval = Length("group.interval", from.group().interval(), absl::Minutes(1), 7 * kDay);
      rule.idle = Length("group.idle", from.group().idle(), rule.interval, 30 * kDay);
      rule.at_least = from.group().at_least() == 0
                          ? 2
                          : Within("group.at_least", from.group().at_least(), 2, 1000);
      route->rule = rule;
    } else if (from.has_threshold()) {
      combining::ThresholdRule rule;
      rule.at_least = Within("threshold.at_least", from.threshold().at_least(), 2, 1000);
      rule.window =
          Length("threshold.window", from.threshold().window(), absl::Minutes(1), kLongestReach);
      rule.repeat = Repeat("threshold.repeat", from.threshold().repeat(), rule.window);
      if (from.threshold().distinct() == v1::GROUP_BY_PROBLEM) {
        Wrong("threshold.distinct",
              "PROBLEM cannot be counted, a clue may have several; write UNIT, REGION or SCENARIO");
      } else if (from.threshold().distinct() != v1::GROUP_BY_UNSPECIFIED) {
        rule.distinct = static_cast<GroupBy>(from.threshold().distinct());
        if (std::find(route->by.begin(), route->by.end(), *rule.distinct) != route->by.end()) {
          Wrong("threshold.distinct",
                "stands in `by` too, so a group has only one of them; remove it from one");
        }
      }
      route->rule = rule;
    } else if (from.has_surge()) {
      combining::SurgeRule rule;
      rule.factor = Within("surge.factor", from.surge().factor(), 1.1, 100.0);
      rule.window = Length("surge.window", from.surge().window(), absl::Hours(1), 30 * kDay);
      rule.baseline = Within("surge.baseline", from.surge().baseline(), 2, 52);
      rule.at_least = Within("surge.at_least", from.surge().at_least(), 2, 100'000);
      rule.repeat = Repeat("surge.repeat", from.surge().repeat(), rule.window);
      route->rule = rule;
    } else if (from.has_raise()) {
      if (route->risk.has_value()) {
        Wrong("risk", "follows from the points of a route that raises; remove it");
      }
      if (route->by.empty()) Wrong("by", "is missing; say which others make a clue graver");
      route->rule = ReadRaise(from.raise(), *route);
    } else if (from.has_link()) {
      route->rule = ReadLink(from.link());
      if (!route->by.empty()) Wrong("by", "is not for a route that links; remove it");
    }
  }

  combining::RaiseRule ReadRaise(const v1::RaiseConfig& from, const Route& route) {
    combining::RaiseRule rule;
    if (from.addends_size() == 0) {
      v1::RaiseAddendConfig one;
      one.set_window(from.window());
      one.set_points_each(from.points_each());
      one.set_points_most(from.points_most());
      one.set_free(from.free());
      rule.addends.push_back(ReadAddend(one, "raise", route));
      return rule;
    }
    for (const char* const field : {"window", "points_each", "points_most", "free"}) {
      if (!source_.Has(absl::StrCat(at_, ".raise.", field))) continue;
      Wrong(absl::StrCat("raise.", field), "stands beside addends; write it into each of them");
    }
    if (from.addends_size() > kMostAddends) {
      Wrong("raise.addends", absl::StrCat("are more than ", kMostAddends, "; remove some"));
    }
    for (int i = 0; i < from.addends_size(); ++i) {
      rule.addends.push_back(
          ReadAddend(from.addends(i), absl::StrCat("raise.addends[", i, "]"), route));
    }
    return rule;
  }

  combining::RaiseAddend ReadAddend(const v1::RaiseAddendConfig& from, const std::string& field,
                                    const Route& route) {
    combining::RaiseAddend addend;
    if (from.counts() != v1::RAISE_COUNTS_UNSPECIFIED) {
      addend.counts = static_cast<combining::Counts>(from.counts());
    }
    const bool handled = addend.counts == combining::Counts::kHandled;
    addend.window = Length(field + ".window", from.window(), absl::Hours(1),
                           handled ? kLongestRecord : kLongestReach);
    addend.points_each = Within(field + ".points_each", from.points_each(), 1, 100);
    addend.points_most = Within(field + ".points_most", from.points_most(), 1, 100);
    addend.free = Within(field + ".free", from.free(), 0, handled ? 100 : 1000);
    for (int i = 0; i < from.by_size(); ++i) {
      const auto by = static_cast<GroupBy>(from.by(i));
      if (!Contains(route.by, by)) {
        Wrong(absl::StrCat(field, ".by[", i, "]"), "is not in the route's `by`; add it there");
      }
      addend.by.push_back(by);
    }
    // In the order of the route's.
    std::vector<GroupBy> parts = route.by;
    if (from.by_size() > 0) {
      std::erase_if(parts, [&](GroupBy by) { return !Contains(addend.by, by); });
    }
    addend.by = std::move(parts);
    if (handled && !Contains(addend.by, GroupBy::kUnit)) {
      Wrong(field + ".by", "lacks UNIT, and HANDLED is the history of an organ; add it");
    }
    const std::optional<GroupBy> one = PartOf(addend.counts);
    if (one.has_value() && Contains(addend.by, *one)) {
      Wrong(field + ".counts",
            "is what all that count have in common, so there is only one of it; write `by` without "
            "it");
    }
    return addend;
  }

  static bool Contains(const std::vector<GroupBy>& parts, GroupBy by) {
    return std::find(parts.begin(), parts.end(), by) != parts.end();
  }

  // Of what different ones are counted, where groups may have it in common.
  static std::optional<GroupBy> PartOf(combining::Counts counts) {
    switch (counts) {
      case combining::Counts::kRegions:
        return GroupBy::kRegion;
      case combining::Counts::kUnits:
        return GroupBy::kUnit;
      case combining::Counts::kScenarios:
        return GroupBy::kScenario;
      default:
        return std::nullopt;
    }
  }

  combining::LinkRule ReadLink(const v1::LinkConfig& from) {
    combining::LinkRule rule;
    rule.window = Length("link.window", from.window(), absl::Hours(1), kLongestWindow);
    rule.distance = source_.Has(at_ + ".link.distance")
                        ? Within("link.distance", from.distance(), 0, domain::kMostShapeDistance)
                        : domain::kMostShapeDistance;
    rule.partners =
        from.partners() == 0 ? 2 : Within("link.partners", from.partners(), 1, kMostPartners);
    rule.interval = from.interval().empty()
                        ? absl::Minutes(10)
                        : Length("link.interval", from.interval(), absl::Seconds(1), kDay);
    rule.silence_low = from.silence_low();
    return rule;
  }

  const SourceMap& source_;
  Problems* const problems_;
  std::string at_;
};

}  // namespace

absl::StatusOr<LoadedRoutes> ParseRoutes(std::string_view routes, const std::string& routes_name,
                                         std::string_view calendar,
                                         const std::string& calendar_name) {
  Problems problems;
  SourceMap source;
  SourceMap calendar_source;
  v1::RoutesFile file;
  v1::CalendarFile days;
  auto set = std::make_shared<combining::RouteSet>();
  LoadedRoutes loaded;
  if (ReadYaml(calendar, calendar_name, &days, &calendar_source, &problems)) {
    set->calendar = ToCalendar(days, calendar_source, &problems);
  }
  if (!ReadYaml(routes, routes_name, &file, &source, &problems)) return problems.ToStatus();
  set->version = file.version();
  if (file.version().empty() && file.routes_size() > 0) {
    problems.Add(source, "version", "is missing; write one such as \"2026.1\"");
  }
  if (static_cast<size_t>(file.routes_size()) > kMostRoutes) {
    problems.Add(source, "routes", absl::StrCat("are more than ", kMostRoutes));
    return problems.ToStatus();
  }
  RouteReader reader(source, &problems);
  std::set<std::string> ids;
  for (int i = 0; i < file.routes_size(); ++i) {
    const std::string at = absl::StrCat("routes[", i, "]");
    set->routes.push_back(reader.Read(file.routes(i), at));
    loaded.origins.push_back(absl::StrCat(source.file(), ":", source.Find(at).line));
    if (!ids.insert(file.routes(i).id()).second) {
      problems.Add(source, at + ".id", "another route has it already; ids differ");
    }
  }
  for (int i = 0; i < file.tests_size(); ++i) {
    std::optional<combining::Trial> trial =
        ToTrial(file.tests(i), absl::StrCat("tests[", i, "]"), *set, source, &problems);
    if (trial.has_value()) loaded.trials.push_back(*std::move(trial));
  }
  if (absl::Status status = problems.ToStatus(); !status.ok()) return status;
  std::string mistakes;
  for (const combining::Trial& trial : loaded.trials) {
    for (const std::string& mistake : combining::Check(trial)) {
      absl::StrAppend(&mistakes, mistakes.empty() ? "" : "\n", mistake);
    }
  }
  if (!mistakes.empty()) return absl::InvalidArgumentError(mistakes);
  loaded.routes = std::move(set);
  loaded.digest = TextDigest({routes, calendar});
  return loaded;
}

absl::StatusOr<LoadedRoutes> LoadRoutes(const std::string& routes_path,
                                        const std::string& calendar_path) {
  absl::StatusOr<std::string> routes = ReadFileIfThere(routes_path, kMaxYamlBytes);
  if (!routes.ok()) return routes.status();
  absl::StatusOr<std::string> calendar = ReadFileIfThere(calendar_path, kMaxYamlBytes);
  if (!calendar.ok()) return calendar.status();
  return ParseRoutes(*routes, routes_path, *calendar, calendar_path);
}

std::vector<std::string> RoutesToNobody(const LoadedRoutes& loaded,
                                        const std::vector<domain::Scope>& watchers) {
  std::vector<std::string> sentences;
  for (size_t i = 0; loaded.routes != nullptr && i < loaded.routes->routes.size(); ++i) {
    const combining::Route& route = loaded.routes->routes[i];
    const auto sees = [&](const domain::Scope& scope) {
      return combining::MayConcern(route, scope);
    };
    if (!route.enabled || std::any_of(watchers.begin(), watchers.end(), sees)) continue;
    sentences.push_back(
        absl::StrCat(loaded.origins[i], ": the route ", route.id,
                     " tells nobody: no principal that watches alerts may see what its filter lets "
                     "through; change the filter, or give one the scenarios and regions"));
  }
  return sentences;
}

std::string CalendarEndsSoon(const LoadedRoutes& loaded, absl::Time now) {
  if (loaded.routes == nullptr) return "";
  const absl::Time ends = combining::CalendarEnds(*loaded.routes, now);
  if (ends == absl::InfiniteFuture() || ends - now > combining::kCalendarEndsSoon) return "";
  return absl::StrCat("knows no holidays of ", absl::ToCivilYear(ends, domain::ChinaTime()).year(),
                      ", which routes that are on would take for working days; add the year as the "
                      "State Council announces it");
}

}  // namespace supervision::config
