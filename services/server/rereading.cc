#include "services/server/rereading.h"

namespace supervision::server {

bool Rereading::Due(absl::Time now) {
  changed_ = files_.Changed();
  if (changed_) return true;
  return !last_.ok() && files_.Rest() && (now - read_at_ >= kSecondTry || now < read_at_);
}

bool Rereading::Note(const absl::Status& status, absl::Time now) {
  const bool news = changed_ || status.ok() || status != last_;
  last_ = status;
  read_at_ = now;
  return news;
}

}  // namespace supervision::server
