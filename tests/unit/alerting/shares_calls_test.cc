// What shared subscriptions ask the ledger at a time, and what waits for what.
#include "tests/unit/alerting/shares_fixture.h"

namespace supervision::alerting {
namespace {

using ::testing::SizeIs;
using ::testing::UnorderedElementsAreArray;

constexpr int kMany = 600;
constexpr size_t kOfAMessage = 256;

class SharesCallsTest : public SharesTest {
 protected:
  SharesCallsTest() { ledger_.rules.max_in_flight = 2 * kMany; }

  // a_ has room for all of kMany, which are read, and is not written to before it takes its first
  // message.
  void ConnectBeforeMany() {
    a_.Stall(true);
    Connect(&a_, 0, RequestOf(2 * kMany));
    PublishMany(1, kMany);
    ASSERT_THAT(a_.delivered(), SizeIs(0));
  }
};

TEST_F(SharesCallsTest, AClaimDoesNotWaitForWhatAnswersAreBeingKept) {
  Connect(&a_, 0);
  PublishMany(1, 4);
  const int before = At(0).keeper->calls();
  At(0).keeper->Hold(true);
  a_.AckAll();
  Run();
  EXPECT_EQ(At(0).keeper->calls(), before + 1);
  PublishMany(5, 8);
  EXPECT_EQ(At(0).keeper->calls(), before + 2) << "the claim";
  At(0).keeper->Hold(false);
  Run();
  EXPECT_THAT(a_.kept(), SizeIs(4));
  EXPECT_THAT(a_.ids(), UnorderedElementsAreArray(Ids(1, 8)));
}

TEST_F(SharesCallsTest, AnswersDoNotWaitForAClaim) {
  Connect(&a_, 0);
  PublishMany(1, 4);
  const int before = At(0).keeper->calls();
  At(0).keeper->Hold(true);
  PublishMany(5, 8);
  ASSERT_EQ(At(0).keeper->calls(), before + 1);
  a_.AckAll();
  Run();
  EXPECT_EQ(At(0).keeper->calls(), before + 2);
  EXPECT_EQ(ledger_.book.acked({1, 1}), 1) << "kept, though the claim has no answer";
  At(0).keeper->Hold(false);
  Run();
}

TEST_F(SharesCallsTest, OneClaimServesSeveralMessages) {
  ConnectBeforeMany();
  const int calls = At(0).keeper->calls();
  const int messages = a_.messages();
  a_.Stall(false);
  Run();
  EXPECT_THAT(a_.ids(), UnorderedElementsAreArray(Ids(1, kMany)));
  EXPECT_EQ(At(0).keeper->calls(), calls + 1);
  EXPECT_EQ(a_.messages(), messages + 3) << "of " << kOfAMessage << " alerts at most";
}

// It would be in two hands.
TEST_F(SharesCallsTest, WhatWaitsBehindAMessageUntilItsLeaseHasEndedIsNotSent) {
  ConnectBeforeMany();
  a_.Take();
  Run();
  ASSERT_THAT(a_.delivered(), SizeIs(kOfAMessage)) << "the first message, which it does not take";
  Connect(&b_, 1, RequestOf(2 * kMany));
  Pass(absl::Minutes(1));
  ASSERT_THAT(b_.ids(), UnorderedElementsAreArray(Ids(1, kMany)));
  a_.Stall(false);
  Run();
  EXPECT_THAT(a_.delivered(), SizeIs(kOfAMessage));
  b_.AckAll();
  Run();
  EXPECT_THAT(b_.kept(), SizeIs(kMany));
}

}  // namespace
}  // namespace supervision::alerting
