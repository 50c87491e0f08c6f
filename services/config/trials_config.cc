#include "services/config/trials_config.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/config/suggest.h"
#include "services/domain/civil_date.h"
#include "services/domain/matter.h"

namespace supervision::config {
namespace {

constexpr int kMostTimes = 10'000;

class TrialReader {
 public:
  TrialReader(const SourceMap& source, Problems* problems) : source_(source), problems_(problems) {}

  bool failed() const { return failed_; }

  absl::Time Moment(const std::string& text, const std::string& path) {
    absl::Time time;
    std::string error;
    if (text.empty() ||
        !absl::ParseTime("%Y-%m-%d %H:%M", text, domain::ChinaTime(), &time, &error)) {
      Wrong(path, absl::StrCat(text.empty() ? "is missing" : Quote(text) + " is no time",
                               "; write it as \"2026-03-02 09:00\""));
    }
    return time;
  }

  std::optional<domain::Risk> Risk(const std::string& text, const std::string& path) {
    if (text.empty()) return std::nullopt;
    const std::optional<domain::Risk> risk = domain::RiskFromCode(text);
    if (!risk.has_value()) {
      Wrong(path, absl::StrCat(Quote(text), " is no risk; write LOW, MEDIUM or HIGH"));
    }
    return risk;
  }

  void AddClue(const v1::TestClue& from, const std::string& at, int number,
               combining::Trial* trial) {
    combining::TrialClue clue;
    clue.at = Moment(from.at(), at + ".at");
    clue.id = from.id().empty() ? std::to_string(number) : from.id();
    clue.withdrawn = from.withdrawn();
    clue.handled = from.handled();
    if (clue.handled && clue.withdrawn) {
      Wrong(at + ".handled", "stands beside withdrawn; write a clue for each");
    }
    if (clue.handled && !from.id().empty() && FindBefore(*trial, &clue)) {
      return AddLater(std::move(clue), at, trial);
    }
    domain::Facets& facets = clue.facts.facets;
    const auto scenario = domain::ScenarioFromCode(from.scenario());
    if (!scenario.has_value()) {
      std::vector<std::string> known;
      for (const domain::Scenario one : domain::kScenarios) known.emplace_back(domain::Code(one));
      Wrong(at + ".scenario",
            absl::StrCat(from.scenario().empty() ? "is missing; "
                                                 : Quote(from.scenario()) + " is no scenario; ",
                         Suggest(from.scenario(), known)));
    }
    facets.scenario = scenario.value_or(domain::Scenario::kUnspecified);
    facets.risk = Risk(from.risk(), at + ".risk").value_or(domain::Risk::kLow);
    facets.region_code = from.region();
    facets.unit = {from.unit(), from.unit_code()};
    facets.partner = from.partner().empty() ? "partner" : from.partner();
    facets.state = domain::AlertState::kOpen;
    clue.facts.problems = {from.problems().begin(), from.problems().end()};
    clue.facts.points = from.points();
    if (from.persons() < 0) Wrong(at + ".persons", "is less than none; write how many");
    clue.matter = MatterOf(from);
    CheckOrder(clue, at, *trial);
    const int times = from.times() == 0 ? 1 : from.times();
    if (times < 1 || times > kMostTimes) {
      Wrong(at + ".times", absl::StrCat("is out of bounds; write 1 to ", kMostTimes));
      return;
    }
    if (times == 1) return trial->clues.push_back(std::move(clue));
    for (int i = 1; i <= times; ++i) {
      trial->clues.push_back(clue);
      trial->clues.back().id = absl::StrCat(clue.id, "-", i);
    }
  }

  // Whether `clue` is a step of one that came before, as which it then is about.
  static bool FindBefore(const combining::Trial& trial, combining::TrialClue* clue) {
    const auto before =
        std::find_if(trial.clues.begin(), trial.clues.end(),
                     [&](const combining::TrialClue& one) { return one.id == clue->id; });
    if (before == trial.clues.end()) return false;
    clue->facts = before->facts;
    clue->matter = before->matter;
    clue->received = before->at;
    return clue->known = true;
  }

  void AddLater(combining::TrialClue clue, const std::string& at, combining::Trial* trial) {
    CheckOrder(clue, at, *trial);
    trial->clues.push_back(std::move(clue));
  }

  void CheckOrder(const combining::TrialClue& clue, const std::string& at,
                  const combining::Trial& trial) {
    if (trial.clues.empty() || clue.at >= trial.clues.back().at) return;
    Wrong(at + ".at", "is earlier than the clue before; write them in the order of time");
  }

  // As of a clue that is submitted with this text and this number.
  static std::shared_ptr<const domain::MatterKeys> MatterOf(const v1::TestClue& from) {
    if (from.text().empty() && from.number().empty() && from.persons() == 0) return nullptr;
    domain::ClueContent content;
    if (from.persons() != 0) content.persons_affected = from.persons();
    content.content = from.text();
    content.region_code = from.region();
    content.unit = {from.unit(), from.unit_code()};
    if (!from.number().empty()) {
      content.instruments = {
          {domain::InstrumentType::kPenaltyDecision, from.number(), std::nullopt}};
    }
    return std::make_shared<const domain::MatterKeys>(domain::MatterKeysOf(content));
  }

  void AddExpected(const v1::ExpectedAlert& from, const std::string& at, combining::Trial* trial) {
    combining::ExpectedFiring expected;
    expected.origin = Place(at);
    expected.at = Moment(from.at(), at + ".at");
    if (from.members() != 0) expected.members = from.members();
    expected.risk = Risk(from.risk(), at + ".risk");
    if (source_.Has(at + ".region")) expected.region = from.region();
    if (source_.Has(at + ".unit")) expected.unit = from.unit();
    if (from.version() != 0) expected.version = static_cast<uint32_t>(from.version());
    expected.says = from.says();
    trial->expect.push_back(std::move(expected));
  }

  std::string Place(const std::string& path) const {
    return absl::StrCat(source_.file(), ":", source_.Find(path).line);
  }

  void Wrong(const std::string& path, std::string text) {
    failed_ = true;
    problems_->Add(source_, path, std::move(text));
  }

 private:
  const SourceMap& source_;
  Problems* const problems_;
  bool failed_ = false;
};

}  // namespace

std::optional<combining::Trial> ToTrial(const v1::RouteTestConfig& from, const std::string& at,
                                        const combining::RouteSet& routes, const SourceMap& source,
                                        Problems* problems) {
  TrialReader reader(source, problems);
  combining::Trial trial;
  trial.origin = reader.Place(at);
  trial.name = from.name().empty() ? from.route() : from.name();
  trial.calendar = routes.calendar;
  const auto route =
      std::find_if(routes.routes.begin(), routes.routes.end(),
                   [&](const combining::Route& one) { return one.id == from.route(); });
  if (route == routes.routes.end()) {
    std::vector<std::string> known;
    for (const combining::Route& one : routes.routes) known.push_back(one.id);
    reader.Wrong(
        at + ".route",
        absl::StrCat(from.route().empty() ? "is missing; " : Quote(from.route()) + " is no route; ",
                     Suggest(from.route(), known)));
    return std::nullopt;
  }
  trial.route = *route;
  for (int i = 0; i < from.clues_size(); ++i) {
    reader.AddClue(from.clues(i), absl::StrCat(at, ".clues[", i, "]"), i + 1, &trial);
  }
  if (trial.clues.empty()) reader.Wrong(at + ".clues", "are missing; write what comes in");
  for (int i = 0; i < from.expect_size(); ++i) {
    reader.AddExpected(from.expect(i), absl::StrCat(at, ".expect[", i, "]"), &trial);
  }
  if (!from.until().empty()) {
    trial.until = reader.Moment(from.until(), at + ".until");
  } else if (!trial.clues.empty()) {
    trial.until = trial.clues.back().at;
  }
  if (reader.failed()) return std::nullopt;
  return trial;
}

}  // namespace supervision::config
