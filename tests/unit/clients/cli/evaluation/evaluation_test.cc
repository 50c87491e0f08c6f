#include "clients/cli/evaluation/evaluation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "clients/cli/evaluation/table.h"
#include "tests/unit/classification/evaluation/judged_for_test.h"

namespace supervision::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class EvaluationTest : public ::testing::Test {
 protected:
  EvaluationTest() {
    set_.Add("JUDICIAL", "JUDICIAL", 0.9);
    set_.Add("JUDICIAL", "OUT_OF_SCOPE", 0.6).answer.evidence = {
        {"<法院>", "JUD.X", "JUDICIAL", 1.5F}};
    set_.clue().title = "开庭\"时间\"";
    set_.clue().content = "正文</script>";
  }

  Evaluation Make() {
    Evaluation evaluation;
    evaluation.method = "rules";
    evaluation.report = classification::MakeReport(
        set_.all(), {.file_names = {"a"}, .file_of = {0, 0}, .target = 0.95, .worst = 5});
    evaluation.chinese = {{"JUDICIAL", "司法监督"}};
    return evaluation;
  }

  classification::JudgedSet set_;
};

TEST_F(EvaluationTest, FiguresStandInJson) {
  const std::string json = ToJson(Make());
  EXPECT_THAT(json, HasSubstr("\"macro_f1\":0.333333,\"accuracy\":0.5,\"scope_accuracy\":0.5,"
                              "\"high_precision\":null,"));
  EXPECT_THAT(json, HasSubstr("\"counts\":[[1,1],[0,0]]"));
  EXPECT_THAT(json, HasSubstr("\"per_class\":{\"JUDICIAL\":{\"precision\":1,\"recall\":0.5,"));
  EXPECT_THAT(json, HasSubstr("\"evidence\":[{\"text\":\"<法院>\",\"source\":\"JUD.X\""));
}

TEST_F(EvaluationTest, TextsThatStayUnreadAreNowhere) {
  Evaluation evaluation = Make();
  evaluation.show_texts = false;
  Session session;
  session.options().color = ColorMode::kNever;
  for (const std::string& shown :
       {ToJson(evaluation), ToPage(evaluation), ToTable(session, evaluation)}) {
    EXPECT_THAT(shown, HasSubstr("C-1"));
    EXPECT_THAT(shown, Not(HasSubstr("开庭")));
    EXPECT_THAT(shown, Not(HasSubstr("法院")));
    EXPECT_THAT(shown, Not(HasSubstr("正文<")));
  }
}

TEST_F(EvaluationTest, TextsCannotEndOrChangeThePage) {
  const std::string page = ToPage(Make());
  EXPECT_THAT(page, HasSubstr("<mark>&lt;法院&gt;</mark>"));
  EXPECT_THAT(page, HasSubstr("正文&lt;/script&gt;"));
  EXPECT_THAT(page, HasSubstr("\"text\":\"\\u003c法院>\""));
  EXPECT_EQ(page.find("</script>"), page.rfind("</script>"));
}

TEST_F(EvaluationTest, TableSpeaksTheLanguageOfTheSession) {
  Session session;
  session.options().color = ColorMode::kNever;
  session.options().language = Language::kEnglish;
  EXPECT_THAT(ToTable(session, Make()), HasSubstr("macro-F1 (first label)          0.333"));
  EXPECT_THAT(ToTable(session, Make()), HasSubstr("C-1  JUDICIAL → OUT_OF_SCOPE  0.60"));
  session.options().language = Language::kChinese;
  EXPECT_THAT(ToTable(session, Make()), HasSubstr("宏平均 F1"));
  EXPECT_THAT(ToTable(session, Make()), HasSubstr("司法监督 JUDICIAL"));
}

}  // namespace
}  // namespace supervision::cli
