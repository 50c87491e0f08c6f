// Matters when owners of the routes die: what the next finds again from the log.
#include <iostream>
#include <map>
#include <random>
#include <set>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/combining/engine.h"
#include "tests/unit/combining/routes_for_test.h"

namespace supervision::combining {
namespace {

using domain::AlertKind;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;

class MattersReplayTest : public ::testing::Test {
 protected:
  // The next owner, after its replay of the log from its entry `from` on.
  std::unique_ptr<Engine> TakeOver(size_t from = 0) const {
    auto engine = std::make_unique<Engine>(routes_, starts_);
    for (size_t i = from; i < log_.size(); ++i) {
      engine->Take(0, static_cast<int64_t>(i) + 1, log_[i]);
    }
    // All has been seen to, as the place says: nothing of a matter hangs on it.
    engine->GoLive({static_cast<int64_t>(log_.size())});
    return engine;
  }
  void Append(domain::ChangeEvent event, Engine* engine) {
    log_.push_back(std::move(event));
    engine->Take(0, static_cast<int64_t>(log_.size()), log_.back());
  }
  // A record is named by its digest and its first clue.
  static domain::ChangeEvent InLog(const Firing& firing, absl::Time at) {
    domain::ChangeEvent event = ToldEvent(firing, at);
    if (firing.record.empty()) event.alert.clue_id += "/" + firing.alert.group->digest;
    return event;
  }
  // What `engine` tells at `at`, into the log.
  std::vector<Firing> Tell(Engine* engine, absl::Duration at) {
    std::vector<Firing> told = engine->Due(kBegin + at);
    for (const Firing& firing : told) Append(InLog(firing, kBegin + at), engine);
    return told;
  }

  std::shared_ptr<const RouteSet> routes_ = Only(SameMatter());
  std::map<std::string, absl::Time> starts_;
  std::vector<domain::ChangeEvent> log_;
};

TEST_F(MattersReplayTest, WhatTheOwnerHadNotToldWhenItDiedIsToldByTheNext) {
  log_ = {MatterEvent("a", absl::Hours(1), "hotline", {7}),
          MatterEvent("b", absl::Hours(2), "petitions", {7})};
  EXPECT_THAT(TakeOver()->Due(kBegin + absl::Hours(3)), SizeIs(1));
}

TEST_F(MattersReplayTest, WhatWasToldIsNotToldAgainAndGoesOnInItsRecord) {
  log_ = {MatterEvent("a", absl::Hours(1), "hotline", {7}),
          MatterEvent("b", absl::Hours(2), "petitions", {7})};
  ASSERT_THAT(Tell(TakeOver().get(), absl::Hours(2)), SizeIs(1));
  auto next = TakeOver();
  EXPECT_THAT(Tell(next.get(), absl::Hours(3)), IsEmpty());
  Append(MatterEvent("c", absl::Hours(4), "court", {7}), next.get());
  const std::vector<Firing> told = Tell(next.get(), absl::Hours(4));
  ASSERT_THAT(told, SizeIs(1));
  EXPECT_THAT(told[0].record, StartsWith("record-a/"));
  EXPECT_EQ(told[0].version, 2u);
  EXPECT_THAT(TakeOver()->Due(kBegin + absl::Hours(5)), IsEmpty());
}

// The log is read from as far back as the route reaches: the first member lies before.
TEST_F(MattersReplayTest, MembersBehindTheBeginningOfTheReplayStay) {
  const domain::ChangeEvent a = MatterEvent("a", absl::Hours(1), "hotline", {7});
  log_ = {a, MatterEvent("b", absl::Hours(20), "petitions", {7})};
  ASSERT_THAT(Tell(TakeOver().get(), absl::Hours(20)), SizeIs(1));
  auto next = TakeOver(1);
  EXPECT_THAT(Tell(next.get(), absl::Hours(30)), IsEmpty());
  Append(MatterEvent("c", absl::Hours(31), "court", {7}), next.get());
  std::vector<Firing> told = Tell(next.get(), absl::Hours(31));
  ASSERT_THAT(told, SizeIs(1));
  EXPECT_THAT(told[0].alert.group->members, ElementsAre("c", "b", "a"));
  EXPECT_EQ(told[0].alert.group->links[2].partner, "hotline");
  EXPECT_EQ(told[0].alert.group->from, kBegin + absl::Hours(1));
  // It is taken back while nobody is there.
  log_.push_back(Later(a, AlertKind::kClueWithdrawn, absl::Hours(32)));
  told = Tell(TakeOver(1).get(), absl::Hours(34));
  ASSERT_THAT(told, SizeIs(1));
  EXPECT_THAT(told[0].alert.group->members, ElementsAre("c", "b"));
  EXPECT_EQ(told[0].version, 3u);
}

TEST_F(MattersReplayTest, WhatLeftBeforeItWasToldIsToldAsGone) {
  const domain::ChangeEvent b = MatterEvent("b", absl::Hours(2), "petitions", {7});
  log_ = {MatterEvent("a", absl::Hours(1), "hotline", {7}), b,
          MatterEvent("c", absl::Hours(2), "court", {7})};
  auto owner = TakeOver();
  const std::vector<Firing> told = owner->Due(kBegin + absl::Hours(2));
  ASSERT_THAT(told, SizeIs(1));
  // It had not read the withdrawal when it told of b.
  log_.push_back(Later(b, AlertKind::kClueWithdrawn, absl::Minutes(1)));
  log_.push_back(InLog(told[0], kBegin + absl::Hours(2) + absl::Minutes(2)));
  const std::vector<Firing> next = Tell(TakeOver().get(), absl::Hours(3));
  ASSERT_THAT(next, SizeIs(1));
  EXPECT_THAT(next[0].alert.group->members, ElementsAre("c", "a"));
  EXPECT_EQ(next[0].alert.group->total, 2);
}

// In the replay two partitions are read in another order than they were live.
TEST_F(MattersReplayTest, WhatWasToldDecidesWhichCluesBelongTogether) {
  const domain::ChangeEvent a = MatterEvent("a", absl::Hours(1), "hotline", {7});
  const domain::ChangeEvent b = MatterEvent("b", absl::Hours(2), "petitions", {8});
  const domain::ChangeEvent both = MatterEvent("c", absl::Hours(3), "court", {7, 8});
  log_ = {b, both};
  ASSERT_THAT(Tell(TakeOver().get(), absl::Hours(3)), SizeIs(1));
  const domain::ChangeEvent told = log_.back();
  log_ = {a, b, both, told};  // alone it would belong to a, which is older
  EXPECT_THAT(Tell(TakeOver().get(), absl::Hours(4)), IsEmpty());
}

// And what is like such a clue goes with it, though the owner had not told it yet.
TEST_F(MattersReplayTest, WhatIsLikeAClueGoesWhereItGoes) {
  const domain::ChangeEvent q = MatterEvent("q", absl::Hours(2), "hotline", {2});
  const domain::ChangeEvent r = MatterEvent("r", absl::Hours(3), "petitions", {1, 2, 3});
  log_ = {q, r};
  ASSERT_THAT(Tell(TakeOver().get(), absl::Hours(3)), SizeIs(1));
  const domain::ChangeEvent told = log_.back();
  log_ = {MatterEvent("p", absl::Hours(1), "hotline", {1}), q, r,
          MatterEvent("s", absl::Hours(4), "court", {3}), told};
  const std::vector<Firing> firings = Tell(TakeOver().get(), absl::Hours(5));
  ASSERT_THAT(firings, SizeIs(1));
  EXPECT_THAT(firings[0].record, StartsWith("record-q/"));
  EXPECT_THAT(firings[0].alert.group->members, ElementsAre("s", "r", "q"));
}

// What was told of them stands in the log no more where the replay begins.
TEST_F(MattersReplayTest, CluesThatAreRevisedLongAfterTheyWereToldAreNoNewMatter) {
  const domain::ChangeEvent a = MatterEvent("a", absl::Hours(1), "hotline", {7});
  const domain::ChangeEvent b = MatterEvent("b", absl::Hours(2), "petitions", {7});
  log_ = {a, b};
  ASSERT_THAT(Tell(TakeOver().get(), absl::Hours(2)), SizeIs(1));
  const size_t behind = log_.size();
  log_.push_back(Later(a, AlertKind::kClueRevised, absl::Hours(10)));
  log_.push_back(Later(b, AlertKind::kClueRevised, absl::Hours(10)));
  EXPECT_THAT(Tell(TakeOver(behind).get(), absl::Hours(13)), IsEmpty());
}

TEST_F(MattersReplayTest, OfAMatterThatARouteWasSwitchedOnAfterNothingIsTold) {
  starts_ = {{"matter", kBegin + absl::Hours(3)}};
  log_ = {MatterEvent("a", absl::Hours(1), "hotline", {7}),
          MatterEvent("b", absl::Hours(2), "petitions", {7})};
  auto owner = TakeOver();
  EXPECT_THAT(Tell(owner.get(), absl::Hours(4)), IsEmpty());
  Append(MatterEvent("c", absl::Hours(4), "court", {7}), owner.get());
  EXPECT_THAT(Tell(owner.get(), absl::Hours(4)), SizeIs(1));
}

// It died between the alert of the matter and the silence of its members.
TEST_F(MattersReplayTest, TheNextOwnerSilencesWhatIsToBeSilent) {
  Route route = SameMatter();
  std::get<LinkRule>(route.rule).silence_low = true;
  routes_ = Only(std::move(route));
  domain::ChangeEvent grave = MatterEvent("b", absl::Hours(2), "petitions", {7});
  grave.alert.facets.risk = domain::Risk::kHigh;
  log_ = {MatterEvent("a", absl::Hours(1), "hotline", {7}), grave};
  ASSERT_THAT(Tell(TakeOver().get(), absl::Hours(2)), SizeIs(1));
  const std::vector<Hush> hushes = TakeOver()->Hushes();
  ASSERT_THAT(hushes, SizeIs(1));
  EXPECT_EQ(hushes[0].clue_id, "a");
}

// It died between the alert that is HIGH no longer and the end of the silence.
TEST_F(MattersReplayTest, TheNextOwnerEndsTheSilencesOfAMatterThatIsHighNoLonger) {
  Route route = SameMatter();
  std::get<LinkRule>(route.rule).silence_low = true;
  routes_ = Only(std::move(route));
  domain::ChangeEvent grave = MatterEvent("b", absl::Hours(2), "petitions", {7});
  grave.alert.facets.risk = domain::Risk::kHigh;
  log_ = {MatterEvent("a", absl::Hours(1), "hotline", {7}), grave,
          MatterEvent("c", absl::Hours(2), "court", {7})};
  ASSERT_THAT(Tell(TakeOver().get(), absl::Hours(2)), SizeIs(1));
  log_.push_back(Later(grave, domain::AlertKind::kClueWithdrawn, absl::Hours(1)));
  ASSERT_THAT(Tell(TakeOver().get(), absl::Hours(4)), SizeIs(1));
  std::set<std::string> ended;
  for (const Hush& hush : TakeOver()->Hushes()) {
    EXPECT_TRUE(hush.over);
    ended.insert(hush.clue_id);
  }
  EXPECT_TRUE(ended.count("a") == 1 && ended.count("c") == 1);
}

// The last version of each record: who belongs to it.
std::map<std::string, std::set<std::string>> Members(const std::vector<domain::ChangeEvent>& log) {
  std::map<std::string, std::set<std::string>> members;
  for (const domain::ChangeEvent& event : log) {
    if (event.alert.group == nullptr) continue;
    const auto& group = *event.alert.group;
    members[event.alert.clue_id] = {group.members.begin(), group.members.end()};
  }
  return members;
}

// Clues of three partners, with numbers and texts of a few, some revised or taken back while they
// are young.
std::vector<domain::ChangeEvent> RandomChanges(std::mt19937_64* random) {
  std::mt19937_64& next = *random;
  std::vector<uint64_t> shapes(25);
  for (uint64_t& shape : shapes) shape = next();
  std::map<std::string, domain::ChangeEvent> clues;
  std::vector<domain::ChangeEvent> changes;
  absl::Duration at;
  for (int i = 0; i < 120; ++i) {
    at += absl::Minutes(1 + next() % 50);
    std::string id = "c" + std::to_string(i);
    if (i % 5 == 4) {
      id = "c" + std::to_string(next() % i);
      const auto clue = clues.find(id);
      if (clue == clues.end() || clue->second.alert.kind == AlertKind::kClueWithdrawn ||
          kBegin + at - clue->second.alert.received_at > absl::Hours(24)) {
        continue;
      }
      const bool withdrawn = next() % 2 == 0;
      clue->second =
          Later(clue->second, withdrawn ? AlertKind::kClueWithdrawn : AlertKind::kClueRevised, {});
      clue->second.alert.raised_at = kBegin + at;
      if (next() % 2 == 0) clue->second.alert.facets.risk = domain::Risk::kMedium;
    } else {
      clues[id] = MatterEvent(id, at, "p" + std::to_string(next() % 3), {next() % 25},
                              next() % 2 == 0 ? 0 : shapes[next() % shapes.size()]);
    }
    changes.push_back(clues[id]);
  }
  return changes;
}

// Owners die at random: before they tell, or right after, and the next reads only as far back as
// the route reaches. However often, each version of a record is told once, and no clue belongs to
// two. Where all is told (one partner makes a matter) each matter has in the end the members that
// an owner that never dies gives it; of what was not told the next owner may know less.
TEST_F(MattersReplayTest, WhateverOwnersDieEachVersionIsToldOnce) {
  const unsigned seed = std::random_device()();
  std::cout << "seed " << seed << "\n";
  std::mt19937_64 random(seed);
  size_t matters = 0;
  int deaths = 0;
  const auto play = [&](const std::vector<domain::ChangeEvent>& changes, bool die) {
    log_.clear();
    auto owner = TakeOver();
    const auto take_over = [&](absl::Time now) {
      if (!die || random() % 4 != 0) return;
      ++deaths;
      const absl::Time from = now - ReachOf(*routes_);
      size_t first = 0;
      while (first < log_.size() && log_[first].alert.raised_at < from) ++first;
      owner = TakeOver(first);
    };
    for (const domain::ChangeEvent& change : changes) {
      const absl::Time now = change.alert.raised_at;
      Append(change, owner.get());
      take_over(now);
      Tell(owner.get(), now - kBegin);
      take_over(now);
    }
    Tell(owner.get(), changes.back().alert.raised_at - kBegin + absl::Hours(12));
    return Members(log_);
  };
  for (int round = 0; round < 80; ++round) {
    SCOPED_TRACE(round);
    const int partners = 1 + round % 2;
    routes_ = Only(SameMatter(absl::Hours(24), partners));
    const std::vector<domain::ChangeEvent> changes = RandomChanges(&random);
    const auto expected = play(changes, false);
    const auto told = play(changes, true);
    if (partners == 1) {
      // Names of records may differ.
      std::vector<std::set<std::string>> sets, actual;
      for (const auto& [record, members] : expected) sets.push_back(members);
      for (const auto& [record, members] : told) actual.push_back(members);
      ASSERT_THAT(actual, ::testing::UnorderedElementsAreArray(sets));
    }
    matters += told.size();
    std::map<std::string, int64_t> versions;
    for (const domain::ChangeEvent& event : log_) {
      if (event.alert.group == nullptr) continue;
      ASSERT_EQ(event.alert.group->ordinal, ++versions[event.alert.clue_id]);
    }
    std::map<std::string, std::string> record_of;
    for (const auto& [record, members] : told) {
      for (const std::string& member : members) {
        ASSERT_TRUE(record_of.emplace(member, record).second) << member << " belongs to two";
      }
    }
  }
  std::cout << matters << " matters, " << deaths << " deaths\n";
  EXPECT_GT(matters, 400u);
}

}  // namespace
}  // namespace supervision::combining
