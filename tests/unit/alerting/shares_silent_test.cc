// Consumers of a shared subscription that say nothing any more: their connections may be dead.
#include "tests/unit/alerting/shares_fixture.h"

namespace supervision::alerting {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAreArray;

constexpr absl::Duration kLease = absl::Seconds(30);

class SilentSharesTest : public SharesTest {
 protected:
  // Whoever acknowledges what it gets, second by second.
  void PassWith(TestSharer* working, absl::Duration time) {
    for (absl::Duration passed; passed < time; passed += absl::Seconds(1)) {
      working->AckAll();
      Pass(absl::Seconds(1));
    }
  }
  // a_ has let the lease of what it has in hand run out.
  void MakeASilent() {
    Connect(&a_, 0);
    PublishMany(1, 2);
    ASSERT_THAT(a_.delivered(), SizeIs(2));
    Connect(&b_, 0);
    PassWith(&b_, 2 * kLease);
    ASSERT_THAT(b_.ids(), UnorderedElementsAreArray(Ids(1, 2)));
  }
};

TEST_F(SilentSharesTest, WhoLetsItsLeasesRunOutInSilenceGetsNothingMoreAndTheOthersDo) {
  MakeASilent();
  PublishMany(3, 12);
  EXPECT_THAT(a_.delivered(), SizeIs(2));
  EXPECT_THAT(b_.ids(), UnorderedElementsAreArray(Ids(1, 12)));
  for (size_t i = 2; i < b_.delivered().size(); ++i) EXPECT_EQ(b_.delivered()[i].attempts, 1);
  Pass(absl::Seconds(2));
  EXPECT_EQ(Metric(At(0).registry, "supervision_shared_silent_consumers"), 1);
}

// Its window never fills, since there is always something whose lease still runs.
TEST_F(SilentSharesTest, AStreamOfAlertsDoesNotHideThatAConsumerIsSilent) {
  Connect(&a_, 0);
  Connect(&b_, 0);
  int published = 0;
  for (int second = 0; second < 90; ++second) {
    PublishMany(published + 1, published + 2);
    published += 2;
    PassWith(&b_, absl::Seconds(1));
  }
  PassWith(&b_, absl::Minutes(2));
  for (const auto& one : a_.delivered()) {
    EXPECT_LE(one.at, a_.delivered()[0].at + kLease) << one.id;
  }
  EXPECT_THAT(b_.ids(), UnorderedElementsAreArray(Ids(1, published))) << "each came in the end";
}

TEST_F(SilentSharesTest, AnySignOfLifeEndsIt) {
  const std::vector<std::function<void()>> signs = {
      [this] { a_.Ack({1}); },
      [this] { a_->Reject({std::vector<uint64_t>{2}}, "", absl::ZeroDuration()); },
      [this] { a_->Extend({std::vector<uint64_t>{1}}); }, [this] { a_->Extend({}); },
      [this] {
        a_->SetWindow({100, 1 << 20});
      }};
  MakeASilent();
  int published = 2;
  for (size_t i = 0; i < signs.size(); ++i) {
    SCOPED_TRACE("sign " + std::to_string(i));
    const size_t before = a_.delivered().size();
    PublishMany(published + 1, published + 4);
    EXPECT_THAT(a_.delivered(), SizeIs(before)) << "it is silent";
    signs[i]();
    Run();
    PublishMany(published + 5, published + 8);
    published += 8;
    EXPECT_GT(a_.delivered().size(), before);
    PassWith(&b_, 2 * kLease);  // what it got now runs out too
  }
}

TEST_F(SilentSharesTest, WhoAnswersNowAndThenIsNotSilentWhateverElseItHasInHand) {
  Connect(&a_, 0);
  Connect(&b_, 0);
  PublishMany(1, 20);
  for (uint64_t number = 1; number <= 5; ++number) {
    PassWith(&b_, kLease - absl::Seconds(5));
    a_.Ack({number});
    Run();
  }
  const size_t before = a_.delivered().size();
  PublishMany(21, 24);
  EXPECT_GT(a_.delivered().size(), before);
}

TEST_F(SilentSharesTest, WhoHasNothingInHandOwesNoWord) {
  Connect(&a_, 0);
  Connect(&b_, 0);
  Pass(absl::Hours(1));
  PublishMany(1, 8);
  EXPECT_THAT(a_.delivered(), SizeIs(4));
  EXPECT_THAT(b_.delivered(), SizeIs(4));
}

// It may live, and have lost sight of an alert: nobody else is there to take them.
TEST_F(SilentSharesTest, WhereAllAreSilentEachIsTriedWithOneAlertALease) {
  Connect(&a_, 0);
  PublishMany(1, 1);
  Pass(kLease + absl::Seconds(1));
  PublishMany(2, 10);
  Pass(absl::Seconds(2));
  ASSERT_THAT(a_.delivered(), SizeIs(2)) << "one to try it";
  Pass(kLease - absl::Seconds(5));
  EXPECT_THAT(a_.delivered(), SizeIs(2));
  Pass(absl::Seconds(10));
  EXPECT_THAT(a_.delivered(), SizeIs(3));
  PassWith(&a_, absl::Minutes(3));
  EXPECT_EQ(ledger_.book.taken(), 0u) << "it lives: it has been given all";
  EXPECT_THAT(ledger_.book.letters(), IsEmpty());
}

}  // namespace
}  // namespace supervision::alerting
