#include "services/server/readiness.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "supervision/v1/admin_service.grpc.pb.h"
#include "supervision/v1/alert_service.grpc.pb.h"
#include "supervision/v1/classification_service.grpc.pb.h"
#include "supervision/v1/clue_service.grpc.pb.h"
#include "supervision/v1/delivery_service.grpc.pb.h"
#include "supervision/v1/review_service.grpc.pb.h"
#include "supervision/v1/silence_service.grpc.pb.h"
#include "supervision/v1/subscription_service.grpc.pb.h"

namespace supervision::server {
namespace {

constexpr int kLogEachPercent = 10;

// Of the embedded Redis only what the ledger cannot know: that it is restarting, and why.
std::string ReasonOf(const redis::EmbeddedState& state) {
  using Phase = redis::EmbeddedState::Phase;
  if (state.loaded_percent >= 0) {
    return absl::StrCat("The embedded Redis reads its data, ", state.loaded_percent,
                        " % so far; the service is ready when it has.");
  }
  if (state.phase == Phase::kRunning || state.phase == Phase::kStarting) return {};
  std::string reason = state.phase == Phase::kWaitingToRestart
                           ? "The embedded Redis has ended and is being restarted."
                           : "The embedded Redis has been stopped.";
  if (!state.last_error.empty()) reason += " It said: " + state.last_error;
  return reason;
}

}  // namespace

void Readiness::Attach(grpc::HealthCheckServiceInterface* health) {
  base::MutexLock lock(&mutex_);
  health_ = health;
  health_->SetServingStatus(kLiveness, true);
  TellHealth();
}

void Readiness::Detach() {
  base::MutexLock lock(&mutex_);
  health_ = nullptr;
}

void Readiness::OnLedger(const ledger::Ledger& ledger) {
  base::MutexLock lock(&mutex_);
  ledger::LedgerState state = ledger.state();
  ledger_ready_ = state.ready;
  ledger_reasons_ = std::move(state.not_ready_because);
  Update();
}

void Readiness::OnEmbedded(const redis::EmbeddedState& state) {
  base::MutexLock lock(&mutex_);
  disk_full_ = state.disk_full;
  embedded_reason_ = ReasonOf(state);
  Update();
  if (state.loaded_percent < 0) {
    logged_percent_ = -1;
  } else if (logged_percent_ < 0 || state.loaded_percent >= logged_percent_ + kLogEachPercent) {
    logged_percent_ = state.loaded_percent;
    log_->Info("redis_loading", {{"percent", int64_t{state.loaded_percent}}});
  }
}

void Readiness::Drain() {
  base::MutexLock lock(&mutex_);
  draining_ = true;
  Update();
  TellHealth();  // also where it was not ready before: what answers without the ledger drains too
}

bool Readiness::ready() const {
  base::MutexLock lock(&mutex_);
  return ready_;
}

bool Readiness::disk_full() const {
  base::MutexLock lock(&mutex_);
  return disk_full_;
}

std::vector<std::string> Readiness::not_ready_because() const {
  base::MutexLock lock(&mutex_);
  return reasons_;
}

void Readiness::Update() {
  reasons_.clear();
  // Why its own Redis is away says more than that it is.
  if (!ledger_ready_) reasons_ = ledger_reasons_;
  if (!embedded_reason_.empty()) reasons_ = {embedded_reason_};
  if (disk_full_)
    reasons_.push_back(
        "The disk of redis.data_directory had less room than redis.min_free_disk; make room there, "
        "and it goes on by itself as soon as an eighth more than that is free.");
  if (draining_) reasons_.push_back("This replica is shutting down.");
  const bool ready = ledger_ready_ && !disk_full_ && !draining_;

  // The calls that a draining replica has taken are still finished, so the door stays as it is.
  if (disk_full_) {
    door_->Set(rpc::IntakeDoor::State::kFull);
  } else {
    door_->Set(ledger_ready_ ? rpc::IntakeDoor::State::kOpen : rpc::IntakeDoor::State::kNotReady);
  }
  if (ready == ready_) return;
  ready_ = ready;
  if (ready) log_->Info("ready");
  if (!ready && !draining_) LogReason();
  TellHealth();
}

void Readiness::LogReason() {
  const std::string first = reasons_.empty() ? std::string() : reasons_.front();
  log_->Warning("not_ready", {{"because", std::string_view(first)}});
}

void Readiness::LogIfNotReady() {
  base::MutexLock lock(&mutex_);
  if (!ready_) LogReason();
}

void Readiness::TellHealth() {
  if (health_ == nullptr) return;
  // What needs the ledger, and the server as a whole.
  health_->SetServingStatus("", ready_);
  health_->SetServingStatus(v1::ClueService::service_full_name(), ready_);
  health_->SetServingStatus(v1::AlertService::service_full_name(), ready_);
  health_->SetServingStatus(v1::ReviewService::service_full_name(), ready_);
  health_->SetServingStatus(v1::DeliveryService::service_full_name(), ready_);
  health_->SetServingStatus(v1::SilenceService::service_full_name(), ready_);
  health_->SetServingStatus(v1::SubscriptionService::service_full_name(), ready_);
  // What answers without it.
  health_->SetServingStatus(v1::ClassificationService::service_full_name(), !draining_);
  health_->SetServingStatus(v1::AdminService::service_full_name(), !draining_);
}

}  // namespace supervision::server
