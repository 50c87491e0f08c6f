#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/time/time.h"
#include "services/domain/calendar.h"
#include "services/domain/expression.h"
#include "services/domain/visibility.h"

namespace supervision::combining {

// What clues of one group have in common. A clue that lacks it belongs to no group.
enum class GroupBy : uint8_t { kScenario = 1, kUnit = 2, kRegion = 3, kProblem = 4 };

// When alerts may be told; HIGH may be always.
enum class Times : uint8_t { kAlways = 0, kWorkingDays = 1, kOfficeHours = 2 };

// Tell together what belongs together: `wait` after the first clue, then what has come since, not
// more often than each `interval`. When nothing has come for `idle` the next clue begins another
// group.
struct GroupRule {
  absl::Duration wait;
  absl::Duration interval;
  absl::Duration idle;
  int at_least = 2;
};

// Tell when so many have come in a time.
struct ThresholdRule {
  int at_least = 0;
  absl::Duration window;
  std::optional<GroupBy> distinct;  // nothing: each clue counts
  absl::Duration repeat;            // silent for so long after an alert
};

// Tell when `factor` times the median of `baseline` windows before have come.
struct SurgeRule {
  double factor = 0;
  absl::Duration window;
  int baseline = 0;
  int at_least = 0;
  absl::Duration repeat;
};

// What lifts the risk of a clue beside its text.
enum class Counts : uint8_t {
  kClues = 1,  // others of the group
  // Different ones among the others, but for the clue's own.
  kPartners = 2,
  kRegions = 3,
  kUnits = 4,
  kScenarios = 5,
  kHandled = 6,  // others of the organ that were found true and dealt with; see UnitRecord
  kPersons = 7,  // persons whom their acts hit, the clue's own among them; see Persons
};

// One addend of a risk.
struct RaiseAddend {
  Counts counts = Counts::kClues;
  std::vector<GroupBy> by;  // parts of the route's, in its order: which others count
  absl::Duration window;
  int points_each = 0;
  int points_most = 0;
  int free = 0;  // so many others count as none
};

// Tell when other clues lift the risk of one.
struct RaiseRule {
  std::vector<RaiseAddend> addends;
};

// Tell that clues of several partners are about one matter: the same document or case, or a text
// that is nearly the same about the same organ of one county. A change of what belongs to the
// matter is a version of its alert.
struct LinkRule {
  absl::Duration window;     // a clue so old is no longer compared
  int distance = 0;          // of texts, see domain::ShapeDistance
  int partners = 2;          // so many different ones make a matter worth telling
  absl::Duration interval;   // between two versions, unless the matter has become graver
  bool silence_low = false;  // a matter with a HIGH silences its LOWs
};

struct Route {
  std::string id;
  bool enabled = false;
  std::string title_zh;
  std::string title_en;
  domain::Expression filter;
  std::vector<GroupBy> by;
  size_t region_digits = 6;
  std::variant<GroupRule, ThresholdRule, SurgeRule, RaiseRule, LinkRule> rule;
  Times times = Times::kAlways;
  std::optional<domain::Risk> risk;  // nothing: the highest of the clues
};

// All routes of one file. Immutable once made.
struct RouteSet {
  std::string version;
  std::vector<Route> routes;
  domain::Calendar calendar;
};

// Whether the route looks at such clues.
bool Concerns(const Route& route, const domain::Facets& facets);

// Whether a clue that the filter of the route lets through may lie within the scope. False only
// where it cannot: whoever has no wider scope is told nothing of the route.
bool MayConcern(const Route& route, const domain::Scope& scope);

// When an alert of the route that is due at `time` may be told.
absl::Time AllowedAt(const RouteSet& routes, const Route& route, domain::Risk risk,
                     absl::Time time);

// Whether AllowedAt goes by a year that the calendar does not know: weekends are known, holidays
// are not.
bool IsProvisional(const RouteSet& routes, const Route& route, domain::Risk risk, absl::Time time);

// So long before the calendar ends it is said: the next year's days are announced in November.
inline constexpr absl::Duration kCalendarEndsSoon = absl::Hours(24 * 45);

// The beginning of the first year from `now` on that the calendar does not know; the infinite
// future when no enabled route goes by it.
absl::Time CalendarEnds(const RouteSet& routes, absl::Time now);

// For how long a group of the route is silent once it has found something; zero where it is not.
absl::Duration RepeatOf(const Route& route);

// How far back in the log the clues of a route bear on what it tells.
absl::Duration ReachOf(const Route& route);
// The longest of the enabled routes; zero when none is.
absl::Duration ReachOf(const RouteSet& routes);

// When so much of a surge's baseline lies behind `known_since` that its median may be called usual:
// half of it.
absl::Time SpeaksFrom(const SurgeRule& rule, absl::Time known_since);

// Whether an enabled route counts persons.
bool CountsPersons(const RouteSet& routes);

// How far back the enabled routes look at what was known against an organ, which goes beyond the
// log; zero when none does.
absl::Duration RecordOf(const RouteSet& routes);

}  // namespace supervision::combining
