#include "services/observability/log.h"

#include <limits>
#include <string>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "google/protobuf/struct.pb.h"
#include "google/protobuf/util/json_util.h"
#include "gtest/gtest.h"
#include "services/observability/log_format.h"

namespace supervision::observability {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

using Format = Logger::Format;
using Level = Logger::Level;

const absl::Time kTime = absl::FromUnixMillis(1772330584005);  // 2026-03-01T02:03:04.005Z

google::protobuf::Struct Parse(const std::string& json) {
  google::protobuf::Struct parsed;
  EXPECT_TRUE(google::protobuf::util::JsonStringToMessage(json, &parsed).ok()) << json;
  return parsed;
}

// Every byte, then text that is not UTF-8 in several ways, then the separators of Unicode.
std::string HostileText() {
  std::string text;
  for (int byte = 0; byte < 256; ++byte) text.push_back(static_cast<char>(byte));
  return text + "\xC0\x80 \xED\xA0\x80 \xF4\x90\x80\x80 \xE2\x80\xA8 \xC2\x85 海盐";
}

TEST(LogFormatTest, TextLineNamesTimeLevelEventAndFields) {
  EXPECT_EQ(FormatEvent(Format::kText, Level::kWarning, kTime, "redis_lost",
                        {{"address", std::string_view("unix:/run/x")},
                         {"reason", std::string_view("timed out")},
                         {"tries", int64_t{-3}},
                         {"seconds", 0.25},
                         {"ready", false}}),
            "2026-03-01T02:03:04.005Z WARNING redis_lost address=unix:/run/x reason=\"timed out\" "
            "tries=-3 seconds=0.25 ready=false");
}

TEST(LogFormatTest, JsonLineNamesTimeLevelEventAndFields) {
  EXPECT_EQ(FormatEvent(Format::kJson, Level::kInfo, kTime, "listening",
                        {{"address", std::string_view("127.0.0.1:50051")},
                         {"port", int64_t{50051}},
                         {"load", 1.5},
                         {"ready", true}}),
            "{\"time\":\"2026-03-01T02:03:04.005Z\",\"level\":\"info\",\"event\":\"listening\","
            "\"address\":\"127.0.0.1:50051\",\"port\":50051,\"load\":1.5,\"ready\":true}");
}

TEST(LogFormatTest, HostileTextStaysOneLineOfValidJson) {
  const std::string hostile = HostileText();
  const std::string line =
      FormatEvent(Format::kJson, Level::kInfo, kTime, hostile, {{"value", hostile}});
  for (const char c : line) ASSERT_GE(static_cast<unsigned char>(c), 0x20);
  EXPECT_THAT(line, Not(HasSubstr("\xE2\x80\xA8")));
  const google::protobuf::Struct parsed = Parse(line);
  EXPECT_THAT(parsed.fields().at("value").string_value(), HasSubstr("海盐"));
}

TEST(LogFormatTest, HostileTextCannotForgeAnotherFieldOrLine) {
  const std::string line =
      FormatEvent(Format::kText, Level::kInfo, kTime, "e",
                  {{"value", std::string_view("x\n2026 ERROR forged=\"1\" a=b")}});
  EXPECT_EQ(line,
            "2026-03-01T02:03:04.005Z INFO e value=\"x\\u000a2026 ERROR forged=\\\"1\\\" a=b\"");
}

TEST(LogFormatTest, EmptyTextIsSeen) {
  EXPECT_THAT(FormatEvent(Format::kText, Level::kInfo, kTime, "e", {{"v", std::string_view()}}),
              HasSubstr("v=\"\""));
}

TEST(LogFormatTest, NumbersThatJsonCannotSayBecomeNull) {
  const std::string line = FormatEvent(Format::kJson, Level::kInfo, kTime, "e",
                                       {{"a", std::numeric_limits<double>::quiet_NaN()},
                                        {"b", std::numeric_limits<double>::infinity()}});
  EXPECT_THAT(line, HasSubstr("\"a\":null,\"b\":null"));
}

TEST(LoggerTest, WritesToStandardErrorFromItsLevelOn) {
  testing::internal::CaptureStderr();
  Logger logger(Format::kText, Level::kWarning);
  logger.Info("below");
  logger.Warning("at", {{"n", int64_t{1}}});
  logger.Error("above {}", {});  // braces are no format string
  const std::string written = testing::internal::GetCapturedStderr();
  EXPECT_THAT(written, Not(HasSubstr("below")));
  EXPECT_THAT(written, HasSubstr(" WARNING at n=1\n"));
  EXPECT_THAT(written, HasSubstr(" ERROR \"above {}\"\n"));
}

TEST(LoggerTest, LinesOfManyThreadsStayWhole) {
  testing::internal::CaptureStderr();
  {
    Logger logger(Format::kText, Level::kInfo);
    std::vector<std::thread> threads;
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back([&logger] {
        for (int n = 0; n < 100; ++n) logger.Info("tick", {{"n", int64_t{7}}});
      });
    }
    for (std::thread& thread : threads) thread.join();
  }
  const std::string written = testing::internal::GetCapturedStderr();
  size_t lines = 0;
  for (size_t at = 0; at < written.size(); ++lines) {
    const size_t end = written.find('\n', at);
    ASSERT_NE(end, std::string::npos);
    ASSERT_TRUE(std::string_view(written).substr(at, end - at).ends_with(" INFO tick n=7"));
    at = end + 1;
  }
  EXPECT_EQ(lines, 800u);
}

TEST(LoggerTest, NullWritesNothing) {
  testing::internal::CaptureStderr();
  Logger::Null()->Error("lost");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

}  // namespace
}  // namespace supervision::observability
