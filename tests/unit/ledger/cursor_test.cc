#include "services/ledger/cursor.h"

#include "gtest/gtest.h"
#include "services/domain/error.h"
#include "services/ledger/sealed_text.h"

namespace supervision::ledger {
namespace {

using domain::HasReason;
using domain::Reason;

Descriptor ExampleLedger(int partitions = 2) {
  Descriptor ledger;
  ledger.id = std::string(16, 'i');
  ledger.secret = std::string(32, 's');
  ledger.partitions = partitions;
  return ledger;
}

TEST(CursorTest, APlaceComesBackAsItWas) {
  const Place place{{1, 4}, {0, int64_t{1} << 50}};
  const std::string text = EncodeCursor(ExampleLedger(), place);
  EXPECT_EQ(DecodeCursor(ExampleLedger(), text).value(), place);
}

TEST(CursorTest, EveryOtherTextIsRefused) {
  const Descriptor ledger = ExampleLedger();
  const std::string text = EncodeCursor(ledger, Place{{1, 1}, {5, 6}});
  for (size_t i = 0; i < text.size(); ++i) {
    for (const char replacement : {'A', 'b', '7', '_', '=', ' '}) {
      if (replacement == text[i]) continue;
      std::string other = text;
      other[i] = replacement;
      EXPECT_FALSE(DecodeCursor(ledger, other).ok()) << "position " << i << " " << replacement;
    }
  }
  EXPECT_FALSE(DecodeCursor(ledger, text + "A").ok());
  EXPECT_FALSE(DecodeCursor(ledger, text + "=").ok());
  EXPECT_FALSE(DecodeCursor(ledger, text.substr(1)).ok());
}

TEST(CursorTest, TheErrorsAreDistinct) {
  const Descriptor ledger = ExampleLedger();
  EXPECT_TRUE(HasReason(DecodeCursor(ledger, "%").status(), Reason::kCursorMalformed));
  EXPECT_TRUE(HasReason(DecodeCursor(ledger, std::string(100'000, 'A')).status(),
                        Reason::kCursorMalformed));
  Descriptor guessed = ledger;
  guessed.secret = "guess";
  EXPECT_TRUE(HasReason(DecodeCursor(ledger, EncodeCursor(guessed, Place{{1, 1}, {1, 1}})).status(),
                        Reason::kCursorUnknown));
  Descriptor other = ledger;
  other.id = std::string(16, 'o');
  EXPECT_TRUE(HasReason(DecodeCursor(ledger, EncodeCursor(other, Place{{1, 1}, {1, 1}})).status(),
                        Reason::kCursorForeign));
}

TEST(CursorTest, ASealOfAnotherPurposeIsNone) {
  const Descriptor ledger = ExampleLedger();
  const auto cursor = Unseal(ledger.secret, "cursor", EncodeCursor(ledger, Place{{1, 1}, {1, 1}}));
  ASSERT_TRUE(cursor.has_value() && cursor->genuine);
  const std::string as_page = Seal(ledger.secret, "page", cursor->bytes);
  EXPECT_TRUE(HasReason(DecodeCursor(ledger, as_page).status(), Reason::kCursorUnknown));
}

TEST(CursorTest, ItFitsIntoAHeaderWithTheMostPartitions) {
  const Descriptor ledger = ExampleLedger(256);
  const Place place{std::vector<int64_t>(256, 9), std::vector<int64_t>(256, int64_t{1} << 40)};
  const std::string text = EncodeCursor(ledger, place);
  EXPECT_LE(text.size(), 4096u);
  EXPECT_EQ(DecodeCursor(ledger, text).value(), place);
}

}  // namespace
}  // namespace supervision::ledger
