#include "services/rpc/alert_encoder.h"

#include <string>

#include "gtest/gtest.h"
#include "supervision/v1/alert_service.pb.h"

namespace supervision::rpc {
namespace {

domain::Alert SomeAlert(const std::string& id) {
  domain::Alert alert;
  alert.id = id;
  alert.version = 3;
  alert.title = "标题";
  return alert;
}

TEST(AlertEncoderTest, PiecesBehindEachOtherAreOneMessage) {
  const ProtoAlertEncoder encoder;
  const std::string bytes =
      *encoder.EncodeAlert(SomeAlert("a1"), domain::Projection::kFull) +
      *encoder.EncodeLeft("a2", 7) +
      *encoder.EncodeAlert(SomeAlert("a3"), domain::Projection::kWithheld) +
      *encoder.EncodeCursor("cursor") +
      *encoder.EncodeEnding(alerting::EndingReason::kDraining, absl::Milliseconds(1500));

  v1::WatchAlertsResponse message;
  ASSERT_TRUE(message.ParseFromString(bytes));

  ASSERT_EQ(message.updates_size(), 3);
  EXPECT_EQ(message.updates(0).alert().id(), "a1");
  EXPECT_EQ(message.updates(0).alert().title(), "标题");
  EXPECT_EQ(message.updates(1).left().alert_id(), "a2");
  EXPECT_EQ(message.updates(1).left().version(), 7u);
  EXPECT_EQ(message.updates(2).alert().title(), "");
  EXPECT_EQ(message.updates(2).alert().projection(), v1::PROJECTION_WITHHELD);
  EXPECT_EQ(message.cursor(), "cursor");
  EXPECT_EQ(message.ending().reason(), v1::STREAM_ENDING_REASON_DRAINING);
  EXPECT_EQ(message.ending().retry_after().nanos(), 500'000'000);
}

}  // namespace
}  // namespace supervision::rpc
