#include "services/alerting/tail_entry.h"

namespace supervision::alerting {

SharedBytes TailEntry::Piece(View::Decision decision, const AlertEncoder& encoder) {
  const domain::Alert& alert = entry_->event.alert;
  base::MutexLock lock(&mutex_);
  switch (decision) {
    case View::Decision::kNothing:
      break;
    case View::Decision::kFull:
      if (full_ == nullptr) full_ = encoder.EncodeAlert(alert, domain::Projection::kFull);
      return full_;
    case View::Decision::kWithheld:
      if (withheld_ == nullptr) {
        withheld_ = encoder.EncodeAlert(alert, domain::Projection::kWithheld);
      }
      return withheld_;
    case View::Decision::kLeft:
      if (left_ == nullptr) left_ = encoder.EncodeLeft(alert.id, alert.version);
      return left_;
  }
  return nullptr;
}

}  // namespace supervision::alerting
