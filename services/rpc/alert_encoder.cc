#include "services/rpc/alert_encoder.h"

#include "services/rpc/convert_time.h"
#include "services/rpc/to_proto.h"
#include "supervision/v1/alert_service.pb.h"

namespace supervision::rpc {
namespace {

alerting::SharedBytes Serialise(const v1::WatchAlertsResponse& message) {
  return std::make_shared<const std::string>(message.SerializeAsString());
}

v1::StreamEndingReason ToProto(alerting::EndingReason reason) {
  switch (reason) {
    case alerting::EndingReason::kDraining:
      return v1::STREAM_ENDING_REASON_DRAINING;
    case alerting::EndingReason::kAge:
      return v1::STREAM_ENDING_REASON_AGE;
    case alerting::EndingReason::kSubscriptionChanged:
      return v1::STREAM_ENDING_REASON_SUBSCRIPTION_CHANGED;
    case alerting::EndingReason::kClientDone:
      return v1::STREAM_ENDING_REASON_CLIENT_DONE;
  }
  return v1::STREAM_ENDING_REASON_UNSPECIFIED;
}

}  // namespace

alerting::SharedBytes ProtoAlertEncoder::EncodeAlert(const domain::Alert& alert,
                                                     domain::Projection projection) const {
  v1::WatchAlertsResponse message;
  *message.add_updates()->mutable_alert() = ToProto(alert, projection);
  return Serialise(message);
}

alerting::SharedBytes ProtoAlertEncoder::EncodeLeft(std::string_view alert_id,
                                                    uint32_t version) const {
  v1::WatchAlertsResponse message;
  v1::AlertLeft* const left = message.add_updates()->mutable_left();
  left->set_alert_id(std::string(alert_id));
  left->set_version(version);
  return Serialise(message);
}

alerting::SharedBytes ProtoAlertEncoder::EncodeCursor(std::string_view cursor) const {
  v1::WatchAlertsResponse message;
  message.set_cursor(std::string(cursor));
  return Serialise(message);
}

alerting::SharedBytes ProtoAlertEncoder::EncodeNotice(alerting::Notice notice) const {
  v1::WatchAlertsResponse message;
  switch (notice) {
    case alerting::Notice::kThrottled:
      message.set_notice(v1::STREAM_NOTICE_THROTTLED);
      break;
    case alerting::Notice::kResumed:
      message.set_notice(v1::STREAM_NOTICE_RESUMED);
      break;
    case alerting::Notice::kSnapshotComplete:
      message.set_notice(v1::STREAM_NOTICE_SNAPSHOT_COMPLETE);
      break;
  }
  return Serialise(message);
}

alerting::SharedBytes ProtoAlertEncoder::EncodeEnding(alerting::EndingReason reason,
                                                      absl::Duration retry_after) const {
  v1::WatchAlertsResponse message;
  message.mutable_ending()->set_reason(ToProto(reason));
  *message.mutable_ending()->mutable_retry_after() = ToProto(retry_after);
  return Serialise(message);
}

}  // namespace supervision::rpc
