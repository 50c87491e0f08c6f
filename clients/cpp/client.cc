#include "clients/cpp/client.h"

#include <algorithm>
#include <future>
#include <random>
#include <thread>
#include <utility>

#include "clients/cpp/client_call.h"
#include "clients/cpp/request_id.h"
#include "google/protobuf/empty.pb.h"
#include "google/protobuf/unknown_field_set.h"
#include "grpcpp/generic/generic_stub.h"

namespace supervision::client {
namespace {

// The one field of grpc.health.v1's messages travels as an unknown field of an empty message, so
// that the schema of a service that is not ours need not be restated.
constexpr int kHealthField = 1;

google::protobuf::Empty HealthRequest(const std::string& service) {
  google::protobuf::Empty request;
  if (!service.empty()) {
    request.GetReflection()->MutableUnknownFields(&request)->AddLengthDelimited(kHealthField,
                                                                                service);
  }
  return request;
}

// Waits for the end of a call. A reactor, because gRPC lets go of the call before it tells a
// reactor of the end: with a plain callback the last hold on the channel could be dropped in gRPC's
// own thread, where its queue is then freed twice.
class HealthCall final : public grpc::ClientUnaryReactor {
 public:
  grpc::Status Wait() { return done_.get_future().get(); }
  void OnDone(const grpc::Status& status) override { done_.set_value(status); }

 private:
  std::promise<grpc::Status> done_;
};

Health HealthOf(const google::protobuf::Empty& response) {
  const auto& fields = response.GetReflection()->GetUnknownFields(response);
  for (int i = 0; i < fields.field_count(); ++i) {
    const auto& field = fields.field(i);
    if (field.number() == kHealthField &&
        field.type() == google::protobuf::UnknownField::TYPE_VARINT &&
        field.varint() <= static_cast<uint64_t>(Health::kServiceUnknown)) {
      return static_cast<Health>(field.varint());
    }
  }
  return Health::kUnknown;
}

}  // namespace

Client::Client(ClientOptions options)
    : options_(std::move(options)),
      budget_(options_.retry.retries_per_second, options_.retry.burst),
      channel_(MakeChannel(options_.channel)),
      stream_channel_(MakeChannel(options_.channel)),
      clues_(v1::ClueService::NewStub(channel_)),
      alerts_(v1::AlertService::NewStub(channel_)),
      classification_(v1::ClassificationService::NewStub(channel_)),
      reviews_(v1::ReviewService::NewStub(channel_)),
      admin_(v1::AdminService::NewStub(channel_)),
      clue_streams_(v1::ClueService::NewStub(stream_channel_)),
      alert_streams_(v1::AlertService::NewStub(stream_channel_)),
      deliveries_(v1::DeliveryService::NewStub(channel_)),
      silences_(v1::SilenceService::NewStub(channel_)),
      subscriptions_(v1::SubscriptionService::NewStub(channel_)),
      subscription_streams_(v1::SubscriptionService::NewStub(stream_channel_)) {}

Client::~Client() = default;

bool IsToken(std::string_view text) {
  constexpr size_t kLongest = 4096;
  return !text.empty() && text.size() <= kLongest &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~'; });
}

void Client::Authorize(grpc::ClientContext& context) const {
  if (IsToken(options_.token)) context.AddMetadata("authorization", "Bearer " + options_.token);
}

absl::StatusOr<v1::SubmitClueResponse> Client::Submit(v1::SubmitClueRequest request,
                                                      const CallOptions& options) {
  if (request.request_id().empty()) request.set_request_id(NewRequestId());
  return Call<v1::SubmitClueResponse>(options, [&](auto* context, auto* response) {
    return clues_->SubmitClue(context, request, response);
  });
}

absl::StatusOr<v1::BatchSubmitCluesResponse> Client::BatchSubmit(
    v1::BatchSubmitCluesRequest request, const CallOptions& options) {
  for (auto& item : *request.mutable_items()) {
    if (item.request_id().empty()) item.set_request_id(NewRequestId());
  }
  return Call<v1::BatchSubmitCluesResponse>(options, [&](auto* context, auto* response) {
    return clues_->BatchSubmitClues(context, request, response);
  });
}

absl::StatusOr<v1::ReviseClueResponse> Client::Revise(v1::ReviseClueRequest request,
                                                      const CallOptions& options) {
  if (request.request_id().empty()) request.set_request_id(NewRequestId());
  return Call<v1::ReviseClueResponse>(options, [&](auto* context, auto* response) {
    return clues_->ReviseClue(context, request, response);
  });
}

absl::StatusOr<v1::WithdrawClueResponse> Client::Withdraw(v1::WithdrawClueRequest request,
                                                          const CallOptions& options) {
  if (request.request_id().empty()) request.set_request_id(NewRequestId());
  return Call<v1::WithdrawClueResponse>(options, [&](auto* context, auto* response) {
    return clues_->WithdrawClue(context, request, response);
  });
}

absl::StatusOr<v1::GetClueResponse> Client::GetClue(const v1::GetClueRequest& request,
                                                    const CallOptions& options) {
  return Call<v1::GetClueResponse>(options, [&](auto* context, auto* response) {
    return clues_->GetClue(context, request, response);
  });
}

absl::StatusOr<v1::ListCluesResponse> Client::ListClues(const v1::ListCluesRequest& request,
                                                        const CallOptions& options) {
  return Call<v1::ListCluesResponse>(options, [&](auto* context, auto* response) {
    return clues_->ListClues(context, request, response);
  });
}

absl::StatusOr<v1::GetAlertResponse> Client::GetAlert(const v1::GetAlertRequest& request,
                                                      const CallOptions& options) {
  return Call<v1::GetAlertResponse>(options, [&](auto* context, auto* response) {
    return alerts_->GetAlert(context, request, response);
  });
}

absl::StatusOr<v1::ListAlertsResponse> Client::ListAlerts(const v1::ListAlertsRequest& request,
                                                          const CallOptions& options) {
  return Call<v1::ListAlertsResponse>(options, [&](auto* context, auto* response) {
    return alerts_->ListAlerts(context, request, response);
  });
}

absl::StatusOr<v1::AcknowledgeAlertResponse> Client::AcknowledgeAlert(
    v1::AcknowledgeAlertRequest request, const CallOptions& options) {
  if (request.request_id().empty()) request.set_request_id(NewRequestId());
  return Call<v1::AcknowledgeAlertResponse>(options, [&](auto* context, auto* response) {
    return alerts_->AcknowledgeAlert(context, request, response);
  });
}

absl::StatusOr<v1::UnacknowledgeAlertResponse> Client::UnacknowledgeAlert(
    v1::UnacknowledgeAlertRequest request, const CallOptions& options) {
  if (request.request_id().empty()) request.set_request_id(NewRequestId());
  return Call<v1::UnacknowledgeAlertResponse>(options, [&](auto* context, auto* response) {
    return alerts_->UnacknowledgeAlert(context, request, response);
  });
}

absl::StatusOr<v1::AssignAlertResponse> Client::AssignAlert(v1::AssignAlertRequest request,
                                                            const CallOptions& options) {
  if (request.request_id().empty()) request.set_request_id(NewRequestId());
  return Call<v1::AssignAlertResponse>(options, [&](auto* context, auto* response) {
    return alerts_->AssignAlert(context, request, response);
  });
}

absl::StatusOr<v1::ResolveAlertResponse> Client::ResolveAlert(v1::ResolveAlertRequest request,
                                                              const CallOptions& options) {
  if (request.request_id().empty()) request.set_request_id(NewRequestId());
  return Call<v1::ResolveAlertResponse>(options, [&](auto* context, auto* response) {
    return alerts_->ResolveAlert(context, request, response);
  });
}

absl::StatusOr<v1::ReopenAlertResponse> Client::ReopenAlert(v1::ReopenAlertRequest request,
                                                            const CallOptions& options) {
  if (request.request_id().empty()) request.set_request_id(NewRequestId());
  return Call<v1::ReopenAlertResponse>(options, [&](auto* context, auto* response) {
    return alerts_->ReopenAlert(context, request, response);
  });
}

absl::StatusOr<v1::ClassifyTextResponse> Client::Classify(const v1::ClassifyTextRequest& request,
                                                          const CallOptions& options) {
  return Call<v1::ClassifyTextResponse>(options, [&](auto* context, auto* response) {
    return classification_->ClassifyText(context, request, response);
  });
}

absl::StatusOr<v1::BatchClassifyTextsResponse> Client::BatchClassify(
    const v1::BatchClassifyTextsRequest& request, const CallOptions& options) {
  return Call<v1::BatchClassifyTextsResponse>(options, [&](auto* context, auto* response) {
    return classification_->BatchClassifyTexts(context, request, response);
  });
}

absl::StatusOr<v1::ListScenariosResponse> Client::ListScenarios(const CallOptions& options) {
  return Call<v1::ListScenariosResponse>(options, [&](auto* context, auto* response) {
    return classification_->ListScenarios(context, v1::ListScenariosRequest(), response);
  });
}

absl::StatusOr<v1::ListReviewQueueResponse> Client::ListReviewQueue(
    const v1::ListReviewQueueRequest& request, const CallOptions& options) {
  return Call<v1::ListReviewQueueResponse>(options, [&](auto* context, auto* response) {
    return reviews_->ListReviewQueue(context, request, response);
  });
}

absl::StatusOr<v1::ClaimReviewResponse> Client::ClaimReview(const v1::ClaimReviewRequest& request,
                                                            const CallOptions& options) {
  return Call<v1::ClaimReviewResponse>(options, [&](auto* context, auto* response) {
    return reviews_->ClaimReview(context, request, response);
  });
}

absl::StatusOr<v1::ReleaseReviewResponse> Client::ReleaseReview(
    const v1::ReleaseReviewRequest& request, const CallOptions& options) {
  return Call<v1::ReleaseReviewResponse>(options, [&](auto* context, auto* response) {
    return reviews_->ReleaseReview(context, request, response);
  });
}

absl::StatusOr<v1::CorrectVerdictResponse> Client::CorrectVerdict(v1::CorrectVerdictRequest request,
                                                                  const CallOptions& options) {
  if (request.request_id().empty()) request.set_request_id(NewRequestId());
  return Call<v1::CorrectVerdictResponse>(options, [&](auto* context, auto* response) {
    return reviews_->CorrectVerdict(context, request, response);
  });
}

absl::StatusOr<v1::ReclassifyClueResponse> Client::ReclassifyClue(
    const v1::ReclassifyClueRequest& request, const CallOptions& options) {
  return Call<v1::ReclassifyClueResponse>(options, [&](auto* context, auto* response) {
    return reviews_->ReclassifyClue(context, request, response);
  });
}

absl::StatusOr<v1::ListCorrectionsResponse> Client::ListCorrections(
    const v1::ListCorrectionsRequest& request, const CallOptions& options) {
  return Call<v1::ListCorrectionsResponse>(options, [&](auto* context, auto* response) {
    return reviews_->ListCorrections(context, request, response);
  });
}

absl::StatusOr<v1::ExplainDeliveryResponse> Client::ExplainDelivery(
    const v1::ExplainDeliveryRequest& request, const CallOptions& options) {
  return Call<v1::ExplainDeliveryResponse>(options, [&](auto* context, auto* response) {
    return deliveries_->ExplainDelivery(context, request, response);
  });
}

absl::StatusOr<v1::CreateSilenceResponse> Client::CreateSilence(
    const v1::CreateSilenceRequest& request, const CallOptions& options) {
  return Call<v1::CreateSilenceResponse>(options, [&](auto* context, auto* response) {
    return silences_->CreateSilence(context, request, response);
  });
}

absl::StatusOr<v1::PreviewSilenceResponse> Client::PreviewSilence(
    const v1::PreviewSilenceRequest& request, const CallOptions& options) {
  return Call<v1::PreviewSilenceResponse>(options, [&](auto* context, auto* response) {
    return silences_->PreviewSilence(context, request, response);
  });
}

absl::StatusOr<v1::ExpireSilenceResponse> Client::ExpireSilence(
    const v1::ExpireSilenceRequest& request, const CallOptions& options) {
  return Call<v1::ExpireSilenceResponse>(options, [&](auto* context, auto* response) {
    return silences_->ExpireSilence(context, request, response);
  });
}

absl::StatusOr<v1::ExtendSilenceResponse> Client::ExtendSilence(
    const v1::ExtendSilenceRequest& request, const CallOptions& options) {
  return Call<v1::ExtendSilenceResponse>(options, [&](auto* context, auto* response) {
    return silences_->ExtendSilence(context, request, response);
  });
}

absl::StatusOr<v1::GetSilenceResponse> Client::GetSilence(const v1::GetSilenceRequest& request,
                                                          const CallOptions& options) {
  return Call<v1::GetSilenceResponse>(options, [&](auto* context, auto* response) {
    return silences_->GetSilence(context, request, response);
  });
}

absl::StatusOr<v1::ListSilencesResponse> Client::ListSilences(
    const v1::ListSilencesRequest& request, const CallOptions& options) {
  return Call<v1::ListSilencesResponse>(options, [&](auto* context, auto* response) {
    return silences_->ListSilences(context, request, response);
  });
}

absl::StatusOr<v1::GetStatusResponse> Client::GetStatus(const CallOptions& options) {
  return Call<v1::GetStatusResponse>(options, [&](auto* context, auto* response) {
    return admin_->GetStatus(context, v1::GetStatusRequest(), response);
  });
}

absl::StatusOr<v1::ReloadRulesResponse> Client::ReloadRules(const CallOptions& options) {
  return Call<v1::ReloadRulesResponse>(options, [&](auto* context, auto* response) {
    return admin_->ReloadRules(context, v1::ReloadRulesRequest(), response);
  });
}

absl::StatusOr<v1::ListShadowDifferencesResponse> Client::ListShadowDifferences(
    const v1::ListShadowDifferencesRequest& request, const CallOptions& options) {
  return Call<v1::ListShadowDifferencesResponse>(options, [&](auto* context, auto* response) {
    return admin_->ListShadowDifferences(context, request, response);
  });
}

absl::StatusOr<Health> Client::CheckHealth(const std::string& service, const CallOptions& options) {
  const google::protobuf::Empty request = HealthRequest(service);
  const absl::StatusOr<google::protobuf::Empty> response =
      Call<google::protobuf::Empty>(options, [&](auto* context, auto* empty) {
        // The generic stub has callbacks only; the promise makes it a blocking call like the
        // others.
        HealthCall call;
        grpc::TemplatedGenericStub<google::protobuf::Empty, google::protobuf::Empty>(channel_)
            .PrepareUnaryCall(context, "/grpc.health.v1.Health/Check", {}, &request, empty, &call);
        call.StartCall();
        return call.Wait();
      });
  if (!response.ok()) return response.status();
  return HealthOf(*response);
}

}  // namespace supervision::client
