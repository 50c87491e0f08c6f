#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <unordered_set>

#include "supervision/v1/alert_service.pb.h"

namespace supervision::client {

// Remembers the newest updates by what happened, alert id and version, so that what two streams
// bring, or one brings again, is told once. For one thread at a time.
class Repeats {
 public:
  // Remembers at most `limit` updates.
  explicit Repeats(size_t limit) : limit_(limit) {}

  // Whether this update was noted before; notes it.
  bool Note(const v1::AlertUpdate& update);
  // As if it had not been noted.
  void Forget(const v1::AlertUpdate& update);

 private:
  const size_t limit_;
  std::unordered_set<std::string> known_;
  std::deque<std::string> order_;  // of known_, oldest first
};

}  // namespace supervision::client
