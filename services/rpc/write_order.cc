#include "services/rpc/write_order.h"

#include <utility>

namespace supervision::rpc {

void WriteOrder::BeginWrite() {
  base::MutexLock lock(&mutex_);
  writing_ = true;
}

WriteOrder::Written WriteOrder::EndWrite() {
  base::MutexLock lock(&mutex_);
  writing_ = false;
  Written written;
  written.finish = std::exchange(waiting_, std::nullopt);
  written.tell = !ending_ && !cancelled_;
  return written;
}

WriteOrder::Finish WriteOrder::RequestFinish(const absl::Status& status) {
  base::MutexLock lock(&mutex_);
  if (ending_) return Finish::kNever;
  ending_ = true;
  if (!writing_) return Finish::kNow;
  waiting_ = status;
  return Finish::kLater;
}

bool WriteOrder::Cancel() {
  base::MutexLock lock(&mutex_);
  return !std::exchange(cancelled_, true) && !ending_;
}

}  // namespace supervision::rpc
