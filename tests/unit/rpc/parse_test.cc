#include "services/rpc/parse.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/domain/error.h"
#include "supervision/v1/clue_service.pb.h"

namespace supervision::rpc {
namespace {

using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::IsEmpty;

std::string Damaged(std::string wire, const std::string& marker, char byte) {
  for (size_t at = wire.find(marker); at != std::string::npos; at = wire.find(marker, at)) {
    wire.replace(at, marker.size(), marker.size(), byte);
  }
  return wire;
}

TEST(ParseRequestTest, TakesAValidMessage) {
  v1::SubmitClueRequest request;
  request.set_request_id("r-1");
  v1::SubmitClueRequest parsed;
  intake::Violations violations;
  ASSERT_TRUE(ParseRequest(request.SerializeAsString(), "", &parsed, &violations).ok());
  EXPECT_EQ(parsed.request_id(), "r-1");
  EXPECT_THAT(violations, IsEmpty());
}

TEST(ParseRequestTest, ReportsTextThatIsNotUtf8AndStillReadsTheRest) {
  v1::SubmitClueRequest request;
  request.set_request_id("r-1");
  request.mutable_clue()->set_title("MARKER");
  request.mutable_clue()->set_region_code("320102");
  v1::SubmitClueRequest parsed;
  intake::Violations violations;

  ASSERT_TRUE(ParseRequest(Damaged(request.SerializeAsString(), "MARKER", '\xff'), "items[7]",
                           &parsed, &violations)
                  .ok());

  EXPECT_THAT(violations,
              ElementsAre(Field(&domain::FieldViolation::field, "items[7].clue.title")));
  EXPECT_EQ(parsed.clue().title(), "??????");
  EXPECT_EQ(parsed.clue().region_code(), "320102");
}

TEST(ParseRequestTest, RefusesBytesThatAreNoMessage) {
  v1::SubmitClueRequest parsed;
  intake::Violations violations;
  const absl::Status status = ParseRequest("{\"request_id\": 1}", "", &parsed, &violations);
  EXPECT_TRUE(domain::HasReason(status, domain::Reason::kMalformedMessage));
}

TEST(ParseRequestTest, SurvivesMoreBadTextsThanItReports) {
  v1::SubmitClueRequest request;
  for (int i = 0; i < 2000; ++i) request.mutable_clue()->add_amounts()->set_purpose("MARKER");
  v1::SubmitClueRequest parsed;
  intake::Violations violations;
  const absl::Status status = ParseRequest(Damaged(request.SerializeAsString(), "MARKER", '\xc0'),
                                           "", &parsed, &violations);
  EXPECT_TRUE(domain::HasReason(status, domain::Reason::kMalformedMessage));
}

}  // namespace
}  // namespace supervision::rpc
