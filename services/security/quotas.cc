#include "services/security/quotas.h"

#include <algorithm>
#include <array>
#include <optional>

#include "absl/strings/str_cat.h"
#include "services/domain/error.h"

namespace supervision::security {
namespace {

constexpr std::string_view kNames[kQuotaKinds] = {"calls_per_second", "concurrent_calls",
                                                  "request_bytes", "streams"};
// How often a refusal of one principal is worth a word.
constexpr absl::Duration kWarnEvery = absl::Minutes(1);
// A time that is earlier by more is of a clock that was set back.
constexpr absl::Duration kClockStep = absl::Seconds(1);
// What may come at once: a part of a second's calls, so that the beginning of a flood keeps nobody
// waiting for long, and all of a rate as low as what a screen asks for when it opens.
constexpr double kSecondsAtOnce = 0.25;
constexpr double kAlwaysAtOnce = 50;

double AtOnce(double per_second) {
  return std::max(per_second * kSecondsAtOnce, std::min(per_second, kAlwaysAtOnce));
}

size_t IndexOf(QuotaKind kind) { return static_cast<size_t>(kind); }

std::array<int64_t, kQuotaKinds> LimitsOf(const Quota& own, const Quota& standard) {
  const auto pick = [](int64_t mine, int64_t others) { return mine > 0 ? mine : others; };
  return {pick(own.calls_per_second, standard.calls_per_second),
          pick(own.concurrent_calls, standard.concurrent_calls),
          pick(own.request_bytes, standard.request_bytes), pick(own.streams, standard.streams)};
}

absl::Status Exceeded(QuotaKind kind, int64_t limit, absl::Duration retry_after) {
  domain::ErrorDetail detail;
  detail.reason = domain::Reason::kQuotaExceeded;
  detail.metadata = {{"quota", std::string(NameOf(kind))}, {"limit", absl::StrCat(limit)}};
  detail.retry_after = retry_after;
  return domain::MakeError(std::move(detail));
}

}  // namespace

std::string_view NameOf(QuotaKind kind) { return kNames[IndexOf(kind)]; }

// All of one principal. What it was last called with counts: a reload may have changed it.
struct Quotas::Account {
  Account(const Options& from, std::string principal) : options(from), id(std::move(principal)) {}

  absl::Status Use(QuotaKind kind, int64_t amount, absl::Time now) {
    Refused refused;
    {
      base::MutexLock lock(&mutex);
      refused = TryUse(kind, amount, now);
    }
    return Told(refused);
  }

  absl::Status Enter(const Principal& principal, QuotaKind kind, absl::Time now) {
    Refused refused;
    {
      base::MutexLock lock(&mutex);
      limits = LimitsOf(principal.quota, options.standard);
      partner = principal.partner;
      refused = TryUse(kind, 1, now);
      if (!refused.has_value()) {
        refused = TrySpend(now);
        if (refused.has_value()) used[IndexOf(kind)] -= 1;
      }
    }
    return Told(refused);
  }

  absl::Status Spend(absl::Time now) {
    Refused refused;
    {
      base::MutexLock lock(&mutex);
      refused = TrySpend(now);
    }
    return Told(refused);
  }

  void Owe(size_t calls) {
    base::MutexLock lock(&mutex);
    // Without a limit nothing is owed: one that a reload brings begins afresh.
    if (limits[IndexOf(QuotaKind::kCallsPerSecond)] > 0) left -= static_cast<double>(calls);
  }

  void GiveBack(QuotaKind kind, int64_t amount) {
    base::MutexLock lock(&mutex);
    used[IndexOf(kind)] -= amount;
  }

 private:
  struct Refusing {
    QuotaKind kind;
    int64_t limit;
    absl::Duration retry_after;
    std::string partner;
    bool first;
  };
  using Refused = std::optional<Refusing>;

  Refused TryUse(QuotaKind kind, int64_t amount, absl::Time now)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    const size_t index = IndexOf(kind);
    // What is larger than the limit has its turn when nothing else is under way.
    if (limits[index] > 0 && used[index] > 0 && used[index] + amount > limits[index]) {
      return Refuse(kind, options.retry_delay, now);
    }
    used[index] += amount;
    return std::nullopt;
  }

  // What was not used of the time before may come at once, up to a bound. What is owed counts below
  // zero.
  Refused TrySpend(absl::Time now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    const auto per_second = static_cast<double>(limits[IndexOf(QuotaKind::kCallsPerSecond)]);
    if (per_second <= 0) return std::nullopt;
    // Threads that come out of order are apart by far less.
    if (now < filled_at - kClockStep) filled_at = now;
    if (now > filled_at) {
      const double since = absl::ToDoubleSeconds(now - filled_at) * per_second;
      left = std::min(AtOnce(per_second), left + since);
      filled_at = now;
    }
    if (left < 1) {
      return Refuse(QuotaKind::kCallsPerSecond, absl::Seconds((1 - left) / per_second), now);
    }
    left -= 1;
    return std::nullopt;
  }

  Refused Refuse(QuotaKind kind, absl::Duration retry_after, absl::Time now)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    const bool first = now - warned_at >= kWarnEvery;
    if (first) warned_at = now;
    return Refusing{kind, limits[IndexOf(kind)], retry_after, partner, first};
  }

  absl::Status Told(const Refused& refused) const {
    if (!refused.has_value()) return absl::OkStatus();
    if (options.on_refusal)
      options.on_refusal({refused->kind, id, refused->partner, refused->first});
    return Exceeded(refused->kind, refused->limit, refused->retry_after);
  }

  const Options options;
  const std::string id;
  base::Mutex mutex;
  std::array<int64_t, kQuotaKinds> limits ABSL_GUARDED_BY(mutex){};
  std::array<int64_t, kQuotaKinds> used ABSL_GUARDED_BY(mutex){};
  std::string partner ABSL_GUARDED_BY(mutex);
  double left ABSL_GUARDED_BY(mutex) = 0;
  absl::Time filled_at ABSL_GUARDED_BY(mutex) = absl::InfinitePast();
  absl::Time warned_at ABSL_GUARDED_BY(mutex) = absl::InfinitePast();
};

Quotas::Share::~Share() { account_->GiveBack(kind_, amount_); }

absl::StatusOr<std::shared_ptr<Quotas::Share>> Quotas::Share::Take(size_t bytes,
                                                                   absl::Time now) const {
  const auto amount = static_cast<int64_t>(bytes);
  absl::Status used = account_->Use(QuotaKind::kRequestBytes, amount, now);
  if (!used.ok()) return used;
  return std::shared_ptr<Share>(new Share(account_, QuotaKind::kRequestBytes, amount));
}

absl::Status Quotas::Share::Spend(absl::Time now) const { return account_->Spend(now); }

void Quotas::Share::Owe(size_t calls) const { account_->Owe(calls); }

std::shared_ptr<Quotas::Account> Quotas::AccountOf(const Principal& principal) {
  base::MutexLock lock(&mutex_);
  std::shared_ptr<Account>& account = accounts_[principal.id];
  if (account == nullptr) account = std::make_shared<Account>(options_, principal.id);
  return account;
}

absl::StatusOr<std::shared_ptr<Quotas::Share>> Quotas::Enter(const Principal& principal,
                                                             bool stream, absl::Time now) {
  std::shared_ptr<Account> account = AccountOf(principal);
  const QuotaKind kind = stream ? QuotaKind::kStreams : QuotaKind::kConcurrentCalls;
  if (absl::Status entered = account->Enter(principal, kind, now); !entered.ok()) return entered;
  return std::shared_ptr<Share>(new Share(std::move(account), kind, 1));
}

}  // namespace supervision::security
