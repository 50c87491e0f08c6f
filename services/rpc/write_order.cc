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
  written.finish = TakeEnd();
  written.tell = !ending_ && !cancelled_;
  return written;
}

bool WriteOrder::BeginRead() {
  base::MutexLock lock(&mutex_);
  if (ending_) return false;
  starting_read_ = true;
  return true;
}

std::optional<absl::Status> WriteOrder::ReadStarted() {
  base::MutexLock lock(&mutex_);
  starting_read_ = false;
  return TakeEnd();
}

WriteOrder::Finish WriteOrder::RequestFinish(const absl::Status& status) {
  base::MutexLock lock(&mutex_);
  if (ending_) return Finish::kNever;
  ending_ = true;
  if (!writing_ && !starting_read_) return Finish::kNow;
  waiting_ = status;
  breaking_ = writing_;
  return writing_ ? Finish::kLater : Finish::kSoon;
}

std::optional<absl::Status> WriteOrder::Broken() {
  base::MutexLock lock(&mutex_);
  breaking_ = false;
  return TakeEnd();
}

std::optional<absl::Status> WriteOrder::TakeEnd() {
  if (writing_ || starting_read_ || breaking_) return std::nullopt;
  return std::exchange(waiting_, std::nullopt);
}

bool WriteOrder::Cancel() {
  base::MutexLock lock(&mutex_);
  return !std::exchange(cancelled_, true) && !ending_;
}

}  // namespace supervision::rpc
