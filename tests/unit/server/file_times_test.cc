#include "services/server/file_times.h"

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/support/certificates.h"
#include "tests/support/temp_dir.h"

namespace supervision::server {
namespace {

using testing::Replace;

TEST(FileTimesTest, AChangeCountsOnceItHasRestedAndOnlyOnce) {
  const testing::TempDir place;
  const std::string file = place.path() + "/file";
  Replace(file, "one");
  FileTimes times({file});
  EXPECT_FALSE(times.Changed());
  Replace(file, "three");
  EXPECT_FALSE(times.Changed()) << "it may still be written";
  EXPECT_TRUE(times.Changed());
  EXPECT_FALSE(times.Changed());
}

// A file that could not be read is read once its mode is right.
TEST(FileTimesTest, WhoMayReadItIsAChangeToo) {
  const testing::TempDir place;
  const std::string file = place.path() + "/file";
  Replace(file, "one");
  FileTimes times({file});
  std::filesystem::permissions(file, std::filesystem::perms::owner_read);
  EXPECT_FALSE(times.Changed());
  EXPECT_TRUE(times.Changed());
}

TEST(FileTimesTest, ALinkThatIsTurnedElsewhereIsAChange) {
  const testing::TempDir place;
  const std::string link = place.path() + "/..data";
  for (const char* const name : {"/a", "/b"}) {
    std::filesystem::create_directory(place.path() + name);
    Replace(place.path() + name + "/file", "same");
  }
  std::filesystem::create_symlink("a", link);
  FileTimes times({link + "/file"});
  std::filesystem::create_symlink("b", link + ".new");
  std::filesystem::rename(link + ".new", link);
  EXPECT_FALSE(times.Changed());
  EXPECT_TRUE(times.Changed());
}

TEST(FileTimesTest, AFileThatGoesAndComesIsAChangeEachTime) {
  const testing::TempDir place;
  const std::string file = place.path() + "/file";
  FileTimes times({file, ""});
  Replace(file, "one");
  times.Changed();
  EXPECT_TRUE(times.Changed());
  std::filesystem::remove(file);
  times.Changed();
  EXPECT_TRUE(times.Changed());
}

TEST(FileTimesTest, AFileThatNeverRestsCountsAtTheThirdLook) {
  const testing::TempDir place;
  const std::string file = place.path() + "/file";
  FileTimes times({file});
  std::vector<bool> changed;
  for (int look = 0; look < 6; ++look) {
    Replace(file, std::string(static_cast<size_t>(look + 1), 'x'));
    changed.push_back(times.Changed());
  }
  EXPECT_EQ(changed, (std::vector<bool>{false, false, true, false, false, true}));
}

}  // namespace
}  // namespace supervision::server
