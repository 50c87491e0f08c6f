#include "services/classification/model/lanes.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

namespace supervision::classification {
namespace {

// Rows of weights with factors that round at nearly every step, so that another order would show.
struct Sample {
  Sample(size_t count, size_t width) : width(width), bytes(count * width) {
    std::mt19937 random(static_cast<uint32_t>(count * 31 + width));
    for (int8_t& byte : bytes) byte = static_cast<int8_t>(random());
    for (size_t i = 0; i < std::max(count, width); ++i) {
      factors.push_back(std::ldexp(static_cast<float>(random()), -static_cast<int>(random() % 40)));
    }
    for (size_t i = 0; i < count; ++i) rows.push_back(bytes.data() + i * width);
  }

  size_t width;
  std::vector<int8_t> bytes;
  std::vector<const int8_t*> rows;
  std::vector<float> factors;
};

void ExpectSums(const Lanes& lanes) {
  for (const size_t width : {16, 32, 80}) {
    for (const size_t count : {0, 1, 3, 4, 5, 7, 8, 9, 16, 250}) {
      const Sample sample(count, width);
      std::vector<float> wanted(width, 0);
      for (size_t m = 0; m < width; ++m) {
        for (size_t i = 0; i < count; ++i) {
          wanted[m] += sample.factors[i] * static_cast<float>(sample.rows[i][m]);
        }
      }
      std::vector<float> sums(width, -1);
      lanes.sum_rows(sample.rows.data(), sample.factors.data(), count, width, sums.data());
      EXPECT_EQ(sums, wanted) << count << " rows of " << width;

      std::vector<float> wanted_each(count + 1, 0);
      wanted_each[count] = -1;  // behind the last
      for (size_t i = 0; i < count; ++i) {
        for (size_t m = 0; m < width; ++m) {
          wanted_each[i] += sample.factors[m] * static_cast<float>(sample.rows[i][m]);
        }
      }
      std::vector<float> each(count + 1, -1);
      lanes.sum_each(sample.rows.data(), count, sample.factors.data(), width, each.data());
      EXPECT_EQ(each, wanted_each) << count << " rows of " << width;
    }
  }
}

TEST(LanesTest, ThoseForAnyProcessorAddInOrder) { ExpectSums(kPlainLanes); }

TEST(LanesTest, TheBestForThisProcessorGiveTheSameToTheBit) { ExpectSums(BestLanes()); }

TEST(LanesTest, EachIsDividedAndWhatStandsBehindIsNot) {
  for (const size_t count : {0, 1, 3, 4, 5, 250}) {
    std::vector<uint32_t> first, second;
    std::vector<float> values, wanted;
    for (size_t i = 0; i <= count; ++i) {
      first.push_back(static_cast<uint32_t>(i % 7 + 1));
      second.push_back(static_cast<uint32_t>(i % 3 + 1));
      values.push_back(std::sqrt(static_cast<float>(i + 1)));
      const auto whole = values[i] / static_cast<float>(first[i]) / static_cast<float>(second[i]);
      wanted.push_back(i < count ? whole : values[i]);
    }
    DivideTwice(first.data(), second.data(), count, values.data());
    EXPECT_EQ(values, wanted) << count;
  }
}

}  // namespace
}  // namespace supervision::classification
