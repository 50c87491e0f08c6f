#pragma once

#include <memory>
#include <utility>

#include "services/base/mutex.h"
#include "services/combining/route.h"

namespace supervision::combining {

// The routes in force; never null. Thread-safe.
class RouteSlot {
 public:
  explicit RouteSlot(std::shared_ptr<const RouteSet> first) : current_(std::move(first)) {}

  std::shared_ptr<const RouteSet> Get() const {
    base::MutexLock lock(&mutex_);
    return current_;
  }
  void Put(std::shared_ptr<const RouteSet> next) {
    base::MutexLock lock(&mutex_);
    current_ = std::move(next);
  }

 private:
  mutable base::Mutex mutex_;
  std::shared_ptr<const RouteSet> current_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace supervision::combining
