#include "services/classification/digest.h"

#include "absl/strings/str_cat.h"
#include "services/base/hash.h"
#include "services/base/hex.h"

namespace supervision::classification {
namespace {

constexpr size_t kDigestBytes = 6;

// Writes each value with its length, so that no two rule sets give the same text.
class Canon {
 public:
  Canon& Text(const std::string& value) {
    absl::StrAppend(&text_, value.size(), ":", value);
    return *this;
  }
  template <typename T>
  Canon& Number(T value) {
    absl::StrAppend(&text_, value, ";");
    return *this;
  }
  template <typename E>
  Canon& Enum(E value) {
    return Number(static_cast<int>(value));
  }
  Canon& Phrases(const std::vector<Phrase>& phrases) {
    Number(phrases.size());
    for (const Phrase& phrase : phrases) {
      Text(phrase.text);
    }
    return *this;
  }
  Canon& Dates(const EffectiveDates& dates) {
    const auto day = [&](const std::optional<absl::CivilDay>& value) {
      Text(value.has_value() ? absl::FormatCivilTime(*value) : "");
    };
    day(dates.from);
    day(dates.to);
    return *this;
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

}  // namespace

std::string ShortDigest(const RuleSet& rules) {
  Canon canon;
  const Scoring& scoring = rules.scoring;
  for (const domain::Scenario scenario : scoring.precedence) {
    canon.Enum(scenario);
  }
  for (const ClassPrior& prior : scoring.priors) {
    canon.Enum(prior.scenario).Number(prior.bias).Enum(prior.default_risk);
  }
  canon.Number(scoring.instrument_bonus).Number(scoring.tie_margin).Number(scoring.temperature);
  canon.Number(scoring.review_below).Number(scoring.secondary_from);
  canon.Number(scoring.within).Number(scoring.unless_within);
  const RiskFormula& risk = rules.risk;
  for (const int32_t value :
       {risk.base_low, risk.base_medium, risk.base_high, risk.repeat, risk.repeat_max,
        risk.spread_group, risk.spread_crowd, risk.group_from, risk.crowd_from, risk.sensitivity,
        risk.sensitivity_max, risk.medium_from, risk.high_from}) {
    canon.Number(value);
  }
  for (const Lexicon& lexicon : rules.lexicons) {
    canon.Text(lexicon.name).Phrases(lexicon.phrases);
  }
  for (const Problem& problem : rules.problems) {
    if (!problem.effective.Covers(rules.as_of)) continue;
    canon.Text(problem.code).Enum(problem.scenario).Text(problem.name_zh).Text(problem.name_en);
    canon.Enum(problem.risk).Dates(problem.effective);
  }
  for (const Rule& rule : rules.rules) {
    if (!rule.effective.Covers(rules.as_of)) continue;
    canon.Text(rule.id).Enum(rule.kind).Enum(rule.scenario).Number(rule.weight).Number(rule.scope);
    canon.Enum(rule.section).Number(rule.within).Phrases(rule.any).Phrases(rule.with);
    canon.Phrases(rule.without).Phrases(rule.unless).Number(rule.instruments.size());
    for (const domain::InstrumentType type : rule.instruments) {
      canon.Enum(type);
    }
    canon.Text(rule.problem).Enum(rule.signal).Enum(rule.addend);
    canon.Text(rule.reason_zh).Text(rule.reason_en).Dates(rule.effective);
  }
  canon.Phrases(rules.reading.organ).Phrases(rules.reading.told).Phrases(rules.reading.in_vain);
  return base::HexEncode(base::Prefix(base::Sha256(canon.text()), kDigestBytes));
}

}  // namespace supervision::classification
