#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/base/mutex.h"
#include "services/security/principal.h"

namespace supervision::security {

// Which of a principal's limits was reached.
enum class QuotaKind : uint8_t { kCallsPerSecond = 0, kConcurrentCalls, kRequestBytes, kStreams };
inline constexpr size_t kQuotaKinds = 4;
// "calls_per_second", as in server.yaml.
std::string_view NameOf(QuotaKind kind);

// What each principal uses at this moment, so that none can take the service from the others
// (配额). Counted by id: all tokens and certificates of a principal share its quota, and a reload
// of principals.yaml forgets nothing.
//
// Calls a second are an average: what a principal has not used it may send at once, but no more
// than a quarter of a second's calls, or 50, or the second's where that is less.
//
// Thread-safe. A `now` that is earlier by less than a second counts as the latest, one that is
// earlier by more as a clock that was set back.
class Quotas {
 private:
  struct Account;

 public:
  // One refusal. `partner` is empty for who is none; `first` for a principal's first in a minute.
  struct Refusal {
    QuotaKind kind;
    std::string_view principal;
    std::string_view partner;
    bool first = false;
  };
  struct Options {
    Quota standard;  // of a principal that has none of its own
    absl::Duration retry_delay = absl::Milliseconds(500);  // when it is not known how long
    // Hears of each, on the caller's thread, under no lock; may be null.
    std::function<void(const Refusal&)> on_refusal;
  };
  explicit Quotas(Options options) : options_(std::move(options)) {}

  // What is in use; given back when this is destroyed, also after the Quotas are gone.
  class Share {
   public:
    ~Share();
    Share(const Share&) = delete;
    Share& operator=(const Share&) = delete;

    // Room for a request of `bytes`, until the result is destroyed. QUOTA_EXCEEDED.
    absl::StatusOr<std::shared_ptr<Share>> Take(size_t bytes, absl::Time now) const;
    // One more call: a message of a stream. QUOTA_EXCEEDED.
    absl::Status Spend(absl::Time now) const;
    // `calls` more, which are not refused: a batch may hold more than is left, and what comes after
    // the batch waits for them.
    void Owe(size_t calls) const;

   private:
    friend class Quotas;
    Share(std::shared_ptr<Account> account, QuotaKind kind, int64_t amount)
        : account_(std::move(account)), kind_(kind), amount_(amount) {}
    const std::shared_ptr<Account> account_;
    const QuotaKind kind_;
    const int64_t amount_;
  };

  // The beginning of a call or stream. QUOTA_EXCEEDED with a retry delay, and in the metadata
  // "quota" and "limit".
  absl::StatusOr<std::shared_ptr<Share>> Enter(const Principal& principal, bool stream,
                                               absl::Time now);

 private:
  std::shared_ptr<Account> AccountOf(const Principal& principal);

  const Options options_;
  base::Mutex mutex_;
  // One for each principal that has called since the start.
  std::unordered_map<std::string, std::shared_ptr<Account>> accounts_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace supervision::security
