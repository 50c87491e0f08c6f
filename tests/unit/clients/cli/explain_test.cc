#include "clients/cli/explain.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "clients/cli/attempt_limit.h"
#include "clients/cli/exit_code.h"
#include "clients/cpp/retry.h"

namespace supervision::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

client::Error BadRequest() {
  client::Error error;
  error.code = absl::StatusCode::kInvalidArgument;
  error.reason = "INVALID_REQUEST";
  error.english = "The request has mistakes.";
  error.chinese = "请求内容有误。";
  error.violations = {{"clue.title", "Give a headline. 请填写标题。"},
                      {"clue.region_code", "Unknown region. 区划代码未知。"},
                      {"", "and 7 more"}};
  return error;
}

TEST(ExplainTest, ListsEveryMistakeInTheLanguageThatIsAsked) {
  EXPECT_EQ(Explain(BadRequest(), {.language = Language::kEnglish}),
            "error: The request has mistakes. [INVALID_REQUEST, INVALID_ARGUMENT]\n"
            "  clue.title: Give a headline.\n"
            "  clue.region_code: Unknown region.\n"
            "  and 7 more");
  EXPECT_EQ(Explain(BadRequest(), {.language = Language::kChinese}),
            "错误：请求内容有误。 [INVALID_REQUEST, INVALID_ARGUMENT]\n"
            "  clue.title: 请填写标题。\n"
            "  clue.region_code: 区划代码未知。\n"
            "  and 7 more");
}

TEST(ExplainTest, AServerThatCannotBeReachedIsNamed) {
  client::Error error;
  error.code = absl::StatusCode::kUnavailable;
  error.english = "connection refused";
  EXPECT_THAT(Explain(error, {.server = "127.0.0.1:9"}),
              AllOf(HasSubstr("127.0.0.1:9"), HasSubstr("--server"),
                    HasSubstr("supervisionctl doctor --connect 127.0.0.1:9")));
}

TEST(ExplainTest, AnUnknownOutcomeTellsHowToRepeat) {
  client::Error error;
  error.code = absl::StatusCode::kDeadlineExceeded;
  EXPECT_THAT(Explain(error, {.request_id = "r-1"}), HasSubstr("--request-id r-1"));
  error.code = absl::StatusCode::kInvalidArgument;
  EXPECT_THAT(Explain(error, {.request_id = "r-1"}), Not(HasSubstr("--request-id")));
}

TEST(ExplainTest, AnAnswerThatIsLateIsGivenLongerByTheFlagThatIsNamed) {
  client::Error error;
  error.code = absl::StatusCode::kDeadlineExceeded;
  EXPECT_THAT(Explain(error, {}), HasSubstr("--timeout gives it longer"));
  const absl::Duration least = client::RetryOptions().attempt_timeout;
  EXPECT_EQ(AttemptLimit(absl::Seconds(30), least), least);
  EXPECT_EQ(AttemptLimit(absl::Seconds(60), least), absl::Seconds(20));
}

TEST(ExplainTest, FactsLeadToTheNextCommand) {
  client::Error error;
  error.code = absl::StatusCode::kAlreadyExists;
  error.reason = "SOURCE_RECORD_EXISTS";
  error.metadata["clue_id"] = "c-1";
  EXPECT_THAT(Explain(error, {}), HasSubstr("supervisionctl revise c-1"));

  error = client::Error();
  error.code = absl::StatusCode::kOutOfRange;
  error.reason = "CURSOR_TRIMMED";
  error.metadata["earliest_cursor"] = "CUR";
  EXPECT_THAT(Explain(error, {}), HasSubstr("supervisionctl watch --from CUR"));
}

TEST(ExplainTest, ServerTextCannotMoveTheCursor) {
  client::Error error = BadRequest();
  error.english = "bad\033[2J";
  error.violations = {{"f\033[1A", "d\033[1A"}};
  EXPECT_THAT(Explain(error, {}), Not(HasSubstr("\033")));
}

TEST(ExitCodeTest, EachKindOfFailureHasItsNumber) {
  EXPECT_EQ(ExitCodeOf(absl::StatusCode::kInvalidArgument), 2);
  EXPECT_EQ(ExitCodeOf(absl::StatusCode::kUnavailable), 3);
  EXPECT_EQ(ExitCodeOf(absl::StatusCode::kResourceExhausted), 3);
  EXPECT_EQ(ExitCodeOf(absl::StatusCode::kDeadlineExceeded), 3);
  EXPECT_EQ(ExitCodeOf(absl::StatusCode::kUnauthenticated), 4);
  EXPECT_EQ(ExitCodeOf(absl::StatusCode::kPermissionDenied), 4);
  EXPECT_EQ(ExitCodeOf(absl::StatusCode::kAlreadyExists), 5);
  EXPECT_EQ(ExitCodeOf(absl::StatusCode::kAborted), 5);
  EXPECT_EQ(ExitCodeOf(absl::StatusCode::kFailedPrecondition), 5);
  EXPECT_EQ(ExitCodeOf(absl::StatusCode::kNotFound), 6);
  EXPECT_EQ(ExitCodeOf(absl::StatusCode::kOutOfRange), 7);
  EXPECT_EQ(ExitCodeOf(absl::StatusCode::kInternal), 8);
}

}  // namespace
}  // namespace supervision::cli
