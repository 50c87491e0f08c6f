#include "services/ledger/epoch_list.h"

#include "gtest/gtest.h"

namespace supervision::ledger {
namespace {

TEST(EpochListTest, APartitionBeginsWithItsFirstEpoch) {
  const EpochList list = EpochList::Parse("").value();
  EXPECT_EQ(list.current(), 1);
  EXPECT_EQ(list.current_first(), 1);
  EXPECT_EQ(list.ToText(), "1:1");
}

TEST(EpochListTest, TextComesBackAsItWas) {
  EXPECT_EQ(EpochList::Parse("1:1,2:501,7:300").value().ToText(), "1:1,2:501,7:300");
}

TEST(EpochListTest, NonsenseIsRefused) {
  for (const char* text : {"x", "1", "1:", "1:1,", "1:1,1:5", "2:1,1:5", "1:0", "1:1 ", ",1:1",
                           "1:99999999999999999999"}) {
    EXPECT_FALSE(EpochList::Parse(text).has_value()) << text;
  }
}

TEST(EpochListTest, WhatStandsBeforeTheNextEpochIsNotLost) {
  const EpochList list = EpochList::Parse("1:1,2:51").value();
  EXPECT_EQ(list.LostFrom(1, 0), std::nullopt);
  EXPECT_EQ(list.LostFrom(1, 50), std::nullopt);
  EXPECT_EQ(list.LostFrom(1, 51), 51);
  EXPECT_EQ(list.LostFrom(1, 500), 51);
  EXPECT_EQ(list.LostFrom(2, 500), std::nullopt);
}

TEST(EpochListTest, AfterSeveralLossesTheDeepestCounts) {
  const EpochList list = EpochList::Parse("1:1,2:51,3:31,4:40").value();
  EXPECT_EQ(list.LostFrom(1, 60), 31);
  EXPECT_EQ(list.LostFrom(2, 35), 31);
  EXPECT_EQ(list.LostFrom(3, 60), 40);
  EXPECT_EQ(list.LostFrom(1, 30), std::nullopt);
}

}  // namespace
}  // namespace supervision::ledger
