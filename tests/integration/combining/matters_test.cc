// Matters over real Redis and several replicas: what is submitted to one, and told by another that
// may die at any step.
#include <algorithm>
#include <atomic>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "services/combining/hushing.h"
#include "services/ledger/ids.h"
#include "services/ledger/keys.h"
#include "services/ledger/silence_desk.h"
#include "tests/integration/combining/replica.h"

namespace supervision::combining {
namespace {

using testing::Await;
using testing::Eventually;
using testing::kPatience;
using ::testing::SizeIs;

std::shared_ptr<const RouteSet> SameMatter(bool silence_low = false) {
  Route route;
  route.id = "same-matter";
  route.enabled = true;
  route.title_zh = "同一事项多方反映";
  route.title_en = "several partners report one matter";
  route.rule =
      LinkRule{absl::Hours(24), domain::kMostShapeDistance, 2, absl::Milliseconds(20), silence_low};
  auto routes = std::make_shared<RouteSet>();
  routes->version = "1";
  routes->routes = {std::move(route)};
  return routes;
}

// A clue of `partner` that names the `matter`-th penalty.
ledger::Submission ClueAbout(int matter, const std::string& partner, const std::string& key) {
  ledger::Submission submission = testing::ExampleSubmission(key);
  submission.partner = partner;
  submission.content.content = absl::StrCat("不服盐综执罚决字〔2026〕", 100 + matter, "号。");
  return submission;
}

class MattersTest : public ::testing::Test {
 protected:
  MattersTest() : reader_(redis_, "reader", SameMatter()) { EXPECT_TRUE(reader_.WaitReady()); }

  void Withdraw(const ledger::Submission& submission, const ledger::Receipt& receipt) {
    ledger::Withdrawal withdrawal;
    withdrawal.partner = submission.partner;
    withdrawal.request_id = "withdraw-" + submission.request_id;
    withdrawal.clue_id = receipt.clue_id;
    withdrawal.etag = receipt.etag;
    withdrawal.reason = "重复登记";
    const auto answer = Await<ledger::Receipt>([&](ledger::Ledger::Callback<ledger::Receipt> done) {
      reader_->Withdraw(withdrawal, kPatience, std::move(done));
    });
    ASSERT_TRUE(answer.ok()) << answer.status();
  }

  // A replica that follows, and dies when it is to tell once more than `tells` times. Counted is
  // what stands in the log: an attempt with a lease that has just ended tells nothing.
  std::unique_ptr<Replica> Owner(const std::string& holder, size_t tells = 1'000'000) {
    has_died_ = false;
    auto owner = std::make_unique<Replica>(redis_, holder, SameMatter(),
                                           [this, most = reader_.Told().size() + tells] {
                                             if (reader_.Told().size() < most) return true;
                                             has_died_ = true;
                                             return false;
                                           });
    EXPECT_TRUE(owner->WaitReady());
    owner->Follow();
    EXPECT_TRUE(Eventually([&] { return owner->Holding() > 0; }));
    return owner;
  }
  bool HasDied() const { return has_died_; }

  testing::RedisServer redis_;
  Replica reader_;  // follows nothing
  std::atomic<bool> has_died_ = false;
};

TEST_F(MattersTest, TheNextOwnerGoesOnInTheRecordOfTheOneThatDied) {
  auto a = Owner("a", 1);
  const ledger::Receipt first = reader_.Submit(ClueAbout(1, "hotline", "h"));
  const ledger::Receipt second = reader_.Submit(ClueAbout(1, "petitions", "p"));
  ASSERT_TRUE(Eventually([&] { return reader_.Told().size() == 1; }));
  const ledger::Submission court = ClueAbout(1, "court", "c");
  const ledger::Receipt third = reader_.Submit(court);
  ASSERT_TRUE(Eventually([&] { return HasDied(); }));
  ASSERT_THAT(reader_.Told(), SizeIs(1));
  auto b = Owner("b");
  ASSERT_TRUE(Eventually([&] { return reader_.Told().size() == 2; }));
  Withdraw(court, third);
  ASSERT_TRUE(Eventually([&] { return reader_.Told().size() == 3; }));
  const std::vector<domain::Alert> told = reader_.Told();
  EXPECT_EQ(told[0].id, told[1].id);
  EXPECT_EQ(told[0].id, told[2].id);
  EXPECT_EQ(told[1].version, 2u);
  const auto members = [&](int i) {
    return std::set<std::string>(told[i].group->members.begin(), told[i].group->members.end());
  };
  EXPECT_EQ(members(0), (std::set<std::string>{first.clue_id, second.clue_id}));
  EXPECT_EQ(members(1), (std::set<std::string>{first.clue_id, second.clue_id, third.clue_id}));
  EXPECT_EQ(members(2), members(0));
  EXPECT_EQ(told[1].kind, domain::AlertKind::kSameMatter);
  EXPECT_EQ(told[1].group->links.size(), 3u);
}

// What people did with the alert stays over its versions, as with any other; graver, it is open
// again.
TEST_F(MattersTest, AnAcknowledgementStaysUntilTheMatterBecomesGraver) {
  auto owner = Owner("a");
  reader_.Submit(ClueAbout(1, "hotline", "h"));
  reader_.Submit(ClueAbout(1, "petitions", "p"));
  ASSERT_TRUE(Eventually([&] { return reader_.Told().size() == 1; }));
  const auto step =
      Await<ledger::AlertReceipt>([&](ledger::Ledger::Callback<ledger::AlertReceipt> done) {
        reader_->TakeStep(
            testing::StepOf(reader_.Told()[0], domain::AlertAction::kAcknowledge, "r1"), kPatience,
            std::move(done));
      });
  ASSERT_TRUE(step.ok()) << step.status();
  reader_.Submit(ClueAbout(1, "court", "c"));
  ASSERT_TRUE(Eventually([&] { return reader_.Told().size() == 3; }));
  EXPECT_EQ(reader_.Told()[2].version, 3u);
  EXPECT_EQ(reader_.Told()[2].facets.state, domain::AlertState::kAcknowledged);
  ledger::Submission grave = ClueAbout(1, "audit", "g");
  grave.verdict.risk = domain::Risk::kHigh;
  reader_.Submit(grave);
  ASSERT_TRUE(Eventually([&] { return reader_.Told().size() == 4; }));
  EXPECT_EQ(reader_.Told()[3].facets.state, domain::AlertState::kOpen);
}

// A monitor that sees the matter's alert hears no more of its LOW members; whatever becomes grave
// it hears of.
TEST_F(MattersTest, AHighOfAMatterSilencesItsLowsUntilTheyBecomeGraver) {
  const auto routes = SameMatter(true);
  auto a = std::make_unique<Replica>(redis_, "a", routes, nullptr,
                                     std::vector<std::string>{"wang", "li"});
  ASSERT_TRUE(a->WaitReady());
  a->Follow();
  ASSERT_TRUE(Eventually([&] { return a->Holding() > 0; }));
  ledger::Submission low = ClueAbout(1, "hotline", "l");
  low.verdict.risk = domain::Risk::kLow;
  const ledger::Receipt receipt = reader_.Submit(low);
  ledger::Submission grave = ClueAbout(1, "petitions", "h");
  grave.verdict.risk = domain::Risk::kHigh;
  reader_.Submit(grave);
  ledger::SilenceDesk silences(reader_.get());
  ASSERT_TRUE(Eventually([&] { return silences.Active().size() == 1; }));
  const domain::Silence silence = *silences.Active()[0];
  EXPECT_EQ(silence.alert_id, receipt.alert_id);
  EXPECT_EQ(silence.author, "route:same-matter");
  EXPECT_THAT(silence.receivers, ::testing::ElementsAre("wang", "li"));
  EXPECT_THAT(silence.reason, ::testing::HasSubstr(reader_.Told()[0].id));

  // The next owner makes no other. It has asked for this one anew before it tells of a matter that
  // comes now, and silences that one's.
  a.reset();
  Replica b(redis_, "b", routes, nullptr, {"wang", "li"});
  ASSERT_TRUE(b.WaitReady());
  b.Follow();
  ASSERT_TRUE(Eventually([&] { return b.Holding() > 0; }));
  ledger::Submission another = ClueAbout(2, "hotline", "l2");
  another.verdict.risk = domain::Risk::kLow;
  const ledger::Receipt later = reader_.Submit(another);
  another = ClueAbout(2, "petitions", "h2");
  another.verdict.risk = domain::Risk::kHigh;
  reader_.Submit(another);
  const auto silenced = [&] {
    std::vector<std::string> alerts;
    for (const auto& one : silences.Active()) alerts.push_back(one->alert_id);
    return alerts;
  };
  ASSERT_TRUE(Eventually([&] {
    const std::vector<std::string> alerts = silenced();
    return std::find(alerts.begin(), alerts.end(), later.alert_id) != alerts.end();
  }));
  EXPECT_THAT(silenced(), ::testing::UnorderedElementsAre(receipt.alert_id, later.alert_id));
  ledger::Revision revision = testing::RevisionOf(low, receipt, "r1");
  revision.verdict = low.verdict;
  const auto revise = [&] {
    const auto answer = Await<ledger::Receipt>([&](ledger::Ledger::Callback<ledger::Receipt> done) {
      reader_->Revise(revision, kPatience, std::move(done));
    });
    EXPECT_TRUE(answer.ok()) << answer.status();
    return answer.ok() ? *answer : ledger::Receipt();
  };
  const ledger::Receipt revised = revise();
  const auto newest = [&] {
    domain::Alert found;
    for (const domain::Alert& alert : reader_.Logged()) {
      if (alert.id == receipt.alert_id) found = alert;
    }
    return found;
  };
  EXPECT_EQ(newest().version, 2u);
  EXPECT_THAT(newest().facets.silences, SizeIs(1));
  revision = testing::RevisionOf(low, revised, "r2");
  revision.verdict = low.verdict;
  revision.verdict.risk = domain::Risk::kMedium;
  revise();
  EXPECT_EQ(newest().version, 3u);
  EXPECT_THAT(newest().facets.silences, ::testing::IsEmpty());
  EXPECT_THAT(silences.Active(), SizeIs(2));
}

// Its alert cannot be read any more, so no next version of it can be written.
TEST_F(MattersTest, AMatterWhoseRecordIsDamagedKeepsBackNoOther) {
  auto owner = Owner("a");
  reader_.Submit(ClueAbout(1, "hotline", "h1"));
  reader_.Submit(ClueAbout(1, "petitions", "p1"));
  ASSERT_TRUE(Eventually([&] { return reader_.Told().size() == 1; }));
  const auto record = ledger::ParseClueId(reader_.Told()[0].clue_id, kPartitions);
  ASSERT_TRUE(record.has_value());
  redis_.Call({"HSET", ledger::Keys("", kPartitions).Clue(*record), "l", "\xff"});
  reader_.Submit(ClueAbout(1, "court", "c1"));
  reader_.Submit(ClueAbout(2, "hotline", "h2"));
  reader_.Submit(ClueAbout(2, "petitions", "p2"));
  EXPECT_TRUE(Eventually([&] { return reader_.Told().size() == 2; }));
}

TEST_F(MattersTest, ASilenceOfAMemberIsMadeOnceAndHidesNothingGraverThanLow) {
  using Result = Hushing::Result;
  const auto routes = SameMatter(true);
  const ledger::Receipt medium = reader_.Submit(ClueAbout(1, "hotline", "m"));
  std::vector<std::string> watchers = {"wang"};
  Hushing hushing(reader_.get(), [&](const domain::Facets&) { return watchers; });
  const auto make = [&](const std::string& clue_id) {
    const Hush hush = {clue_id, medium.clue_id, {}, absl::Hours(1), &routes->routes[0]};
    const auto made = Await<Result>([&](ledger::Ledger::Callback<Result> done) {
      hushing.Make(hush, absl::Now(), kPatience, std::move(done));
    });
    EXPECT_TRUE(made.ok()) << made.status();
    return made.value_or(Result::kRefused);
  };
  EXPECT_EQ(make(medium.clue_id), Result::kMade);
  ledger::SilenceDesk silences(reader_.get());
  ASSERT_THAT(silences.Active(), SizeIs(1));
  EXPECT_EQ(silences.Active()[0]->hides_up_to, domain::Risk::kLow) << "the alert is MEDIUM by now";
  EXPECT_EQ(make(medium.clue_id), Result::kMadeBefore);
  watchers = {"wang", "li"};
  EXPECT_EQ(make(medium.clue_id), Result::kMadeBefore) << "who watches now makes no other of it";
  EXPECT_THAT(silences.Active(), SizeIs(1));
  std::string unknown = medium.clue_id;
  unknown.back() = unknown.back() == 'a' ? 'b' : 'a';
  EXPECT_EQ(make(unknown), Result::kRefused);
  const auto end = [&](const std::string& clue_id) {
    const Hush hush = {clue_id, medium.clue_id, {}, {}, &routes->routes[0], true};
    const auto ended = Await<Result>([&](ledger::Ledger::Callback<Result> done) {
      hushing.Make(hush, absl::Now(), kPatience, std::move(done));
    });
    EXPECT_TRUE(ended.ok()) << ended.status();
    return ended.value_or(Result::kRefused);
  };
  EXPECT_EQ(end(unknown), Result::kEnded) << "there was none";
  EXPECT_THAT(silences.Active(), SizeIs(1));
  EXPECT_EQ(end(medium.clue_id), Result::kEnded);
  EXPECT_TRUE(Eventually([&] { return silences.Active().empty(); }));
  EXPECT_EQ(end(medium.clue_id), Result::kEnded) << "as before";
  watchers.clear();
  EXPECT_EQ(make(medium.clue_id), Result::kRefused) << "there is nobody to be silent to";
}

TEST_F(MattersTest, WhileOwnersDieEachMatterIsOneRecordWhoseVersionsAreToldOnce) {
  const uint32_t seed = std::random_device()();
  std::printf("seed %u\n", seed);
  std::mt19937 random(seed);
  constexpr int kMatters = 5;
  constexpr int kOwners = 5;
  const std::vector<std::string> partners = {"hotline", "petitions", "court"};
  std::map<int, std::set<std::string>> expected;
  std::vector<std::pair<ledger::Submission, ledger::Receipt>> clues;
  std::unique_ptr<Replica> owner;
  for (int o = 0; o < kOwners; ++o) {
    const bool last = o + 1 == kOwners;
    owner = Owner(absl::StrCat("owner-", o), last ? 1'000'000 : static_cast<int>(random() % 5));
    for (int i = 0; i < 60 && !HasDied() && (!last || i < 15); ++i) {
      const int matter = last ? i % kMatters : static_cast<int>(random() % kMatters);
      // Of two partners from its second clue on, so that all of it is told.
      const ledger::Submission clue = ClueAbout(
          matter, partners[expected[matter].size() % partners.size()], absl::StrCat(o, "-", i));
      const ledger::Receipt receipt = reader_.Submit(clue);
      expected[matter].insert(receipt.clue_id);
      clues.emplace_back(clue, receipt);
    }
  }
  for (int i = 0; i < 5; ++i) {
    const auto& [clue, receipt] = clues[clues.size() - 1 - static_cast<size_t>(i)];
    Withdraw(clue, receipt);
    for (auto& [matter, members] : expected) members.erase(receipt.clue_id);
  }
  const auto last_told = [&] {
    std::map<std::string, std::set<std::string>> members;
    for (const domain::Alert& alert : reader_.Told()) {
      members[alert.id] = {alert.group->members.begin(), alert.group->members.end()};
    }
    return members;
  };
  std::multiset<std::set<std::string>> wanted;
  for (const auto& [matter, members] : expected) wanted.insert(members);
  EXPECT_TRUE(Eventually([&] {
    std::multiset<std::set<std::string>> told;
    for (const auto& [id, members] : last_told()) told.insert(members);
    return told == wanted;
  })) << ::testing::PrintToString(last_told())
      << ::testing::PrintToString(wanted);
  std::map<std::string, int64_t> versions;
  for (const domain::Alert& alert : reader_.Told()) {
    EXPECT_EQ(alert.group->ordinal, ++versions[alert.id]);
  }
}

}  // namespace
}  // namespace supervision::combining
