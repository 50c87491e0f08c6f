// What a reviewer says a clue is.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/intake/text_rules.h"
#include "services/rpc/from_proto.h"

namespace supervision::rpc {
namespace {

constexpr int kMaxProblemCodes = 8;
constexpr size_t kMaxCodeLength = 32;
constexpr size_t kMaxReason = 500;  // code points

bool IsScenario(int number) { return number > 0 && v1::Scenario_IsValid(number); }

bool IsProblemCode(const std::string& code) {
  return !code.empty() && code.size() <= kMaxCodeLength &&
         std::all_of(code.begin(), code.end(), [](char c) {
           return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
         });
}

domain::Finding FindingOf(const v1::CorrectVerdictRequest& proto, Violations* violations) {
  domain::Finding finding;
  const bool outside = proto.scenario() == v1::SCENARIO_OUT_OF_SCOPE;
  if (!IsScenario(proto.scenario())) {
    violations->push_back({"scenario", "is no scenario; write one that ListScenarios names",
                           "子场景未知；请使用 ListScenarios 返回的值"});
  } else {
    finding.scenario = static_cast<domain::Scenario>(proto.scenario());
  }
  const int secondary = proto.secondary_scenario();
  if (secondary != v1::SCENARIO_UNSPECIFIED &&
      (!IsScenario(secondary) || secondary == v1::SCENARIO_OUT_OF_SCOPE ||
       secondary == proto.scenario())) {
    violations->push_back({"secondary_scenario",
                           "is no second scenario; write another one within scope, or leave it out",
                           "次要子场景有误；请填写另一个监督子场景，或不填"});
  } else {
    finding.secondary = static_cast<domain::Scenario>(secondary);
  }
  if (!v1::Risk_IsValid(proto.risk()) || (proto.risk() == v1::RISK_UNSPECIFIED && !outside)) {
    violations->push_back({"risk", "is no risk; write LOW, MEDIUM or HIGH",
                           "风险等级未知；请使用 LOW、MEDIUM 或 HIGH"});
  } else {
    finding.risk = static_cast<domain::Risk>(proto.risk());
  }
  if (proto.problem_codes_size() > kMaxProblemCodes) {
    violations->push_back(
        {"problem_codes", "are too many; write at most 8", "问题代码过多；最多 8 个"});
  }
  for (int i = 0; i < std::min(proto.problem_codes_size(), kMaxProblemCodes); ++i) {
    if (!IsProblemCode(proto.problem_codes(i))) {
      violations->push_back({absl::StrCat("problem_codes[", i, "]"),
                             "is no problem code; write one such as ENF-24",
                             "问题代码有误；应形如 ENF-24"});
    }
    finding.problem_codes.push_back(proto.problem_codes(i));
  }
  return finding;
}

}  // namespace

ledger::CorrectionRequest FromProto(v1::CorrectVerdictRequest&& proto, Violations* violations) {
  ledger::CorrectionRequest request;
  intake::ValidateRequestId(proto.request_id(), "", violations);
  ValidateKey(proto.clue_id(), "clue_id", violations);
  ValidateKey(proto.etag(), "etag", violations);
  intake::ValidateTextField(proto.reason(), {.min = 1, .max = kMaxReason, .lines = true}, "reason",
                            violations);
  request.finding = FindingOf(proto, violations);
  request.request_id = std::move(*proto.mutable_request_id());
  request.clue_id = std::move(*proto.mutable_clue_id());
  request.etag = std::move(*proto.mutable_etag());
  request.reason = std::move(*proto.mutable_reason());
  return request;
}

}  // namespace supervision::rpc
