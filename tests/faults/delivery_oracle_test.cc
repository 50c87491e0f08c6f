#include "tests/faults/delivery_oracle.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace supervision::faults {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Six alerts of two partitions; number 4 lies in another region. A monitor with a cursor, resumed
// once, and a subscription that was told number 1 and 2 again on its second connection.
class DeliveryOracleTest : public ::testing::Test {
 protected:
  DeliveryOracleTest() {
    for (int i = 0; i < 6; ++i) {
      evidence_.published.push_back({Id(i), i % 2, i == 4 ? "330106" : "330402", std::nullopt});
    }
    MonitorRecord watch;
    watch.name = "watch";
    watch.connections.resize(2);
    watch.views.push_back({{{"3304"}, ""}, 0});
    for (const int i : {0, 1, 2, 3, 5})
      watch.heard.push_back({Id(i), false, i < 2 ? 0u : 1u, 0, false});
    MonitorRecord consumer = watch;
    consumer.name = "consumer";
    consumer.course = MonitorRecord::Course::kSubscription;
    consumer.heard = {{Id(0), false, 0, 0, true},  {Id(1), false, 0, 0, false},
                      {Id(2), false, 0, 0, false}, {Id(1), false, 1, 0, true},
                      {Id(2), false, 1, 0, true},  {Id(3), false, 1, 0, true},
                      {Id(5), false, 1, 0, true}};
    evidence_.monitors = {watch, consumer};
  }

  static Told Id(int i) { return {"c" + std::to_string(i), 1}; }
  std::vector<std::string> Judged() const { return Judge(evidence_); }
  MonitorRecord& watch() { return evidence_.monitors[0]; }
  MonitorRecord& consumer() { return evidence_.monitors[1]; }

  DeliveryEvidence evidence_;
};

TEST_F(DeliveryOracleTest, FindsNothingWhereAllWasKept) { EXPECT_THAT(Judged(), IsEmpty()); }

TEST_F(DeliveryOracleTest, EveryPlantedFaultIsFoundWithEveryKindOfMonitor) {
  for (const Plant plant :
       {Plant::kDropOne, Plant::kDoubleOne, Plant::kSwapTwo, Plant::kOutsideTheScope}) {
    for (size_t monitor = 0; monitor < 2; ++monitor) {
      DeliveryEvidence planted = evidence_;
      ASSERT_TRUE(PlantFault(plant, &planted, monitor)) << static_cast<int>(plant);
      EXPECT_FALSE(Judge(planted).empty()) << static_cast<int>(plant) << " of " << monitor;
    }
  }
}

TEST_F(DeliveryOracleTest, AMonitorWithACursorIsToldNothingTwiceAfterAResume) {
  watch().heard.insert(watch().heard.begin() + 2, {Id(1), false, 1, 0, false});
  EXPECT_THAT(Judged(), ElementsAre(HasSubstr("c1 1 was told twice")));
}

TEST_F(DeliveryOracleTest, ASubscriptionIsNotToldAgainWhatWasKept) {
  consumer().heard.insert(consumer().heard.begin() + 3, {Id(0), false, 1, 0, false});
  EXPECT_THAT(Judged(), ElementsAre(HasSubstr("c0 1 came again though it was said to be kept")));
}

TEST_F(DeliveryOracleTest, ATrimmedAlertIsExcusedOnlyWhereAGapWasTold) {
  evidence_.trimmed_below = 3;
  watch().heard.erase(watch().heard.begin() + 2);
  EXPECT_THAT(Judged(), ElementsAre(HasSubstr("c2 1 was missed")));
  watch().connections[1].told_gap = true;
  EXPECT_THAT(Judged(), IsEmpty());
}

TEST_F(DeliveryOracleTest, AWithdrawalReachesWhoSawTheClueAndIsToldAsOne) {
  evidence_.published.push_back({{"c3", 2}, 1, "330402", "330402", true});
  EXPECT_THAT(Judged(), ElementsAre(HasSubstr("c3 2 was missed"), HasSubstr("c3 2 was missed")));
  watch().heard.push_back({{"c3", 2}, false, 1, 0, false, true});
  consumer().heard.push_back({{"c3", 2}, false, 1, 0, true, false});
  EXPECT_THAT(Judged(), ElementsAre(HasSubstr("c3 2 was not told as a withdrawal")));
  consumer().heard.back().withdrawn = true;
  EXPECT_THAT(Judged(), IsEmpty());
  consumer().heard.front().withdrawn = true;
  EXPECT_THAT(Judged(), ElementsAre(HasSubstr("c0 1 is no withdrawal")));
}

TEST_F(DeliveryOracleTest, AWithdrawalOfWhatAMonitorNeverSawIsNotToldToIt) {
  evidence_.published.push_back({{"c4", 2}, 0, "330106", "330106", true});
  EXPECT_THAT(Judged(), IsEmpty());
  watch().heard.push_back({{"c4", 2}, false, 1, 0, false, true});
  EXPECT_THAT(Judged(), ElementsAre(HasSubstr("c4 2 is outside the scope or the filter")));
}

TEST_F(DeliveryOracleTest, WhatARevisionTakesOutOfTheViewHasLeftAndNothingElse) {
  // Number 6 takes number 3 to another region.
  evidence_.published.push_back({{"c3", 2}, 1, "330106", "330402"});
  EXPECT_THAT(Judged(), ElementsAre(HasSubstr("c3 2 was missed"), HasSubstr("c3 2 was missed")));
  watch().heard.push_back({{"c3", 2}, true, 1, 0, false});
  consumer().heard.push_back({{"c3", 2}, true, 1, 0, true});
  EXPECT_THAT(Judged(), IsEmpty());
  for (size_t monitor = 0; monitor < 2; ++monitor) {
    DeliveryEvidence planted = evidence_;
    ASSERT_TRUE(PlantFault(Plant::kToldAfterItLeft, &planted, monitor));
    EXPECT_FALSE(Judge(planted).empty()) << monitor;
  }
  // Of one that is still seen, or never was, nobody is told that it has left.
  evidence_.published.back().region = "330402";
  EXPECT_THAT(Judged(), ElementsAre(HasSubstr("c3 2 has not left"), HasSubstr("has not left")));
  evidence_.published.back().region = "330106";
  evidence_.published.back().before = "330106";
  EXPECT_THAT(Judged(), ElementsAre(HasSubstr("c3 2 has not left"), HasSubstr("has not left")));
}

TEST_F(DeliveryOracleTest, BetweenTwoViewsBothAreRight) {
  // The second view no longer has 330402; it came into force somewhere before number 3.
  watch().views.push_back({{{"330411"}, ""}, 3});
  watch().heard.resize(2);
  EXPECT_THAT(Judged(), IsEmpty());
  // On a connection that began by the new view, nothing of the old one may come.
  watch().connections[1].view = 1;
  watch().heard.push_back({Id(2), false, 1, 1, false});
  EXPECT_THAT(Judged(), ElementsAre(HasSubstr("c2 1 is outside the scope or the filter")));
}

// Five alerts of two partitions, of which number 2 replaces number 0. A share whose second consumer
// has in hand again what the first one lost, and a monitor whose snapshots were asked for after the
// second and after the third.
class SharesAndSnapshotsTest : public ::testing::Test {
 protected:
  SharesAndSnapshotsTest() {
    evidence_.published = {{{"c0", 1}, 0, "330402", std::nullopt},
                           {{"c1", 1}, 1, "330402", std::nullopt},
                           {{"c0", 2}, 0, "330402", "330402"},
                           {{"c3", 1}, 1, "330402", std::nullopt},
                           {{"c4", 1}, 0, "330402", std::nullopt}};
    evidence_.last = {{"c4", 1}, {"c3", 1}};
    MonitorRecord record;
    record.name = "share";
    record.course = MonitorRecord::Course::kShare;
    record.connections.resize(1);
    record.views.push_back({{{"3304"}, ""}, 0});
    MonitorRecord other = record;
    record.heard = {Shared("c1", 1, 1, true), Shared("c0", 1, 1, false), Shared("c4", 1, 1, true)};
    other.heard = {Shared("c0", 2, 1, true), Shared("c0", 1, 2, true), Shared("c3", 1, 1, true)};
    MonitorRecord snapshots = record;
    snapshots.name = "snapshots";
    snapshots.course = MonitorRecord::Course::kSnapshots;
    snapshots.connections = {{.opened_at = 2, .snapshot_told_at = 3},
                             {.opened_at = 3, .snapshot_told_at = 3}};
    snapshots.heard = {Of(0, "c1", 1, false), Of(0, "c0", 1, false), Of(0, "c0", 2, true),
                       Of(1, "c1", 1, false), Of(1, "c0", 2, false), Of(1, "c3", 1, true),
                       Of(1, "c4", 1, true)};
    evidence_.monitors = {Together(record, other), snapshots};
  }

  static Heard Shared(const std::string& id, uint32_t version, int attempt, bool kept) {
    Heard heard;
    heard.what = {id, version};
    heard.attempt = attempt;
    heard.kept = kept;
    return heard;
  }
  static Heard Of(size_t connection, const std::string& id, uint32_t version, bool followed) {
    Heard heard;
    heard.what = {id, version};
    heard.connection = connection;
    heard.followed = followed;
    return heard;
  }
  std::vector<std::string> Judged() const { return Judge(evidence_); }
  std::vector<Heard>& share() { return evidence_.monitors[0].heard; }
  std::vector<Heard>& snapshots() { return evidence_.monitors[1].heard; }

  DeliveryEvidence evidence_;
};

TEST_F(SharesAndSnapshotsTest, FindsNothingWhereAllWasKept) { EXPECT_THAT(Judged(), IsEmpty()); }

TEST_F(SharesAndSnapshotsTest, EveryPlantedFaultIsFound) {
  evidence_.published.push_back({{"c5", 1}, 1, "330106", std::nullopt});
  for (const Plant plant :
       {Plant::kDropOne, Plant::kDoubleOne, Plant::kSwapTwo, Plant::kOutsideTheScope}) {
    for (size_t monitor = 0; monitor < 2; ++monitor) {
      DeliveryEvidence planted = evidence_;
      // A share has no order; and of the snapshots nothing that follows is of one partition.
      ASSERT_EQ(PlantFault(plant, &planted, monitor), plant != Plant::kSwapTwo)
          << static_cast<int>(plant) << " of " << monitor;
      if (plant == Plant::kSwapTwo) continue;
      EXPECT_FALSE(Judge(planted).empty()) << static_cast<int>(plant) << " of " << monitor;
    }
  }
}

TEST_F(SharesAndSnapshotsTest, AShareIsNotHandedAgainWhatWasKeptByAnEarlierAttempt) {
  share().push_back(Shared("c1", 1, 2, false));
  EXPECT_THAT(Judged(), ElementsAre(HasSubstr("c1 1 came again though it was said to be kept")));
}

TEST_F(SharesAndSnapshotsTest, ASnapshotHasNothingThatWasOldWhenItWasAskedFor) {
  snapshots()[4].what.version = 1;
  EXPECT_THAT(Judged(), ElementsAre(HasSubstr("c0 1 was old"), HasSubstr("c0 2 was missed")));
}

TEST_F(SharesAndSnapshotsTest, ASnapshotHasWhatWasThereBefore) {
  snapshots().erase(snapshots().begin());  // on the first connection, which did not hear all
  EXPECT_THAT(Judged(), ElementsAre(HasSubstr("c1 1 was missed")));
}

TEST_F(SharesAndSnapshotsTest, WhatASnapshotHadDoesNotComeAgainBehindIt) {
  snapshots().insert(snapshots().begin() + 5, Of(1, "c0", 2, true));
  EXPECT_THAT(Judged(), ElementsAre(HasSubstr("c0 2 was told twice or too late")));
}

TEST_F(SharesAndSnapshotsTest, BehindASnapshotEverythingComesInOrder) {
  evidence_.published.push_back({{"c5", 1}, 0, "330402", std::nullopt});
  evidence_.last[0] = {"c5", 1};
  share().push_back(Shared("c5", 1, 1, true));
  snapshots().insert(snapshots().end() - 1, Of(1, "c5", 1, true));
  EXPECT_THAT(Judged(), ElementsAre(HasSubstr("c4 1 came out of order")));
  snapshots().pop_back();
  EXPECT_THAT(Judged(), ElementsAre(HasSubstr("c4 1 was missed")));
}

}  // namespace
}  // namespace supervision::faults
