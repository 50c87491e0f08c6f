#include "services/config/rule_files.h"

#include <filesystem>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "services/base/hash.h"
#include "services/base/hex.h"
#include "services/classification/catalogue.h"
#include "services/classification/rules.h"
#include "services/config/catalogue_config.h"
#include "services/config/model_file.h"
#include "services/config/rules_config.h"
#include "services/config/yaml_loader.h"
#include "services/domain/civil_date.h"

namespace supervision::config {
namespace {

constexpr size_t kMostBytes = size_t{64} << 20;
constexpr size_t kDigestBytes = 6;
// A swap of all files takes moments: who still finds others after this many readings has a writer
// that never rests.
constexpr int kReadings = 5;

absl::StatusOr<std::shared_ptr<const classification::Classifier>> Load(
    const RuleFiles& files, absl::CivilDay day, classification::Lapsed lapsed) {
  absl::StatusOr<classification::Catalogue> catalogue = LoadCatalogue(files.catalogue);
  absl::StatusOr<classification::RuleSet> rules = LoadRules(files.rules, day);
  absl::StatusOr<std::shared_ptr<const classification::Model>> model = nullptr;
  if (!files.model.empty()) model = LoadModel(files.model);
  std::vector<std::string> mistakes;
  for (const absl::Status& status : {catalogue.status(), rules.status(), model.status()}) {
    if (!status.ok()) mistakes.emplace_back(status.message());
  }
  if (!mistakes.empty()) return absl::InvalidArgumentError(absl::StrJoin(mistakes, "\n"));
  auto classifier = classification::Classifier::Create(*catalogue, *rules, *model, lapsed);
  if (!classifier.ok()) return classifier.status();
  return std::shared_ptr<const classification::Classifier>(*std::move(classifier));
}

}  // namespace

std::string DigestOf(const RuleFiles& files) {
  std::error_code error;
  std::vector<std::string> paths = RulePaths(files.rules, &error);
  paths.push_back(files.catalogue);
  if (!files.model.empty()) paths.push_back(files.model);
  std::string parts;
  for (const std::string& path : paths) {
    const absl::StatusOr<std::string> bytes = ReadFile(path, kMostBytes);
    absl::StrAppend(&parts, std::filesystem::path(path).filename().string(), "\n",
                    bytes.ok() ? base::Prefix(base::Sha256(*bytes), 32) : std::string("absent"));
  }
  return base::HexEncode(base::Prefix(base::Sha256(parts), kDigestBytes));
}

absl::StatusOr<RuleFileSet> LoadRuleFiles(const RuleFiles& files, absl::Time now,
                                          classification::Lapsed lapsed) {
  RuleFileSet set;
  set.day = domain::CivilDate(now);
  for (int reading = 0; reading < kReadings; ++reading) {
    set.digest = DigestOf(files);
    auto classifier = Load(files, set.day, lapsed);
    if (DigestOf(files) != set.digest) continue;
    if (!classifier.ok()) return classifier.status();
    set.classifier = *std::move(classifier);
    return set;
  }
  return absl::InvalidArgumentError(
      absl::StrCat(files.rules,
                   ": the files change while they are read; write them elsewhere and "
                   "rename them into place"));
}

std::vector<std::string> MistakesOf(const absl::Status& status) {
  std::vector<std::string> lines;
  if (status.ok()) return lines;
  for (const auto line : absl::StrSplit(status.message(), '\n', absl::SkipEmpty())) {
    // "3 mistakes in the catalogue and the rules:" only counts what follows.
    if (line.back() != ':') lines.emplace_back(line);
  }
  return lines;
}

}  // namespace supervision::config
