#include "tests/faults/delivery_calls.h"

#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <chrono>

#include "absl/strings/str_cat.h"
#include "tests/support/eventually.h"

namespace supervision::faults {
namespace {

constexpr char kPartnerToken[] = "example-partner-token";
constexpr std::chrono::seconds kPatience{90};
constexpr std::chrono::seconds kCallDeadline{2};
constexpr int kMostAttempts = 100;  // no schedule uses them up

template <typename Stub>
std::vector<std::unique_ptr<Stub>> Stubs(
    DeliveryCluster* cluster, int lane, const std::string& what,
    const std::function<std::unique_ptr<Stub>(std::shared_ptr<grpc::Channel>)>& make) {
  std::vector<std::unique_ptr<Stub>> stubs;
  for (int i = 0; i < DeliveryCluster::kReplicas; ++i) {
    grpc::ChannelArguments arguments;
    arguments.SetString("faults.lane", absl::StrCat(what, lane));
    arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 10);
    arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 10);
    arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 50);
    stubs.push_back(make(grpc::CreateCustomChannel(cluster->address(i),
                                                   grpc::InsecureChannelCredentials(), arguments)));
  }
  return stubs;
}

}  // namespace

DeliveryCalls::DeliveryCalls(DeliveryCluster* cluster, int lane)
    : cluster_(cluster),
      token_(DeliveryCluster::MonitorToken(lane)),
      next_(lane),
      clues_(Stubs<v1::ClueService::Stub>(cluster, lane, "clues",
                                          [](std::shared_ptr<grpc::Channel> channel) {
                                            return v1::ClueService::NewStub(channel);
                                          })),
      subscriptions_(Stubs<v1::SubscriptionService::Stub>(
          cluster, lane, "subscriptions", [](std::shared_ptr<grpc::Channel> channel) {
            return v1::SubscriptionService::NewStub(channel);
          })) {}

template <typename Call>
absl::Status DeliveryCalls::Answered(const std::string& what, const std::string& token,
                                     const Call& call) {
  const auto end = std::chrono::steady_clock::now() + kPatience;
  grpc::Status status;
  while (std::chrono::steady_clock::now() < end) {
    int replica = -1;
    const auto one_lives = [&] {
      replica = cluster_->AliveFrom(next_++ % DeliveryCluster::kReplicas);
      return replica >= 0;
    };
    if (!testing::Eventually(one_lives)) continue;
    grpc::ClientContext context;
    context.AddMetadata("authorization", "Bearer " + token);
    context.set_deadline(std::chrono::system_clock::now() + kCallDeadline);
    status = call(static_cast<size_t>(replica), &context);
    if (status.ok()) return absl::OkStatus();
  }
  return absl::UnavailableError(absl::StrCat(what, " was not answered: ", status.error_message()));
}

absl::StatusOr<v1::ClueReceipt> DeliveryCalls::Submit(const v1::SubmitClueRequest& request) {
  v1::SubmitClueResponse response;
  const absl::Status status =
      Answered("a clue", kPartnerToken, [&](size_t replica, grpc::ClientContext* context) {
        return clues_[replica]->SubmitClue(context, request, &response);
      });
  if (!status.ok()) return status;
  return response.receipt();
}

absl::StatusOr<v1::ClueReceipt> DeliveryCalls::Revise(const v1::ReviseClueRequest& request) {
  v1::ReviseClueResponse response;
  const absl::Status status =
      Answered("a revision", kPartnerToken, [&](size_t replica, grpc::ClientContext* context) {
        return clues_[replica]->ReviseClue(context, request, &response);
      });
  if (!status.ok()) return status;
  return response.receipt();
}

absl::StatusOr<v1::ClueReceipt> DeliveryCalls::Withdraw(const v1::WithdrawClueRequest& request) {
  v1::WithdrawClueResponse response;
  const absl::Status status =
      Answered("a withdrawal", kPartnerToken, [&](size_t replica, grpc::ClientContext* context) {
        return clues_[replica]->WithdrawClue(context, request, &response);
      });
  if (!status.ok()) return status;
  return response.receipt();
}

absl::Status DeliveryCalls::CreateSubscription(const std::string& name, v1::SubscriptionMode mode) {
  v1::CreateSubscriptionRequest request;
  request.mutable_subscription()->set_name(name);
  request.mutable_subscription()->set_mode(mode);
  if (mode == v1::SUBSCRIPTION_MODE_SHARED) {
    v1::SharingRules* const rules = request.mutable_subscription()->mutable_sharing();
    rules->set_max_attempts(kMostAttempts);
    rules->mutable_min_delay()->set_nanos(10'000'000);
    rules->mutable_max_delay()->set_nanos(10'000'000);
  }
  v1::CreateSubscriptionResponse response;
  return Answered("a subscription", token_, [&](size_t replica, grpc::ClientContext* context) {
    const grpc::Status status =
        subscriptions_[replica]->CreateSubscription(context, request, &response);
    // The answer of an earlier attempt was lost.
    return status.error_code() == grpc::StatusCode::ALREADY_EXISTS ? grpc::Status::OK : status;
  });
}

absl::Status DeliveryCalls::SetFilter(const std::string& name, const std::string& region_prefix) {
  return Answered("a change of a subscription", token_,
                  [&](size_t replica, grpc::ClientContext* context) {
                    return UpdateSubscription(replica, context, name, region_prefix);
                  });
}

grpc::Status DeliveryCalls::UpdateSubscription(size_t replica, grpc::ClientContext* context,
                                               const std::string& name,
                                               const std::string& region_prefix) {
  grpc::ClientContext read;
  read.AddMetadata("authorization", "Bearer " + token_);
  read.set_deadline(context->deadline());
  v1::GetSubscriptionRequest get;
  get.set_name(name);
  v1::GetSubscriptionResponse got;
  const grpc::Status status = subscriptions_[replica]->GetSubscription(&read, get, &got);
  if (!status.ok() || got.subscription().filter().region_prefix() == region_prefix) return status;
  v1::UpdateSubscriptionRequest request;
  request.set_name(name);
  request.set_etag(got.subscription().etag());
  request.mutable_filter()->set_region_prefix(region_prefix);
  v1::UpdateSubscriptionResponse response;
  return subscriptions_[replica]->UpdateSubscription(context, request, &response);
}

absl::Status DeliveryCalls::DeleteSubscription(const std::string& name) {
  v1::DeleteSubscriptionRequest request;
  request.set_name(name);
  request.set_force(true);
  v1::DeleteSubscriptionResponse response;
  return Answered("a deletion", token_, [&](size_t replica, grpc::ClientContext* context) {
    const grpc::Status status =
        subscriptions_[replica]->DeleteSubscription(context, request, &response);
    return status.error_code() == grpc::StatusCode::NOT_FOUND ? grpc::Status::OK : status;
  });
}

absl::StatusOr<bool> DeliveryCalls::HistoryIsGone(const std::string& name) {
  v1::ListDeadLettersRequest request;
  request.set_subscription(name);
  v1::ListDeadLettersResponse response;
  const absl::Status status =
      Answered("dead letters", token_, [&](size_t replica, grpc::ClientContext* context) {
        return subscriptions_[replica]->ListDeadLetters(context, request, &response);
      });
  if (!status.ok()) return status;
  return std::any_of(response.dead_letters().begin(), response.dead_letters().end(),
                     [](const v1::DeadLetter& one) { return one.reason() == "HISTORY_GONE"; });
}

}  // namespace supervision::faults
