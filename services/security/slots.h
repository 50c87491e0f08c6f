#pragma once

#include <memory>
#include <utility>

#include "services/base/mutex.h"
#include "services/security/certificates.h"
#include "services/security/principal.h"

namespace supervision::security {

// What is in force and may be exchanged while it is used: whoever needs it takes it once and keeps
// it for the length of one decision. Thread-safe.
template <typename T>
class Slot {
 public:
  explicit Slot(std::shared_ptr<const T> first) : current_(std::move(first)) {}

  std::shared_ptr<const T> Get() const {
    base::MutexLock lock(&mutex_);
    return current_;
  }
  // Never null.
  void Put(std::shared_ptr<const T> next) {
    base::MutexLock lock(&mutex_);
    current_.swap(next);
  }

 private:
  mutable base::Mutex mutex_;
  std::shared_ptr<const T> current_ ABSL_GUARDED_BY(mutex_);
};

using DirectorySlot = Slot<PrincipalDirectory>;
using TlsSlot = Slot<TlsMaterial>;

}  // namespace supervision::security
