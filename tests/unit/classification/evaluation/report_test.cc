#include "services/classification/evaluation/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/classification/evaluation/judged_for_test.h"

namespace supervision::classification {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST(ReportTest, FilesAndFoldsHaveFiguresOfTheirOwn) {
  JudgedSet set;
  set.Add("A", "A", 0.9);
  set.Add("A", "B", 0.3);
  set.Add("B", "B", 0.8);
  const Report report = MakeReport(set.all(), {.file_names = {"one", "none", "two"},
                                               .file_of = {0, 0, 2},
                                               .fold_of = {1, 0, 0},
                                               .target = 0.9,
                                               .worst = 5});
  ASSERT_THAT(report.per_file, SizeIs(2));
  EXPECT_EQ(report.per_file[0].name, "one");
  EXPECT_EQ(report.per_file[0].figures.accuracy, 0.5);
  EXPECT_EQ(report.per_file[1].name, "two");
  EXPECT_EQ(report.per_file[1].figures.accuracy, 1);
  ASSERT_THAT(report.per_fold, SizeIs(2));
  EXPECT_EQ(report.per_fold[0].name, "1");
  EXPECT_EQ(report.per_fold[0].figures.clues, 2U);
  EXPECT_EQ(report.confusion.classes, (std::vector<std::string>{"A", "B"}));
  ASSERT_TRUE(report.needed.has_value());
  EXPECT_EQ(report.needed->below, 0.8);
  ASSERT_THAT(report.worst, SizeIs(1));
  EXPECT_EQ(report.worst[0].answer.confidence, 0.3);
}

TEST(ReportTest, WithoutFoldsThereAreNone) {
  JudgedSet set;
  set.Add("A", "A");
  EXPECT_THAT(MakeReport(set.all(), {.file_names = {"f"}, .file_of = {0}}).per_fold, IsEmpty());
}

}  // namespace
}  // namespace supervision::classification
