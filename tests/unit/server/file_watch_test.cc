#include "services/server/file_watch.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include "tests/support/temp_dir.h"

namespace supervision::server {
namespace {

namespace fs = std::filesystem;
constexpr absl::Duration kPatience = absl::Seconds(60);

class FileWatchTest : public ::testing::Test {
 protected:
  FileWatchTest() {
    fs::create_directory(Path("rules"));
    Write("rules/a.yaml");
    Write("model.bin");
    EXPECT_TRUE(watch_.Watch({Path("rules"), Path("model.bin")}));
  }
  std::string Path(const std::string& name) const { return folder_.path() + "/" + name; }
  void Write(const std::string& name) { std::ofstream(Path(name)) << "text"; }

  // Whether `event` is told; what does not matter, as others' files in /tmp, ends a wait too.
  bool Told(FileWatch::Event event = FileWatch::Event::kChanged) {
    for (int i = 0; i < 100; ++i) {
      if (watch_.Wait(kPatience) == event) return true;
    }
    return false;
  }
  bool Quiet() { return watch_.Wait(absl::ZeroDuration()) == FileWatch::Event::kNothing; }

  testing::TempDir folder_;
  FileWatch watch_;
};

TEST_F(FileWatchTest, AFileWrittenInPlaceIsTold) {
  Write("rules/a.yaml");
  EXPECT_TRUE(Told());
}

TEST_F(FileWatchTest, ANewFileAndARemovedOneAreTold) {
  Write("rules/b.yaml");
  EXPECT_TRUE(Told());
  while (!Quiet()) {
  }
  fs::remove(Path("rules/a.yaml"));
  EXPECT_TRUE(Told());
}

TEST_F(FileWatchTest, AFileRenamedIntoPlaceIsTold) {
  Write("model.new");
  fs::rename(Path("model.new"), Path("model.bin"));
  EXPECT_TRUE(Told());
}

TEST_F(FileWatchTest, OtherFilesBesideAreNot) {
  Write("notes.txt");
  EXPECT_TRUE(Quiet());
}

TEST_F(FileWatchTest, AnExchangedFolderIsToldAndThenWatchedItself) {
  fs::create_directory(Path("new"));
  Write("new/a.yaml");
  fs::rename(Path("rules"), Path("old"));
  fs::rename(Path("new"), Path("rules"));
  EXPECT_TRUE(Told());
  EXPECT_TRUE(watch_.Watch({Path("rules")}));
  Write("old/a.yaml");
  EXPECT_TRUE(Quiet());
  Write("rules/a.yaml");
  EXPECT_TRUE(Told());
}

TEST_F(FileWatchTest, ALinkPointedElsewhereIsTold) {
  fs::create_directory(Path("..one"));
  fs::create_directory(Path("..two"));
  fs::create_directory_symlink("..one", Path("..data"));
  fs::create_directory_symlink("..data", Path("linked"));
  EXPECT_TRUE(watch_.Watch({Path("linked")}));
  fs::create_directory_symlink("..two", Path("..next"));
  fs::rename(Path("..next"), Path("..data"));
  EXPECT_TRUE(Told());
}

TEST_F(FileWatchTest, AFolderThatComesLaterIsTold) {
  EXPECT_TRUE(watch_.Watch({Path("later/rules")}));
  fs::create_directory(Path("later"));
  EXPECT_TRUE(Told());
}

TEST_F(FileWatchTest, WakeEndsAWaitOnAnotherThread) {
  std::thread waker([this] { watch_.Wake(); });
  EXPECT_TRUE(Told(FileWatch::Event::kWoken));
  waker.join();
}

TEST_F(FileWatchTest, LinksInACircleAreGivenUp) {
  fs::create_symlink("round", Path("round"));
  EXPECT_FALSE(watch_.Watch({Path("round")}));
}

}  // namespace
}  // namespace supervision::server
