#include "tests/integration/rpc/calls.h"

#include <algorithm>
#include <future>
#include <utility>

#include "grpcpp/generic/generic_stub.h"

namespace supervision::testing {

v1::ClueContent ValidClue(int number) {
  v1::ClueContent clue;
  clue.set_source_record_id("GD-" + std::to_string(number));
  clue.set_title("某镇综合执法队罚款未出具决定书 " + std::to_string(number));
  clue.set_content(
      "反映人称，某镇综合执法队在检查中当场罚款二千元，未出示执法证件，未告知陈述申辩权利，"
      "也未出具行政处罚决定书和罚款票据，要求依法处理。");
  clue.set_region_code("330402");
  clue.mutable_reported_unit()->set_name("某镇综合执法队");
  clue.mutable_occurred_on()->set_year(2025);
  clue.mutable_occurred_on()->set_month(3);
  clue.mutable_occurred_on()->set_day(1);
  return clue;
}

v1::SubmitClueRequest ValidRequest(int number) {
  v1::SubmitClueRequest request;
  request.set_request_id("r-" + std::to_string(number));
  *request.mutable_clue() = ValidClue(number);
  return request;
}

Submitted Submit(ClueStub& stub, const v1::SubmitClueRequest& request, const std::string& token) {
  Submitted result;
  v1::SubmitClueResponse response;
  result.status = stub.SubmitClue(Context(token).get(), request, &response);
  result.receipt = std::move(*response.mutable_receipt());
  return result;
}

bool SubmitMany(ClueStub& stub, int first, int count) {
  constexpr int kBatch = 400;
  for (int done = 0; done < count;) {
    v1::BatchSubmitCluesRequest request;
    for (int i = std::min(kBatch, count - done); i > 0; --i, ++done) {
      v1::BatchSubmitCluesRequest::Item* const item = request.add_items();
      item->set_request_id("r-" + std::to_string(first + done));
      *item->mutable_clue() = ValidClue(first + done);
    }
    v1::BatchSubmitCluesResponse response;
    if (!stub.BatchSubmitClues(Context(kPartnerToken).get(), request, &response).ok()) return false;
    for (const auto& result : response.results()) {
      if (!result.has_receipt()) return false;
    }
  }
  return true;
}

google::rpc::Status DetailsOf(const grpc::Status& status) {
  google::rpc::Status proto;
  proto.ParseFromString(status.error_details());
  return proto;
}

std::string ReasonOf(const google::rpc::Status& status) {
  const auto info = Find<google::rpc::ErrorInfo>(status);
  return info.has_value() ? info->reason() : "";
}
std::string ReasonOf(const grpc::Status& status) { return ReasonOf(DetailsOf(status)); }

std::string FactOf(const google::rpc::Status& status, const std::string& key) {
  const auto info = Find<google::rpc::ErrorInfo>(status);
  if (!info.has_value()) return "";
  const auto found = info->metadata().find(key);
  return found == info->metadata().end() ? "" : found->second;
}
std::string FactOf(const grpc::Status& status, const std::string& key) {
  return FactOf(DetailsOf(status), key);
}

bool HasRetryInfo(const google::rpc::Status& status) {
  const auto retry = Find<google::rpc::RetryInfo>(status);
  return retry.has_value() &&
         (retry->retry_delay().seconds() > 0 || retry->retry_delay().nanos() > 0);
}
bool HasRetryInfo(const grpc::Status& status) { return HasRetryInfo(DetailsOf(status)); }

std::vector<std::string> ViolationsOf(const google::rpc::Status& status) {
  std::vector<std::string> fields;
  const auto bad = Find<google::rpc::BadRequest>(status);
  if (!bad.has_value()) return fields;
  for (const auto& violation : bad->field_violations()) fields.push_back(violation.field());
  return fields;
}
std::vector<std::string> ViolationsOf(const grpc::Status& status) {
  return ViolationsOf(DetailsOf(status));
}

RawAnswer CallRaw(const std::shared_ptr<grpc::Channel>& channel, const std::string& method,
                  const std::string& bytes, const std::string& token) {
  grpc::GenericStub stub(channel);
  const auto context = Context(token);
  const grpc::Slice slice(bytes);
  const grpc::ByteBuffer request(&slice, 1);
  grpc::ByteBuffer response;
  std::promise<grpc::Status> done;
  stub.UnaryCall(context.get(), method, grpc::StubOptions(), &request, &response,
                 [&done](grpc::Status status) { done.set_value(std::move(status)); });
  RawAnswer answer{done.get_future().get(), ""};
  grpc::Slice whole;
  if (answer.status.ok() && response.DumpToSingleSlice(&whole).ok()) {
    answer.bytes.assign(reinterpret_cast<const char*>(whole.begin()), whole.size());
  }
  return answer;
}

std::string Health(const std::shared_ptr<grpc::Channel>& channel, const std::string& service) {
  // HealthCheckRequest{service = 1}; HealthCheckResponse{status = 1}: 1 SERVING, 2 NOT_SERVING.
  std::string request;
  if (!service.empty())
    request = "\x0a" + std::string(1, static_cast<char>(service.size())) + service;
  const RawAnswer answer = CallRaw(channel, "/grpc.health.v1.Health/Check", request, "");
  if (!answer.status.ok()) return std::to_string(answer.status.error_code());
  if (answer.bytes == "\x08\x01") return "SERVING";
  if (answer.bytes == "\x08\x02") return "NOT_SERVING";
  return "?";
}

Watcher::Watcher(const std::shared_ptr<grpc::Channel>& channel,
                 const v1::WatchAlertsRequest& request, const std::string& token,
                 std::chrono::milliseconds timeout)
    : stub_(v1::AlertService::NewStub(channel)),
      context_(Context(token, timeout)),
      reader_(stub_->WatchAlerts(context_.get(), request)) {}

Watcher::~Watcher() {
  if (finished_) return;
  Cancel();
  Finish();
}

std::optional<v1::WatchAlertsResponse> Watcher::NextMessage() {
  v1::WatchAlertsResponse message;
  if (!reader_->Read(&message)) return std::nullopt;
  if (!message.cursor().empty()) cursor_ = message.cursor();
  return message;
}

std::vector<v1::AlertUpdate> Watcher::Next(size_t count) {
  while (ahead_.size() < count) {
    std::optional<v1::WatchAlertsResponse> message = NextMessage();
    if (!message.has_value()) break;
    for (v1::AlertUpdate& update : *message->mutable_updates()) {
      ahead_.push_back(std::move(update));
    }
  }
  const auto end = ahead_.begin() + static_cast<ptrdiff_t>(std::min(count, ahead_.size()));
  std::vector<v1::AlertUpdate> updates(std::make_move_iterator(ahead_.begin()),
                                       std::make_move_iterator(end));
  ahead_.erase(ahead_.begin(), end);
  return updates;
}

grpc::Status Watcher::Finish() {
  while (NextMessage().has_value()) {
  }
  finished_ = true;
  return reader_->Finish();
}

v1::WatchAlertsRequest FromEarliest() {
  v1::WatchAlertsRequest request;
  request.set_start_from(v1::START_FROM_EARLIEST);
  return request;
}

v1::WatchAlertsRequest FromLatest() {
  v1::WatchAlertsRequest request;
  request.set_start_from(v1::START_FROM_LATEST);
  return request;
}

v1::WatchAlertsRequest FromCursor(const std::string& cursor) {
  v1::WatchAlertsRequest request;
  request.set_cursor(cursor);
  return request;
}

}  // namespace supervision::testing
