#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "supervision/v1/clue_service.grpc.pb.h"
#include "supervision/v1/subscription_service.grpc.pb.h"
#include "tests/faults/delivery_cluster.h"

namespace supervision::faults {

// The calls of a lane's partner and monitor, each repeated at whichever replica lives until it is
// answered. For one thread.
class DeliveryCalls {
 public:
  DeliveryCalls(DeliveryCluster* cluster, int lane);

  absl::StatusOr<v1::ClueReceipt> Submit(const v1::SubmitClueRequest& request);
  absl::StatusOr<v1::ClueReceipt> Revise(const v1::ReviseClueRequest& request);
  absl::StatusOr<v1::ClueReceipt> Withdraw(const v1::WithdrawClueRequest& request);
  absl::Status CreateSubscription(const std::string& name, v1::SubscriptionMode mode);
  absl::Status SetFilter(const std::string& name, const std::string& region_prefix);
  absl::Status DeleteSubscription(const std::string& name);
  // Whether history that a shared one was not told is among its dead letters.
  absl::StatusOr<bool> HistoryIsGone(const std::string& name);

 private:
  template <typename Call>
  absl::Status Answered(const std::string& what, const std::string& token, const Call& call);
  grpc::Status UpdateSubscription(size_t replica, grpc::ClientContext* context,
                                  const std::string& name, const std::string& region_prefix);

  DeliveryCluster* const cluster_;
  const std::string token_;                                    // the monitor's
  int next_ = 0;                                               // replica to ask
  std::vector<std::unique_ptr<v1::ClueService::Stub>> clues_;  // by replica
  std::vector<std::unique_ptr<v1::SubscriptionService::Stub>> subscriptions_;
};

}  // namespace supervision::faults
