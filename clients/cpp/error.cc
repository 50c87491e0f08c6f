#include "clients/cpp/error.h"

#include "absl/strings/cord.h"
#include "absl/strings/string_view.h"
#include "clients/cpp/local_error.h"
#include "google/rpc/error_details.pb.h"

namespace supervision::client {
namespace {

constexpr absl::string_view kPayloadUrl = "type.googleapis.com/google.rpc.Status";

absl::Duration ToAbsl(const google::protobuf::Duration& duration) {
  return absl::Seconds(duration.seconds()) + absl::Nanoseconds(duration.nanos());
}

void ReadDetail(const google::protobuf::Any& any, Error& error) {
  google::rpc::ErrorInfo info;
  google::rpc::RetryInfo retry;
  google::rpc::BadRequest bad;
  google::rpc::LocalizedMessage sentence;
  if (any.UnpackTo(&info)) {
    error.reason = info.reason();
    error.metadata.insert(info.metadata().begin(), info.metadata().end());
  } else if (any.UnpackTo(&retry)) {
    error.retry_after = ToAbsl(retry.retry_delay());
  } else if (any.UnpackTo(&bad)) {
    for (const auto& violation : bad.field_violations()) {
      error.violations.push_back({violation.field(), violation.description()});
    }
  } else if (any.UnpackTo(&sentence) && sentence.locale().rfind("zh", 0) == 0) {
    error.chinese = sentence.message();
  }
}

absl::Status Make(int code, const std::string& message, const std::string& details) {
  absl::Status status(static_cast<absl::StatusCode>(code), message);
  if (!status.ok() && !details.empty()) status.SetPayload(kPayloadUrl, absl::Cord(details));
  return status;
}

}  // namespace

absl::Status ToAbslStatus(const grpc::Status& status) {
  return Make(static_cast<int>(status.error_code()), status.error_message(),
              status.error_details());
}

absl::Status ToAbslStatus(const google::rpc::Status& status) {
  return Make(status.code(), status.message(), status.SerializeAsString());
}

absl::Status LocalError(absl::StatusCode code, const std::string& english,
                        const std::string& chinese) {
  google::rpc::LocalizedMessage sentence;
  sentence.set_locale("zh-CN");
  sentence.set_message(chinese);
  google::rpc::Status status;
  status.set_code(static_cast<int>(code));
  status.set_message(english);
  status.add_details()->PackFrom(sentence);
  return ToAbslStatus(status);
}

google::rpc::Status ToRpcStatus(const absl::Status& status) {
  google::rpc::Status result;
  const absl::optional<absl::Cord> payload = status.GetPayload(kPayloadUrl);
  if (payload.has_value()) result.ParseFromString(std::string(*payload));
  result.set_code(static_cast<int>(status.code()));
  result.set_message(std::string(status.message()));
  return result;
}

Error ErrorOf(const absl::Status& status) {
  Error error;
  error.code = status.code();
  error.english = std::string(status.message());
  google::rpc::Status details;
  const absl::optional<absl::Cord> payload = status.GetPayload(kPayloadUrl);
  if (payload.has_value() && details.ParseFromString(std::string(*payload))) {
    for (const auto& any : details.details()) ReadDetail(any, error);
  }
  return error;
}

}  // namespace supervision::client
