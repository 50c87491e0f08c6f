#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "clients/cpp/channel.h"
#include "clients/cpp/error.h"
#include "clients/cpp/retry.h"
#include "grpcpp/client_context.h"
#include "supervision/v1/admin_service.grpc.pb.h"
#include "supervision/v1/alert_service.grpc.pb.h"
#include "supervision/v1/classification_service.grpc.pb.h"
#include "supervision/v1/clue_service.grpc.pb.h"
#include "supervision/v1/delivery_service.grpc.pb.h"
#include "supervision/v1/review_service.grpc.pb.h"
#include "supervision/v1/silence_service.grpc.pb.h"
#include "supervision/v1/subscription_service.grpc.pb.h"

namespace supervision::client {

// What a Client needs.
struct ClientOptions {
  ChannelOptions channel;
  // Sent as "authorization: Bearer <token>"; empty, or what is no token (IsToken): none.
  std::string token;
  RetryOptions retry;
  // Told before each repeat, on the caller's thread; may be empty.
  std::function<void(const absl::Status& status, absl::Duration delay)> on_retry;
  // How to wait between attempts; empty: the calling thread sleeps.
  std::function<void(absl::Duration)> sleep;
};

// Whether a text can be a token: 1 to 4,096 visible ASCII characters. gRPC ends the process that
// sends others as metadata, so that a Client sends no token then.
bool IsToken(std::string_view text);

// What one call wants otherwise.
struct CallOptions {
  // All attempts together; none: RetryOptions::timeout.
  std::optional<absl::Duration> timeout;
  // False: one attempt.
  bool retry = true;
};

// How grpc.health.v1 calls a service.
enum class Health : uint8_t { kUnknown = 0, kServing = 1, kNotServing = 2, kServiceUnknown = 3 };

// Calls the service, and repeats what may be repeated until it is answered or the time is over.
//
// Thread-safe. Each method blocks its caller and returns the answer or a status that ErrorOf
// explains. Changes take a request_id; where it is empty a new one is put in, so keep your own
// where the call may have to be repeated after this process has ended.
class Client {
 public:
  // Connects with the first call.
  explicit Client(ClientOptions options);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // Submits one clue; its receipt means that it is durable.
  absl::StatusOr<v1::SubmitClueResponse> Submit(v1::SubmitClueRequest request,
                                                const CallOptions& options = {});
  // Submits up to 500 clues. An item's error is in its result; items whose error is transient are
  // for the caller to repeat.
  absl::StatusOr<v1::BatchSubmitCluesResponse> BatchSubmit(v1::BatchSubmitCluesRequest request,
                                                           const CallOptions& options = {});
  // Replaces a clue's content by a new version; ABORTED when it has changed since it was read.
  absl::StatusOr<v1::ReviseClueResponse> Revise(v1::ReviseClueRequest request,
                                                const CallOptions& options = {});
  // Takes a clue back; errors as Revise.
  absl::StatusOr<v1::WithdrawClueResponse> Withdraw(v1::WithdrawClueRequest request,
                                                    const CallOptions& options = {});
  // Reads a clue by its id or by the identity that the partner gave it.
  absl::StatusOr<v1::GetClueResponse> GetClue(const v1::GetClueRequest& request,
                                              const CallOptions& options = {});
  // One page of clues, newest first; it may be short and still have a next token.
  absl::StatusOr<v1::ListCluesResponse> ListClues(const v1::ListCluesRequest& request,
                                                  const CallOptions& options = {});
  // Reads an alert by its id.
  absl::StatusOr<v1::GetAlertResponse> GetAlert(const v1::GetAlertRequest& request,
                                                const CallOptions& options = {});
  // One page of alerts, as ListClues.
  absl::StatusOr<v1::ListAlertsResponse> ListAlerts(const v1::ListAlertsRequest& request,
                                                    const CallOptions& options = {});
  // Says that somebody has taken note of an alert; ABORTED when it has changed since it was read.
  absl::StatusOr<v1::AcknowledgeAlertResponse> AcknowledgeAlert(v1::AcknowledgeAlertRequest request,
                                                                const CallOptions& options = {});
  // Takes that back; errors as AcknowledgeAlert, and so for the other steps.
  absl::StatusOr<v1::UnacknowledgeAlertResponse> UnacknowledgeAlert(
      v1::UnacknowledgeAlertRequest request, const CallOptions& options = {});
  // Says who answers for an alert.
  absl::StatusOr<v1::AssignAlertResponse> AssignAlert(v1::AssignAlertRequest request,
                                                      const CallOptions& options = {});
  // Says that an alert is done with, and how.
  absl::StatusOr<v1::ResolveAlertResponse> ResolveAlert(v1::ResolveAlertRequest request,
                                                        const CallOptions& options = {});
  // Opens a resolved alert again.
  absl::StatusOr<v1::ReopenAlertResponse> ReopenAlert(v1::ReopenAlertRequest request,
                                                      const CallOptions& options = {});
  // Sorts a text and stores nothing.
  absl::StatusOr<v1::ClassifyTextResponse> Classify(const v1::ClassifyTextRequest& request,
                                                    const CallOptions& options = {});
  // Sorts up to 500 texts by one set and stores nothing; an item's error is in its result.
  absl::StatusOr<v1::BatchClassifyTextsResponse> BatchClassify(
      const v1::BatchClassifyTextsRequest& request, const CallOptions& options = {});
  // The catalogue that is in force.
  absl::StatusOr<v1::ListScenariosResponse> ListScenarios(const CallOptions& options = {});
  // One page of what waits for a reviewer, the gravest first.
  absl::StatusOr<v1::ListReviewQueueResponse> ListReviewQueue(
      const v1::ListReviewQueueRequest& request, const CallOptions& options = {});
  // Holds a clue for this reviewer, or holds it longer.
  absl::StatusOr<v1::ClaimReviewResponse> ClaimReview(const v1::ClaimReviewRequest& request,
                                                      const CallOptions& options = {});
  // Gives back what was claimed.
  absl::StatusOr<v1::ReleaseReviewResponse> ReleaseReview(const v1::ReleaseReviewRequest& request,
                                                          const CallOptions& options = {});
  // A reviewer's word on a verdict; ABORTED when the clue has changed since it was read.
  absl::StatusOr<v1::CorrectVerdictResponse> CorrectVerdict(v1::CorrectVerdictRequest request,
                                                            const CallOptions& options = {});
  // Has the set in force sort a stored text anew; repeating changes nothing.
  absl::StatusOr<v1::ReclassifyClueResponse> ReclassifyClue(
      const v1::ReclassifyClueRequest& request, const CallOptions& options = {});
  // One page of corrections.
  absl::StatusOr<v1::ListCorrectionsResponse> ListCorrections(
      const v1::ListCorrectionsRequest& request, const CallOptions& options = {});
  // Why one was told of an alert, or not.
  absl::StatusOr<v1::ExplainDeliveryResponse> ExplainDelivery(
      const v1::ExplainDeliveryRequest& request, const CallOptions& options = {});
  // Makes a silence: for a time, its receivers are not told of what matches. Safe to repeat with
  // the same request_id.
  absl::StatusOr<v1::CreateSilenceResponse> CreateSilence(const v1::CreateSilenceRequest& request,
                                                          const CallOptions& options = {});
  // What one would hide; makes none.
  absl::StatusOr<v1::PreviewSilenceResponse> PreviewSilence(
      const v1::PreviewSilenceRequest& request, const CallOptions& options = {});
  // Ends one now.
  absl::StatusOr<v1::ExpireSilenceResponse> ExpireSilence(const v1::ExpireSilenceRequest& request,
                                                          const CallOptions& options = {});
  // Gives one a later end.
  absl::StatusOr<v1::ExtendSilenceResponse> ExtendSilence(const v1::ExtendSilenceRequest& request,
                                                          const CallOptions& options = {});
  // Reads one.
  absl::StatusOr<v1::GetSilenceResponse> GetSilence(const v1::GetSilenceRequest& request,
                                                    const CallOptions& options = {});
  // One page of those that the caller may read, the latest end first.
  absl::StatusOr<v1::ListSilencesResponse> ListSilences(const v1::ListSilencesRequest& request,
                                                        const CallOptions& options = {});
  // Makes a named subscription; it begins at LATEST unless the request says otherwise.
  absl::StatusOr<v1::CreateSubscriptionResponse> CreateSubscription(
      const v1::CreateSubscriptionRequest& request, const CallOptions& options = {});
  // Reads one, with how far it is behind.
  absl::StatusOr<v1::GetSubscriptionResponse> GetSubscription(
      const v1::GetSubscriptionRequest& request, const CallOptions& options = {});
  // One page of the caller's, by name.
  absl::StatusOr<v1::ListSubscriptionsResponse> ListSubscriptions(
      const v1::ListSubscriptionsRequest& request, const CallOptions& options = {});
  // Changes conditions or retention; ABORTED when it has changed since it was read.
  absl::StatusOr<v1::UpdateSubscriptionResponse> UpdateSubscription(
      const v1::UpdateSubscriptionRequest& request, const CallOptions& options = {});
  // Deletes one with its place.
  absl::StatusOr<v1::DeleteSubscriptionResponse> DeleteSubscription(
      const v1::DeleteSubscriptionRequest& request, const CallOptions& options = {});
  // One page of what consumers of a shared one could not deal with, the oldest first.
  absl::StatusOr<v1::ListDeadLettersResponse> ListDeadLetters(
      const v1::ListDeadLettersRequest& request, const CallOptions& options = {});
  // Has some handed over again, or gives them up.
  absl::StatusOr<v1::ReplayDeadLettersResponse> ReplayDeadLetters(
      const v1::ReplayDeadLettersRequest& request, const CallOptions& options = {});
  absl::StatusOr<v1::DropDeadLettersResponse> DropDeadLetters(
      const v1::DropDeadLettersRequest& request, const CallOptions& options = {});
  // How the service is, for operators.
  absl::StatusOr<v1::GetStatusResponse> GetStatus(const CallOptions& options = {});
  // Answers when the service has read its rules again, which takes about a second.
  absl::StatusOr<v1::ReloadRulesResponse> ReloadRules(const CallOptions& options = {});
  // Where a candidate set of rules sorts otherwise than the one in force.
  absl::StatusOr<v1::ListShadowDifferencesResponse> ListShadowDifferences(
      const v1::ListShadowDifferencesRequest& request, const CallOptions& options = {});
  // grpc.health.v1.Health/Check; an empty name asks about the whole server.
  absl::StatusOr<Health> CheckHealth(const std::string& service, const CallOptions& options = {});

  // For streams, which have a connection of their own.
  v1::ClueService::Stub& clue_streams() { return *clue_streams_; }
  // The same for alerts.
  v1::AlertService::Stub& alert_streams() { return *alert_streams_; }
  // The same for named subscriptions; see Consumer.
  v1::SubscriptionService::Stub& subscription_streams() { return *subscription_streams_; }
  // Adds the token to a call.
  void Authorize(grpc::ClientContext& context) const;

 private:
  template <typename Response>
  using Attempt = std::function<grpc::Status(grpc::ClientContext*, Response*)>;

  // The attempts of one call.
  template <typename Response>
  absl::StatusOr<Response> Call(const CallOptions& options, const Attempt<Response>& attempt);

  const ClientOptions options_;
  RetryBudget budget_;
  const std::shared_ptr<grpc::Channel> channel_;
  const std::shared_ptr<grpc::Channel> stream_channel_;
  const std::unique_ptr<v1::ClueService::Stub> clues_;
  const std::unique_ptr<v1::AlertService::Stub> alerts_;
  const std::unique_ptr<v1::ClassificationService::Stub> classification_;
  const std::unique_ptr<v1::ReviewService::Stub> reviews_;
  const std::unique_ptr<v1::AdminService::Stub> admin_;
  const std::unique_ptr<v1::ClueService::Stub> clue_streams_;
  const std::unique_ptr<v1::AlertService::Stub> alert_streams_;
  const std::unique_ptr<v1::DeliveryService::Stub> deliveries_;
  const std::unique_ptr<v1::SilenceService::Stub> silences_;
  const std::unique_ptr<v1::SubscriptionService::Stub> subscriptions_;
  const std::unique_ptr<v1::SubscriptionService::Stub> subscription_streams_;
};

}  // namespace supervision::client
