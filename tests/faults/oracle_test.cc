#include "tests/faults/oracle.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

// The oracle itself is tested with planted faults: one that catches nothing would prove nothing.
namespace supervision::faults {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Evidence Sound() {
  Evidence evidence;
  evidence.history = {{"c1", 1}, {"c2", 1}, {"c3", 1}, {"c4", 1}};
  evidence.acknowledged = {"c1", "c3", "c4"};
  evidence.monitors = {evidence.history, {{"c3", 1}, {"c4", 1}}};
  evidence.shares = {{{"c2", 1}, {"c1", 1}, {"c4", 1}, {"c3", 1}, {"c1", 1}}};
  return evidence;
}

TEST(OracleTest, AcceptsWhatKeepsThePromises) { EXPECT_THAT(Judge(Sound()), IsEmpty()); }

TEST(OracleTest, CatchesAnAcknowledgedClueThatIsLost) {
  Evidence evidence = Sound();
  evidence.acknowledged.push_back("c9");
  EXPECT_THAT(Judge(evidence), ElementsAre(HasSubstr("acknowledged and lost: c9")));
}

TEST(OracleTest, CatchesAClueThatIsCountedTwice) {
  Evidence evidence = Sound();
  evidence.history.push_back({"c2", 1});
  evidence.monitors = {};
  EXPECT_THAT(Judge(evidence), ElementsAre(HasSubstr("c2 1 twice")));
}

TEST(OracleTest, CatchesAnAlertThatAMonitorMissed) {
  Evidence evidence = Sound();
  evidence.monitors[0].erase(evidence.monitors[0].begin() + 1);
  EXPECT_THAT(Judge(evidence), ElementsAre(HasSubstr("monitor 0, alert 1: told c3 1")));
}

TEST(OracleTest, CatchesAnAlertThatAMonitorWasToldTwice) {
  Evidence evidence = Sound();
  evidence.monitors[0].insert(evidence.monitors[0].begin() + 1, {"c1", 1});
  EXPECT_THAT(Judge(evidence), ElementsAre(HasSubstr("monitor 0, alert 1: told c1 1")));
}

TEST(OracleTest, CatchesTwoAlertsThatChangedPlaces) {
  Evidence evidence = Sound();
  std::swap(evidence.monitors[0][1], evidence.monitors[0][2]);
  EXPECT_THAT(Judge(evidence), ElementsAre(HasSubstr("monitor 0, alert 1: told c3 1")));
}

TEST(OracleTest, CatchesAMonitorThatStoppedBeforeTheEnd) {
  Evidence evidence = Sound();
  evidence.monitors[1].pop_back();
  EXPECT_THAT(Judge(evidence), ElementsAre(HasSubstr("monitor 1 was told 1 alerts where the "
                                                     "history has 2")));
}

TEST(OracleTest, CatchesAMonitorThatWasToldNothing) {
  Evidence evidence = Sound();
  evidence.monitors[1].clear();
  EXPECT_THAT(Judge(evidence), ElementsAre(HasSubstr("monitor 1 was told nothing")));
}

TEST(OracleTest, CatchesAnAlertThatNoConsumerOfAShareWasHanded) {
  Evidence evidence = Sound();
  evidence.shares[0].erase(evidence.shares[0].begin() + 3);
  EXPECT_THAT(Judge(evidence), ElementsAre(HasSubstr("not handed 1 alerts of the history, c3 1")));
}

TEST(OracleTest, CatchesAnAlertThatAShareWasHandedAndNeverHappened) {
  Evidence evidence = Sound();
  evidence.shares[0].push_back({"c1", 2});
  EXPECT_THAT(Judge(evidence), ElementsAre(HasSubstr("handed what never happened: c1 2")));
}

}  // namespace
}  // namespace supervision::faults
