// Client's calls about named subscriptions.
#include "clients/cpp/client_call.h"

namespace supervision::client {

absl::StatusOr<v1::CreateSubscriptionResponse> Client::CreateSubscription(
    const v1::CreateSubscriptionRequest& request, const CallOptions& options) {
  return Call<v1::CreateSubscriptionResponse>(options, [&](auto* context, auto* response) {
    return subscriptions_->CreateSubscription(context, request, response);
  });
}

absl::StatusOr<v1::GetSubscriptionResponse> Client::GetSubscription(
    const v1::GetSubscriptionRequest& request, const CallOptions& options) {
  return Call<v1::GetSubscriptionResponse>(options, [&](auto* context, auto* response) {
    return subscriptions_->GetSubscription(context, request, response);
  });
}

absl::StatusOr<v1::ListSubscriptionsResponse> Client::ListSubscriptions(
    const v1::ListSubscriptionsRequest& request, const CallOptions& options) {
  return Call<v1::ListSubscriptionsResponse>(options, [&](auto* context, auto* response) {
    return subscriptions_->ListSubscriptions(context, request, response);
  });
}

absl::StatusOr<v1::UpdateSubscriptionResponse> Client::UpdateSubscription(
    const v1::UpdateSubscriptionRequest& request, const CallOptions& options) {
  return Call<v1::UpdateSubscriptionResponse>(options, [&](auto* context, auto* response) {
    return subscriptions_->UpdateSubscription(context, request, response);
  });
}

absl::StatusOr<v1::DeleteSubscriptionResponse> Client::DeleteSubscription(
    const v1::DeleteSubscriptionRequest& request, const CallOptions& options) {
  return Call<v1::DeleteSubscriptionResponse>(options, [&](auto* context, auto* response) {
    return subscriptions_->DeleteSubscription(context, request, response);
  });
}

absl::StatusOr<v1::ListDeadLettersResponse> Client::ListDeadLetters(
    const v1::ListDeadLettersRequest& request, const CallOptions& options) {
  return Call<v1::ListDeadLettersResponse>(options, [&](auto* context, auto* response) {
    return subscriptions_->ListDeadLetters(context, request, response);
  });
}

absl::StatusOr<v1::ReplayDeadLettersResponse> Client::ReplayDeadLetters(
    const v1::ReplayDeadLettersRequest& request, const CallOptions& options) {
  return Call<v1::ReplayDeadLettersResponse>(options, [&](auto* context, auto* response) {
    return subscriptions_->ReplayDeadLetters(context, request, response);
  });
}

absl::StatusOr<v1::DropDeadLettersResponse> Client::DropDeadLetters(
    const v1::DropDeadLettersRequest& request, const CallOptions& options) {
  return Call<v1::DropDeadLettersResponse>(options, [&](auto* context, auto* response) {
    return subscriptions_->DropDeadLetters(context, request, response);
  });
}

}  // namespace supervision::client
