#pragma once

#include <functional>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/ledger/ledger.h"
#include "services/ledger/types.h"

namespace supervision::alerting {

// What the hub needs of the ledger, and no more: an in-memory log can stand in for it. Each method
// promises what ledger::Ledger's of the same name does: callbacks run exactly once, never inside
// the call, never under a lock. Thread-safe.
class LogSource {
 public:
  template <typename T>
  using Callback = std::function<void(absl::StatusOr<T>)>;

  struct PageRequest {
    int partition = 0;
    int64_t epoch = 0;
    int64_t after = 0;
    int max_entries = 0;
    size_t max_bytes = 0;
    absl::Duration timeout;
  };

  virtual ~LogSource() = default;
  virtual void ReadLog(const PageRequest& request, Callback<ledger::LogPage> callback) = 0;
  virtual void ReadLogAside(const PageRequest& request, Callback<ledger::LogPage> callback) = 0;
  virtual void PostAside(std::function<void()> task) = 0;
  virtual void List(ledger::ListQuery query, absl::Duration timeout,
                    Callback<ledger::ListPage> callback) = 0;
  virtual void LatestPlace(absl::Duration timeout, Callback<ledger::Place> callback) = 0;
  virtual void EarliestPlace(absl::Duration timeout, Callback<ledger::Place> callback) = 0;
  virtual void ResolveCursor(std::string cursor, absl::Duration timeout,
                             Callback<ledger::Place> callback) = 0;
  virtual std::optional<ledger::Place> KnownPlace(const std::string& cursor) const = 0;
  virtual std::string EncodeCursor(const ledger::Place& place) const = 0;
  virtual void Follow(ledger::TailObserver* observer) = 0;
};

}  // namespace supervision::alerting
