#include "services/domain/passages.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace supervision::domain {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

EvidenceSpan Span(TextPart part, uint32_t begin, uint32_t end) {
  EvidenceSpan span;
  span.part = part;
  span.begin = begin;
  span.end = end;
  return span;
}

ClueContent Content(std::string title, std::string content) {
  ClueContent result;
  result.title = std::move(title);
  result.content = std::move(content);
  return result;
}

size_t CodePoints(std::string_view text) {
  size_t count = 0;
  for (const char byte : text) count += (static_cast<unsigned char>(byte) & 0xC0) != 0x80;
  return count;
}

TEST(PassagesTest, QuotesTheClauseAroundASpanOfCodePoints) {
  const ClueContent content = Content("罚款", "天气晴好，处罚决定书没有送达，罚款已扣。");
  EXPECT_THAT(Passages(content, {Span(TextPart::kContent, 10, 14)}),
              ElementsAre("处罚决定书没有送达"));
}

TEST(PassagesTest, TakesTheTitleWhenTheSpanPointsThere) {
  EXPECT_THAT(Passages(Content("违规收费", "详见附件"), {Span(TextPart::kTitle, 2, 4)}),
              ElementsAre("违规收费"));
}

TEST(PassagesTest, QuotesEachClauseOnceAndAtMostThree) {
  const ClueContent content = Content("", "甲乙丙。丁戊己。庚辛壬。子丑寅。");
  EXPECT_THAT(Passages(content, {Span(TextPart::kContent, 0, 1), Span(TextPart::kContent, 2, 3),
                                 Span(TextPart::kContent, 4, 5), Span(TextPart::kContent, 8, 9),
                                 Span(TextPart::kContent, 12, 13)}),
              ElementsAre("甲乙丙", "丁戊己", "庚辛壬"));
}

TEST(PassagesTest, CutsALongClauseAroundTheSpan) {
  std::string text;
  for (int i = 0; i < 200; ++i) text += "字";
  text += "拖欠工资";
  for (int i = 0; i < 200; ++i) text += "字";
  const auto passages = Passages(Content("", text), {Span(TextPart::kContent, 200, 204)});
  ASSERT_EQ(passages.size(), 1u);
  EXPECT_LE(CodePoints(passages[0]), kMaxPassageCodePoints);
  EXPECT_NE(passages[0].find("拖欠工资"), std::string::npos);
}

TEST(PassagesTest, CutsASpanThatIsTooLongItself) {
  const auto passages =
      Passages(Content("", std::string(500, 'x')), {Span(TextPart::kContent, 10, 400)});
  ASSERT_EQ(passages.size(), 1u);
  EXPECT_EQ(passages[0].size(), kMaxPassageCodePoints);
}

TEST(PassagesTest, SkipsSpansOutsideTheText) {
  EXPECT_THAT(
      Passages(Content("题", "文"), {Span(TextPart::kContent, 0, 2), Span(TextPart::kTitle, 1, 1),
                                     Span(TextPart::kContent, 4'000'000'000, 4'000'000'001)}),
      IsEmpty());
}

}  // namespace
}  // namespace supervision::domain
