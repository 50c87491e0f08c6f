// Windows, acknowledgements and places: arithmetic only.
#include "services/alerting/delivery_book.h"

#include <optional>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/domain/error.h"

namespace supervision::alerting {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr DeliveryBook::Window kWide{1000, 1 << 20};

ledger::Place PlaceAt(int64_t first, int64_t second) { return {{1, 1}, {first, second}}; }

class DeliveryBookTest : public ::testing::Test {
 protected:
  explicit DeliveryBookTest() { book_.Begin({PlaceAt(10, 20), {}}, false); }
  std::vector<int64_t> TakePlace() {
    const std::optional<ledger::Progress> taken = book_.Take();
    if (!taken.has_value()) return {};
    book_.Kept();
    return taken->place.positions;
  }
  DeliveryBook book_{kWide};
};

TEST_F(DeliveryBookTest, ThePlaceStaysBeforeTheFirstThatIsNotAcknowledged) {
  EXPECT_EQ(book_.Hand({{{0, 12, 5}, {1, 21, 5}, {0, 15, 5}}}, PlaceAt(16, 22)), 1u);
  EXPECT_THAT(TakePlace(), ElementsAre(11, 20));
  ASSERT_TRUE(book_.Acknowledge(1, {}).ok());
  EXPECT_THAT(TakePlace(), ElementsAre(14, 20));
  ASSERT_TRUE(book_.Acknowledge(3, {}).ok());
  EXPECT_THAT(TakePlace(), ElementsAre(16, 22)) << "over what the view does not pass as well";
}

TEST_F(DeliveryBookTest, WhatIsAcknowledgedOutOfTurnIsKeptBesideThePlace) {
  book_.Hand({{{0, 11, 5}, {0, 12, 5}, {0, 13, 5}}}, PlaceAt(13, 20));
  const std::vector<uint64_t> third = {3};
  ASSERT_TRUE(book_.Acknowledge(0, third).ok());
  const std::optional<ledger::Progress> progress = book_.Take();
  ASSERT_TRUE(progress.has_value());
  EXPECT_THAT(progress->place.positions, ElementsAre(10, 20));
  EXPECT_THAT(progress->beyond, ElementsAre(ElementsAre(13), IsEmpty()));
  book_.Kept();
  EXPECT_THAT(book_.TakeReceipt()->singles, ElementsAre(3));
  ASSERT_TRUE(book_.Acknowledge(2, {}).ok());
  EXPECT_THAT(TakePlace(), ElementsAre(13, 20));
  EXPECT_EQ(book_.TakeReceipt()->through, 3u);
}

TEST_F(DeliveryBookTest, WhatAnEarlierConnectionAcknowledgedAloneIsKnown) {
  DeliveryBook book{kWide};
  book.Begin({PlaceAt(10, 20), {{12, 14}, {}}}, false);
  EXPECT_TRUE(book.Acknowledged(0, 12));
  EXPECT_FALSE(book.Acknowledged(1, 12));
  EXPECT_FALSE(book.Acknowledged(0, 13));
  book.Hand({{{0, 11, 5}}}, PlaceAt(11, 20));
  const auto progress = book.Take();
  ASSERT_TRUE(progress.has_value());
  EXPECT_THAT(progress->beyond[0], ElementsAre(12, 14)) << "not lost while the first is open";
}

TEST_F(DeliveryBookTest, AnAcknowledgementOfWhatWasNotSentIsRefusedAndChangesNothing) {
  book_.Hand({{{0, 11, 5}, {0, 12, 5}}}, PlaceAt(12, 20));
  const absl::Status beyond = book_.Acknowledge(3, {});
  EXPECT_TRUE(domain::HasReason(beyond, domain::Reason::kAckBeyondSent)) << beyond;
  const std::vector<uint64_t> singles = {1, 9};
  EXPECT_FALSE(book_.Acknowledge(0, singles).ok());
  EXPECT_EQ(book_.unacknowledged(), 2u);
}

TEST_F(DeliveryBookTest, AcknowledgingTwiceIsNoMistakeAndNoNews) {
  book_.Hand({{{0, 11, 5}}}, PlaceAt(11, 20));
  ASSERT_TRUE(book_.Acknowledge(1, {}).ok());
  TakePlace();
  EXPECT_TRUE(book_.Acknowledge(1, {}).ok());
  EXPECT_FALSE(book_.urgent());
  EXPECT_FALSE(book_.Take().has_value());
}

TEST_F(DeliveryBookTest, TheWindowBoundsAlertsAndBytes) {
  book_.SetWindow({3, 10});
  EXPECT_EQ(book_.room().alerts, 3u);
  EXPECT_TRUE(book_.room().first_fits) << "an alert larger than the window must go all the same";
  book_.Hand({{{0, 11, 4}}}, PlaceAt(11, 20));
  EXPECT_EQ(book_.room().alerts, 2u);
  EXPECT_EQ(book_.room().bytes, 6u);
  EXPECT_FALSE(book_.room().first_fits);
  book_.Hand({{{0, 12, 6}}}, PlaceAt(12, 20));
  EXPECT_EQ(book_.room().alerts, 0u) << "no bytes are left";
  ASSERT_TRUE(book_.Acknowledge(1, {}).ok());
  EXPECT_EQ(book_.room().bytes, 4u);
  book_.SetWindow({1, 10});
  EXPECT_EQ(book_.room().alerts, 0u) << "narrower than what is open";
}

TEST_F(DeliveryBookTest, WhoAcknowledgesAllButOneIsHeldUpInTheEnd) {
  int64_t position = 10;
  uint64_t last = 0;
  while (book_.room().alerts > 0 && last < 100'000) {
    ++position;
    last = book_.Hand({{{0, position, 1}}}, PlaceAt(position, 20));
    if (last == 1) continue;
    const std::vector<uint64_t> single = {last};
    ASSERT_TRUE(book_.Acknowledge(0, single).ok());
  }
  EXPECT_LT(last, 100'000u);
  ASSERT_TRUE(book_.Acknowledge(1, {}).ok());
  EXPECT_GT(book_.room().alerts, 0u);
}

TEST_F(DeliveryBookTest, NothingMovesBeforeTheGapIsAcknowledged) {
  DeliveryBook book{kWide};
  book.Begin({PlaceAt(10, 20), {}}, true);
  EXPECT_EQ(book.Hand({{{0, 11, 5}}}, PlaceAt(12, 25)), 2u) << "the gap is delivery 1";
  const std::vector<uint64_t> second = {2};
  ASSERT_TRUE(book.Acknowledge(0, second).ok());
  EXPECT_FALSE(book.Take().has_value());
  ASSERT_TRUE(book.Acknowledge(1, {}).ok());
  EXPECT_THAT(book.Take()->place.positions, ElementsAre(12, 25));
}

TEST_F(DeliveryBookTest, OnlyWhatIsKeptIsToldAsKept) {
  book_.Hand({{{0, 11, 5}, {0, 12, 5}, {0, 13, 5}}}, PlaceAt(13, 20));
  const std::vector<uint64_t> third = {3};
  ASSERT_TRUE(book_.Acknowledge(1, third).ok());
  ASSERT_TRUE(book_.Take().has_value());
  EXPECT_FALSE(book_.has_receipt());
  book_.NotKept();
  EXPECT_FALSE(book_.has_receipt());
  ASSERT_TRUE(book_.Take().has_value()) << "it is to be kept again";
  ASSERT_TRUE(book_.Acknowledge(2, {}).ok());  // while the call is under way
  book_.Kept();
  const auto receipt = book_.TakeReceipt();
  ASSERT_TRUE(receipt.has_value());
  EXPECT_EQ(receipt->through, 1u);
  EXPECT_THAT(receipt->singles, ElementsAre(3));
  EXPECT_FALSE(book_.TakeReceipt().has_value());
}

}  // namespace
}  // namespace supervision::alerting
