#include "services/server/rule_metrics.h"

namespace supervision::server {

using classification::ReloadResult;

RuleMetrics::RuleMetrics(prometheus::Registry* registry, const std::string& set) : set_(set) {
  if (registry == nullptr) return;
  auto& reloads = prometheus::BuildCounter()
                      .Name("supervision_rules_reloads_total")
                      .Help("Attempts to read catalogue, rules and model, by their result.")
                      .Register(*registry);
  loaded_ = &reloads.Add({{"set", set}, {"result", "loaded"}});
  unchanged_ = &reloads.Add({{"set", set}, {"result", "unchanged"}});
  rejected_ = &reloads.Add({{"set", set}, {"result", "rejected"}});
  const auto gauge = [&](const char* name, const char* help) {
    return &prometheus::BuildGauge().Name(name).Help(help).Register(*registry).Add({{"set", set}});
  };
  loaded_at_ = gauge("supervision_rules_loaded_timestamp_seconds",
                     "When the set in force was loaded; its age is time() less this.");
  mistakes_ = gauge("supervision_rules_mistakes",
                    "Mistakes that the last attempt found; 0 when the files are those in force.");
  lapsed_ = gauge("supervision_rules_lapsed",
                  "Citations in force of laws that have ended, and classes whose days have.");
  seconds_ = gauge("supervision_rules_load_seconds", "How long the last attempt took.");
  versions_ = &prometheus::BuildGauge()
                   .Name("supervision_rules_info")
                   .Help("The set in force, in its labels; always 1.")
                   .Register(*registry);
}

void RuleMetrics::Tell(const classification::SetState& state) {
  if (loaded_ == nullptr) return;
  switch (state.last_result) {
    case ReloadResult::kLoaded:
      loaded_->Increment();
      break;
    case ReloadResult::kUnchanged:
      unchanged_->Increment();
      break;
    case ReloadResult::kRejected:
      rejected_->Increment();
      break;
    case ReloadResult::kUnspecified:
      break;
  }
  mistakes_->Set(static_cast<double>(state.mistakes.size()));
  seconds_->Set(absl::ToDoubleSeconds(state.last_took));
  lapsed_->Set(static_cast<double>(state.lapsed.size()));
  if (!state.loaded || state.last_result != ReloadResult::kLoaded) return;
  loaded_at_->Set(absl::ToDoubleSeconds(state.loaded_at - absl::UnixEpoch()));
  if (version_ != nullptr) versions_->Remove(version_);
  version_ = &versions_->Add({{"set", set_},
                              {"catalogue", state.catalogue_version},
                              {"rules", state.rules_version},
                              {"digest", state.digest}});
  version_->Set(1);
}

}  // namespace supervision::server
