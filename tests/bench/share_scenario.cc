// What of intake is spent on sorting. As the service tells it of itself: the processor time of its
// verdicts in that of all who take part (service, Redis, client), which is what they cost of the
// throughput where the processors are what limits. And by comparison, which needs a quiet machine:
// the same load on two services, one with the shipped rules and model, one with a bare set of a few
// words that calls every clue the same. What a fuller verdict costs those who store and send it is
// in the comparison only.

#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "services/classification/classifier.h"
#include "services/classification/model/format.h"
#include "services/config/catalogue_config.h"
#include "services/config/model_file.h"
#include "services/config/rules_config.h"
#include "services/domain/civil_date.h"
#include "services/domain/scenario.h"
#include "tests/bench/load.h"
#include "tests/bench/requests.h"
#include "tests/bench/scenarios.h"
#include "tests/bench/waiting.h"
#include "tests/support/metrics_page.h"
#include "tests/support/service_process.h"
#include "tests/support/temp_dir.h"

namespace supervision::bench {
namespace {

constexpr int kBatchClues = 128;
constexpr int kBatchesInFlight = 8;
constexpr int kUnaryInFlight = 64;
constexpr int kRounds = 4;
constexpr domain::Scenario kEachClue = domain::Scenario::kAdminEnforcement;  // told to monitors

const std::string kConfig = std::string(SUPERVISION_SOURCE_DIR) + "/deploy/config";

// Words of the title that all clues have: about as much evidence as the shipped set gives these
// clues, so that both services store and send as much.
constexpr std::array<std::string_view, 12> kTitleWords = {"反映", "有关",   "部门",   "履职",
                                                          "问题", "映有",   "关部",   "门履",
                                                          "职问", "反映有", "有关部", "部门履"};

// Like the shipped ones, a verdict in scope and without doubt; unlike them, whatever the text says.
std::string BareRules() {
  std::string yaml = "version: \"bare\"\nscoring:\n  precedence: [";
  std::string priors;
  for (const domain::Scenario scenario : domain::kScenarios) {
    const std::string code(domain::Code(scenario));
    const bool out = scenario == domain::Scenario::kOutOfScope;
    if (!out) absl::StrAppend(&yaml, scenario == domain::kScenarios[0] ? "" : ", ", code);
    absl::StrAppend(&priors, "    - {scenario: ", code, ", bias: ", scenario == kEachClue ? 5 : 0,
                    out ? "}\n" : ", default_risk: MEDIUM}\n");
  }
  absl::StrAppend(&yaml, "]\n  priors:\n", priors);
  absl::StrAppend(&yaml, "  temperature: 1\n  within: 12\n  unless_within: 12\n");
  absl::StrAppend(&yaml, "scenario: ", std::string(domain::Code(kEachClue)), "\nrules:\n");
  for (size_t i = 0; i < kTitleWords.size(); ++i) {
    absl::StrAppend(&yaml, "  - {id: BARE.RULE_", i,
                    ", kind: SUBSTANCE, weight: 1, scope: 1, any: [\"", std::string(kTitleWords[i]),
                    "\"]}\n");
  }
  return yaml;
}

std::string BareModel() {
  classification::ModelData model;
  model.version = "bare";
  for (const domain::Scenario scenario : domain::kScenarios) {
    model.classes.emplace_back(domain::Code(scenario));
    model.logit_biases.push_back(scenario == kEachClue ? 9.0F : 0.0F);
  }
  const size_t classes = model.classes.size();
  model.keys = {U'a'};
  model.values = {1};
  model.weights.assign(classes, 0);
  model.steps.assign(classes, 1);
  model.biases.assign(classes, 0);
  model.logits.assign(classes * classes, 0);
  return classification::WriteModel(model);
}

// One of the two: its files, and what it has taken.
struct Side {
  testing::TempDir directory;
  std::string rules;
  std::string model;
  std::unique_ptr<testing::ServiceProcess> service;

  double clues_per_second = 0;
  double clues = 0;
  absl::Duration processor;  // of the service and its Redis
  absl::Duration client;     // of the client
  absl::Duration sorting;    // of the service's verdicts, as it tells
  uint64_t failed = 0;

  bool Start() {
    testing::ServiceProcess::Options options;
    options.directory = directory.path();
    options.arguments = {"--files.rules=" + rules, "--files.model=" + model};
    service = std::make_unique<testing::ServiceProcess>(options);
    return service->Start();
  }
  absl::Duration Processor() const {
    return ProcessorTime(service->pid()) + ProcessorTime(testing::ChildOf(service->pid()));
  }
  absl::Duration Sorting() const {
    return absl::Seconds(testing::MetricOf(testing::MetricsPage(service->metrics_address()),
                                           "supervision_classification_processor_seconds_total"));
  }
  double ProcessorSeconds() const { return absl::ToDoubleSeconds(processor) / clues; }  // a clue
  void Clear() {
    clues_per_second = clues = 0;
    processor = client = sorting = absl::ZeroDuration();
  }
  void Add(const Throughput& run, int clues_per_call, absl::Duration duration,
           absl::Duration spent) {
    clues_per_second += run.per_second * clues_per_call;
    clues += run.per_second * clues_per_call * absl::ToDoubleSeconds(duration);
    processor += spent;
    failed += run.failed;
  }
};

// Seconds that one verdict takes on one core of this process.
double SecondsPerVerdict(const Side& side, absl::Duration duration) {
  const auto classifier = classification::Classifier::Create(
      config::LoadCatalogue(kConfig + "/catalogue.yaml").value(),
      config::LoadRules(side.rules, domain::CivilDate(absl::Now())).value(),
      config::LoadModel(side.model).value());
  if (!classifier.ok()) return 0;
  int64_t verdicts = 0;
  const absl::Time begun = absl::Now();
  while (absl::Now() - begun < duration) {
    for (const std::string_view text : kTexts) {
      (*classifier)->Classify({"反映有关部门履职问题", text, nullptr, std::nullopt});
      ++verdicts;
    }
  }
  return absl::ToDoubleSeconds(absl::Now() - begun) / static_cast<double>(verdicts);
}

}  // namespace

void MeasureShareOfIntake(const Bench& bench, Report* report) {
  Side sorted;
  sorted.rules = kConfig + "/rules";
  sorted.model = kConfig + "/model/model.bin";
  Side bare;
  bare.rules = bare.directory.path() + "/rules";
  bare.model = bare.directory.path() + "/model.bin";
  std::filesystem::create_directory(bare.rules);
  std::ofstream(bare.rules + "/rules.yaml") << BareRules();
  std::ofstream(bare.model, std::ios::binary) << BareModel();
  if (!sorted.Start() || !bare.Start()) {
    std::fprintf(stderr, "a server did not start; its log: %s\n",
                 (sorted.service->running() ? bare : sorted).service->log_path().c_str());
    return;
  }
  const double with = SecondsPerVerdict(sorted, bench.duration / 4);
  const double without = SecondsPerVerdict(bare, bench.duration / 4);
  report->Add("verdict_us", "a verdict with the shipped rules and model", with * 1e6, "us");
  report->Add("bare_verdict_us", "a verdict with a bare set", without * 1e6, "us");
  if (with <= without) return;
  // The bare service normalises, scans and answers too, so a little of the share is in both.
  const double whole = with / (with - without);

  LoadClient sorted_client(sorted.service->grpc_address(), kPartnerToken);
  LoadClient bare_client(bare.service->grpc_address(), kPartnerToken);
  const auto measure = [&](const std::string& method, const LoadClient::Next& next,
                           const LoadClient::Parse& parse, int in_flight, int clues_per_call) {
    const absl::Duration slice = bench.duration / (2 * kRounds);
    const auto run = [&](Side* side, LoadClient* client) {
      const absl::Duration before = side->Processor();
      const absl::Duration client_before = ProcessorTime(getpid());
      const absl::Duration sorting_before = side->Sorting();
      const Throughput result = client->Run(method, next, parse, in_flight, slice);
      side->client += ProcessorTime(getpid()) - client_before;
      side->sorting += side->Sorting() - sorting_before;
      // The warm-up is a tenth more than what is counted.
      side->Add(result, clues_per_call, slice * 1.1, side->Processor() - before);
    };
    sorted.Clear();
    bare.Clear();
    for (int round = 0; round < kRounds;
         ++round) {  // there and back: what drifts falls on both alike
      run(&sorted, &sorted_client);
      run(&bare, &bare_client);
      run(&bare, &bare_client);
      run(&sorted, &sorted_client);
    }
  };
  const auto tell = [&](const std::string& suffix, const std::string& what,
                        const std::string& target) {
    report->Add("classification_share_of" + suffix, "classification's share of " + what,
                100 * whole * (1 - sorted.clues_per_second / bare.clues_per_second), "%", target);
    report->Add("classification_share_of" + suffix + "_metered",
                "verdicts in the processor time of all, " + what,
                100 * absl::FDivDuration(sorted.sorting, sorted.processor + sorted.client), "%");
    report->Add("verdict_us_in" + suffix, "processor time of a verdict inside the service, " + what,
                absl::ToDoubleMicroseconds(sorted.sorting) / sorted.clues, "us");
    const double spent = sorted.ProcessorSeconds();
    const double spent_bare = bare.ProcessorSeconds();
    report->Add("classification_share_of" + suffix + "_cpu",
                "the same of service's and Redis' processor time",
                100 * whole * (1 - spent_bare / spent), "%");
    report->Add("cpu_us_of" + suffix, "service's and Redis' processor time a clue, " + what,
                spent * 1e6, "us");
    report->Add("cpu_us_of" + suffix + "_bare", "the same with a bare set", spent_bare * 1e6, "us");
  };
  measure(kSubmitMethod, NextSubmit, ParseSubmitAnswer, kUnaryInFlight, 1);
  tell("_intake", "unary intake, 64 in flight", "<= 10");
  measure(
      kBatchMethod, [] { return NextBatch(kBatchClues); }, ParseBatchAnswer, kBatchesInFlight,
      kBatchClues);
  tell("_batch_intake", "batch intake", "");
  report->Add("classification_share_failed", "failed calls",
              static_cast<double>(sorted.failed + bare.failed), "", "<= 0");
}

}  // namespace supervision::bench
