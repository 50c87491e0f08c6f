#pragma once

#include <string>
#include <utility>
#include <vector>

#include "services/ledger/sharing_desk.h"
#include "services/ledger/subscription_desk.h"
#include "tests/integration/ledger/ledger_fixture.h"

namespace supervision::ledger {

inline constexpr char kOwner[] = "monitor-1";
inline constexpr int kQuota = 100'000;
inline constexpr absl::Duration kAlive = absl::Seconds(30);
// Redis' clock cannot be moved; these need none: a lease or a delay of this length never ends while
// a test runs, one of zero has ended at once.
inline constexpr absl::Duration kNever = absl::Hours(10);

// A shared subscription of two partitions on a real redis-server.
class SharingFixture : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { server_ = new testing::RedisServer; }
  static void TearDownTestSuite() {
    delete server_;
    server_ = nullptr;
  }
  void SetUp() override {
    server_->Call({"FLUSHALL"});
    Ledger::Options options = testing::OptionsFor(*server_);
    options.partitions = 2;
    ledger_ = std::make_unique<testing::TestLedger>(options);
    ASSERT_TRUE(ledger_->WaitReady());
    subscriptions_ = std::make_unique<SubscriptionDesk>(ledger_->get());
    desk_ = std::make_unique<SharingDesk>(ledger_->get());
  }

  static SharingRules Rules() { return {kNever, 3, absl::ZeroDuration(), kNever, 100}; }

  absl::StatusOr<Subscription> Create(const std::string& name, bool shared = true) {
    SubscriptionDraft draft;
    draft.key = {kOwner, name};
    draft.start = {{1, 1}, {4, 7}};
    if (shared) draft.sharing = Rules();
    return testing::Await<Subscription>([&](Ledger::Callback<Subscription> done) {
      subscriptions_->Create(std::move(draft), kQuota, testing::kPatience, std::move(done));
    });
  }
  Subscription MustGet(const std::string& name) {
    const auto found = testing::Await<Subscription>([&](Ledger::Callback<Subscription> done) {
      subscriptions_->Get({kOwner, name}, testing::kPatience, std::move(done));
    });
    EXPECT_TRUE(found.ok()) << found.status();
    return found.value_or(Subscription());
  }
  ShareUpdate UpdateOf(const std::string& name, std::vector<ShareStep> steps = {},
                       SharingRules rules = Rules()) {
    ShareUpdate update;
    update.key = {kOwner, name};
    update.member = "member-1";
    update.consumers = 1;
    update.version = 1;
    update.rules = rules;
    update.epochs = {1, 1};
    update.known = place_;
    update.steps = std::move(steps);
    return update;
  }
  ShareResult Share(ShareUpdate update) {
    const auto result = testing::Await<ShareResult>([&](Ledger::Callback<ShareResult> done) {
      desk_->Share(std::move(update), kAlive, "replica-1", testing::kPatience, std::move(done));
    });
    EXPECT_TRUE(result.ok()) << result.status();
    if (result.ok()) place_ = result->place;
    return result.value_or(ShareResult());
  }
  // The answer to one step.
  ShareAnswer Do(const std::string& name, ShareStep step, SharingRules rules = Rules()) {
    const ShareResult result = Share(UpdateOf(name, {std::move(step)}, rules));
    EXPECT_EQ(result.answers.size(), 1u);
    return result.answers.empty() ? ShareAnswer() : result.answers[0];
  }
  ShareState Look(const std::string& name) {
    const auto state = testing::Await<ShareState>([&](Ledger::Callback<ShareState> done) {
      desk_->Look({kOwner, name}, testing::kPatience, std::move(done));
    });
    EXPECT_TRUE(state.ok()) << state.status();
    return state.value_or(ShareState());
  }
  absl::StatusOr<DeadLetters> AllLetters(const std::string& name) {
    return testing::Await<DeadLetters>([&](Ledger::Callback<DeadLetters> done) {
      desk_->ListLetters({kOwner, name}, testing::kPatience, std::move(done));
    });
  }
  std::vector<DeadLetter> Letters(const std::string& name) {
    const auto all = AllLetters(name);
    EXPECT_TRUE(all.ok()) << all.status();
    return all.ok() ? all->letters : std::vector<DeadLetter>();
  }
  std::vector<LetterResult> Act(const std::string& name, LetterAction action,
                                std::vector<DeadLetter> letters, int max_in_flight = 100) {
    const auto done = testing::Await<std::vector<LetterResult>>(
        [&](Ledger::Callback<std::vector<LetterResult>> callback) {
          desk_->Act({kOwner, name}, action, max_in_flight, std::move(letters), testing::kPatience,
                     std::move(callback));
        });
    EXPECT_TRUE(done.ok()) << done.status();
    return done.value_or(std::vector<LetterResult>());
  }
  absl::StatusOr<bool> Rebase(const std::string& name, const Place& known, const Place& place,
                              std::optional<DeadLetter> gap = std::nullopt) {
    return testing::Await<bool>([&](Ledger::Callback<bool> done) {
      desk_->Rebase({kOwner, name}, known, place, gap, testing::kPatience, std::move(done));
    });
  }

  static inline testing::RedisServer* server_ = nullptr;
  std::unique_ptr<testing::TestLedger> ledger_;
  std::unique_ptr<SubscriptionDesk> subscriptions_;
  std::unique_ptr<SharingDesk> desk_;
  Place place_{{1, 1}, {4, 7}};  // as the ledger told it last
};

inline ShareStep StepOf(ShareStep::What what, EntryKey entry, std::string token,
                        std::string reason = "", absl::Duration delay = absl::ZeroDuration()) {
  ShareStep step{what, entry, std::move(token)};
  step.reason = std::move(reason);
  step.delay = delay;
  return step;
}

inline ShareStep BuryOf(EntryKey entry, const std::string& alert, const ShareAnswer& exhausted) {
  ShareStep step{ShareStep::What::kBury, entry};
  step.letter.entry = entry;
  step.letter.epoch = 1;
  step.letter.id = "1-" + std::to_string(entry.first) + "-" + std::to_string(entry.second);
  step.letter.alert_id = alert;
  step.letter.alert_version = 1;
  step.letter.reason = exhausted.reason;
  step.letter.attempts = exhausted.attempts;
  step.letter.first_at = exhausted.first_at;
  return step;
}

}  // namespace supervision::ledger
