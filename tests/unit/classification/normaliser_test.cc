#include "services/classification/normaliser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>

#include "services/classification/utf8.h"

namespace supervision::classification {
namespace {

const Normaliser& Instance() {
  static const Normaliser* const normaliser = Normaliser::Create().value().release();
  return *normaliser;
}

struct Case {
  const char* name;
  const char* original;
  const char* normal;
};

class NormaliserCases : public testing::TestWithParam<Case> {};

TEST_P(NormaliserCases, GivesTheNormalForm) {
  EXPECT_EQ(Instance().Normalise(GetParam().original), GetParam().normal);
}

INSTANTIATE_TEST_SUITE_P(
    All, NormaliserCases,
    testing::Values(
        Case{"Plain", "行政处罚", "行政处罚"},
        Case{"Traditional", "行政處罰決定書", "行政处罚决定书"},
        Case{"FullWidth", "ＡＢＣ（２０２３）", "abc(2023)"},
        Case{"HalfWidthKatakanaComposes", "ｶﾞ", "ガ"},
        Case{"SpacesBetweenHan", "超 期　扣\t押", "超期扣押"},
        Case{"SpaceBetweenWordsStays", "iso  9001 标准", "iso 9001标准"},
        Case{"LineFeedStays", "罚款\r\n  不退", "罚款\n不退"},
        Case{"LeadingAndTrailing", "  罚款 \n", "罚款"},
        Case{"ZeroWidth", "罚\u200b款\ufeff", "罚款"}, Case{"ControlsAreSpaces", "a\x01z", "a z"},
        Case{"Ligature", "ﬁne", "fine"}, Case{"Composes", "Cafe\u0301", "caf\u00e9"},
        Case{"LowerBeforeComposing", "W\u030a", "\u1e98"},
        Case{"Hangul", "\u1112\u1161\u11ab", "한"}, Case{"CompatibilityHan", "\uf900", "岂"},
        Case{"Ellipsis", "罚…", "罚..."}, Case{"BadByte", "罚\xff款", "罚\ufffd款"},
        Case{"CutSequence", "罚\xe6\xac", "罚\ufffd"}, Case{"Empty", "", ""},
        Case{"RoundLetterBetweenDigits", "２Ｏ23年罚款5о0元", "2023年罚款500元"},
        Case{"ChineseZeroBetweenDigits", "2〇〇3号1零5室", "2003号105室"},
        Case{"RoundLetterElsewhereStays", "no 5o a1o", "no 5o a1o"},
        Case{"ChineseYearStays", "二〇二三", "二〇二三"}, Case{"DigitsInCircles", "①❷➂⓪", "1230"},
        Case{"ArabicDigits", "٢٠٢٣", "2023"},
        Case{"DottedWord", "强.制.拆.迁不补偿", "强制拆迁不补偿"},
        Case{"StarredWord", "罚*款*单", "罚款单"}, Case{"BrokenWord", "处\n罚\n款", "处罚款"},
        Case{"MiddleDot", "强·拆", "强拆"},
        Case{"StopBetweenWordsStays", "罚款.不退了", "罚款.不退了"},
        Case{"MaskedNameStays", "王*军来了", "王*军来了"}, Case{"DecimalStays", "1.5.2", "1.5.2"},
        Case{"HeadingStays", "关于罚款的信\n我反映", "关于罚款的信\n我反映"},
        Case{"BrokenLine", "我们去年三月向县综合行政执法局举报隔壁餐馆油烟扰民至今没人处\n理",
             "我们去年三月向县综合行政执法局举报隔壁餐馆油烟扰民至今没人处理"},
        Case{"ParagraphStays", "我们去年三月向县综合行政执法局举报隔壁餐馆油烟扰民没人处理。\n后来",
             "我们去年三月向县综合行政执法局举报隔壁餐馆油烟扰民没人处理。\n后来"},
        Case{"ZerosWithADotBetween", "5〇·〇1", "5001"},
        Case{"ZerosWithAMarkAfterEach", "5〇.零.〇1", "50001"},
        Case{"RepeatedMarks", "退钱！！！！！。。。。", "退钱!!!。。。"},
        Case{"RepeatedDigitsStay", "10000000", "10000000"}),
    [](const auto& info) { return info.param.name; });

// Pieces that meet in awkward ways: marks, ignorables, spaces, jamo, broken bytes.
std::string RandomText(std::mt19937* random) {
  static const char* const kPieces[] = {
      "罰",     "款",     "行政", " ",      "\n",     "\u3000", "\u200b", "\u0301",
      "\u0323", "\u00a8", "W",    "k",      "\u212a", "\u1112", "\u1161", "\u11ab",
      "ｶ",      "ﾞ",      "㈱",   "\ufdfa", "\xff",   "\xe6",   "\xac",   "𠮷",
      "\u2028", "〇",     "5",    "。",     "乾",     "\x01",   "\u0e33", "\u09c7",
      "\u09be", "\u1e9b", "…",    ".",      ".",      "·",      "*",      "\n",
      "o",      "О",      "1",    "！",     "i",      "一",     "-"};
  std::string text;
  const size_t pieces = (*random)() % 40;
  for (size_t i = 0; i < pieces; ++i) {
    text += kPieces[(*random)() % std::size(kPieces)];
  }
  return text;
}

TEST(NormaliserTest, EachByteKnowsItsCodePoints) {
  NormalisedText out;
  Instance().Append("Ａ 罰\u200b款㈱", &out);  // code points: Ａ, space, 罰, zero-width, 款, ㈱
  ASSERT_EQ(out.text, "a罚款(株)");
  EXPECT_EQ(out.begin[0], 0U);
  EXPECT_EQ(out.begin[out.text.find("罚")], 2U);
  EXPECT_EQ(out.begin[out.text.find("款")], 4U);
  EXPECT_EQ(out.begin[out.text.find("(")], 5U);
  EXPECT_EQ(out.end[out.text.find(")")], 6U);
}

TEST(NormaliserTest, PlacesSurviveWhatIsTakenAway) {
  NormalisedText out;
  Instance().Append("强.制.拆2О23年", &out);
  ASSERT_EQ(out.text, "强制拆2023年");
  EXPECT_EQ(out.begin[out.text.find("制")], 2U);
  EXPECT_EQ(out.begin[out.text.find("023")], 6U);
  EXPECT_EQ(out.end[out.text.find("年")], 10U);
}

TEST(NormaliserTest, CharactersAreThoseOfTheText) {
  const unsigned seed = std::random_device()();
  std::mt19937 random(seed);
  for (int round = 0; round < 1000; ++round) {
    NormalisedText out;
    Instance().Append(RandomText(&random), &out);
    Instance().Append(RandomText(&random), &out);
    ASSERT_EQ(out.offsets.size(), out.points.size());
    size_t at = 0;
    for (size_t i = 0; i < out.points.size(); ++i) {
      ASSERT_EQ(out.offsets[i], at) << "seed " << seed;
      ASSERT_EQ(DecodeUtf8(out.text, &at), out.points[i]) << "seed " << seed;
    }
    ASSERT_EQ(at, out.text.size()) << "seed " << seed;
  }
}

TEST(NormaliserTest, CapsMarksOfOneCharacter) {
  std::string original = "a";
  for (int i = 0; i < 1000; ++i) {
    original += "\u0323\u0301";
  }
  EXPECT_LE(CountCodePoints(Instance().Normalise(original)), 1U + Normaliser::kMaxMarks);
}

// What each stands for hangs on what is behind them all: looked up anew for each, this would not
// end within the time of a test.
TEST(NormaliserTest, AMillionLookAlikesAreReadInOneGo) {
  constexpr size_t kMany = 1'000'000;
  std::string original = "5";
  for (size_t i = 0; i < kMany; ++i) {
    original += "〇";
  }
  EXPECT_EQ(Instance().Normalise(original), original) << "no digit stands behind them";
  EXPECT_EQ(Instance().Normalise(original + "5"), "5" + std::string(kMany, '0') + "5");
}

TEST(NormaliserTest, SecondPassChangesNothing) {
  const unsigned seed = std::random_device()();
  std::mt19937 random(seed);
  for (int round = 0; round < 3000; ++round) {
    const std::string text = RandomText(&random);
    const std::string once = Instance().Normalise(text);
    ASSERT_EQ(Instance().Normalise(once), once)
        << "seed " << seed << " round " << round << " text " << testing::PrintToString(text);
  }
}

TEST(NormaliserTest, OffsetsLieInTheOriginalAndNeverDecrease) {
  const unsigned seed = std::random_device()();
  std::mt19937 random(seed);
  for (int round = 0; round < 3000; ++round) {
    const std::string text = RandomText(&random);
    NormalisedText out;
    Instance().Append(text, &out);
    const size_t points = CountCodePoints(text);
    ASSERT_EQ(out.begin.size(), out.text.size());
    ASSERT_EQ(out.end.size(), out.text.size());
    ASSERT_LE(out.text.size(), text.size() * Normaliser::kMaxGrowth) << "seed " << seed;
    for (size_t i = 0; i < out.text.size(); ++i) {
      ASSERT_LT(out.begin[i], out.end[i]) << "seed " << seed;
      ASSERT_LE(out.end[i], points) << "seed " << seed;
      ASSERT_TRUE(i == 0 || out.begin[i - 1] <= out.begin[i]) << "seed " << seed;
    }
  }
}

TEST(NormaliserTest, EveryCharacterOfTheBasicPlaneIsStable) {
  for (char32_t point = 0; point < 0x10000; ++point) {
    if (point >= 0xD800 && point <= 0xDFFF) {
      continue;
    }
    std::string text;
    AppendUtf8(point, &text);
    const std::string once = Instance().Normalise(text);
    ASSERT_EQ(Instance().Normalise(once), once) << "code point " << static_cast<uint32_t>(point);
  }
}

}  // namespace
}  // namespace supervision::classification
