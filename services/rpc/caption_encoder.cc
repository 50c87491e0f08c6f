#include "services/rpc/caption_encoder.h"

#include "services/ledger/sharing.h"
#include "supervision/v1/subscription_service.pb.h"

namespace supervision::rpc {

alerting::SharedBytes ProtoCaptionEncoder::EncodeCaption(const alerting::Caption& caption) const {
  v1::ConsumeAlertsResponse message;
  message.set_first_delivery(caption.first_delivery);
  if (caption.kept.has_value()) {
    message.mutable_kept()->set_through(caption.kept->through);
    message.mutable_kept()->mutable_deliveries()->Add(caption.kept->singles.begin(),
                                                      caption.kept->singles.end());
  }
  if (caption.gap.has_value()) {
    message.mutable_gap()->set_delivery(caption.gap->delivery);
    message.mutable_gap()->set_reason(std::string(domain::Row(caption.gap->reason).name));
    message.mutable_gap()->set_resume_cursor(caption.gap->resume_cursor);
  }
  message.mutable_attempts()->Add(caption.attempts.begin(), caption.attempts.end());
  for (const uint64_t delivery : caption.refusals) {
    v1::LeaseRefusal* const refusal = message.add_refusals();
    refusal->set_delivery(delivery);
    refusal->set_reason(ledger::kLeaseEnded);
  }
  message.set_halted(caption.halted);
  return std::make_shared<const std::string>(message.SerializeAsString());
}

}  // namespace supervision::rpc
