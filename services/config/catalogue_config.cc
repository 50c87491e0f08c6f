#include "services/config/catalogue_config.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "services/config/suggest.h"
#include "services/config/yaml_loader.h"
#include "services/config/yaml_tree.h"

namespace supervision::config {
namespace {

std::optional<absl::CivilDay> ToDay(const std::string& text, const SourceMap& source,
                                    const std::string& path, Problems* problems) {
  if (text.empty()) {
    return std::nullopt;
  }
  absl::CivilDay day;
  if (!absl::ParseCivilTime(text, &day)) {
    problems->Add(source, path, absl::StrCat(Quote(text), " is no date; write it as 2026-02-01"));
    return std::nullopt;
  }
  return day;
}

}  // namespace

classification::Origin OriginOf(const SourceMap& source, std::string_view path) {
  return {source.file(), static_cast<uint32_t>(source.Find(path).line)};
}

std::vector<classification::LegalBasis> ToLegalBasis(
    const google::protobuf::RepeatedPtrField<supervision::config::v1::LegalBasis>& basis,
    const SourceMap& source, const std::string& path, Problems* problems) {
  std::vector<classification::LegalBasis> result;
  for (int i = 0; i < basis.size(); ++i) {
    const std::string at = absl::StrCat(path, "[", i, "]");
    result.push_back({basis[i].statute(), basis[i].article(),
                      ToEffective(basis[i].effective(), source, at + ".effective", problems),
                      OriginOf(source, at)});
  }
  return result;
}

classification::EffectiveDates ToEffective(const supervision::config::v1::Effective& effective,
                                           const SourceMap& source, const std::string& path,
                                           Problems* problems) {
  return {ToDay(effective.from(), source, path + ".from", problems),
          ToDay(effective.to(), source, path + ".to", problems)};
}

std::vector<std::string> Lines(const Problems& problems) {
  if (problems.empty()) {
    return {};
  }
  return absl::StrSplit(std::string(problems.ToStatus().message()), '\n');
}

absl::StatusOr<classification::Catalogue> LoadCatalogue(const std::string& path) {
  absl::StatusOr<std::string> text = ReadFile(path, kMaxYamlBytes);
  if (!text.ok()) {
    return text.status();
  }
  supervision::config::v1::CatalogueFile file;
  SourceMap source;
  Problems problems;
  if (!ReadYaml(*text, path, &file, &source, &problems)) {
    return problems.ToStatus();
  }
  classification::Catalogue catalogue;
  catalogue.origin = {path, 0};
  catalogue.version = file.version();
  catalogue.effective = ToEffective(file.effective(), source, "effective", &problems);
  for (int i = 0; i < file.scenarios_size(); ++i) {
    const auto& row = file.scenarios(i);
    const std::string at = absl::StrCat("scenarios[", i, "]");
    classification::ScenarioEntry entry;
    entry.origin = OriginOf(source, at);
    entry.code = row.code();
    entry.number = row.number();
    entry.name_zh = row.name_zh();
    entry.name_en = row.name_en();
    entry.description_zh = row.description_zh();
    entry.description_en = row.description_en();
    entry.owner_subjects = {row.owner_subjects().begin(), row.owner_subjects().end()};
    entry.legal_basis = ToLegalBasis(row.legal_basis(), source, at + ".legal_basis", &problems);
    entry.effective = ToEffective(row.effective(), source, at + ".effective", &problems);
    catalogue.scenarios.push_back(std::move(entry));
  }
  catalogue.mistakes = Lines(problems);
  return catalogue;
}

}  // namespace supervision::config
