#include "services/ledger/board.h"

#include "gtest/gtest.h"

namespace supervision::ledger {
namespace {

PartitionMeta Meta(const char* epochs, int64_t end) {
  PartitionMeta meta;
  meta.epochs = *EpochList::Parse(epochs);
  meta.end = meta.confirmed = end;
  return meta;
}

TEST(BoardTest, WhatIsFoundAtFirstIsNoNews) {
  Board board(1);
  EXPECT_FALSE(board.Learn(0, Meta("1:1,2:51", 70)));
  EXPECT_EQ(board.state(0).epoch, 2);
  EXPECT_EQ(board.state(0).end, 70);
}

TEST(BoardTest, AnEpochThatBeganSinceTheWitnessIsNews) {
  Board board(1);
  board.Remember(0, 1, 60);
  EXPECT_TRUE(board.Learn(0, Meta("1:1,2:51", 50)));
  EXPECT_EQ(board.witness(0), (Board::Witness{2, 50})) << "what was lost witnesses nothing more";
}

TEST(BoardTest, OldNewsOfAnotherConnectionChangesNothing) {
  Board board(1);
  board.Learn(0, Meta("1:1", 10));
  board.Acknowledge(0, 1, 10);
  EXPECT_TRUE(board.Learn(0, Meta("1:1,2:6", 5)));
  EXPECT_FALSE(board.Learn(0, Meta("1:1", 10)));
  EXPECT_EQ(board.state(0).end, 5);
  board.Acknowledge(0, 1, 10);
  EXPECT_EQ(board.witness(0), (Board::Witness{2, 5})) << "an answer of an epoch that is over";
  board.Acknowledge(0, 2, 7);
  EXPECT_EQ(board.witness(0), (Board::Witness{2, 7}));
  EXPECT_EQ(board.state(0).end, 7);
}

TEST(BoardTest, TheWitnessNeverGoesBack) {
  Board board(1);
  board.Learn(0, Meta("1:1", 10));
  board.Acknowledge(0, 1, 10);
  board.Acknowledge(0, 1, 8);
  board.Remember(0, 1, 3);
  EXPECT_EQ(board.witness(0), (Board::Witness{1, 10}));
}

}  // namespace
}  // namespace supervision::ledger
