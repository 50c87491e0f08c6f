#include "services/classification/evaluation/folds.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <set>

#include "services/classification/evaluation/part.h"

namespace supervision::classification {
namespace {

using ::testing::Each;
using ::testing::Ge;
using ::testing::Le;

std::vector<uint32_t> Numbered(size_t count) {
  std::vector<uint32_t> numbers(count);
  std::iota(numbers.begin(), numbers.end(), 0);
  return numbers;
}

TEST(FoldsTest, EachStratumIsSpreadEvenly) {
  std::vector<uint32_t> strata;
  for (uint32_t i = 0; i < 203; ++i) strata.push_back(i % 7 == 0 ? 1 : 0);
  const auto folds = AssignFolds(strata, Numbered(strata.size()), 5, 3);
  std::map<uint32_t, std::vector<size_t>> counts = {{0, std::vector<size_t>(5)},
                                                    {1, std::vector<size_t>(5)}};
  for (size_t i = 0; i < folds.size(); ++i) ++counts[strata[i]][folds[i]];
  for (const auto& [stratum, of_fold] : counts) {
    const auto [least, most] = std::minmax_element(of_fold.begin(), of_fold.end());
    EXPECT_LE(*most - *least, 1U) << "stratum " << stratum;
  }
}

TEST(FoldsTest, GroupsStayTogether) {
  std::vector<uint32_t> groups;
  for (uint32_t i = 0; i < 300; ++i) groups.push_back(i * i % 71);
  const std::vector<uint32_t> strata = Numbered(groups.size());
  const auto folds = AssignFolds(strata, groups, 4, 9);
  std::map<uint32_t, std::set<size_t>> of_group;
  for (size_t i = 0; i < folds.size(); ++i) of_group[groups[i]].insert(folds[i]);
  for (const auto& [group, used] : of_group) EXPECT_EQ(used.size(), 1U) << "group " << group;
}

TEST(FoldsTest, GroupsOfUnevenSizeGiveFoldsOfAboutOneSize) {
  std::vector<uint32_t> groups;
  for (uint32_t group = 0; group < 60; ++group) groups.insert(groups.end(), 1 + group % 5, group);
  const std::vector<uint32_t> strata(groups.size(), 0);
  std::vector<size_t> sizes(5);
  for (const size_t fold : AssignFolds(strata, groups, 5, 1)) ++sizes[fold];
  EXPECT_THAT(sizes, Each(testing::AllOf(Ge(35U), Le(37U))));  // 180 clues
}

TEST(FoldsTest, SameSeedSameFoldsOtherSeedOtherFolds) {
  const std::vector<uint32_t> groups = Numbered(100);
  const std::vector<uint32_t> strata(100, 0);
  EXPECT_EQ(AssignFolds(strata, groups, 5, 1), AssignFolds(strata, groups, 5, 1));
  EXPECT_NE(AssignFolds(strata, groups, 5, 1), AssignFolds(strata, groups, 5, 2));
}

TEST(PartTest, EveryIdIsEitherHeldOutOrForDevelopment) {
  int held_out = 0;
  for (int i = 0; i < 3000; ++i) {
    const std::string id = "C-" + std::to_string(i);
    EXPECT_TRUE(IsIn(Part::kAll, id));
    EXPECT_NE(IsIn(Part::kHeldOut, id), IsIn(Part::kDevelopment, id)) << id;
    held_out += IsIn(Part::kHeldOut, id);
  }
  EXPECT_NEAR(held_out, 1000, 100);
}

}  // namespace
}  // namespace supervision::classification
