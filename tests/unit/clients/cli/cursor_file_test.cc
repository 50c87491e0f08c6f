#include "clients/cli/cursor_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <vector>

#include "clients/cpp/error.h"
#include "tests/support/temp_dir.h"

namespace supervision::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

v1::AlertUpdate Alert(const std::string& id, uint32_t version) {
  v1::AlertUpdate update;
  update.mutable_alert()->set_id(id);
  update.mutable_alert()->set_version(version);
  return update;
}

google::protobuf::RepeatedPtrField<v1::AlertUpdate> Updates(
    const std::vector<v1::AlertUpdate>& updates) {
  return {updates.begin(), updates.end()};
}

class CursorFileTest : public ::testing::Test {
 protected:
  testing::TempDir directory_;
  const std::string path_ = directory_.path() + "/place";
};

TEST_F(CursorFileTest, GoesOnInTheMiddleOfAMessage) {
  CursorFile first(path_);
  ASSERT_TRUE(first.Load().ok());
  EXPECT_EQ(first.cursor(), "");
  first.MoveTo("c\"1", {});
  first.Told(Alert("a", 1));
  ASSERT_TRUE(first.Save().ok());

  CursorFile second(path_);
  ASSERT_TRUE(second.Load().ok());
  EXPECT_EQ(second.cursor(), "c\"1");
  EXPECT_TRUE(second.WasTold(Alert("a", 1)));
  EXPECT_FALSE(second.WasTold(Alert("a", 2)));
  EXPECT_FALSE(second.WasTold(Alert("b", 1)));
}

TEST_F(CursorFileTest, AWholeMessageNeedsOnlyItsCursor) {
  CursorFile file(path_);
  file.Told(Alert("a", 1));
  file.MoveTo("c2", Updates({Alert("a", 1)}));
  ASSERT_TRUE(file.Save().ok());
  CursorFile again(path_);
  ASSERT_TRUE(again.Load().ok());
  EXPECT_FALSE(again.WasTold(Alert("a", 1)));
  EXPECT_EQ(again.cursor(), "c2");
}

TEST_F(CursorFileTest, AMessageWithoutUpdatesForgetsNothingThatWasTold) {
  CursorFile file(path_);
  file.Told(Alert("a", 1));
  file.MoveTo("where the stream begins", {});
  EXPECT_TRUE(file.WasTold(Alert("a", 1)));
}

TEST_F(CursorFileTest, BehindASnapshotNothingOfItIsKept) {
  CursorFile file(path_);
  for (const char* id : {"a", "b"}) file.Told(Alert(id, 1));
  file.MoveTo("behind it", {});
  file.ForgetTold();
  ASSERT_TRUE(file.Save().ok());
  CursorFile again(path_);
  ASSERT_TRUE(again.Load().ok());
  EXPECT_EQ(again.cursor(), "behind it");
  EXPECT_FALSE(again.WasTold(Alert("a", 1)));
}

TEST_F(CursorFileTest, ADamagedFileIsRefusedAndLeftAlone) {
  std::ofstream(path_) << "{\"cursor\":";
  CursorFile file(path_);
  EXPECT_FALSE(file.Load().ok());
}

TEST_F(CursorFileTest, AFileThatCannotBeReadIsNotTakenForNone) {
  const std::string loop = directory_.path() + "/loop";
  std::filesystem::create_symlink(loop, loop);  // cannot be opened, by root neither
  for (const std::string& path : {directory_.path(), loop}) {
    CursorFile file(path);
    const absl::Status status = file.Load();
    EXPECT_TRUE(absl::IsUnavailable(status)) << path << " " << status;
    const client::Error error = client::ErrorOf(status);
    EXPECT_THAT(error.english, AllOf(HasSubstr(path), HasSubstr("permit this user")));
    EXPECT_THAT(error.chinese, AllOf(HasSubstr(path), HasSubstr("请允许当前用户")));
  }
}

TEST_F(CursorFileTest, APlaceThatCannotBeKeptIsSaid) {
  CursorFile file(directory_.path() + "/no/such/folder");
  file.MoveTo("c", {});
  EXPECT_FALSE(file.Save().ok());
}

TEST_F(CursorFileTest, WithoutAPathWhatWasToldIsKnownForTheRun) {
  CursorFile place("");
  ASSERT_TRUE(place.Load().ok());
  place.Told(Alert("a", 1));
  place.MoveTo("where the stream begins", {});
  EXPECT_TRUE(place.Save().ok());
  EXPECT_EQ(place.cursor(), "where the stream begins");
  EXPECT_TRUE(place.WasTold(Alert("a", 1)));
  place.MoveTo("behind it", Updates({Alert("a", 1)}));
  EXPECT_FALSE(place.WasTold(Alert("a", 1)));
  EXPECT_TRUE(std::filesystem::is_empty(directory_.path()));
}

}  // namespace
}  // namespace supervision::cli
