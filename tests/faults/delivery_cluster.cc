#include "tests/faults/delivery_cluster.h"

#include <grpcpp/grpcpp.h>
#include <signal.h>

#include <chrono>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/base/hash.h"
#include "services/base/hex.h"
#include "services/ledger/subscription_desk.h"
#include "tests/support/eventually.h"

namespace supervision::faults {
namespace {

constexpr char kPartnerToken[] = "example-partner-token";
constexpr int64_t kMeanwhile = 10'000;  // bytes of the log

// The token by which a replica shows that it has read what a call of SetScope wrote.
std::string MarkerToken(int change) { return absl::StrCat("marker-", change, "-token"); }

std::string HashOf(const std::string& token) {
  const std::string salt(16, 's');
  const base::Sha256Digest digest = base::Sha256(salt + token);
  return absl::StrCat(base::HexEncode(salt), ":", base::HexEncode(base::Prefix(digest, 32)));
}

std::string Principal(const std::string& id, const std::string& role, const std::string& token,
                      const std::string& more) {
  return absl::StrCat("  - id: ", id, "\n    roles: [", role, "]\n    token_hashes: [\"",
                      HashOf(token), "\"]\n", more);
}

}  // namespace

DeliveryCluster::DeliveryCluster(std::vector<std::vector<std::string>> scopes)
    : principals_path_(directory_.path() + "/principals.yaml"), scopes_(std::move(scopes)) {
  base::MutexLock lock(&mutex_);
  WritePrincipals();
}

std::string DeliveryCluster::MonitorToken(int lane) {
  return absl::StrCat("lane-", lane, "-token");
}

// Written beside and renamed, as an editor does: nobody reads a half of it.
void DeliveryCluster::WritePrincipals() {
  std::string text = "example: true\nprincipals:\n";
  absl::StrAppend(&text, Principal("partner", "PARTNER", kPartnerToken, "    partner: hotline\n"));
  absl::StrAppend(&text, Principal("marker", "OPERATOR", MarkerToken(change_), ""));
  for (size_t lane = 0; lane < scopes_.size(); ++lane) {
    absl::StrAppend(
        &text,
        Principal(
            absl::StrCat("monitor-", lane), "MONITOR", MonitorToken(static_cast<int>(lane)),
            absl::StrCat("    regions: [\"", absl::StrJoin(scopes_[lane], "\", \""), "\"]\n")));
  }
  const std::string beside = principals_path_ + ".new";
  std::ofstream(beside) << text;
  std::rename(beside.c_str(), principals_path_.c_str());
}

bool DeliveryCluster::Start() {
  for (int i = 0; i < kReplicas; ++i) {
    directories_.push_back(std::make_unique<testing::TempDir>());
    testing::ServiceProcess::Options options;
    options.directory = directories_.back()->path();
    options.redis_address = absl::StrCat("unix:", redis_.path());
    options.port = testing::FreePort();
    // A short ring and small messages: whoever does not read for a moment is parked.
    options.arguments = {absl::StrCat("--files.principals=", principals_path_),
                         absl::StrCat("--ledger.partitions=", kPartitions),
                         "--alerting.tail_entries=16", "--alerting.max_alerts_per_message=3",
                         "--log.level=warning"};
    replicas_.push_back(std::make_unique<testing::ServiceProcess>(options));
    if (!replicas_.back()->Start()) return false;
    addresses_.push_back(replicas_.back()->grpc_address());
    grpc::ChannelArguments arguments;
    arguments.SetInt("faults.admin", i);
    arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 20);
    arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 20);
    arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 100);
    admins_.push_back(v1::AdminService::NewStub(grpc::CreateCustomChannel(
        addresses_.back(), grpc::InsecureChannelCredentials(), arguments)));
    if (!WaitReady(i)) return false;
    alive_[static_cast<size_t>(i)] = true;
  }
  ledger_ = std::make_unique<testing::TestLedger>(testing::OptionsFor(redis_));
  return ledger_->WaitReady();
}

bool DeliveryCluster::WaitReady(int replica) {
  return testing::Eventually([&] {
    int change = 0;
    {
      base::MutexLock lock(&mutex_);
      change = in_force_;
    }
    grpc::ClientContext context;
    context.AddMetadata("authorization", "Bearer " + MarkerToken(change));
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(2));
    context.set_wait_for_ready(true);
    v1::GetStatusResponse response;
    const grpc::Status status =
        admins_[static_cast<size_t>(replica)]->GetStatus(&context, {}, &response);
    // Another marker has come in between: then it is up, which is what matters.
    return status.ok() ? response.ready() : status.error_code() == grpc::UNAUTHENTICATED;
  });
}

bool DeliveryCluster::Knows(int replica, int change) {
  grpc::ClientContext context;
  context.AddMetadata("authorization", "Bearer " + MarkerToken(change));
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(500));
  v1::GetStatusResponse response;
  return admins_[static_cast<size_t>(replica)]->GetStatus(&context, {}, &response).ok();
}

int DeliveryCluster::AliveFrom(int from) const {
  for (int i = 0; i < kReplicas; ++i) {
    const int replica = (from + i) % kReplicas;
    if (alive_[static_cast<size_t>(replica)]) return replica;
  }
  return -1;
}

void DeliveryCluster::Do(std::function<void()> what) {
  bool done = false;
  base::MutexLock lock(&mutex_);
  work_.push_back([this, &done, what = std::move(what)] {
    what();
    base::MutexLock lock(&mutex_);
    done = true;
    changed_.SignalAll();
  });
  changed_.SignalAll();
  while (!done) changed_.Wait(&mutex_);
}

void DeliveryCluster::Serve() {
  while (true) {
    std::vector<std::function<void()>> work;
    {
      base::MutexLock lock(&mutex_);
      while (work_.empty() && stopped_ < scopes_.size()) changed_.Wait(&mutex_);
      if (work_.empty()) return;
      work.swap(work_);
    }
    for (const auto& what : work) what();
  }
}

void DeliveryCluster::Stop() {
  base::MutexLock lock(&mutex_);
  ++stopped_;
  changed_.SignalAll();
}

// The others carry on without it, so nothing but a wait in vain may tell of it.
void DeliveryCluster::NoteCrash(int replica) {
  const testing::ServiceProcess& process = *replicas_[static_cast<size_t>(replica)];
  if (!process.HasEnded()) return;
  std::ostringstream log;
  log << std::ifstream(process.log_path()).rdbuf();
  base::MutexLock lock(&mutex_);
  crashes_.push_back(absl::StrCat("replica ", replica, " ended by itself:\n", log.str()));
}

std::vector<std::string> DeliveryCluster::Crashes() {
  for (int i = 0; i < kReplicas; ++i) NoteCrash(i);
  base::MutexLock lock(&mutex_);
  return crashes_;
}

void DeliveryCluster::KillReplica(int replica) {
  const auto i = static_cast<size_t>(replica);
  Do([&] {
    NoteCrash(replica);
    alive_[i] = false;
    replicas_[i]->Kill();
    if (!replicas_[i]->Start() || !WaitReady(replica)) {
      std::fprintf(stderr, "a replica did not come back: %s\n", replicas_[i]->log_path().c_str());
      std::abort();
    }
    alive_[i] = true;
  });
}

void DeliveryCluster::KillRedis() {
  Do([&] { redis_.Restart(); });
}

void DeliveryCluster::ExpireLeases() {
  for (int p = 0; p < kPartitions; ++p) {
    const std::string key = absl::StrCat("sv:{", p, "}:lease");
    if (redis_.Call({"EXISTS", key}) == ":1\r\n") redis_.Call({"HSET", key, "until", "0"});
  }
}

void DeliveryCluster::PausePastLeases(int replica, const std::function<void()>& meanwhile) {
  const auto i = static_cast<size_t>(replica);
  bool paused = false;
  Do([&] {
    // Never the last one that lives: other lanes have stopped theirs, and all would wait for all.
    const int another = AliveFrom((replica + 1) % kReplicas);
    paused = another >= 0 && another != replica;
    if (!paused) return;
    alive_[i] = false;
    kill(replicas_[i]->pid(), SIGSTOP);
    ExpireLeases();
  });
  meanwhile();
  if (!paused) return;
  Do([&] {
    kill(replicas_[i]->pid(), SIGCONT);
    alive_[i] = true;
  });
}

bool DeliveryCluster::Trim(int64_t bytes) {
  bool trimmed = false;
  Do([&] {
    trimming_ = true;
    ExpireLeases();
    ledger::Ledger::Options options = testing::OptionsFor(redis_);
    options.retention_interval = absl::Milliseconds(20);
    options.log_bytes = bytes;
    testing::TestLedger trimmer(options);
    const auto is_trimmed = [&] {
      for (const ledger::PartitionState& partition : trimmer->state().partitions) {
        // The others go on publishing meanwhile.
        if (partition.end == 0 || partition.log_bytes > bytes + kMeanwhile) return false;
      }
      return true;
    };
    trimmed = trimmer.WaitReady() && testing::Eventually(is_trimmed, std::chrono::seconds(5));
    ++trims_;
    trimming_ = false;
  });
  return trimmed;
}

absl::Status DeliveryCluster::ShortenLease(int lane, const std::string& subscription,
                                           absl::Duration lease) {
  using ledger::Subscription;
  ledger::SubscriptionDesk desk(ledger_->get());
  const ledger::SubscriptionKey key = {absl::StrCat("monitor-", lane), subscription};
  absl::Status status;
  testing::Eventually([&] {  // Redis may be away
    const auto found =
        testing::Await<Subscription>([&](ledger::Ledger::Callback<Subscription> done) {
          desk.Get(key, testing::kPatience, std::move(done));
        });
    status = found.status();
    if (!status.ok() || !found->sharing.has_value()) return false;
    ledger::SubscriptionChange change;
    change.key = key;
    change.sharing = found->sharing;
    change.sharing->lease = lease;
    status = testing::Await<Subscription>([&](ledger::Ledger::Callback<Subscription> done) {
               desk.Update(std::move(change), testing::kPatience, std::move(done));
             }).status();
    return status.ok();
  });
  return status;
}

int DeliveryCluster::SetScope(int lane, std::vector<std::string> regions) {
  base::MutexLock lock(&mutex_);
  scopes_[static_cast<size_t>(lane)] = std::move(regions);
  ++change_;
  WritePrincipals();
  return change_;
}

bool DeliveryCluster::ScopeInForce(int change) {
  int newest = 0;
  {
    base::MutexLock lock(&mutex_);
    if (in_force_ >= change) return true;
    newest = change_;
  }
  for (int i = 0; i < kReplicas; ++i) {
    if (!alive_[static_cast<size_t>(i)] || !Knows(i, newest)) return false;
  }
  base::MutexLock lock(&mutex_);
  in_force_ = std::max(in_force_, newest);
  return true;
}

}  // namespace supervision::faults
