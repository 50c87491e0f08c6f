#include "services/classification/statutes.h"

#include <algorithm>
#include <map>

#include "absl/strings/str_cat.h"

namespace supervision::classification {
namespace {

std::string Day(absl::CivilDay day) { return absl::FormatCivilTime(day); }

class Citations {
 public:
  Citations(const RuleSet& rules, std::vector<std::string>* errors, std::vector<std::string>* ended)
      : as_of_(rules.as_of), errors_(errors), ended_(ended) {
    for (const Statute& statute : rules.statutes) {
      const bool fresh = statutes_.emplace(statute.name, &statute).second;
      if (statute.name.empty() || !fresh) {
        Add(errors_, statute.origin,
            absl::StrCat("statute ", statute.name, " is nameless or listed twice; drop one"));
      }
      const EffectiveDates& dates = statute.effective;
      if (dates.from.has_value() && dates.to.has_value() && *dates.to < *dates.from) {
        Add(errors_, statute.origin,
            absl::StrCat("statute ", statute.name,
                         ": its last day lies before its first; swap them"));
      }
    }
  }

  void Check(const std::string& what, const EffectiveDates& effective,
             const std::vector<LegalBasis>& basis) {
    if (!effective.Covers(as_of_)) {
      return;
    }
    for (const LegalBasis& row : basis) {
      CheckRow(what, row);
    }
  }

 private:
  static void Add(std::vector<std::string>* to, const Origin& origin, const std::string& message) {
    to->push_back(absl::StrCat(ToString(origin), ": ", message));
  }

  void CheckRow(const std::string& what, const LegalBasis& row) {
    const std::string cited =
        row.article.empty() ? row.statute : absl::StrCat(row.statute, " 第", row.article, "条");
    const auto found = statutes_.find(row.statute);
    if (found == statutes_.end()) {
      if (!statutes_.empty() && !row.statute.empty()) {
        Add(errors_, row.origin,
            absl::StrCat(what, " rests on ", cited,
                         ", which is not listed; correct the name, or add the statute with its "
                         "dates under `statutes`"));
      }
    } else {
      CheckDates(what, cited, row, found->second->effective, found->second->replaced_by);
    }
    CheckDates(what, cited, row, row.effective, "");
  }

  void CheckDates(const std::string& what, const std::string& cited, const LegalBasis& row,
                  const EffectiveDates& dates, const std::string& replaced_by) {
    if (dates.EndedBefore(as_of_)) {
      Add(ended_, row.origin,
          absl::StrCat(what, " rests on ", cited, ", which ended on ", Day(*dates.to), "; cite ",
                       replaced_by.empty() ? "what holds now" : replaced_by,
                       ", or end the rule with effective.to"));
    } else if (dates.from.has_value() && as_of_ < *dates.from) {
      Add(errors_, row.origin,
          absl::StrCat(what, " rests on ", cited, ", which is not in force before ",
                       Day(*dates.from), "; give the rule that effective.from"));
    }
  }

  const absl::CivilDay as_of_;
  std::vector<std::string>* const errors_;
  std::vector<std::string>* const ended_;
  std::map<std::string, const Statute*> statutes_;
};

}  // namespace

void CheckCitations(const Catalogue& catalogue, const RuleSet& rules,
                    std::vector<std::string>* errors, std::vector<std::string>* ended) {
  Citations citations(rules, errors, ended);
  for (const ScenarioEntry& entry : catalogue.scenarios) {
    citations.Check(absl::StrCat("scenario ", entry.code), entry.effective, entry.legal_basis);
  }
  for (const Problem& problem : rules.problems) {
    citations.Check(absl::StrCat("problem ", problem.code), problem.effective, problem.legal_basis);
  }
  for (const Rule& rule : rules.rules) {
    citations.Check(absl::StrCat("rule ", rule.id), rule.effective, rule.legal_basis);
  }
}

Catalogue WithoutEndedCitations(const Catalogue& catalogue, const RuleSet& rules) {
  const auto ended = [&](const LegalBasis& row) {
    return row.effective.EndedBefore(rules.as_of) ||
           std::any_of(rules.statutes.begin(), rules.statutes.end(), [&](const Statute& statute) {
             return statute.name == row.statute && statute.effective.EndedBefore(rules.as_of);
           });
  };
  Catalogue holds = catalogue;
  for (ScenarioEntry& entry : holds.scenarios) {
    std::vector<LegalBasis>& basis = entry.legal_basis;
    basis.erase(std::remove_if(basis.begin(), basis.end(), ended), basis.end());
  }
  return holds;
}

}  // namespace supervision::classification
