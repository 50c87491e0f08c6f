#include "clients/cli/shell_command.h"

#include <gtest/gtest.h>

#include <csignal>
#include <fstream>
#include <iterator>
#include <string>

#include "tests/support/temp_dir.h"

namespace supervision::cli {
namespace {

TEST(ShellCommandTest, GetsItsInputWhole) {
  const testing::TempDir directory;
  const std::string input(300'000, 'x');  // more than a pipe holds
  EXPECT_TRUE(RunShellCommand("cat > " + directory.path() + "/copy", input));
  std::ifstream file(directory.path() + "/copy");
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()),
            input);
}

TEST(ShellCommandTest, TellsHowItEnded) {
  EXPECT_TRUE(RunShellCommand("true", ""));
  EXPECT_FALSE(RunShellCommand("exit 3", ""));
  EXPECT_FALSE(RunShellCommand("kill -9 $$", ""));
  EXPECT_FALSE(RunShellCommand("no-such-command-here 2>/dev/null", ""));
}

TEST(ShellCommandTest, ACommandThatDoesNotReadIsNoFailure) {
  std::signal(SIGPIPE, SIG_IGN);  // as supervisionctl does
  EXPECT_TRUE(RunShellCommand("true", std::string(300'000, 'x')));
}

}  // namespace
}  // namespace supervision::cli
