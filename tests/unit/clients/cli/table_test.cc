#include "clients/cli/table.h"

#include <gtest/gtest.h>

namespace supervision::cli {
namespace {

TEST(TableTest, AlignsColumnsAlsoBehindWideCharacters) {
  Table table({"ID", "UNIT", "N"});
  table.Add({"1", "某局", "x"});
  table.Add({"22", "some bureau", "y"});
  EXPECT_EQ(table.Text(),
            "ID  UNIT         N\n"
            "1   某局         x\n"
            "22  some bureau  y\n");
}

TEST(TableTest, KeepsEachRowOnOneLine) {
  Table table({"A"});
  table.Add({"two\nlines"});
  EXPECT_EQ(table.Text(), "A\ntwo lines\n");
}

}  // namespace
}  // namespace supervision::cli
