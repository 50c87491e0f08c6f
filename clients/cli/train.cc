#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "clients/cli/commands.h"
#include "services/classification/catalogue.h"
#include "services/classification/classifier.h"
#include "services/classification/model/model.h"
#include "services/classification/model/trainer.h"
#include "services/classification/rules.h"
#include "services/config/catalogue_config.h"
#include "services/config/labelled_clues.h"
#include "services/config/rules_config.h"
#include "services/domain/civil_date.h"

namespace supervision::cli {
namespace {

constexpr char kFooter[] =
    R"(Works from files, without a service. A label file has one JSON object a line: id, content and label,
and where there are any title, secondary, risk, accept, accept_risk, problem_codes. The same clues, rules and seed
give the same bytes. Near-duplicates are kept together while thresholds are chosen. The model of CONFIG is replaced
only by one with which a service starts, with all 12 classes; any other needs --out.

Examples:
  supervisionctl train
  supervisionctl train --labels mine.jsonl --labels more.jsonl --out model.bin
  supervisionctl evaluate --labels deploy/config/model/training/clues_all_sources.jsonl --cv 5)";

struct Flags {
  std::vector<std::string> labels;
  std::string config = "deploy/config";
  std::string out;
  uint64_t seed = 1;
  std::string version = "2026.1";
};

absl::StatusOr<std::vector<std::string>> LabelFiles(const Flags& flags) {
  if (!flags.labels.empty()) return flags.labels;
  const std::string folder = flags.config + "/model/training";
  std::vector<std::string> files;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    if (entry.path().extension() == ".jsonl") files.push_back(entry.path().string());
  }
  if (error || files.empty()) {
    return absl::NotFoundError(
        absl::StrCat(folder, ": no .jsonl files to learn from; name some with --labels"));
  }
  std::sort(files.begin(), files.end());
  return files;
}

struct Learnt {
  classification::Catalogue catalogue;
  classification::RuleSet rules;
  std::string bytes;
};

absl::StatusOr<Learnt> Learn(const Flags& flags, Session& session) {
  const auto files = LabelFiles(flags);
  if (!files.ok()) return files.status();
  const auto set = config::LoadLabelledClues(*files, config::LabelNames::kCatalogueOrOwn);
  if (!set.ok()) return set.status();
  auto catalogue = config::LoadCatalogue(flags.config + "/catalogue.yaml");
  if (!catalogue.ok()) return catalogue.status();
  auto rules = config::LoadRules(flags.config + "/rules", domain::CivilDate(absl::Now()));
  if (!rules.ok()) return rules.status();
  const auto classifier = classification::Classifier::Create(*catalogue, *rules);
  if (!classifier.ok()) return classifier.status();
  std::map<std::string, size_t> sizes;
  for (const auto& clue : set->clues) ++sizes[clue.label];
  session.Print(absl::StrFormat("%d clues of %d classes from %d files\n", set->clues.size(),
                                sizes.size(), set->files.size()));
  for (const auto& [label, size] : sizes) session.Print(absl::StrFormat("%7d  %s\n", size, label));
  auto bytes = classification::Train(set->clues, **classifier,
                                     {.seed = flags.seed, .version = flags.version});
  if (!bytes.ok()) return bytes.status();
  return Learnt{*std::move(catalogue), *std::move(rules), *std::move(bytes)};
}

// Writes beside the place first, so that a reader never meets half a model.
bool WriteWhole(const std::string& path, const std::string& bytes) {
  const std::string beside = path + ".new";
  std::ofstream file(beside, std::ios::binary | std::ios::trunc);
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  file.close();
  std::error_code error;
  if (file) std::filesystem::rename(beside, path, error);
  if (!file || error) {
    std::filesystem::remove(beside, error);
    return false;
  }
  return true;
}

int Train(Session& session, const Flags& flags) {
  const auto before = std::chrono::steady_clock::now();
  const absl::StatusOr<Learnt> learnt = Learn(flags, session);
  if (!learnt.ok()) {
    return session.FailUsage({"nothing was learnt", "未能训练"},
                             std::string(learnt.status().message()));
  }
  const std::string& bytes = learnt->bytes;
  const auto model = classification::Model::Load(bytes);
  if (!model.ok()) {
    return session.FailUsage({"the model just made cannot be read", "生成的模型无法读取"},
                             std::string(model.status().message()));
  }
  if (flags.out.empty()) {  // what a service reads at its next start
    const auto starts =
        classification::Classifier::Create(learnt->catalogue, learnt->rules, *model);
    if (!starts.ok()) {
      return session.FailUsage(
          {"no service would start with this model, so the one in place is kept; "
           "write it elsewhere with --out",
           "服务无法以此模型启动，原模型保留；请用 --out 写到别处"},
          std::string(starts.status().message()));
    }
  }
  const std::string path = flags.out.empty() ? flags.config + "/model/model.bin" : flags.out;
  if (!WriteWhole(path, bytes)) {
    return session.FailUsage({"cannot be written", "无法写入"}, path);
  }
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - before;
  session.Print(absl::StrFormat("model %s, %d bytes, review below %.3f, %.1f s: %s\n",
                                std::string((*model)->version()), bytes.size(),
                                (*model)->review_below(), taken.count(), path));
  return kOk;
}

}  // namespace

void AddTrain(CLI::App& app, Session& session, Run& run) {
  auto* const command =
      app.add_subcommand("train", "Learn the classification model from labelled clues");
  const auto flags = std::make_shared<Flags>();
  command->add_option("--labels", flags->labels,
                      "Files of labelled clues (default: those of CONFIG/model/training)");
  command->add_option("--config", flags->config, "Folder with catalogue.yaml and rules")
      ->capture_default_str();
  command->add_option("--out", flags->out, "File to write (default: CONFIG/model/model.bin)");
  command->add_option("--seed", flags->seed, "Seed of the inner folds")->capture_default_str();
  command->add_option("--model-version", flags->version, "Version that verdicts will name")
      ->capture_default_str();
  command->footer(kFooter);
  command->callback(
      [&session, &run, flags] { run = [&session, flags] { return Train(session, *flags); }; });
}

}  // namespace supervision::cli
