#include "services/classification/evaluation/confusion.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "services/classification/evaluation/worst.h"
#include "tests/unit/classification/evaluation/judged_for_test.h"

namespace supervision::classification {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST(ConfusionTest, RowsAreLabelsAndColumnsWhatWasSaid) {
  JudgedSet set;
  set.Add("A", "B");
  set.Add("A", "B");
  set.Add("A", "A");
  set.Add("B", "A");
  const Confusion confusion = Confuse(set.all(), {"A", "B"});
  EXPECT_THAT(confusion.counts, ElementsAre(ElementsAre(1U, 2U), ElementsAre(1U, 0U)));
}

TEST(ConfusionTest, MostFrequentMistakesFirst) {
  JudgedSet set;
  set.Add("A", "A");
  set.Add("A", "B");
  set.Add("B", "A");
  set.Add("B", "A");
  const auto mistakes = FrequentMistakes(Confuse(set.all(), {"A", "B"}), 10);
  ASSERT_THAT(mistakes, SizeIs(2));
  EXPECT_EQ(mistakes[0].label, "B");
  EXPECT_EQ(mistakes[0].said, "A");
  EXPECT_EQ(mistakes[0].clues, 2U);
  EXPECT_THAT(FrequentMistakes(Confuse(set.all(), {"A", "B"}), 1), SizeIs(1));
}

TEST(WorstCasesTest, ConfidentOnesThatNobodyReviewsComeFirst) {
  JudgedSet set;
  set.Add("A", "B", 0.9).answer.needs_review = true;
  set.Add("A", "B", 0.4);
  set.Add("A", "A", 0.99);
  set.Add("A", "B", 0.8);
  EXPECT_THAT(WorstCases(set.all(), 10), ElementsAre(3U, 1U, 0U));
  EXPECT_THAT(WorstCases(set.all(), 1), ElementsAre(3U));
}

TEST(WorstCasesTest, AcceptedAnswersAreNoCases) {
  JudgedSet set;
  set.Add("A", "B");
  set.clue().accept = {"A", "B"};
  EXPECT_THAT(WorstCases(set.all(), 10), IsEmpty());
}

}  // namespace
}  // namespace supervision::classification
