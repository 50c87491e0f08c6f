#include "services/rpc/status.h"

#include <algorithm>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "google/rpc/error_details.pb.h"
#include "services/rpc/convert_time.h"

namespace supervision::rpc {
namespace {

using domain::ErrorDetail;
using domain::FieldViolation;
using domain::ReasonRow;

constexpr char kErrorDomain[] = "supervision.v1";

// No single part may eat the room of the others. A path has at most a few dozen characters and a
// cursor of 64 partitions about 1,200, so nothing real is cut.
constexpr size_t kMaxFieldBytes = 256;
constexpr size_t kMaxSentenceBytes = 512;
constexpr size_t kMaxFactBytes = 1536;
constexpr size_t kMaxFactsBytes = 3 * 1024;
// Room for the entry "and N more" and for the lengths of the messages around the violations.
constexpr size_t kReservedBytes = 160;

// At most `limit` bytes of `text`, never half a character.
std::string_view Cut(std::string_view text, size_t limit) {
  if (text.size() <= limit) return text;
  size_t end = limit;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end);
}

void AddErrorInfo(const ReasonRow& row, const ErrorDetail& detail, google::rpc::Status* status) {
  google::rpc::ErrorInfo info;
  info.set_reason(std::string(row.name));
  info.set_domain(kErrorDomain);
  size_t room = kMaxFactsBytes;
  for (const auto& [key, value] : detail.metadata) {
    const std::string_view fact = Cut(value, kMaxFactBytes);
    if (key.size() + fact.size() > room) break;
    room -= key.size() + fact.size();
    (*info.mutable_metadata())[key] = std::string(fact);
  }
  if (!detail.violations.empty()) {
    (*info.mutable_metadata())["violations"] = absl::StrCat(detail.violations.size());
  }
  status->add_details()->PackFrom(info);
}

void AddRetryInfo(absl::Duration delay, google::rpc::Status* status) {
  google::rpc::RetryInfo retry;
  *retry.mutable_retry_delay() = ToProto(delay);
  status->add_details()->PackFrom(retry);
}

void AddLocalizedMessage(const ReasonRow& row, google::rpc::Status* status) {
  google::rpc::LocalizedMessage localized;
  localized.set_locale("zh-CN");
  localized.set_message(std::string(row.chinese));
  status->add_details()->PackFrom(localized);
}

google::rpc::BadRequest::FieldViolation ToProto(const FieldViolation& violation) {
  google::rpc::BadRequest::FieldViolation proto;
  proto.set_field(std::string(Cut(violation.field, kMaxFieldBytes)));
  proto.set_description(absl::StrCat(std::string(Cut(violation.english, kMaxSentenceBytes)), " ",
                                     std::string(Cut(violation.chinese, kMaxSentenceBytes))));
  return proto;
}

void AddBadRequest(const std::vector<FieldViolation>& violations, google::rpc::Status* status) {
  const size_t used = status->ByteSizeLong() + kReservedBytes;
  size_t room = used < kMaxStatusBytes ? kMaxStatusBytes - used : 0;
  google::rpc::BadRequest bad_request;
  for (const FieldViolation& violation : violations) {
    google::rpc::BadRequest::FieldViolation proto = ToProto(violation);
    const size_t size = proto.ByteSizeLong() + 4;  // its tag and length
    if (size > room) break;
    room -= size;
    *bad_request.add_field_violations() = std::move(proto);
  }
  const size_t left = violations.size() - static_cast<size_t>(bad_request.field_violations_size());
  if (left > 0) {
    bad_request.add_field_violations()->set_description(
        absl::StrCat("and ", left, " more 另有 ", left, " 处"));
  }
  status->add_details()->PackFrom(bad_request);
}

// What does not come from the table is nobody's business outside; a call that ran out of its time
// or was cancelled on the way keeps that meaning.
ErrorDetail DetailFor(const absl::Status& status) {
  if (std::optional<ErrorDetail> detail = domain::DetailOf(status)) return *std::move(detail);
  ErrorDetail detail;
  detail.reason = status.code() == absl::StatusCode::kDeadlineExceeded
                      ? domain::Reason::kDeadlineExceeded
                      : domain::Reason::kInternal;
  return detail;
}

google::rpc::Status Render(const ErrorDetail& detail) {
  const ReasonRow& row = domain::Row(detail.reason);
  google::rpc::Status proto;
  proto.set_code(static_cast<int>(row.code));
  proto.set_message(std::string(row.english));
  AddErrorInfo(row, detail, &proto);
  if (detail.retry_after.has_value()) AddRetryInfo(*detail.retry_after, &proto);
  AddLocalizedMessage(row, &proto);
  if (!detail.violations.empty()) AddBadRequest(detail.violations, &proto);
  return proto;
}

grpc::Status ToGrpc(const google::rpc::Status& proto) {
  return grpc::Status(static_cast<grpc::StatusCode>(proto.code()), proto.message(),
                      proto.SerializeAsString());
}

}  // namespace

google::rpc::Status ToRpcStatus(const absl::Status& status) {
  if (status.ok()) return {};
  return Render(DetailFor(status));
}

grpc::Status ToGrpcStatus(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  if (status.code() == absl::StatusCode::kCancelled && !domain::DetailOf(status).has_value()) {
    return grpc::Status::CANCELLED;  // the client has gone: nobody reads details
  }
  return ToGrpc(ToRpcStatus(status));
}

grpc::Status ToGrpcStatus(const absl::Status& status, grpc::CallbackServerContext* context) {
  if (status.ok()) return grpc::Status::OK;
  if (const auto detail = domain::DetailOf(status); detail && detail->retry_after.has_value()) {
    const int64_t millis = absl::ToInt64Milliseconds(*detail->retry_after);
    context->AddTrailingMetadata("grpc-retry-pushback-ms",
                                 absl::StrCat(std::max<int64_t>(millis, 0)));
  }
  return ToGrpcStatus(status);
}

std::string_view CodeName(grpc::StatusCode code) {
  static constexpr std::string_view kNames[] = {"OK",
                                                "CANCELLED",
                                                "UNKNOWN",
                                                "INVALID_ARGUMENT",
                                                "DEADLINE_EXCEEDED",
                                                "NOT_FOUND",
                                                "ALREADY_EXISTS",
                                                "PERMISSION_DENIED",
                                                "RESOURCE_EXHAUSTED",
                                                "FAILED_PRECONDITION",
                                                "ABORTED",
                                                "OUT_OF_RANGE",
                                                "UNIMPLEMENTED",
                                                "INTERNAL",
                                                "UNAVAILABLE",
                                                "DATA_LOSS",
                                                "UNAUTHENTICATED"};
  const auto index = static_cast<size_t>(code);
  return index < std::size(kNames) ? kNames[index] : kNames[2];
}

}  // namespace supervision::rpc
