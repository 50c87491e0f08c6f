#pragma once

#include <string>
#include <vector>

#include "grpcpp/health_check_service_interface.h"
#include "services/base/mutex.h"
#include "services/ledger/ledger.h"
#include "services/observability/log.h"
#include "services/redis/embedded.h"
#include "services/rpc/intake_door.h"

namespace supervision::server {

// Names that grpc.health.v1 is asked for beside the services' own.
inline constexpr char kLiveness[] = "liveness";  // SERVING until the process ends

// Whether this replica takes clues and streams, and everyone who has to know: the health service,
// the door of intake, the log. It depends on the ledger (which must be able to keep its promise),
// on room for the embedded Redis' file, and on not draining; liveness depends on nothing.
//
// Thread-safe. Update() is called on the ledger's loop and on the embedded Redis' own thread.
class Readiness {
 public:
  // Both outlive this.
  Readiness(rpc::IntakeDoor* door, observability::Logger* log) : door_(door), log_(log) {}

  // From then on the health service is kept up to date. `health` outlives this, or Detach().
  void Attach(grpc::HealthCheckServiceInterface* health);
  void Detach();

  // The state is asked for here, so that of two changes told at once the later one stays.
  void OnLedger(const ledger::Ledger& ledger);
  void OnEmbedded(const redis::EmbeddedState& state);
  void Drain();
  void LogIfNotReady();  // at the start; later changes are logged as they come

  bool ready() const;
  bool disk_full() const;  // clues are refused for want of room on the embedded Redis' disk
  std::vector<std::string> not_ready_because() const;

 private:
  void Update() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void LogReason() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void TellHealth() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  rpc::IntakeDoor* const door_;
  observability::Logger* const log_;
  mutable base::Mutex mutex_;
  grpc::HealthCheckServiceInterface* health_ ABSL_GUARDED_BY(mutex_) = nullptr;
  bool ledger_ready_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::string> ledger_reasons_ ABSL_GUARDED_BY(mutex_) = {"The ledger is not open."};
  bool disk_full_ ABSL_GUARDED_BY(mutex_) = false;
  std::string embedded_reason_ ABSL_GUARDED_BY(mutex_);
  int logged_percent_ ABSL_GUARDED_BY(mutex_) = -1;  // of what the embedded Redis reads
  bool draining_ ABSL_GUARDED_BY(mutex_) = false;
  bool ready_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::string> reasons_ ABSL_GUARDED_BY(mutex_) = {"The ledger is not open."};
};

}  // namespace supervision::server
