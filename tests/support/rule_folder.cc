#include "tests/support/rule_folder.h"

#include <filesystem>
#include <fstream>
#include <sstream>

namespace supervision::testing {
namespace {

namespace fs = std::filesystem;

const fs::path kShipped = fs::path(SUPERVISION_SOURCE_DIR) / "deploy/config";

std::string CatalogueOfVersion(const std::string& version) {
  std::ifstream shipped(kShipped / "catalogue.yaml");
  std::ostringstream text;
  for (std::string line; std::getline(shipped, line);) {
    text << (line.rfind("version:", 0) == 0 ? "version: \"" + version + "\"" : line) << "\n";
  }
  return text.str();
}

}  // namespace

RuleFolder::RuleFolder() {
  Exchange({});
  fs::create_symlink("..data/catalogue.yaml", fs::path(path()) / "catalogue.yaml");
  fs::create_symlink("..data/rules", fs::path(path()) / "rules");
}

void RuleFolder::Exchange(const Set& set) {
  const std::string name = "..set" + std::to_string(++sets_);
  const fs::path folder = fs::path(path()) / name;
  fs::create_directories(folder / "rules");
  std::ofstream(folder / "catalogue.yaml") << CatalogueOfVersion(set.catalogue_version);
  fs::copy_file(kShipped / "rules/00_scoring.yaml", folder / "rules/00_scoring.yaml");
  std::ofstream(folder / "rules/10_test.yaml") << "scenario: " << set.scenario
                                               << "\n"
                                                  "rules:\n"
                                                  "  - id: TEST.SERVED\n"
                                                  "    kind: SUBSTANCE\n"
                                                  "    weight: 9\n"
                                                  "    scope: 9\n"
                                                  "    any: [\"决定书未送达\"]\n"
                                                  "    examples: [\"处罚决定书未送达\"]\n"
                                               << set.more;
  const fs::path next = fs::path(path()) / "..next";
  fs::create_directory_symlink(name, next);
  const fs::path data = fs::path(path()) / "..data";
  std::error_code error;
  const fs::path before = fs::read_symlink(data, error);
  fs::rename(next, data);
  if (!error) fs::remove_all(fs::path(path()) / before);
}

void RuleFolder::Write(const std::string& more) {
  std::ofstream(rule_file(), std::ios::app) << more;
}

config::RuleFiles RuleFolder::files() const {
  return {.catalogue = path() + "/catalogue.yaml", .rules = path() + "/rules", .model = ""};
}

}  // namespace supervision::testing
