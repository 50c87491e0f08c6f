// A hundred reloads while others sort: no verdict fails, and none is of two sets.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <map>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "services/base/mutex.h"
#include "services/server/rule_keeper.h"
#include "tests/support/rule_folder.h"

namespace supervision::server {
namespace {

using classification::ReloadResult;
using classification::ReloadTrigger;
using classification::SetState;

// Told once that all is over; waited for between two verdicts.
class End {
 public:
  void Tell() {
    base::MutexLock lock(&mutex_);
    told_ = true;
    changed_.SignalAll();
  }
  bool ToldWithin(std::chrono::microseconds patience) {
    base::MutexLock lock(&mutex_);
    if (!told_) changed_.WaitFor(&mutex_, patience);
    return told_;
  }

 private:
  base::Mutex mutex_;
  base::CondVar changed_;
  bool told_ ABSL_GUARDED_BY(mutex_) = false;
};

constexpr int kReloads = 100;
constexpr int kSorters = 2;
// So much rest after each verdict that whoever compiles, whose thread gives way, gets on.
constexpr std::chrono::microseconds kRest(100);

// What a verdict of one set looks like.
struct Mark {
  domain::Scenario scenario = domain::Scenario::kUnspecified;
  std::string catalogue;
  std::string rules;
  auto operator<=>(const Mark&) const = default;
};

TEST(RuleExchangeTest, AHundredReloadsUnderLoadMixNoVerdict) {
  testing::RuleFolder folder;
  const testing::RuleFolder::Set sets[] = {
      {.scenario = "ADMIN_ENFORCEMENT", .catalogue_version = "a"},
      {.scenario = "JUDICIAL", .catalogue_version = "b"}};
  auto first = config::LoadRuleFiles(folder.files(), absl::Now());
  ASSERT_TRUE(first.ok()) << first.status();
  classification::ClassifierSlot slot(first->classifier);
  RuleKeeper::Options options;
  options.files = folder.files();
  options.watch = false;
  RuleKeeper keeper(options, *std::move(first), &slot);
  keeper.Start();

  End end;
  std::vector<std::set<Mark>> seen(kSorters);
  std::vector<uint64_t> verdicts(kSorters);
  std::vector<std::thread> sorters;
  for (int i = 0; i < kSorters; ++i) {
    sorters.emplace_back([&, i] {
      while (!end.ToldWithin(kRest)) {
        const domain::Verdict verdict =
            slot.Get()->Classify({"", testing::kRuleFolderText, nullptr, std::nullopt});
        seen[i].insert({verdict.scenario, verdict.catalogue_version, verdict.rules_version});
        ++verdicts[i];
      }
    });
  }

  std::set<Mark> right = {{domain::Scenario::kAdminEnforcement, "a", keeper.state().rules_version}};
  for (int i = 1; i <= kReloads; ++i) {
    folder.Exchange(sets[i % 2]);
    std::promise<SetState> done;
    keeper.Reload(ReloadTrigger::kRequest, [&done](const absl::StatusOr<SetState>& state) {
      done.set_value(state.value());
    });
    const SetState state = done.get_future().get();
    ASSERT_EQ(state.last_result, ReloadResult::kLoaded)
        << (state.mistakes.empty() ? "" : state.mistakes.front());
    right.insert({i % 2 == 0 ? domain::Scenario::kAdminEnforcement : domain::Scenario::kJudicial,
                  state.catalogue_version, state.rules_version});
  }
  end.Tell();
  for (std::thread& sorter : sorters) sorter.join();
  EXPECT_EQ(keeper.state().loads, kReloads + 1u);
  ASSERT_EQ(right.size(), 2u);  // the same files make the same versions
  std::set<Mark> all;
  for (int i = 0; i < kSorters; ++i) {
    all.insert(seen[i].begin(), seen[i].end());
    EXPECT_GT(verdicts[i], 0u);
  }
  EXPECT_EQ(all, right);
}

}  // namespace
}  // namespace supervision::server
