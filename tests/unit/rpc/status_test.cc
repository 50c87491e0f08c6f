#include "services/rpc/status.h"

#include <algorithm>
#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "google/rpc/error_details.pb.h"
#include "gtest/gtest.h"

namespace supervision::rpc {
namespace {

using domain::ErrorDetail;
using domain::Reason;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::Each;
using ::testing::Ge;
using ::testing::Gt;
using ::testing::HasSubstr;
using ::testing::Lt;
using ::testing::Not;
using ::testing::Pair;
using ::testing::StartsWith;

// What a client makes of the trailer.
google::rpc::Status DetailsOf(const grpc::Status& status) {
  google::rpc::Status proto;
  EXPECT_TRUE(proto.ParseFromString(status.error_details()));
  return proto;
}

template <typename Message>
std::optional<Message> Find(const google::rpc::Status& status) {
  for (const google::protobuf::Any& any : status.details()) {
    Message message;
    if (any.Is<Message>() && any.UnpackTo(&message)) return message;
  }
  return std::nullopt;
}

size_t SizeOnTheWire(const grpc::Status& status) {
  return status.error_message().size() + status.error_details().size();
}

ErrorDetail Mistakes(int count, size_t sentence_bytes = 60) {
  ErrorDetail detail;
  detail.reason = Reason::kInvalidRequest;
  for (int i = 0; i < count; ++i) {
    detail.violations.push_back({absl::StrCat("clue.amounts[", i, "].fen"),
                                 std::string(sentence_bytes, 'e'), "金额不能为负；请更正。"});
  }
  return detail;
}

class EveryReasonTest : public ::testing::TestWithParam<domain::ReasonRow> {};

INSTANTIATE_TEST_SUITE_P(Table, EveryReasonTest,
                         ::testing::ValuesIn(domain::ReasonTable().begin(),
                                             domain::ReasonTable().end()),
                         [](const auto& info) { return std::string(info.param.name); });

TEST_P(EveryReasonTest, ReachesTheClientWithCodeReasonAndBothSentences) {
  const grpc::Status status = ToGrpcStatus(domain::MakeError(GetParam().reason));

  EXPECT_EQ(static_cast<int>(status.error_code()), static_cast<int>(GetParam().code));
  EXPECT_EQ(status.error_message(), GetParam().english);
  const google::rpc::Status details = DetailsOf(status);
  EXPECT_EQ(details.code(), static_cast<int>(GetParam().code));
  const auto info = Find<google::rpc::ErrorInfo>(details);
  ASSERT_TRUE(info.has_value());
  EXPECT_EQ(info->reason(), GetParam().name);
  EXPECT_EQ(info->domain(), "supervision.v1");
  const auto localized = Find<google::rpc::LocalizedMessage>(details);
  ASSERT_TRUE(localized.has_value());
  EXPECT_EQ(localized->locale(), "zh-CN");
  EXPECT_EQ(localized->message(), GetParam().chinese);
}

TEST_P(EveryReasonTest, HasAShortAsciiSentenceAndAStableName) {
  EXPECT_THAT(GetParam().english.size(), AllOf(Gt(10u), Lt(120u)));
  EXPECT_THAT(GetParam().english, Each(AllOf(Ge(' '), Lt('\x7f'))));
  EXPECT_THAT(GetParam().name.size(), AllOf(Gt(3u), Lt(64u)));
}

TEST(StatusTableTest, NamesAreUnique) {
  std::set<std::string_view> names;
  for (const domain::ReasonRow& row : domain::ReasonTable()) names.insert(row.name);
  EXPECT_EQ(names.size(), domain::ReasonTable().size());
}

TEST(StatusTest, FactsAndDelayReachTheClient) {
  ErrorDetail detail;
  detail.reason = Reason::kOverloaded;
  detail.metadata = {{"limit", "4096"}};
  detail.retry_after = absl::Milliseconds(1500);

  const google::rpc::Status details = DetailsOf(ToGrpcStatus(domain::MakeError(detail)));

  const auto info = Find<google::rpc::ErrorInfo>(details);
  ASSERT_TRUE(info.has_value());
  EXPECT_THAT(info->metadata(), Contains(Pair("limit", "4096")));
  const auto retry = Find<google::rpc::RetryInfo>(details);
  ASSERT_TRUE(retry.has_value());
  EXPECT_EQ(retry->retry_delay().seconds(), 1);
  EXPECT_EQ(retry->retry_delay().nanos(), 500'000'000);
}

TEST(StatusTest, ViolationsCarryPathAndBothSentences) {
  ErrorDetail detail = Mistakes(0);
  detail.violations.push_back({"clue.title", "Missing; send one.", "缺少标题；请补充。"});

  const auto bad =
      Find<google::rpc::BadRequest>(DetailsOf(ToGrpcStatus(domain::MakeError(detail))));

  ASSERT_TRUE(bad.has_value());
  ASSERT_EQ(bad->field_violations_size(), 1);
  EXPECT_EQ(bad->field_violations(0).field(), "clue.title");
  EXPECT_EQ(bad->field_violations(0).description(), "Missing; send one. 缺少标题；请补充。");
}

TEST(StatusTest, FiveHundredViolationsBecomeAsManyAsFitAndACount) {
  const grpc::Status status = ToGrpcStatus(domain::MakeError(Mistakes(500)));

  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_LT(SizeOnTheWire(status), kMaxStatusBytes);
  const google::rpc::Status details = DetailsOf(status);
  const auto bad = Find<google::rpc::BadRequest>(details);
  ASSERT_TRUE(bad.has_value());
  const int shown = bad->field_violations_size() - 1;
  EXPECT_GT(shown, 20);
  EXPECT_THAT(bad->field_violations(shown).description(),
              StartsWith(absl::StrCat("and ", 500 - shown, " more")));
  EXPECT_THAT(Find<google::rpc::ErrorInfo>(details)->metadata(),
              Contains(Pair("violations", "500")));
}

TEST(StatusTest, StaysWithinItsLimitWhateverTheParts) {
  for (const size_t fact_bytes : {0, 1000, 5000, 100'000}) {
    for (const size_t sentence_bytes : {1, 40, 511, 512, 513, 9000}) {
      for (const int count : {0, 1, 7, 60, 2000}) {
        ErrorDetail detail = Mistakes(count, sentence_bytes);
        detail.retry_after = absl::Seconds(3);
        for (int i = 0; i < 3; ++i) {
          detail.metadata.emplace_back(absl::StrCat("fact", i), std::string(fact_bytes, 'f'));
        }
        EXPECT_LT(SizeOnTheWire(ToGrpcStatus(domain::MakeError(detail))), kMaxStatusBytes)
            << fact_bytes << " " << sentence_bytes << " " << count;
      }
    }
  }
}

TEST(StatusTest, LongSentencesAreCutBetweenCharacters) {
  ErrorDetail detail = Mistakes(0);
  std::string chinese;
  for (int i = 0; i < 400; ++i) chinese += "额";
  detail.violations.push_back({"clue.title", "x", chinese});

  const auto bad =
      Find<google::rpc::BadRequest>(DetailsOf(ToGrpcStatus(domain::MakeError(detail))));

  ASSERT_TRUE(bad.has_value());  // a half character would not have parsed
  EXPECT_EQ((bad->field_violations(0).description().size() - 2) % 3, 0u);
}

TEST(StatusTest, ForeignErrorsBecomeInternalAndKeepTheirWordsInside) {
  const grpc::Status status = ToGrpcStatus(absl::UnknownError("王某 at 10.0.0.1"));

  EXPECT_EQ(status.error_code(), grpc::StatusCode::INTERNAL);
  EXPECT_THAT(status.error_message() + status.error_details(), Not(HasSubstr("10.0.0.1")));
  EXPECT_EQ(Find<google::rpc::ErrorInfo>(DetailsOf(status))->reason(), "INTERNAL");
}

TEST(StatusTest, OkStaysOk) {
  EXPECT_TRUE(ToGrpcStatus(absl::OkStatus()).ok());
  EXPECT_EQ(ToRpcStatus(absl::OkStatus()).code(), 0);
}

TEST(StatusTest, BatchResultsCarryTheDetailsOfTheUnaryCall) {
  const absl::Status error = domain::MakeError(Mistakes(3));
  EXPECT_EQ(ToRpcStatus(error).SerializeAsString(), ToGrpcStatus(error).error_details());
}

}  // namespace
}  // namespace supervision::rpc
