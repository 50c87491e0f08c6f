#include "clients/cli/ndjson.h"

#include <gtest/gtest.h>

namespace supervision::cli {
namespace {

TEST(LineIdsTest, TheSameFileGivesTheSameIdsAgain) {
  LineIds first;
  LineIds second;
  EXPECT_EQ(first.Next("{\"title\":\"a\"}"), second.Next("{\"title\":\"a\"}"));
}

TEST(LineIdsTest, TwoEqualLinesAreTwoClues) {
  LineIds ids;
  const std::string first = ids.Next("x");
  EXPECT_NE(first, ids.Next("x"));
  EXPECT_NE(first, ids.Next("y"));
}

}  // namespace
}  // namespace supervision::cli
