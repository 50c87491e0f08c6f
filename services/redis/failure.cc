#include "services/redis/failure.h"

#include <iterator>
#include <utility>

#include "services/domain/error.h"

namespace supervision::redis {
namespace {

using domain::Reason;

constexpr absl::Duration kNever = absl::ZeroDuration();
constexpr absl::Duration kAtOnce = absl::Milliseconds(100);
constexpr absl::Duration kSoon = absl::Milliseconds(500);
constexpr absl::Duration kLater = absl::Seconds(2);
constexpr absl::Duration kAfterAnOperatorActed = absl::Seconds(15);

// A refusal by Redis is certain: nothing was written. Only kOutcomeUnknown is in doubt.
constexpr FailureRow kTable[] = {
    {FailureKind::kNotSent, "not_sent", {}, Reason::kLedgerUnavailable, kSoon, false},
    {FailureKind::kOutcomeUnknown, "outcome_unknown", {}, Reason::kOutcomeUnknown, kSoon, false},
    {FailureKind::kOverloaded, "overloaded", {}, Reason::kOverloaded, kAtOnce, false},
    {FailureKind::kOutOfMemory,
     "out_of_memory",
     {"OOM"},
     Reason::kLedgerFull,
     kAfterAnOperatorActed,
     false},
    {FailureKind::kDiskFull,
     "disk_full",
     {"MISCONF"},
     Reason::kLedgerFull,
     kAfterAnOperatorActed,
     false},
    {FailureKind::kReadOnly,
     "read_only",
     {"READONLY", "MASTERDOWN", "UNBLOCKED"},  // UNBLOCKED: demoted while a command blocked
     Reason::kLedgerUnavailable,
     kSoon,
     true},
    {FailureKind::kLoading, "loading", {"LOADING"}, Reason::kLedgerUnavailable, kLater, false},
    {FailureKind::kBusy, "busy", {"BUSY"}, Reason::kLedgerUnavailable, kSoon, false},
    {FailureKind::kNoScript, "no_script", {"NOSCRIPT"}, Reason::kLedgerUnavailable, kSoon, false},
    {FailureKind::kNotAllowed,
     "not_allowed",
     {"NOAUTH", "WRONGPASS", "NOPERM"},
     Reason::kLedgerUnavailable,
     kAfterAnOperatorActed,
     false},
    {FailureKind::kNoReplicas,
     "no_replicas",
     {"NOREPLICAS"},
     Reason::kLedgerUnavailable,
     kLater,
     false},
    {FailureKind::kMoving,
     "moving",
     {"MOVED", "ASK", "TRYAGAIN", "CLUSTERDOWN"},
     Reason::kLedgerUnavailable,
     kSoon,
     false},
    {FailureKind::kWrongType, "wrong_type", {"WRONGTYPE"}, Reason::kInternal, kNever, false},
    {FailureKind::kCommand, "command", {}, Reason::kInternal, kNever, false},
};

static_assert(std::size(kTable) == static_cast<size_t>(FailureKind::kCommand) + 1,
              "every kind has one row");

}  // namespace

absl::Span<const FailureRow> FailureTable() { return kTable; }
const FailureRow& Row(FailureKind kind) { return kTable[static_cast<size_t>(kind)]; }

Failure ClassifyError(std::string error_text) {
  const std::string_view text = error_text;
  const std::string_view code = text.substr(0, text.find(' '));
  FailureKind kind = FailureKind::kCommand;
  for (const FailureRow& row : kTable) {
    for (const std::string_view known : row.error_codes) {
      if (!known.empty() && code == known) kind = row.kind;
    }
  }
  // The words that follow repeat the caller's arguments, which may be a person's data.
  const size_t quoted = error_text.find(", with args beginning with:");
  if (quoted != std::string::npos) error_text.resize(quoted);
  return Failure{kind, std::move(error_text)};
}

absl::Status Failure::ToStatus() const {
  const FailureRow& row = Row(kind);
  domain::ErrorDetail detail;
  detail.reason = row.reason;
  if (row.retry_after > absl::ZeroDuration()) detail.retry_after = row.retry_after;
  return domain::MakeError(std::move(detail));
}

}  // namespace supervision::redis
