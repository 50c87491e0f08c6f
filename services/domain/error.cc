#include "services/domain/error.h"

#include <memory>

#include "absl/strings/cord.h"
#include "absl/strings/string_view.h"

namespace supervision::domain {
namespace {

constexpr absl::string_view kPayloadUrl = "supervision/error-detail";

// absl::Status carries only bytes, so the detail travels as a pointer to an immutable copy that the
// Cord's releaser owns: nothing is encoded, and copies of the status share it.
absl::Cord Wrap(ErrorDetail detail) {
  auto* const shared = new ErrorDetail(std::move(detail));
  return absl::MakeCordFromExternal(
      absl::string_view(reinterpret_cast<const char*>(shared), sizeof(ErrorDetail)),
      [shared] { delete shared; });
}

}  // namespace

absl::Status MakeError(ErrorDetail detail) {
  const ReasonRow& row = Row(detail.reason);
  absl::Status status(row.code, absl::string_view(row.english.data(), row.english.size()));
  status.SetPayload(kPayloadUrl, Wrap(std::move(detail)));
  return status;
}

absl::Status MakeError(Reason reason) {
  ErrorDetail detail;
  detail.reason = reason;
  return MakeError(std::move(detail));
}

absl::Status MakeError(Reason reason, absl::Duration retry_after) {
  ErrorDetail detail;
  detail.reason = reason;
  detail.retry_after = retry_after;
  return MakeError(std::move(detail));
}

std::optional<ErrorDetail> DetailOf(const absl::Status& status) {
  const absl::optional<absl::Cord> payload = status.GetPayload(kPayloadUrl);
  if (!payload.has_value()) return std::nullopt;
  const absl::optional<absl::string_view> flat = payload->TryFlat();
  if (!flat.has_value() || flat->size() != sizeof(ErrorDetail)) return std::nullopt;
  return *reinterpret_cast<const ErrorDetail*>(flat->data());
}

bool HasReason(const absl::Status& status, Reason reason) {
  const std::optional<ErrorDetail> detail = DetailOf(status);
  return detail.has_value() && detail->reason == reason;
}

}  // namespace supervision::domain
