#include "services/ledger/witness.h"

#include <filesystem>
#include <fstream>

#include "gtest/gtest.h"
#include "tests/support/temp_dir.h"

namespace supervision::ledger {
namespace {

WitnessRecord Example() { return {"00112233445566778899aabbccddeeff", {{1, 10}, {3, 0}}}; }

TEST(WitnessTest, ARecordComesBackAsItWas) {
  const testing::TempDir directory;
  WitnessFile file(directory.path(), "my:");
  EXPECT_FALSE(file.Read().value().has_value());
  ASSERT_TRUE(file.Write(Example()).ok());
  const auto record = WitnessFile(directory.path(), "my:").Read().value();
  ASSERT_TRUE(record.has_value());
  EXPECT_EQ(record->ledger_id, Example().ledger_id);
  EXPECT_EQ(record->partitions, Example().partitions);
  EXPECT_FALSE(WitnessFile(directory.path(), "").Read().value().has_value())
      << "each key prefix has a file of its own";
}

TEST(WitnessTest, ATornFileCountsAsNone) {
  const testing::TempDir directory;
  WitnessFile file(directory.path(), "");
  ASSERT_TRUE(file.Write(Example()).ok());
  const auto size = std::filesystem::file_size(file.path());
  for (uintmax_t cut = 0; cut < size - 1; ++cut) {
    std::filesystem::resize_file(file.path(), cut);
    EXPECT_FALSE(file.Read().value().has_value()) << cut;
    std::filesystem::remove(file.path());
    ASSERT_TRUE(WitnessFile(directory.path(), "").Write(Example()).ok());
  }
}

TEST(WitnessTest, AFailureNamesThePath) {
  WitnessFile file("/nowhere/at/all", "");
  const absl::Status status = file.Write(Example());
  ASSERT_FALSE(status.ok());
  EXPECT_NE(std::string(status.message()).find("/nowhere/at/all"), std::string::npos);
}

TEST(WitnessTest, WithoutADirectoryNothingIsKept) {
  WitnessFile file("", "");
  EXPECT_TRUE(file.Write(Example()).ok());
  EXPECT_FALSE(file.Read().value().has_value());
}

TEST(WitnessTest, ARecordWithoutAnyPositionIsEmpty) {
  EXPECT_FALSE(Example().empty());
  EXPECT_TRUE((WitnessRecord{"00", {{1, 0}, {4, 0}}}.empty()));
}

}  // namespace
}  // namespace supervision::ledger
