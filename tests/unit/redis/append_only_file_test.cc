#include "services/redis/append_only_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "services/redis/program.h"
#include "tests/support/redis_server.h"
#include "tests/support/temp_dir.h"

namespace supervision::redis {
namespace {

using ::testing::HasSubstr;

// Two changes as the service makes them: scripts that write more than once.
constexpr char kScript[] =
    "redis.call('XADD', KEYS[1], '*', 'e', ARGV[1]) "
    "return redis.call('HSET', KEYS[2], 'v', '1', 'text', ARGV[1])";

class AppendOnlyFileTest : public ::testing::Test {
 protected:
  // The file that is written, after two changes; where the second begins.
  void Write() {
    std::filesystem::create_directories(Folder());
    testing::RedisServer redis;
    redis.Call({"EVAL", kScript, "2", "log", "first", "one"});
    begin_ = std::filesystem::file_size(FileOf(redis.directory()));
    redis.Call({"EVAL", kScript, "2", "log", "second", "two"});
    redis.Kill9();
    std::filesystem::copy(redis.directory() + "/appendonlydir", Folder());
    size_ = std::filesystem::file_size(File());
    ASSERT_GT(size_, begin_);
  }
  static std::string FileOf(const std::string& data) {
    return data + "/appendonlydir/appendonly.aof.1.incr.aof";
  }
  std::string Folder() const { return directory_.path() + "/appendonlydir"; }
  std::string File() const { return FileOf(directory_.path()); }
  absl::StatusOr<uint64_t> Cut() const {
    return CutUnfinishedWrite(*FindRedisServer(), directory_.path());
  }

  testing::TempDir directory_;
  uint64_t begin_ = 0;
  uint64_t size_ = 0;
};

TEST_F(AppendOnlyFileTest, WhereverAWriteWasCutAllOfItsTransactionIsTakenOff) {
  ASSERT_NO_FATAL_FAILURE(Write());
  std::filesystem::copy_file(File(), directory_.path() + "/whole");
  for (uint64_t left = begin_ + 1; left < size_; ++left) {
    std::filesystem::copy_file(directory_.path() + "/whole", File(),
                               std::filesystem::copy_options::overwrite_existing);
    std::filesystem::resize_file(File(), left);
    const auto cut = Cut();
    ASSERT_TRUE(cut.ok()) << cut.status();
    ASSERT_EQ(*cut, left - begin_);
    ASSERT_EQ(std::filesystem::file_size(File()), begin_);
  }
}

TEST_F(AppendOnlyFileTest, AWholeFileStaysAsItIs) {
  ASSERT_NO_FATAL_FAILURE(Write());
  const auto cut = Cut();
  ASSERT_TRUE(cut.ok()) << cut.status();
  EXPECT_EQ(*cut, 0u);
  EXPECT_EQ(std::filesystem::file_size(File()), size_);
}

TEST_F(AppendOnlyFileTest, MoreThanOneWriteIsNotTakenOff) {
  ASSERT_NO_FATAL_FAILURE(Write());
  const std::string begin = "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$500000000\r\n";
  std::ofstream(File(), std::ios::app) << begin;
  std::filesystem::resize_file(File(), size_ + (uint64_t{65} << 20));  // sparse
  const auto cut = Cut();
  EXPECT_EQ(cut.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(cut.status().message()), HasSubstr("restore a backup"));
  EXPECT_EQ(std::filesystem::file_size(File()), size_ + (uint64_t{65} << 20));
}

}  // namespace
}  // namespace supervision::redis
