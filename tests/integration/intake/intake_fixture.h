#pragma once

#include <future>
#include <memory>
#include <string>
#include <utility>

#include "services/classification/classifier_slot.h"
#include "services/intake/intake.h"
#include "tests/integration/ledger/ledger_fixture.h"
#include "tests/unit/classification/rules_for_test.h"

namespace supervision::testing {

inline const classification::ClassifierSlot& ExampleClassifiers() {
  static const auto* const slot = new classification::ClassifierSlot(
      classification::Classifier::Create(
          classification::GoodCatalogue(),
          classification::GoodRules({classification::MakeRule(
              "ENF-1", classification::RuleKind::kSubstance, domain::Scenario::kAdminEnforcement, 3,
              0, {"决定书未送达"})}))
          .value());
  return *slot;
}

inline const intake::RegionTable& ExampleRegions() {
  static const intake::RegionTable* const regions =
      intake::RegionTable::Parse("# version: 1\n# source: x\n330424\t海盐县\n", "r")->release();
  return *regions;
}

inline domain::ClueContent ExampleContent() {
  domain::ClueContent content;
  content.source_record_id = "rec-1";
  content.title = "决定书未送达";
  content.content = "处罚决定书未送达，罚款已经扣缴。";
  content.region_code = "330424";
  return content;
}

inline intake::Intake::SubmitRequest ExampleSubmit(const std::string& request_id = "req-1") {
  intake::Intake::SubmitRequest request;
  request.partner = "hotline";
  request.request_id = request_id;
  request.content = ExampleContent();
  return request;
}

// The value of a counter or gauge with these labels; -1 when there is none.
inline double MetricOf(const prometheus::Registry& registry, const std::string& name,
                       const prometheus::Labels& labels) {
  for (const prometheus::MetricFamily& family : registry.Collect()) {
    if (family.name != name) continue;
    for (const prometheus::ClientMetric& metric : family.metric) {
      prometheus::Labels found;
      for (const auto& label : metric.label) found[label.name] = label.value;
      if (found != labels) continue;
      return family.type == prometheus::MetricType::Counter ? metric.counter.value
                                                            : metric.gauge.value;
    }
  }
  return -1;
}

// An intake over `ledger`, with waiting forms of its methods.
class TestIntake {
 public:
  explicit TestIntake(ledger::Ledger* ledger, intake::Intake::Options options = {},
                      const intake::RegionTable& regions = ExampleRegions())
      : intake_(std::make_unique<intake::Intake>(ledger, &ExampleClassifiers(), &regions, &clock_,
                                                 &registry_, options)) {}

  intake::Intake* operator->() { return intake_.get(); }
  void Destroy() { intake_.reset(); }
  const prometheus::Registry& registry() const { return registry_; }

  absl::StatusOr<ledger::Receipt> Submit(intake::Intake::SubmitRequest request,
                                         absl::Duration timeout = kPatience) {
    return Await<ledger::Receipt>(
        [&](auto done) { intake_->Submit(std::move(request), timeout, std::move(done)); });
  }
  absl::StatusOr<ledger::Receipt> Revise(intake::Intake::ReviseRequest request) {
    return Await<ledger::Receipt>(
        [&](auto done) { intake_->Revise(std::move(request), kPatience, std::move(done)); });
  }
  absl::StatusOr<ledger::Receipt> Withdraw(intake::Intake::WithdrawRequest request) {
    return Await<ledger::Receipt>(
        [&](auto done) { intake_->Withdraw(std::move(request), kPatience, std::move(done)); });
  }
  double Answers(const std::string& change, const std::string& result) const {
    return MetricOf(registry_, "supervision_intake_changes_total",
                    {{"change", change}, {"result", result}});
  }

 private:
  prometheus::Registry registry_;
  const base::FakeClock clock_{absl::FromUnixSeconds(1772296200)};  // 2026-03-01 in China
  std::unique_ptr<intake::Intake> intake_;
};

}  // namespace supervision::testing
