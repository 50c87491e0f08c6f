#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "services/classification/catalogue.h"
#include "services/classification/classifier.h"
#include "services/classification/evaluation/answer.h"
#include "services/classification/model/labelled.h"
#include "services/classification/rules.h"

namespace supervision::cli {

// From where a classifier is put together.
struct ClassifierFiles {
  std::string catalogue;
  std::string rules;  // folder
  std::string model;  // empty: the rules alone
};

// Makes classifiers from files and from labelled clues, and lets them judge. For one thread.
class Workbench {
 public:
  // Reads catalogue and rules and compiles them.
  static absl::StatusOr<std::unique_ptr<Workbench>> Open(const ClassifierFiles& files);

  // Judges by the rules and the model of the files.
  absl::StatusOr<std::vector<classification::Answer>> Judge(
      const std::vector<classification::LabelledClue>& clues);

  // Learns a model from `training` and judges by it: together with the rules when its classes are
  // those of the catalogue, else by the model alone.
  absl::StatusOr<std::vector<classification::Answer>> LearnAndJudge(
      const std::vector<classification::LabelledClue>& training,
      const std::vector<classification::LabelledClue>& clues, uint64_t seed);

  const classification::Catalogue& catalogue() const { return catalogue_; }
  std::string rules_version() const { return std::string(rules_only_->rules_version()); }
  // Of the last model that judged; empty: none has.
  const std::string& model_version() const { return model_version_; }

 private:
  Workbench() = default;

  std::string model_file_;
  classification::Catalogue catalogue_;
  classification::RuleSet rules_;
  std::unique_ptr<classification::Classifier> rules_only_;
  std::string model_version_;
};

}  // namespace supervision::cli
