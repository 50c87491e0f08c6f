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
    watch.connections = {{0, false}, {0, false}};
    watch.views.push_back({{{"3304"}, ""}, 0});
    for (const int i : {0, 1, 2, 3, 5})
      watch.heard.push_back({Id(i), false, i < 2 ? 0u : 1u, 0, false});
    MonitorRecord consumer = watch;
    consumer.name = "consumer";
    consumer.acknowledges = true;
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

}  // namespace
}  // namespace supervision::faults
