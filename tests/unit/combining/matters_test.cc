#include "services/combining/matters.h"

#include <map>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/combining/engine.h"
#include "tests/unit/combining/routes_for_test.h"

namespace supervision::combining {
namespace {

using domain::AlertKind;
using domain::LinkBy;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr uint64_t kShape = 0x0123'4567'89AB'CDEF;

class MattersTest : public ::testing::Test {
 protected:
  void Begin(Route route = SameMatter(), std::map<std::string, absl::Time> starts = {}) {
    engine_ = std::make_unique<Engine>(Only(std::move(route)), std::move(starts));
    engine_->GoLive({});
  }
  void Take(const domain::ChangeEvent& event) { engine_->Take(0, ++position_, event); }
  std::vector<Firing> Due(absl::Duration at) { return engine_->Due(kBegin + at); }

  std::unique_ptr<Engine> engine_;
  int64_t position_ = 0;
};

TEST_F(MattersTest, TwoPartnersWithTheNumberOfOneCaseAreOneAlertWithBoth) {
  Begin();
  Take(MatterEvent("a", absl::Minutes(1), "hotline", {7}));
  Take(MatterEvent("x", absl::Minutes(2), "petitions", {8}));
  EXPECT_THAT(Due(absl::Minutes(3)), IsEmpty());
  Take(MatterEvent("b", absl::Minutes(4), "petitions", {7, 9}));
  const std::vector<Firing> told = Due(absl::Minutes(4));
  ASSERT_THAT(told, SizeIs(1));
  const domain::Alert& alert = told[0].alert;
  EXPECT_EQ(alert.kind, AlertKind::kSameMatter);
  EXPECT_EQ(told[0].trigger, "a");
  EXPECT_EQ(told[0].version, 1u);
  EXPECT_THAT(alert.group->members, ElementsAre("b", "a"));
  EXPECT_THAT(alert.group->links,
              ElementsAre(domain::AlertGroup::Link{LinkBy::kNumber, 0, "petitions"},
                          domain::AlertGroup::Link{LinkBy::kFirst, 0, "hotline"}));
  EXPECT_EQ(alert.facets.partner, "") << "no single partner sees the others' clues by it";
  EXPECT_EQ(alert.facets.unit.name, "甲局");
  EXPECT_EQ(alert.group->measured, 2) << "alerts, as of any other";
  EXPECT_THAT(alert.group->arithmetic_zh, HasSubstr("2个来源单位的2条线索"));
  EXPECT_THAT(Due(absl::Hours(1)), IsEmpty());
}

TEST_F(MattersTest, AThirdIsAVersionOfTheSameAlertAndNotSoonerThanTheInterval) {
  Begin();
  Take(MatterEvent("a", absl::Minutes(1), "hotline", {7}));
  Take(MatterEvent("b", absl::Minutes(2), "petitions", {7}));
  const std::vector<Firing> first = Due(absl::Minutes(2));
  ASSERT_THAT(first, SizeIs(1));
  Take(MatterEvent("c", absl::Minutes(3), "court", {7}));
  EXPECT_THAT(Due(absl::Minutes(11)), IsEmpty());
  const std::vector<Firing> told = Due(absl::Minutes(12));
  ASSERT_THAT(told, SizeIs(1));
  EXPECT_EQ(told[0].version, 2u);
  EXPECT_EQ(told[0].trigger, first[0].trigger);
  EXPECT_EQ(told[0].alert.group->digest, first[0].alert.group->digest);
  EXPECT_THAT(told[0].alert.group->members, ElementsAre("c", "b", "a"));
}

TEST_F(MattersTest, WhatMakesAMatterGraverIsToldAtOnce) {
  Begin();
  Take(MatterEvent("a", absl::Minutes(1), "hotline", {7}));
  Take(MatterEvent("b", absl::Minutes(2), "petitions", {7}));
  ASSERT_THAT(Due(absl::Minutes(2)), SizeIs(1));
  domain::ChangeEvent grave = MatterEvent("c", absl::Minutes(3), "court", {7});
  grave.alert.facets.risk = domain::Risk::kHigh;
  Take(grave);
  const std::vector<Firing> told = Due(absl::Minutes(3));
  ASSERT_THAT(told, SizeIs(1));
  EXPECT_EQ(told[0].alert.facets.risk, domain::Risk::kHigh);
}

TEST_F(MattersTest, NearTextsCountWithinOneOrganAndCountyOnly) {
  Begin();
  Take(MatterEvent("a", absl::Minutes(1), "hotline", {}, kShape));
  domain::ChangeEvent other = MatterEvent("organ", absl::Minutes(2), "petitions", {}, kShape);
  other.alert.facets.unit.name = "乙局";
  Take(other);
  other = MatterEvent("county", absl::Minutes(2), "petitions", {}, kShape);
  other.alert.facets.region_code = "330402";
  Take(other);
  Take(MatterEvent("far", absl::Minutes(2), "petitions", {},
                   kShape ^ (uint64_t{0x7FF} << 40)));  // 11 bits
  EXPECT_THAT(Due(absl::Minutes(2)), IsEmpty());
  Take(MatterEvent("near", absl::Minutes(3), "petitions", {}, kShape ^ 0x3F));
  const std::vector<Firing> told = Due(absl::Minutes(3));
  ASSERT_THAT(told, SizeIs(1));
  EXPECT_THAT(told[0].alert.group->members, ElementsAre("near", "a"));
  EXPECT_EQ(told[0].alert.group->links[0].by, LinkBy::kText);
  EXPECT_EQ(told[0].alert.group->links[0].distance, 6);
}

TEST_F(MattersTest, AnOrganIsFoundByItsNameOrItsCode) {
  Begin();
  domain::ChangeEvent one = MatterEvent("a", absl::Minutes(1), "hotline", {}, kShape);
  one.alert.facets.unit = {"甲局", "11330424002556000A"};
  Take(one);
  one = MatterEvent("b", absl::Minutes(1), "petitions", {}, kShape);
  one.alert.facets.unit = {"某县甲局", "11330424002556000A"};
  Take(one);
  EXPECT_THAT(Due(absl::Minutes(1)), SizeIs(1));
}

TEST_F(MattersTest, ANumberSaysMoreThanANearerText) {
  Begin();
  Take(MatterEvent("text", absl::Minutes(1), "hotline", {}, kShape));
  Take(MatterEvent("number", absl::Minutes(2), "hotline", {7}, ~kShape));
  Take(MatterEvent("c", absl::Minutes(3), "petitions", {7}, kShape));
  const std::vector<Firing> told = Due(absl::Minutes(3));
  ASSERT_THAT(told, SizeIs(1));
  EXPECT_THAT(told[0].alert.group->members, ElementsAre("c", "number"));
}

TEST_F(MattersTest, WhatOnePartnerRepeatsIsToldWhenAnotherComes) {
  Begin();
  Take(MatterEvent("a", absl::Minutes(1), "hotline", {7}));
  Take(MatterEvent("b", absl::Minutes(2), "hotline", {7}));
  EXPECT_THAT(Due(absl::Hours(1)), IsEmpty());
  Take(MatterEvent("c", absl::Minutes(61), "petitions", {7}));
  const std::vector<Firing> told = Due(absl::Minutes(61));
  ASSERT_THAT(told, SizeIs(1));
  EXPECT_EQ(told[0].alert.group->total, 3);
  Begin(SameMatter(absl::Hours(24), 1));
  Take(MatterEvent("a", absl::Minutes(1), "hotline", {7}));
  Take(MatterEvent("b", absl::Minutes(2), "hotline", {7}));
  EXPECT_THAT(Due(absl::Hours(1)), SizeIs(1));
}

TEST_F(MattersTest, AClueThatIsTakenBackLeavesAndThatIsTold) {
  Begin();
  const domain::ChangeEvent b = MatterEvent("b", absl::Minutes(2), "petitions", {7});
  Take(MatterEvent("a", absl::Minutes(1), "hotline", {7}));
  Take(b);
  ASSERT_THAT(Due(absl::Minutes(2)), SizeIs(1));
  Take(Later(b, AlertKind::kClueWithdrawn, absl::Minutes(30)));
  std::vector<Firing> told = Due(absl::Minutes(32));
  ASSERT_THAT(told, SizeIs(1));
  EXPECT_EQ(told[0].version, 2u);
  EXPECT_THAT(told[0].alert.group->members, ElementsAre("a"));
  EXPECT_THAT(told[0].alert.group->arithmetic_zh, HasSubstr("1条已不属于本事项"));
  // The matter goes on with whoever comes.
  Take(MatterEvent("c", absl::Hours(1), "court", {7}));
  told = Due(absl::Hours(1));
  ASSERT_THAT(told, SizeIs(1));
  EXPECT_EQ(told[0].version, 3u);
  EXPECT_THAT(told[0].alert.group->members, ElementsAre("c", "a"));
}

TEST_F(MattersTest, ARevisionStaysWhileAKeyHoldsAndElseLeaves) {
  Begin();
  Take(MatterEvent("a", absl::Minutes(1), "hotline", {7}, kShape));
  domain::ChangeEvent b = MatterEvent("b", absl::Minutes(2), "petitions", {7}, kShape);
  Take(b);
  ASSERT_THAT(Due(absl::Minutes(2)), SizeIs(1));
  b.alert.matter = MatterEvent("b", absl::Minutes(2), "petitions", {}, kShape).alert.matter;
  b = Later(b, AlertKind::kClueRevised, absl::Minutes(10));
  Take(b);
  EXPECT_THAT(Due(absl::Hours(1)), IsEmpty()) << "its text is still the same";
  b.alert.matter = MatterEvent("b", absl::Minutes(2), "petitions", {8}, ~kShape).alert.matter;
  Take(Later(b, AlertKind::kClueRevised, absl::Hours(1)));
  const std::vector<Firing> told = Due(absl::Hours(2));
  ASSERT_THAT(told, SizeIs(1));
  EXPECT_THAT(told[0].alert.group->members, ElementsAre("a"));
  // And it is found by what it says now.
  Take(MatterEvent("c", absl::Hours(2), "court", {8}));
  ASSERT_THAT(Due(absl::Hours(2)), SizeIs(1));
}

TEST_F(MattersTest, AStepOfAMembersAlertChangesNothing) {
  Begin();
  const domain::ChangeEvent a = MatterEvent("a", absl::Minutes(1), "hotline", {7});
  Take(a);
  Take(MatterEvent("b", absl::Minutes(2), "petitions", {7}));
  ASSERT_THAT(Due(absl::Minutes(2)), SizeIs(1));
  domain::ChangeEvent step = Later(a, AlertKind::kAcknowledged, absl::Hours(1));
  step.alert.facets.state = domain::AlertState::kAcknowledged;
  Take(step);
  // A revision too, whose facets have the state and the silences of the alert.
  step = Later(step, AlertKind::kClueRevised, absl::Minutes(1));
  step.alert.facets.owner = "wang";
  step.alert.facets.silences = {{"s1", {"li"}}};
  Take(step);
  EXPECT_THAT(Due(absl::Hours(3)), IsEmpty());
}

// Or the alert would go on being seen by who may not see each of its members.
TEST_F(MattersTest, AMemberOfAnotherClassMakesAVersionThatFewerSee) {
  Begin();
  Take(MatterEvent("a", absl::Minutes(1), "hotline", {7}));
  const domain::ChangeEvent b = MatterEvent("b", absl::Minutes(2), "petitions", {7});
  Take(b);
  ASSERT_EQ(Due(absl::Minutes(2)).at(0).alert.facets.scenario, domain::Scenario::kJudicial);
  domain::ChangeEvent corrected = Later(b, AlertKind::kReclassified, absl::Hours(1));
  corrected.alert.facets.scenario = domain::Scenario::kPetitionDispute;
  Take(corrected);
  std::vector<Firing> told = Due(absl::Hours(2));
  ASSERT_THAT(told, SizeIs(1));
  EXPECT_EQ(told[0].alert.facets.scenario, domain::Scenario::kUnspecified);
  // It stays so when that member has left: what was told of it was told.
  Take(Later(corrected, AlertKind::kClueWithdrawn, absl::Hours(2)));
  told = Due(absl::Hours(4));
  ASSERT_THAT(told, SizeIs(1));
  EXPECT_EQ(told[0].alert.facets.scenario, domain::Scenario::kUnspecified);
}

TEST_F(MattersTest, WhatIsOutOfScopeOrHasNoKeysIsLinkedToNothing) {
  Begin();
  Take(MatterEvent("a", absl::Minutes(1), "hotline", {7}));
  domain::ChangeEvent b = MatterEvent("b", absl::Minutes(2), "petitions", {7});
  b.alert.facets.scenario = domain::Scenario::kOutOfScope;
  Take(b);
  Take(ClueEvent("c", absl::Minutes(2)));
  Take(ClueEvent("d", absl::Minutes(2)));
  // Its partner said how many persons it hits, and nothing by which it is like another.
  domain::ChangeEvent e = ClueEvent("e", absl::Minutes(3));
  auto keys = std::make_shared<domain::MatterKeys>();
  keys->persons = 30;
  e.alert.matter = keys;
  Take(e);
  EXPECT_THAT(Due(absl::Hours(1)), IsEmpty());
  EXPECT_EQ(engine_->clues(), 1u);
}

TEST_F(MattersTest, AClueOutsideTheWindowIsNotCompared) {
  Begin();
  Take(MatterEvent("a", absl::Hours(0), "hotline", {7}, kShape));
  Take(MatterEvent("b", absl::Hours(25), "petitions", {7}, kShape));
  EXPECT_THAT(Due(absl::Hours(26)), IsEmpty());
  EXPECT_EQ(engine_->clues(), 1u);
}

// Its first clues are no members of it any more when they are forgotten.
TEST_F(MattersTest, WhatAVeryLargeMatterOnlyCountsIsForgottenForGood) {
  for (const bool lives_on : {false, true}) {
    Begin();
    const domain::ChangeEvent first = MatterEvent("c0", absl::Hours(0), "hotline", {7});
    Take(first);
    constexpr int kMost = static_cast<int>(Matters::kMostOfMatter);
    for (int i = 1; i <= kMost; ++i) {
      const std::string partner = i % 2 == 0 ? "hotline" : "petitions";
      Take(MatterEvent("c" + std::to_string(i), absl::Seconds(i), partner, {7}));
    }
    std::vector<Firing> told = Due(absl::Hours(1));
    ASSERT_THAT(told, SizeIs(1));
    EXPECT_EQ(told[0].alert.group->total, kMost + 1);
    Take(ToldEvent(told[0], kBegin + absl::Hours(1)));
    if (lives_on) {
      Take(MatterEvent("late", absl::Hours(20), "court", {7}));
      ASSERT_THAT(Due(absl::Hours(21)), SizeIs(1));
    }
    Take(MatterEvent("x", absl::Hours(lives_on ? 30 : 60), "hotline", {8}));
    EXPECT_EQ(engine_->groups(), lives_on ? 1u : 0u);
    domain::ChangeEvent revised = Later(first, AlertKind::kClueRevised, absl::Hours(61));
    revised.alert.facets.scenario = domain::Scenario::kPetitionDispute;
    Take(revised);
    EXPECT_THAT(Due(absl::Hours(62)), IsEmpty()) << lives_on;
  }
}

TEST_F(MattersTest, AnOldClueThatIsRevisedIsComparedWithNothing) {
  Begin();
  domain::ChangeEvent a = MatterEvent("a", absl::Hours(0), "hotline", {8});
  Take(a);
  Take(MatterEvent("b", absl::Hours(20), "petitions", {7}));
  a.alert.matter = MatterEvent("a", absl::Hours(0), "hotline", {7}).alert.matter;
  Take(Later(a, AlertKind::kClueRevised, absl::Hours(30)));
  EXPECT_THAT(Due(absl::Hours(31)), IsEmpty());
}

TEST_F(MattersTest, AMemberBehindTheWindowStaysAndMayStillLeave) {
  Begin();
  const domain::ChangeEvent a = MatterEvent("a", absl::Hours(0), "hotline", {7});
  Take(a);
  Take(MatterEvent("b", absl::Hours(20), "petitions", {7}));
  ASSERT_THAT(Due(absl::Hours(20)), SizeIs(1));
  Take(MatterEvent("c", absl::Hours(40), "court", {7}));
  std::vector<Firing> told = Due(absl::Hours(40));
  ASSERT_THAT(told, SizeIs(1));
  EXPECT_THAT(told[0].alert.group->members, ElementsAre("c", "b", "a"));
  // It is revised, and then taken back.
  Take(Later(a, AlertKind::kClueRevised, absl::Hours(41)));
  EXPECT_THAT(Due(absl::Hours(42)), IsEmpty());
  Take(Later(a, AlertKind::kClueWithdrawn, absl::Hours(43)));
  told = Due(absl::Hours(44));
  ASSERT_THAT(told, SizeIs(1));
  EXPECT_THAT(told[0].alert.group->members, ElementsAre("c", "b"));
  EXPECT_EQ(told[0].alert.group->total, 2);
}

Route Silencing() {
  Route route = SameMatter();
  std::get<LinkRule>(route.rule).silence_low = true;
  return route;
}

TEST_F(MattersTest, AHighSilencesTheLowMembersOnceTheirMatterIsInTheLog) {
  Begin(Silencing());
  Take(MatterEvent("a", absl::Minutes(1), "hotline", {7}));
  domain::ChangeEvent medium = MatterEvent("m", absl::Minutes(1), "audit", {7});
  medium.alert.facets.risk = domain::Risk::kMedium;
  Take(medium);
  const auto tell = [&](absl::Duration at) {
    for (const Firing& firing : Due(at)) Take(ToldEvent(firing, kBegin + at));
  };
  tell(absl::Minutes(1));
  EXPECT_THAT(engine_->Hushes(), IsEmpty()) << "the matter is not HIGH";
  domain::ChangeEvent grave = MatterEvent("h", absl::Minutes(2), "petitions", {7});
  grave.alert.facets.risk = domain::Risk::kHigh;
  Take(grave);
  EXPECT_THAT(engine_->Hushes(), IsEmpty()) << "nobody was told of it yet";
  tell(absl::Minutes(2));
  std::vector<Hush> hushes = engine_->Hushes();
  ASSERT_THAT(hushes, SizeIs(1));
  EXPECT_EQ(hushes[0].clue_id, "a");
  EXPECT_EQ(hushes[0].matter, "record-a");
  EXPECT_EQ(hushes[0].facets.risk, domain::Risk::kHigh);
  EXPECT_EQ(hushes[0].length, absl::Hours(24));
  Take(MatterEvent("c", absl::Minutes(3), "court", {7}));
  tell(absl::Hours(1));
  hushes = engine_->Hushes();
  ASSERT_THAT(hushes, SizeIs(1));
  EXPECT_EQ(hushes[0].clue_id, "c");
}

TEST_F(MattersTest, WhatWasSilencedIsSilentNoLongerOnceTheMatterIsNotHighAnyMore) {
  Begin(Silencing());
  const auto tell = [&](absl::Duration at) {
    for (const Firing& firing : Due(at)) Take(ToldEvent(firing, kBegin + at));
  };
  Take(MatterEvent("a", absl::Minutes(1), "hotline", {7}));
  Take(MatterEvent("b", absl::Minutes(1), "audit", {7}));
  domain::ChangeEvent grave = MatterEvent("h", absl::Minutes(2), "petitions", {7});
  grave.alert.facets.risk = domain::Risk::kHigh;
  Take(grave);
  tell(absl::Minutes(2));
  ASSERT_THAT(engine_->Hushes(), SizeIs(2));
  const auto ended = [&] {
    std::vector<std::string> ids;
    for (const Hush& hush : engine_->Hushes()) {
      EXPECT_TRUE(hush.over);
      EXPECT_EQ(hush.matter, "record-a");
      ids.push_back(hush.clue_id);
    }
    return ids;
  };
  Take(Later(MatterEvent("b", absl::Minutes(1), "audit", {7}), domain::AlertKind::kClueWithdrawn,
             absl::Minutes(5)));
  tell(absl::Hours(1));
  EXPECT_THAT(ended(), ElementsAre("b")) << "it has left";
  Take(Later(grave, domain::AlertKind::kClueWithdrawn, absl::Hours(2)));
  EXPECT_THAT(ended(), IsEmpty()) << "nobody was told of it yet";
  tell(absl::Hours(3));
  EXPECT_THAT(ended(), ElementsAre("a"));
}

TEST_F(MattersTest, ARouteThatDoesNotSaySoSilencesNothing) {
  Begin();
  Take(MatterEvent("a", absl::Minutes(1), "hotline", {7}));
  domain::ChangeEvent grave = MatterEvent("h", absl::Minutes(1), "petitions", {7});
  grave.alert.facets.risk = domain::Risk::kHigh;
  Take(grave);
  for (const Firing& firing : Due(absl::Minutes(1))) Take(ToldEvent(firing, kBegin));
  EXPECT_THAT(engine_->Hushes(), IsEmpty());
}

TEST_F(MattersTest, WhatIsBeforeTheRoutesStartCountsButMakesNothingDue) {
  Begin(SameMatter(), {{"matter", kBegin + absl::Hours(5)}});
  Take(MatterEvent("a", absl::Hours(1), "hotline", {7}));
  Take(MatterEvent("b", absl::Hours(2), "petitions", {7}));
  EXPECT_THAT(Due(absl::Hours(5)), IsEmpty());
  Take(MatterEvent("c", absl::Hours(6), "court", {7}));
  const std::vector<Firing> told = Due(absl::Hours(6));
  ASSERT_THAT(told, SizeIs(1));
  EXPECT_EQ(told[0].version, 1u);
  EXPECT_EQ(told[0].alert.group->total, 3);
}

TEST_F(MattersTest, OfAMatterOfManyAllAreCountedAndTheNewestNamed) {
  Begin();
  std::vector<Firing> told;
  for (int i = 0; i < 2500; ++i) {
    Take(MatterEvent("c" + std::to_string(10'000 + i), absl::Seconds(i),
                     "p" + std::to_string(i % 3), {7}, kShape));
    for (Firing& firing : Due(absl::Seconds(i))) told.push_back(std::move(firing));
  }
  EXPECT_THAT(told, SizeIs(5)) << "the first, and then one in ten minutes";
  told = Due(absl::Hours(1));
  ASSERT_THAT(told, SizeIs(1));
  EXPECT_EQ(told[0].alert.group->total, 2500);
  EXPECT_THAT(told[0].alert.group->members, SizeIs(domain::kMostMembers));
  EXPECT_EQ(told[0].alert.group->members[0], "c12499");
}

TEST_F(MattersTest, NothingIsKeptOfWhatIsBehindTheWindow) {
  Begin(SameMatter(absl::Hours(1)));
  for (int i = 0; i < 3000; ++i) {
    // Of every three one is taken back, so that matters are left by all of theirs too.
    const domain::ChangeEvent clue =
        MatterEvent("c" + std::to_string(i), absl::Minutes(10 * i), "p" + std::to_string(i % 2),
                    {static_cast<uint64_t>(i / 3)}, static_cast<uint64_t>(i) << 40);
    Take(clue);
    Due(absl::Minutes(10 * i));
    if (i % 3 == 0) Take(Later(clue, AlertKind::kClueWithdrawn, absl::Minutes(1)));
  }
  EXPECT_LE(engine_->clues(), 7u);
  EXPECT_LE(engine_->groups(), 7u);
}

}  // namespace
}  // namespace supervision::combining
