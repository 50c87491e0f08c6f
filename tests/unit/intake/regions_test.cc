#include <fstream>
#include <iterator>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/intake/validation.h"

namespace supervision::intake {
namespace {

constexpr char kHead[] = "# version: 2023\n# source: a list\n";

std::string Mistakes(const std::string& text) {
  const auto table = RegionTable::Parse(text, "r.tsv");
  EXPECT_EQ(table.status().code(), absl::StatusCode::kInvalidArgument) << table.status();
  return std::string(table.status().message());
}

TEST(RegionTableTest, KnowsCountiesAndTowns) {
  const auto table = RegionTable::Parse(
      std::string(kHead) + "330424101\t沈荡镇\r\n330424\t海盐县\n\n# a remark\n330424001\t武原街道",
      "r.tsv");
  ASSERT_TRUE(table.ok()) << table.status();
  EXPECT_EQ((*table)->size(), 3u);
  EXPECT_EQ((*table)->version(), "2023");
  EXPECT_EQ((*table)->source(), "a list");
  for (const char* code : {"330424", "330424001", "330424101"}) {
    EXPECT_TRUE((*table)->Contains(code)) << code;
  }
  for (const char* code : {"", "33", "330425", "330424002", "330424101000", "33042A", "+30424",
                           " 330424", "330424 ", "３30424", "000330424"}) {
    EXPECT_FALSE((*table)->Contains(code)) << code;
  }
}

TEST(RegionTableTest, TellsEveryMistakeAtOnceWithItsLine) {
  EXPECT_EQ(Mistakes("# version: 2023\n"
                     "33042\tshort\n"
                     "330424\n"
                     "330425\t\n"
                     "330481\t海宁市\n"
                     "330481\t海宁市\n"
                     "330481001\ttown\n"
                     "330481001\ttown\n"
                     "330402\t\xFF\n"
                     "990000001\tof no county\n"),
            "r.tsv:2: the code is not 6 or 9 digits; write code<TAB>name\n"
            "r.tsv:3: the name is missing; write code<TAB>name\n"
            "r.tsv:4: the name is missing; write code<TAB>name\n"
            "r.tsv:6: the code stands twice; delete one of the lines\n"
            "r.tsv:8: the code stands twice; delete one of the lines\n"
            "r.tsv:9: the name is not UTF-8; save the file as UTF-8\n"
            "r.tsv:10: the town's county (the first 6 digits) is missing; add its line\n"
            "r.tsv: add a line '# source: …' that says where it is from");
}

TEST(RegionTableTest, EmptyTextIsNoTable) {
  EXPECT_THAT(Mistakes(""), testing::HasSubstr("there is no code of 6 digits"));
}

TEST(RegionTableTest, MistakesBeyondTheLimitAreCounted) {
  std::string text = std::string(kHead) + "330424\tx\n";
  for (int i = 0; i < 130; ++i) text += "bad\n";
  EXPECT_THAT(Mistakes(text), testing::EndsWith("\nand 30 more"));
}

TEST(RegionTableTest, ShippedTableHasTheCountyWithItsTownsAndItsNeighbours) {
  std::ifstream file(SUPERVISION_SOURCE_DIR "/deploy/config/regions.tsv", std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  const auto table = RegionTable::Parse(text, "regions.tsv");
  ASSERT_TRUE(table.ok()) << table.status();
  EXPECT_GT((*table)->size(), 44'000u);
  for (const char* code :
       {"330000",    "330400",    "330424",    "330402",    "330411",    "330421",
        "330481",    "330482",    "330483",    "330424001", "330424002", "330424004",
        "330424005", "330424101", "330424102", "330424103", "330424105", "330424106",
        "441900",    "710000",    "810101",    "341822" /* merged since, still on old records */}) {
    EXPECT_TRUE((*table)->Contains(code)) << code;
  }
  for (const char* code : {"330425", "330424003", "330424104", "999999"}) {
    EXPECT_FALSE((*table)->Contains(code)) << code;
  }
}

}  // namespace
}  // namespace supervision::intake
