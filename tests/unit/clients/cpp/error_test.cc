#include "clients/cpp/error.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "google/rpc/error_details.pb.h"
#include "grpcpp/support/status.h"

namespace supervision::client {
namespace {

using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::Pair;

google::rpc::Status FullStatus() {
  google::rpc::Status status;
  status.set_code(static_cast<int>(absl::StatusCode::kInvalidArgument));
  status.set_message("what is wrong");
  google::rpc::ErrorInfo info;
  info.set_reason("INVALID_REQUEST");
  (*info.mutable_metadata())["limit"] = "500";
  google::rpc::RetryInfo retry;
  retry.mutable_retry_delay()->set_seconds(1);
  retry.mutable_retry_delay()->set_nanos(500'000'000);
  google::rpc::BadRequest bad;
  auto& violation = *bad.add_field_violations();
  violation.set_field("clue.title");
  violation.set_description("missing 缺少");
  google::rpc::LocalizedMessage english;
  english.set_locale("en");
  english.set_message("not this one");
  google::rpc::LocalizedMessage chinese;
  chinese.set_locale("zh-CN");
  chinese.set_message("有误");
  status.add_details()->PackFrom(info);
  status.add_details()->PackFrom(retry);
  status.add_details()->PackFrom(bad);
  status.add_details()->PackFrom(english);
  status.add_details()->PackFrom(chinese);
  return status;
}

void ExpectFull(const Error& error) {
  EXPECT_EQ(error.code, absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(error.reason, "INVALID_REQUEST");
  EXPECT_EQ(error.english, "what is wrong");
  EXPECT_EQ(error.chinese, "有误");
  EXPECT_THAT(error.metadata, ElementsAre(Pair("limit", "500")));
  EXPECT_THAT(error.violations, ElementsAre(Field(&FieldViolation::field, "clue.title")));
  EXPECT_EQ(error.retry_after, absl::Milliseconds(1500));
}

TEST(ErrorTest, TellsEveryDetailOfACall) {
  const google::rpc::Status status = FullStatus();
  ExpectFull(ErrorOf(ToAbslStatus(grpc::Status(grpc::StatusCode::INVALID_ARGUMENT, status.message(),
                                               status.SerializeAsString()))));
}

TEST(ErrorTest, TellsEveryDetailOfAnItem) { ExpectFull(ErrorOf(ToAbslStatus(FullStatus()))); }

TEST(ErrorTest, HasOnlyCodeAndTextWhenTheServiceSaidNothing) {
  const Error error =
      ErrorOf(ToAbslStatus(grpc::Status(grpc::StatusCode::UNAVAILABLE, "no connection")));
  EXPECT_EQ(error.code, absl::StatusCode::kUnavailable);
  EXPECT_EQ(error.english, "no connection");
  EXPECT_EQ(error.reason, "");
  EXPECT_EQ(error.retry_after, std::nullopt);
}

TEST(ErrorTest, DetailsThatAreNoStatusAreLeftOut) {
  const Error error = ErrorOf(
      ToAbslStatus(grpc::Status(grpc::StatusCode::INTERNAL, "text", "\xff\xff not a message")));
  EXPECT_EQ(error.code, absl::StatusCode::kInternal);
  EXPECT_EQ(error.reason, "");
}

}  // namespace
}  // namespace supervision::client
