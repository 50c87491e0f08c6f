#include "clients/cli/filter_flags.h"

#include "absl/strings/str_cat.h"
#include "clients/cli/names.h"

namespace supervision::cli {

void FilterFlags::AddTo(CLI::App& command) {
  command.add_option("--scenario", scenarios_, "Only this scenario; may be given several times")
      ->allow_extra_args(false);
  command.add_option("--min-risk", min_risk_, "At least this grave: " + WordsOf<v1::Risk>());
  command.add_option("--region", region_, "Region codes that begin with these 2 to 9 digits");
  command.add_option("--unit", unit_, "The reported unit's credit code or exact name");
  command.add_option("--filter", expression_,
                     "A condition, such as 'risk >= MEDIUM AND NOT partner = court': scenario, "
                     "secondary, risk, region, unit, partner, state, owner; AND OR NOT ( ); OR "
                     "binds tighter");
}

void FilterFlags::AddStateTo(CLI::App& command) {
  command
      .add_option("--state", states_,
                  "Only alerts in this state: " + WordsOf<v1::AlertState>() +
                      "; may be given several times")
      ->allow_extra_args(false);
  command.add_option("--owner", owner_, "Only alerts that this principal answers for");
}

absl::StatusOr<v1::AlertFilter> FilterFlags::Filter() const {
  v1::AlertFilter filter;
  for (const std::string& word : scenarios_) {
    const auto scenario = FromWord<v1::Scenario>(word);
    if (!scenario.has_value()) {
      return absl::InvalidArgumentError(
          absl::StrCat("--scenario ", word, ": one of ", WordsOf<v1::Scenario>()));
    }
    filter.add_scenarios(*scenario);
  }
  if (!min_risk_.empty()) {
    const auto risk = FromWord<v1::Risk>(min_risk_);
    if (!risk.has_value()) {
      return absl::InvalidArgumentError(
          absl::StrCat("--min-risk ", min_risk_, ": one of ", WordsOf<v1::Risk>()));
    }
    filter.set_min_risk(*risk);
  }
  filter.set_region_prefix(region_);
  filter.set_unit(unit_);
  filter.set_expression(expression_);
  for (const std::string& word : states_) {
    const auto state = FromWord<v1::AlertState>(word);
    if (!state.has_value()) {
      return absl::InvalidArgumentError(
          absl::StrCat("--state ", word, ": one of ", WordsOf<v1::AlertState>()));
    }
    filter.add_states(*state);
  }
  filter.set_owner(owner_);
  return filter;
}

}  // namespace supervision::cli
