#include "services/combining/trial.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "services/combining/engine.h"
#include "services/domain/civil_date.h"

namespace supervision::combining {
namespace {

std::string Moment(absl::Time time) {
  return absl::FormatTime("%Y-%m-%d %H:%M", time, domain::ChinaTime());
}

domain::ChangeEvent EventOf(const TrialClue& clue) {
  domain::ChangeEvent event;
  domain::Alert& alert = event.alert;
  alert.version = 1;
  alert.kind =
      clue.withdrawn ? domain::AlertKind::kClueWithdrawn : domain::AlertKind::kClueReceived;
  alert.clue_id = clue.id;
  alert.facets = clue.facts.facets;
  alert.problem_codes = clue.facts.problems;
  alert.risk_reasons = {{"TEST", clue.facts.points, "", ""}};
  alert.matter = clue.matter;
  alert.received_at = alert.raised_at = clue.at;
  if (clue.handled) {
    if (clue.known) {
      alert.kind = domain::AlertKind::kResolved;
      alert.received_at = clue.received;
    }
    alert.facets.state = domain::AlertState::kResolved;
    alert.handling.emplace();
    alert.handling->outcome = domain::AlertOutcome::kHandled;
    alert.handling->changed_at = clue.at;
  }
  return event;
}

std::string Describe(const Firing& firing, absl::Time at) {
  const domain::Alert& alert = firing.alert;
  return absl::StrCat(Moment(at), ", ", alert.group->total, " clues, ",
                      std::string(domain::Code(alert.facets.risk)), ", version ", firing.version,
                      ": ", alert.group->arithmetic_zh);
}

// In what `firing`, told at `at`, is otherwise than expected; empty: in nothing.
std::string Difference(const ExpectedFiring& expected, const Firing& firing, absl::Time at) {
  const domain::Alert& alert = firing.alert;
  if (at != expected.at) return absl::StrCat("it came at ", Moment(at));
  if (expected.members.has_value() && alert.group->total != *expected.members) {
    return absl::StrCat("it has ", alert.group->total, " clues");
  }
  if (expected.risk.has_value() && alert.facets.risk != *expected.risk) {
    return absl::StrCat("its risk is ", std::string(domain::Code(alert.facets.risk)));
  }
  if (expected.region.has_value() && alert.facets.region_code != *expected.region) {
    return absl::StrCat("its region is \"", alert.facets.region_code, "\"");
  }
  if (expected.unit.has_value() && alert.facets.unit.name != *expected.unit) {
    return absl::StrCat("its unit is \"", alert.facets.unit.name, "\"");
  }
  if (firing.version != expected.version) return absl::StrCat("it is version ", firing.version);
  if (alert.group->arithmetic_zh.find(expected.says) == std::string::npos) {
    return absl::StrCat("it says \"", alert.group->arithmetic_zh, "\"");
  }
  return "";
}

// Each firing with the moment at which the clock stood.
std::vector<std::pair<absl::Time, Firing>> RunTimed(const Trial& trial) {
  auto routes = std::make_shared<RouteSet>();
  routes->routes = {trial.route};
  routes->routes[0].enabled = true;
  routes->calendar = trial.calendar;
  Engine engine(routes, {});
  if (!trial.clues.empty()) engine.HistoryBegins(trial.clues.front().at);
  engine.GoLive({});
  std::vector<std::pair<absl::Time, Firing>> told;
  const auto advance = [&](absl::Time until) {
    for (std::optional<absl::Time> next = engine.NextDue(); next.has_value() && *next <= until;
         next = engine.NextDue()) {
      for (Firing& firing : engine.Due(*next)) told.emplace_back(*next, std::move(firing));
    }
  };
  int64_t position = 0;
  for (const TrialClue& clue : trial.clues) {
    // What falls on this very moment comes after the clue.
    advance(clue.at - absl::Nanoseconds(1));
    engine.Take(0, ++position, EventOf(clue));
  }
  advance(trial.until);
  return told;
}

// Why a surge may not have come yet; empty: that is no reason.
std::string WhySilent(const Trial& trial, absl::Time at) {
  const auto* const rule = std::get_if<SurgeRule>(&trial.route.rule);
  if (rule == nullptr || trial.clues.empty()) return "";
  const absl::Time from = SpeaksFrom(*rule, trial.clues.front().at);
  if (at >= from) return "";
  return absl::StrCat(": what is usual is known from ", Moment(from),
                      " on, when half of the baseline lies behind the test's first clue");
}

}  // namespace

std::vector<Firing> Run(const Trial& trial) {
  std::vector<Firing> firings;
  for (auto& [at, firing] : RunTimed(trial)) firings.push_back(std::move(firing));
  return firings;
}

std::vector<std::string> Check(const Trial& trial) {
  std::vector<std::string> mistakes;
  const std::vector<std::pair<absl::Time, Firing>> told = RunTimed(trial);
  const std::string test = absl::StrCat("test \"", trial.name, "\": ");
  for (size_t i = 0; i < std::max(told.size(), trial.expect.size()); ++i) {
    if (i >= told.size()) {
      mistakes.push_back(absl::StrCat(trial.expect[i].origin, ": ", test, "the alert of ",
                                      Moment(trial.expect[i].at), " did not come",
                                      WhySilent(trial, trial.expect[i].at)));
    } else if (i >= trial.expect.size()) {
      mistakes.push_back(absl::StrCat(
          trial.origin, ": ", test,
          "an alert came that is not expected: ", Describe(told[i].second, told[i].first)));
    } else {
      const std::string difference = Difference(trial.expect[i], told[i].second, told[i].first);
      if (difference.empty()) continue;
      mistakes.push_back(absl::StrCat(trial.expect[i].origin, ": ", test, "the alert of ",
                                      Moment(trial.expect[i].at), ": ", difference));
    }
  }
  return mistakes;
}

}  // namespace supervision::combining
