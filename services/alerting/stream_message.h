#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "services/alerting/encoder.h"

namespace supervision::alerting {

// A message in the making: pieces up to a number and a size.
class StreamMessage {
 public:
  // `first_fits`: a first piece fits whatever its size.
  StreamMessage(size_t max_alerts, size_t max_bytes, bool first_fits)
      : max_alerts_(max_alerts), max_bytes_(max_bytes), first_fits_(first_fits) {}

  // False when it does not fit any more.
  bool Add(SharedBytes piece, absl::Duration appended_at) {
    return Add(std::move(piece), 1, appended_at);
  }
  // A piece of several alerts, of which the first reached the tail at `appended_at`.
  bool Add(SharedBytes piece, size_t alerts, absl::Duration appended_at) {
    if ((!pieces_.empty() || !first_fits_) &&
        (alerts_ + alerts > max_alerts_ || bytes_ + piece->size() > max_bytes_)) {
      return false;
    }
    if (pieces_.empty()) oldest_ = appended_at;
    alerts_ += alerts;
    bytes_ += piece->size();
    pieces_.push_back(std::move(piece));
    return true;
  }

  bool empty() const { return pieces_.empty(); }
  bool full() const { return alerts_ >= max_alerts_ || bytes_ >= max_bytes_; }
  size_t alerts() const { return alerts_; }
  absl::Duration oldest() const { return oldest_; }
  std::vector<SharedBytes> TakePieces() { return std::move(pieces_); }

 private:
  const size_t max_alerts_;
  const size_t max_bytes_;
  const bool first_fits_;
  std::vector<SharedBytes> pieces_;
  size_t alerts_ = 0;
  size_t bytes_ = 0;
  absl::Duration oldest_;
};

}  // namespace supervision::alerting
