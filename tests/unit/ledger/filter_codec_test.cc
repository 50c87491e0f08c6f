// Filters as subscriptions and silences keep them: what was accepted can be read again.
#include "services/ledger/filter_codec.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/domain/stored_expression.h"
#include "services/ledger/silence_codec.h"
#include "services/ledger/subscription_codec.h"

namespace supervision::ledger {
namespace {

using domain::Expression;

// Without the blanks that an expression is kept with.
std::string Units(int count) {
  std::string text;
  for (int i = 0; i < count; ++i) {
    if (!text.empty()) text += " OR ";
    text += "unit=\"某县某某街道综合行政执法第" + std::to_string(10 + i) + "队\"";
  }
  return text;
}

// The longest of these that is accepted.
Expression Longest() {
  Expression longest;
  for (int count = 1;; ++count) {
    auto parsed = domain::ParseExpression(Units(count));
    const auto* const expression = std::get_if<Expression>(&parsed);
    if (expression == nullptr) return longest;
    longest = *expression;
  }
}

void ExpectKept(const Expression& expression) {
  Subscription subscription;
  subscription.key = {"monitor-1", "night"};
  subscription.filter.expression = expression;
  const auto kept = DecodeSubscription(EncodeSubscription(subscription));
  ASSERT_TRUE(kept.has_value());
  EXPECT_EQ(kept->filter, subscription.filter);
  SilenceRecord record;
  record.silence.matcher.expression = expression;
  const auto silence = DecodeSilence(EncodeSilence(record));
  ASSERT_TRUE(silence.has_value());
  EXPECT_EQ(silence->silence.matcher, record.silence.matcher);
}

TEST(FilterCodecTest, TheLongestExpressionThatIsAcceptedIsReadAgain) {
  const Expression longest = Longest();
  EXPECT_GT(longest.text().size(), domain::kMaxExpressionBytes - 100);
  ExpectKept(longest);
}

// An earlier release looked only at how long an expression was as it was sent.
TEST(FilterCodecTest, OneThatWasKeptLongerThanOnesThatAreAcceptedIsReadAgain) {
  const auto kept = domain::ReadStoredExpression(Units(40));
  ASSERT_TRUE(kept.has_value());
  ASSERT_GT(kept->text().size(), domain::kMaxExpressionBytes);
  ExpectKept(*kept);
}

}  // namespace
}  // namespace supervision::ledger
