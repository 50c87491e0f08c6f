#include "services/server/rule_keeper.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <future>
#include <memory>
#include <sstream>
#include <string>

#include "services/domain/error.h"
#include "tests/support/eventually.h"
#include "tests/support/rule_folder.h"
#include "tests/support/temp_dir.h"
#include "tests/support/unreadable.h"

namespace supervision::server {
namespace {

using classification::ReloadResult;
using classification::ReloadTrigger;
using classification::SetState;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class RuleKeeperTest : public ::testing::Test {
 protected:
  // inotify alone: a look at times never comes.
  void Start(bool watch) {
    files_ = folder_.files();
    files_.model = model_;
    auto first = config::LoadRuleFiles(files_, clock_.Now(),
                                       classification::Lapsed::kKeep);  // as at a start
    ASSERT_TRUE(first.ok()) << first.status();
    slot_.Put(first->classifier);
    RuleKeeper::Options options;
    options.files = files_;
    options.watch = watch;
    options.settle = absl::Milliseconds(20);
    options.look = look_;
    options.clock = &clock_;
    options.metrics = &registry_;
    keeper_ = std::make_unique<RuleKeeper>(options, *std::move(first), &slot_);
    keeper_->Start();
  }

  absl::StatusOr<SetState> Reload(ReloadTrigger trigger = ReloadTrigger::kRequest) {
    std::promise<absl::StatusOr<SetState>> done;
    keeper_->Reload(trigger, [&done](absl::StatusOr<SetState> state) { done.set_value(state); });
    return done.get_future().get();
  }

  std::string Scenario() const {
    const domain::Verdict verdict =
        slot_.Get()->Classify({"", testing::kRuleFolderText, nullptr, std::nullopt});
    return std::string(domain::Code(verdict.scenario));
  }
  bool BecomesScenario(const std::string& scenario) {
    return testing::Eventually([&] { return Scenario() == scenario; });
  }
  bool BecomesRejected() {
    return testing::Eventually(
        [&] { return keeper_->state().last_result == ReloadResult::kRejected; });
  }
  double Metric(const std::string& name, const std::string& result = "") const {
    for (const prometheus::MetricFamily& family : registry_.Collect()) {
      if (family.name != name) continue;
      for (const prometheus::ClientMetric& metric : family.metric) {
        bool fits = result.empty();
        for (const auto& label : metric.label) fits = fits || label.value == result;
        if (fits) return metric.counter.value + metric.gauge.value;
      }
    }
    return -1;
  }

  testing::RuleFolder folder_;
  config::RuleFiles files_;
  std::string model_;
  absl::Duration look_ = absl::Hours(1);
  base::FakeClock clock_{absl::FromUnixSeconds(1772296200)};
  prometheus::Registry registry_;
  classification::ClassifierSlot slot_;
  std::unique_ptr<RuleKeeper> keeper_;
};

TEST_F(RuleKeeperTest, AnExchangedLinkIsTakenByItself) {
  Start(true);
  EXPECT_EQ(Scenario(), "ADMIN_ENFORCEMENT");
  folder_.Exchange({.scenario = "JUDICIAL", .catalogue_version = "b"});
  EXPECT_TRUE(BecomesScenario("JUDICIAL"));
  EXPECT_TRUE(testing::Eventually([&] { return keeper_->state().catalogue_version == "b"; }));
  EXPECT_EQ(keeper_->state().last_trigger, ReloadTrigger::kWatch);
}

TEST_F(RuleKeeperTest, AMistakeKeepsTheSetBeforeAndIsToldWithFileAndLine) {
  Start(true);
  const SetState before = keeper_->state();
  folder_.Write("  - id: TEST.SERVED\n    kind: SUBSTANCE\n    weigth: 1\n");
  ASSERT_TRUE(BecomesRejected());
  const SetState after = keeper_->state();
  EXPECT_EQ(after.digest, before.digest);
  EXPECT_EQ(after.rules_version, before.rules_version);
  EXPECT_EQ(after.rejections, 1u);
  EXPECT_THAT(after.mistakes, Contains(AllOf(HasSubstr("10_test.yaml:"), HasSubstr("weigth"))));
  EXPECT_EQ(Scenario(), "ADMIN_ENFORCEMENT");
  EXPECT_TRUE(testing::Eventually(
      [&] { return Metric("supervision_rules_reloads_total", "rejected") >= 1; }));
  EXPECT_TRUE(testing::Eventually([&] {
    return Metric("supervision_rules_mistakes") == static_cast<double>(after.mistakes.size());
  }));
}

TEST_F(RuleKeeperTest, AnExampleThatDoesNotHoldIsAMistakeOfItsLine) {
  Start(false);
  folder_.Write("    counter_examples: [\"催告书和决定书未送达\"]\n");
  const auto state = Reload();
  ASSERT_TRUE(state.ok()) << state.status();
  EXPECT_EQ(state->last_result, ReloadResult::kRejected);
  EXPECT_THAT(state->mistakes,
              ElementsAre(AllOf(HasSubstr("10_test.yaml:9"), HasSubstr("TEST.SERVED"),
                                HasSubstr("counter-example"))));
}

TEST_F(RuleKeeperTest, EveryMistakeOfCatalogueRulesAndModelIsToldAtOnce) {
  model_ = folder_.path() + "/model.bin";
  std::ofstream(model_) << "no model";
  folder_.Exchange({.scenario = "NO_SUCH_CLASS"});
  const auto set = config::LoadRuleFiles({.catalogue = folder_.path() + "/none.yaml",
                                          .rules = folder_.path() + "/rules",
                                          .model = model_},
                                         clock_.Now());
  const std::vector<std::string> mistakes = config::MistakesOf(set.status());
  EXPECT_THAT(mistakes, Contains(HasSubstr("none.yaml")));
  EXPECT_THAT(mistakes, Contains(HasSubstr("model.bin")));
}

TEST_F(RuleKeeperTest, GoodFilesAfterBadOnesClearTheMistakes) {
  Start(false);
  folder_.Exchange({.scenario = "NO_SUCH_CLASS"});
  EXPECT_EQ(Reload()->last_result, ReloadResult::kRejected);
  folder_.Exchange({});
  const auto state = Reload();
  EXPECT_EQ(state->last_result, ReloadResult::kUnchanged);
  EXPECT_THAT(state->mistakes, IsEmpty());
  EXPECT_EQ(Metric("supervision_rules_mistakes"), 0);
}

TEST_F(RuleKeeperTest, ADamagedModelKeepsTheSetBefore) {
  model_ = folder_.path() + "/model.bin";
  std::ifstream shipped(std::string(SUPERVISION_SOURCE_DIR) + "/deploy/config/model/model.bin",
                        std::ios::binary);
  std::string bytes((std::istreambuf_iterator<char>(shipped)), std::istreambuf_iterator<char>());
  std::ofstream(model_, std::ios::binary) << bytes;
  Start(false);
  const SetState before = keeper_->state();
  EXPECT_THAT(before.model_version, Not(IsEmpty()));
  for (const std::string& damaged :
       {bytes.substr(0, bytes.size() / 2), bytes + "more", std::string("SVMODEL9") + bytes}) {
    std::ofstream(model_, std::ios::binary) << damaged;
    const auto state = Reload();
    EXPECT_EQ(state->last_result, ReloadResult::kRejected);
    EXPECT_THAT(state->mistakes, ElementsAre(HasSubstr("model.bin")));
    EXPECT_EQ(state->rules_version, before.rules_version);
  }
}

TEST_F(RuleKeeperTest, ANewDayIsReadAnew) {
  look_ = absl::Milliseconds(10);
  Start(false);
  const uint64_t loads = keeper_->state().loads;
  clock_.Advance(absl::Hours(24));
  EXPECT_TRUE(testing::Eventually([&] { return keeper_->state().loads == loads + 1; }));
  EXPECT_EQ(keeper_->state().last_trigger, ReloadTrigger::kDay);
}

// A line of the rule: it rests on a law whose last day is the one on which the clock begins.
constexpr char kCitesALawThatEnds[] =
    "    legal_basis: [{statute: 试行条例, article: \"5\", effective: {to: \"2026-03-01\"}}]\n";

TEST_F(RuleKeeperTest, AStartAfterALawHasEndedSortsAsBeforeAndTellsIt) {
  folder_.Exchange({.more = kCitesALawThatEnds});
  clock_.Advance(absl::Hours(24));
  Start(false);
  const SetState state = keeper_->state();
  EXPECT_EQ(state.last_result, ReloadResult::kLoaded);
  EXPECT_THAT(state.mistakes, IsEmpty());
  EXPECT_THAT(state.lapsed, ElementsAre(AllOf(HasSubstr("10_test.yaml:"), HasSubstr("TEST.SERVED"),
                                              HasSubstr("ended on 2026-03-01"))));
  EXPECT_EQ(Metric("supervision_rules_lapsed"), 1);
  EXPECT_EQ(Scenario(), "ADMIN_ENFORCEMENT");
}

TEST_F(RuleKeeperTest, TheDayAfterALawHasEndedIsTakenUpLikeAnyOther) {
  folder_.Exchange({.more = kCitesALawThatEnds});
  look_ = absl::Milliseconds(10);
  Start(false);
  EXPECT_THAT(keeper_->state().lapsed, IsEmpty());
  clock_.Advance(absl::Hours(24));
  ASSERT_TRUE(testing::Eventually([&] { return keeper_->state().lapsed.size() == 1; }));
  EXPECT_EQ(keeper_->state().last_trigger, ReloadTrigger::kDay);
  EXPECT_EQ(keeper_->state().rejections, 0u);
  EXPECT_TRUE(testing::Eventually([&] { return Metric("supervision_rules_lapsed") == 1; }));
}

TEST_F(RuleKeeperTest, ChangedFilesAreRefusedUntilTheyCiteNothingThatHasEnded) {
  folder_.Exchange({.more = kCitesALawThatEnds});
  clock_.Advance(absl::Hours(24));
  Start(false);
  folder_.Exchange({.catalogue_version = "b", .more = kCitesALawThatEnds});
  const auto refused = Reload();
  EXPECT_EQ(refused->last_result, ReloadResult::kRejected);
  EXPECT_THAT(refused->mistakes, ElementsAre(HasSubstr("ended on 2026-03-01")));
  folder_.Exchange({.catalogue_version = "b"});
  const auto mended = Reload();
  EXPECT_EQ(mended->last_result, ReloadResult::kLoaded);
  EXPECT_THAT(mended->lapsed, IsEmpty());
  EXPECT_EQ(Metric("supervision_rules_lapsed"), 0);
}

// As on a file system that another machine writes to: inotify, which watches the folder, tells
// nothing of what is written by a name that the file has elsewhere.
TEST_F(RuleKeeperTest, WhereInotifyDoesNotReachTimesAreLookedAt) {
  const testing::TempDir elsewhere;
  const std::string other_name = elsewhere.path() + "/rules.yaml";
  std::filesystem::create_hard_link(folder_.rule_file(), other_name);
  look_ = absl::Milliseconds(10);
  Start(true);
  ASSERT_EQ(Reload()->last_result, ReloadResult::kUnchanged) << "what changes now it has not read";
  std::ostringstream text;
  text << std::ifstream(other_name).rdbuf();
  std::string rules = text.str();
  rules.replace(rules.find("ADMIN_ENFORCEMENT"), std::strlen("ADMIN_ENFORCEMENT"), "JUDICIAL");
  std::ofstream(other_name) << rules;
  EXPECT_TRUE(BecomesScenario("JUDICIAL"));
}

// The times of the file are those that it had when it could not be read.
TEST_F(RuleKeeperTest, WhatCouldNotBeReadForAMomentIsReadWithinAMinute) {
  look_ = absl::Milliseconds(10);
  Start(true);
  folder_.Exchange({.scenario = "JUDICIAL"});
  ASSERT_TRUE(BecomesScenario("JUDICIAL"));
  {
    const testing::Unreadable disk("10_test.yaml");
    EXPECT_EQ(Reload()->last_result, ReloadResult::kRejected);
  }
  EXPECT_EQ(Metric("supervision_rules_mistakes"), 1);
  clock_.Advance(absl::Seconds(61));
  EXPECT_TRUE(testing::Eventually(
      [&] { return keeper_->state().last_result == ReloadResult::kUnchanged; }));
  EXPECT_TRUE(testing::Eventually([&] { return Metric("supervision_rules_mistakes") == 0; }));
}

TEST_F(RuleKeeperTest, FilesThatAreAsTheyWereRefusedAreNotReadAgain) {
  look_ = absl::Milliseconds(10);
  Start(true);
  folder_.Exchange({.scenario = "NO_SUCH_CLASS"});
  ASSERT_TRUE(BecomesRejected());
  clock_.Advance(absl::Seconds(61));
  // The keeper has looked by now: a day is noticed behind it.
  clock_.Advance(absl::Hours(24));
  ASSERT_TRUE(
      testing::Eventually([&] { return keeper_->state().last_trigger == ReloadTrigger::kDay; }));
  EXPECT_EQ(keeper_->state().rejections, 2u);
}

TEST_F(RuleKeeperTest, ASetThatIsStillUsedOutlivesItsExchange) {
  Start(false);
  const auto used = slot_.Get();
  folder_.Exchange({.scenario = "JUDICIAL"});
  EXPECT_EQ(Reload(ReloadTrigger::kSignal)->last_trigger, ReloadTrigger::kSignal);
  EXPECT_EQ(used->Classify({"", testing::kRuleFolderText, nullptr, std::nullopt}).scenario,
            domain::Scenario::kAdminEnforcement);
  EXPECT_EQ(Scenario(), "JUDICIAL");
  // The keeper holds it until the last user is done, and then frees it on its own thread.
  EXPECT_EQ(used.use_count(), 2);
  std::weak_ptr<const classification::Classifier> left = used;
  const_cast<std::shared_ptr<const classification::Classifier>&>(used).reset();
  EXPECT_TRUE(testing::Eventually([&] { return left.expired(); }));
}

TEST_F(RuleKeeperTest, AfterItsEndItRefusesAtOnce) {
  Start(false);
  keeper_->Stop();
  const auto state = Reload();
  EXPECT_TRUE(domain::HasReason(state.status(), domain::Reason::kDraining));
}

TEST_F(RuleKeeperTest, AFirstSetIsReadWhenThereIsNoneYet) {
  RuleKeeper::Options options;
  options.files = folder_.files();
  options.clock = &clock_;
  RuleKeeper keeper(options, {}, &slot_);
  EXPECT_FALSE(keeper.state().loaded);
  keeper.Start();
  EXPECT_TRUE(testing::Eventually([&] { return keeper.state().loaded; }));
  EXPECT_EQ(Scenario(), "ADMIN_ENFORCEMENT");
}

}  // namespace
}  // namespace supervision::server
