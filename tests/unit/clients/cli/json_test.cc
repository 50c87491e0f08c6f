#include "clients/cli/json.h"

#include <gtest/gtest.h>

#include "supervision/v1/alert.pb.h"
#include "supervision/v1/clue.pb.h"

namespace supervision::cli {
namespace {

TEST(JsonTest, EveryFieldIsThereUnderItsProtoName) {
  const std::string json = ToJson(v1::Alert());
  EXPECT_NE(json.find("\"clue_id\":\"\""), std::string::npos) << json;
  EXPECT_NE(json.find("\"provisional\":false"), std::string::npos) << json;
  EXPECT_EQ(json.find('\n'), std::string::npos);
}

TEST(JsonTest, UnknownFieldsAreMistakes) {
  v1::ClueContent clue;
  EXPECT_FALSE(FromJson(R"({"titel": "x"})", clue).ok());
  EXPECT_TRUE(FromJson(R"({"title": "x", "channel": "channel_hotline"})", clue).ok());
  EXPECT_EQ(clue.channel(), v1::CHANNEL_HOTLINE);
}

TEST(JsonTest, QuotesWhatWouldEndAString) {
  EXPECT_EQ(JsonQuote("a\"b\\c\n中"), "\"a\\\"b\\\\c\\u000a中\"");
}

TEST(JsonTest, WhatIsNoUtf8IsReplacedSoThatTheLineStaysJson) {
  EXPECT_EQ(JsonQuote("\xE6\x8B"), "\"\uFFFD\uFFFD\"") << "拆, cut in half";
  EXPECT_EQ(JsonQuote("a\xFF拆"), "\"a\uFFFD拆\"");
}

TEST(JsonTest, AnErrorIsAnObjectThatScriptsCanAsk) {
  client::Error error;
  error.code = absl::StatusCode::kInvalidArgument;
  error.reason = "INVALID_REQUEST";
  error.english = "mistakes";
  error.chinese = "有误";
  error.metadata["limit"] = "5";
  error.violations = {{"clue.title", "missing"}};
  error.retry_after = absl::Milliseconds(500);
  EXPECT_EQ(ToJson(error),
            R"({"code":"INVALID_ARGUMENT","reason":"INVALID_REQUEST","message":"mistakes",)"
            R"("message_zh":"有误","metadata":{"limit":"5"},)"
            R"("violations":[{"field":"clue.title","description":"missing"}],)"
            R"("retry_after_seconds":0.5})");
}

}  // namespace
}  // namespace supervision::cli
