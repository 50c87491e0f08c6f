#include <filesystem>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "clients/cli/commands.h"
#include "services/classification/catalogue.h"
#include "services/classification/checks.h"
#include "services/classification/classifier.h"
#include "services/classification/examples.h"
#include "services/classification/statutes.h"
#include "services/classification/untried.h"
#include "services/config/catalogue_config.h"
#include "services/config/rules_config.h"
#include "services/domain/civil_date.h"

namespace supervision::cli {
namespace {

constexpr char kFooter[] =
    R"(Works from files, without a service. DIR holds catalogue.yaml and the folder rules, or is a folder of
rules itself (default: deploy/config). Ends with 1 when an example does not hold or the rules have
mistakes; each is told with file and line. With --on also what ends until that day is told: a law that
a rule rests on, a class (where there is a catalogue).

Examples:
  supervisionctl rules test
  supervisionctl rules test my-config
  supervisionctl rules test --on 2030-01-01)";

struct Flags {
  std::string folder = "deploy/config";
  std::string on;  // a day; empty: today
  bool list = false;
};

struct Loaded {
  classification::RuleSet rules;
  classification::ExampleReport report;
};

// What a service would tell of the rules at its start, where there is no catalogue beside them.
absl::Status CheckAlone(const classification::RuleSet& rules) {
  std::vector<std::string> mistakes;
  std::vector<std::string> ended;
  classification::CheckRules(rules, &mistakes);
  classification::CheckCitations({}, rules, &mistakes, &ended);
  mistakes.insert(mistakes.end(), ended.begin(), ended.end());
  if (mistakes.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(mistakes.size(), mistakes.size() == 1 ? " mistake" : " mistakes",
                   " in the rules:\n", absl::StrJoin(mistakes, "\n")));
}

absl::StatusOr<std::unique_ptr<Loaded>> RunAll(const std::string& folder, absl::CivilDay day) {
  std::error_code error;
  const bool whole = std::filesystem::is_directory(folder + "/rules", error);
  auto rules = config::LoadRules(whole ? folder + "/rules" : folder, day);
  if (!rules.ok()) return rules.status();
  if (whole) {  // then what a service would tell at its start is told here too
    const auto catalogue = config::LoadCatalogue(folder + "/catalogue.yaml");
    if (!catalogue.ok()) return catalogue.status();
    const auto classifier = classification::Classifier::Create(*catalogue, *rules);
    if (!classifier.ok()) return classifier.status();
  } else if (const absl::Status checked = CheckAlone(*rules); !checked.ok()) {
    return checked;
  }
  auto loaded = std::make_unique<Loaded>();
  loaded->rules = *std::move(rules);
  auto report = classification::RunExamples(loaded->rules);
  if (!report.ok()) return report.status();
  loaded->report = *std::move(report);
  return loaded;
}

int Test(Session& session, const Flags& flags) {
  absl::CivilDay day = domain::CivilDate(absl::Now());
  if (!flags.on.empty() && !absl::ParseCivilTime(flags.on, &day)) {
    return session.FailUsage({"not a date; write it as 2030-01-01", "日期有误，请写作 2030-01-01"},
                             flags.on);
  }
  const auto loaded = RunAll(flags.folder, day);
  if (!loaded.ok()) {
    return session.FailUsage({"the rules cannot be used", "规则无法使用"},
                             std::string(loaded.status().message()));
  }
  const classification::ExampleReport& report = (*loaded)->report;
  for (const auto& mistake : report.mistakes) {
    session.Print(absl::StrCat(ToString(mistake), "\n"));
  }
  session.Print(absl::StrFormat(
      "rules %s: %d rules, %d with both kinds of examples; %d examples and %d counter-examples, %d "
      "of them do "
      "not "
      "hold\n",
      (*loaded)->rules.version, report.rules, report.rules - report.without_examples.size(),
      report.examples, report.counter_examples, report.mistakes.size()));
  if (!report.without_rules.empty()) {
    session.Print(absl::StrCat(
        "problem models without a rule: ",
        absl::StrJoin(report.without_rules, " ",
                      [](std::string* out, const auto* problem) { out->append(problem->code); }),
        "\n"));
  }
  if (flags.list) {
    for (const classification::Rule* rule : report.without_examples) {
      session.Print(absl::StrCat(ToString(rule->origin), ": rule ", rule->id, " has no ",
                                 rule->examples.empty() ? "examples\n" : "counter-examples\n"));
    }
    const auto untried = classification::FindUntried((*loaded)->rules);
    if (!untried.ok()) return session.Fail(untried.status());
    for (const classification::Untried& part : *untried) {
      session.Print(absl::StrCat(ToString(part), "\n"));
    }
  }
  return report.mistakes.empty() ? kOk : kUsage;
}

}  // namespace

void AddRules(CLI::App& app, Session& session, Run& run) {
  auto* const group = app.add_subcommand("rules", "Work on classification rules");
  group->require_subcommand(1);
  auto* const command =
      group->add_subcommand("test", "Run each rule's examples and counter-examples");
  const auto flags = std::make_shared<Flags>();
  command->add_option("DIR", flags->folder, "Folder of the configuration, or of rules")
      ->capture_default_str();
  command->add_option("--on", flags->on,
                      "Which rules and laws hold: a day, 2030-01-01; default: today");
  command->add_flag("--list", flags->list,
                    "Name too the rules that lack examples, and what no counter-example tries");
  command->footer(kFooter);
  command->callback(
      [&session, &run, flags] { run = [&session, flags] { return Test(session, *flags); }; });
}

}  // namespace supervision::cli
