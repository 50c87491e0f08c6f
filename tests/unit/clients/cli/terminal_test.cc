#include "clients/cli/terminal.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace supervision::cli {
namespace {

TEST(TerminalTest, WideCharactersTakeTwoColumns) {
  EXPECT_EQ(WidthOf("abc"), 3);
  EXPECT_EQ(WidthOf("行政执法"), 8);
  EXPECT_EQ(WidthOf("（a）"), 5);
  EXPECT_EQ(WidthOf("𠀀"), 2);
  EXPECT_EQ(WidthOf("e\xCC\x81"), 1) << "a combining accent takes none";
}

TEST(TerminalTest, PadsByColumnsNotBytes) {
  EXPECT_EQ(Padded("中文", 6), "中文  ");
  EXPECT_EQ(Padded("中文", 3), "中文");
}

TEST(TerminalTest, ShortensWithoutCuttingACharacter) {
  EXPECT_EQ(Shortened("行政执法", 8), "行政执法");
  EXPECT_EQ(Shortened("行政执法", 7), "行政执…");
  EXPECT_EQ(Shortened("行政执法", 6), "行政…");
}

TEST(TerminalTest, PrintableTextCannotMoveTheCursorOrTurnTheLine) {
  EXPECT_EQ(Printable("a\nb\tc"), "a b c");
  EXPECT_EQ(Printable("\033[2Jx"), "\xEF\xBF\xBD[2Jx");
  EXPECT_EQ(Printable("a\u202Eb"),
            "a\xEF\xBF\xBD"
            "b");
  EXPECT_EQ(Printable("bad\xFFutf"), "bad\xEF\xBF\xBDutf");
  EXPECT_EQ(Printable("cut\xE4\xB8"), "cut\xEF\xBF\xBD\xEF\xBF\xBD");
}

TEST(TerminalTest, CodePointsCountsCharacters) {
  EXPECT_EQ(CodePoints("a行政b", 1, 3), "行政");
  EXPECT_EQ(CodePoints("a行", 1, 9), "行");
  EXPECT_EQ(CodePoints("a行", 5, 9), "");
}

TEST(TerminalTest, ColoursAreForTerminalsUnlessAskedFor) {
  const int not_a_terminal = 999;
  unsetenv("NO_COLOR");
  EXPECT_FALSE(UseColor(ColorMode::kAuto, not_a_terminal));
  EXPECT_TRUE(UseColor(ColorMode::kAlways, not_a_terminal));
  EXPECT_FALSE(UseColor(ColorMode::kNever, not_a_terminal));
  EXPECT_EQ(Styled("x", Style::kRed, false), "x");
  EXPECT_EQ(Styled("x", Style::kOrange, true), "\033[38;5;208mx\033[0m");
}

}  // namespace
}  // namespace supervision::cli
