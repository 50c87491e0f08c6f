#include "clients/cli/language.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace supervision::cli {
namespace {

class LanguageTest : public ::testing::Test {
 protected:
  LanguageTest() {
    for (const char* name : {"LC_ALL", "LC_MESSAGES", "LANG"}) unsetenv(name);
  }
};

TEST_F(LanguageTest, TheFirstVariableThatIsSetDecides) {
  EXPECT_EQ(LanguageOfEnvironment(), Language::kEnglish);
  setenv("LANG", "zh_CN.UTF-8", 1);
  EXPECT_EQ(LanguageOfEnvironment(), Language::kChinese);
  setenv("LC_ALL", "", 1);
  EXPECT_EQ(LanguageOfEnvironment(), Language::kChinese) << "an empty one is not set";
  setenv("LC_ALL", "C.UTF-8", 1);
  EXPECT_EQ(LanguageOfEnvironment(), Language::kEnglish);
}

TEST_F(LanguageTest, TakesThePartInTheLanguageThatIsAsked) {
  const std::string both = "Missing; give a headline. 缺少标题；请填写 1 至 200 字。";
  EXPECT_EQ(PartIn(Language::kEnglish, both), "Missing; give a headline.");
  EXPECT_EQ(PartIn(Language::kChinese, both), "缺少标题；请填写 1 至 200 字。");
  EXPECT_EQ(PartIn(Language::kChinese, "Not a day / “日期”有误"), "“日期”有误");
}

TEST_F(LanguageTest, KeepsATextInOneLanguageWhole) {
  EXPECT_EQ(PartIn(Language::kChinese, "and 480 more"), "and 480 more");
  EXPECT_EQ(PartIn(Language::kEnglish, "另有 480 项"), "另有 480 项");
}

}  // namespace
}  // namespace supervision::cli
