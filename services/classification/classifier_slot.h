#pragma once

#include <memory>
#include <utility>

#include "services/base/mutex.h"
#include "services/classification/classifier.h"

namespace supervision::classification {

// The classifier in force. Whoever sorts a text takes it once and keeps it until the verdict is
// made, so that a verdict comes from exactly one set, however often sets are exchanged meanwhile.
// Taking costs one short lock and one reference, a few hundredths of what a verdict costs.
//
// Thread-safe.
class ClassifierSlot {
 public:
  ClassifierSlot() = default;  // empty
  explicit ClassifierSlot(std::shared_ptr<const Classifier> first) : current_(std::move(first)) {}

  std::shared_ptr<const Classifier> Get() const {
    base::MutexLock lock(&mutex_);
    return current_;
  }

  // Exchanges the set; returns the one before, so that its last owner can be chosen: freeing a set
  // takes milliseconds, which no serving thread should pay.
  std::shared_ptr<const Classifier> Put(std::shared_ptr<const Classifier> next) {
    base::MutexLock lock(&mutex_);
    current_.swap(next);
    return next;
  }

 private:
  mutable base::Mutex mutex_;
  std::shared_ptr<const Classifier> current_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace supervision::classification
