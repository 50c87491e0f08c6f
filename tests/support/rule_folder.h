#pragma once

#include <string>

#include "services/config/rule_files.h"
#include "tests/support/temp_dir.h"

namespace supervision::testing {

// The text that every set of a RuleFolder sorts into its own scenario.
inline constexpr char kRuleFolderText[] = "处罚决定书未送达，罚款已经扣缴。";

// A folder of rules as Kubernetes mounts one: catalogue.yaml and rules are links through ..data,
// which points to a folder of its own for each set and is exchanged by a rename.
class RuleFolder {
 public:
  // The one rule of a set gives kRuleFolderText this scenario; its catalogue has this version.
  struct Set {
    std::string scenario = "ADMIN_ENFORCEMENT";
    std::string catalogue_version = "a";
    std::string more;  // further lines of the rule, e.g. a mistake
  };

  RuleFolder();                         // holds Set()
  void Exchange(const Set& set);        // all files at once, by pointing ..data elsewhere
  void Write(const std::string& more);  // appends to the rule file in place, as an editor does

  config::RuleFiles files() const;  // without a model
  std::string path() const { return folder_.path(); }
  std::string rule_file() const { return path() + "/rules/10_test.yaml"; }

 private:
  TempDir folder_;
  int sets_ = 0;
};

}  // namespace supervision::testing
