#include "services/redis/resp.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/support/redis_calls.h"

namespace supervision::redis {
namespace {

using ::supervision::testing::Show;
using ::testing::ElementsAre;

std::vector<std::string> ReadAll(ReplyReader* reader) {
  std::vector<std::string> shown;
  while (true) {
    const absl::StatusOr<std::optional<Reply>> reply = reader->Next();
    if (!reply.ok()) return shown.emplace_back("broken"), shown;
    if (!reply->has_value()) return shown;
    shown.push_back(Show(**reply));
  }
}

constexpr std::string_view kReplies =
    "+OK\r\n:-7\r\n$5\r\na\r\nbc\r\n$-1\r\n*-1\r\n*0\r\n-ERR no\r\n"
    "*2\r\n*2\r\n$1\r\nx\r\n*1\r\n:1\r\n*2\r\n$1\r\ny\r\n$-1\r\n";

TEST(AppendCommandTest, WritesEachArgumentWithItsLength) {
  std::string out;
  AppendCommand({"SET", "", std::string("a\0\r\n", 4)}, &out);
  constexpr char kExpected[] = "*3\r\n$3\r\nSET\r\n$0\r\n\r\n$4\r\na\0\r\n\r\n";
  EXPECT_EQ(out, std::string(kExpected, sizeof(kExpected) - 1));
}

TEST(ReplyReaderTest, ReadsEveryType) {
  ReplyReader reader;
  reader.Feed(kReplies);
  EXPECT_THAT(ReadAll(&reader), ElementsAre("OK", "-7", "a\r\nbc", "(nil)", "(nil)", "[]",
                                            "!ERR no", "[[x [1]] [y (nil)]]"));
}

TEST(ReplyReaderTest, ReadsTheSameWhereverTheBytesAreCut) {
  ReplyReader whole;
  whole.Feed(kReplies);
  const std::vector<std::string> expected = ReadAll(&whole);
  for (size_t cut = 1; cut < kReplies.size(); ++cut) {
    ReplyReader reader;
    reader.Feed(kReplies.substr(0, cut));
    std::vector<std::string> shown = ReadAll(&reader);
    reader.Feed(kReplies.substr(cut));
    for (std::string& reply : ReadAll(&reader)) shown.push_back(std::move(reply));
    EXPECT_EQ(shown, expected) << "cut after " << cut;
  }
}

TEST(ReplyReaderTest, ReportsWhatIsNotTheProtocol) {
  ReplyReader reader;
  reader.Feed("HTTP/1.1 400 Bad Request\r\n\r\n");
  EXPECT_THAT(ReadAll(&reader), ElementsAre("broken"));
}

TEST(ReplyReaderTest, SpendsNothingOnElementsThatDoNotCome) {
  ReplyReader reader;
  reader.Feed("*1000000000\r\n:1\r\n");
  EXPECT_THAT(ReadAll(&reader), ElementsAre());  // waits; a naive one would take 80 GB first
}

TEST(ReplyReaderTest, FreesAReplyThatNeverEnds) {
  ReplyReader reader;
  reader.Feed("*3\r\n$1\r\nx\r\n*2\r\n:1\r\n");
  EXPECT_THAT(ReadAll(&reader), ElementsAre());  // a leak shows under AddressSanitizer
}

}  // namespace
}  // namespace supervision::redis
