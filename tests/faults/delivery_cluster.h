#pragma once

#include <array>
#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "services/base/mutex.h"
#include "supervision/v1/admin_service.grpc.pb.h"
#include "tests/integration/ledger/ledger_fixture.h"
#include "tests/support/redis_server.h"
#include "tests/support/service_process.h"
#include "tests/support/temp_dir.h"

namespace supervision::faults {

// Three replicas as processes of their own on one redis-server, which lanes of schedules share, and
// what is done to them. Processes belong to the thread that started them, so what is done to them
// is handed over to the thread that calls Serve.
//
// Thread-safe, except Serve.
class DeliveryCluster {
 public:
  static constexpr int kReplicas = 3;
  static constexpr int kPartitions = 2;

  // `lanes` monitors, "monitor-0" and on, each with the scope given for it.
  explicit DeliveryCluster(std::vector<std::vector<std::string>> scopes);

  bool Start();
  // Does what is handed over until Stop has been called as often as there are lanes.
  void Serve();
  void Stop();

  const std::string& address(int replica) const { return addresses_[static_cast<size_t>(replica)]; }
  // Neither dead nor stopped, from `from` on; -1 when there is none.
  int AliveFrom(int from) const;
  static std::string MonitorToken(int lane);
  std::string log_path(int replica) const {
    return replicas_[static_cast<size_t>(replica)]->log_path();
  }

  // Each returns when it has been done.
  void KillReplica(int replica);  // kill -9, and it is there again
  void KillRedis();               // the same
  // Stops the replica (SIGSTOP), lets all leases run out, does `meanwhile`, and lets it go on.
  void PausePastLeases(int replica, const std::function<void()>& meanwhile);
  // Trims the log down to `bytes` of each partition, as a further replica whose turn it is.
  bool Trim(int64_t bytes);
  int trims() const { return trims_; }         // so often was it done
  bool trimming() const { return trimming_; }  // it is under way

  // Gives a shared subscription of a lane's monitor a lease that the API does not allow.
  absl::Status ShortenLease(int lane, const std::string& subscription, absl::Duration lease);

  // Gives a lane's monitor another scope in the file that the replicas read again.
  int SetScope(int lane, std::vector<std::string> regions);
  // Whether every replica goes by what that call of SetScope wrote.
  bool ScopeInForce(int change);

  // What replicas that ended by themselves have logged. When no lane runs any more.
  std::vector<std::string> Crashes();

 private:
  void Do(std::function<void()> what);
  void WritePrincipals() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void ExpireLeases();
  bool WaitReady(int replica);
  bool Knows(int replica, int change);
  void NoteCrash(int replica);

  const testing::TempDir directory_;
  const std::string principals_path_;
  testing::RedisServer redis_;
  std::vector<std::unique_ptr<testing::TempDir>> directories_;
  std::vector<std::unique_ptr<testing::ServiceProcess>> replicas_;
  std::vector<std::string> addresses_;
  std::vector<std::unique_ptr<v1::AdminService::Stub>> admins_;
  std::unique_ptr<testing::TestLedger> ledger_;
  std::array<std::atomic<bool>, kReplicas> alive_ = {};
  std::atomic<int> trims_ = 0;
  std::atomic<bool> trimming_ = false;

  mutable base::Mutex mutex_;
  base::CondVar changed_;
  std::vector<std::function<void()>> work_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::string> crashes_ ABSL_GUARDED_BY(mutex_);
  size_t stopped_ ABSL_GUARDED_BY(mutex_) = 0;
  std::vector<std::vector<std::string>> scopes_ ABSL_GUARDED_BY(mutex_);
  int change_ ABSL_GUARDED_BY(mutex_) = 0;    // the newest
  int in_force_ ABSL_GUARDED_BY(mutex_) = 0;  // the newest that all replicas go by
};

}  // namespace supervision::faults
