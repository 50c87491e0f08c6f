#pragma once

#include "services/alerting/caption.h"

namespace supervision::rpc {

// The pieces that a ConsumeAlertsResponse has beside those of a WatchAlertsResponse: the fields
// that both have are the same on the wire, so alerts are encoded once for all streams.
class ProtoCaptionEncoder final : public alerting::CaptionEncoder {
 public:
  alerting::SharedBytes EncodeCaption(const alerting::Caption& caption) const override;
};

}  // namespace supervision::rpc
