#pragma once

#include "services/alerting/encoder.h"

namespace supervision::rpc {

// Pieces of a WatchAlertsResponse: each is the encoding of one of its fields, so that pieces put
// behind each other are the encoding of a message that has them all.
class ProtoAlertEncoder final : public alerting::AlertEncoder {
 public:
  alerting::SharedBytes EncodeAlert(const domain::Alert& alert,
                                    domain::Projection projection) const override;
  alerting::SharedBytes EncodeLeft(std::string_view alert_id, uint32_t version) const override;
  alerting::SharedBytes EncodeCursor(std::string_view cursor) const override;
  alerting::SharedBytes EncodeNotice(alerting::Notice notice) const override;
  alerting::SharedBytes EncodeEnding(alerting::EndingReason reason,
                                     absl::Duration retry_after) const override;
};

}  // namespace supervision::rpc
