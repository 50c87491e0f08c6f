#include "services/ledger/core.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/domain/error.h"
#include "services/ledger/scripts.h"

namespace supervision::ledger {
namespace {

// What the client of `commit` is told when another connection has come to another server.
constexpr char kAstray[] = "the address leads to another server";

// A ledger that has not been admitted for longer is not waited for.
constexpr absl::Duration kPatience = absl::Milliseconds(100);

}  // namespace

Ledger::Core::Core(redis::Loop* loop, const base::Clock* clock, observability::Logger* log,
                   prometheus::Registry* metrics, Options options)
    : loop_(loop),
      clock_(clock),
      log_(log),
      options_(std::move(options)),
      metrics_(metrics),
      witness_file_(options_.witness_directory, options_.key_prefix),
      restore_mark_(options_.witness_directory),
      away_since_(std::chrono::steady_clock::now()) {
  state_.not_ready_because = {"The ledger has not been reached yet."};
  state_.replicas = options_.replicas;
}

void Ledger::Core::Start() {
  if (const auto sentence = Keys::CheckPrefix(options_.key_prefix)) return Publish({*sentence});
  absl::StatusOr<std::optional<WitnessRecord>> witness = witness_file_.Read();
  if (!witness.ok()) {
    return Publish({std::string(witness.status().message()) +
                    "; it proves what was acknowledged. Give all of redis.data_directory to the "
                    "user of the service, and start it again."});
  }
  witness_ = *std::move(witness);
  commit_ = Connect("commit", loop_);
  read_ = Connect("read", loop_);
  bulk_ = Connect("bulk", &bulk_loop_);
  tail_ = Connect("tail", loop_);
  EverySecond();
}

std::unique_ptr<redis::Client> Ledger::Core::Connect(const std::string& name, redis::Loop* loop) {
  redis::Client::Options options;
  options.address = options_.address;
  options.name = name;
  options.silence = options_.command_timeout + LongestWait(options_);
  prometheus::Gauge* const gauge = &metrics_.Connected(name);
  if (name == "commit") {
    options.scripts = AllScripts();
  } else {
    options.accepts = [this](const std::string& run_id) { return LeadsToTheSame(run_id); };
  }
  // Clients are stopped before the core goes, so `this` lives.
  options.on_state_change = [this, name, gauge](bool connected) {
    gauge->Set(connected ? 1 : 0);
    if (name == "commit") OnCommitConnection(connected);
    if (name == "tail") OnTailConnection(connected);
  };
  return std::make_unique<redis::Client>(loop, std::move(options));
}

bool Ledger::Core::LeadsToTheSame(const std::string& run_id) {
  {
    base::MutexLock lock(&mutex_);
    if (run_id == run_id_) return true;
    if (!checked_) return false;  // where `commit` is will be known soon
  }
  commit_->Renew(kAstray);
  return false;
}

void Ledger::Core::FollowCommitTo(const std::string& run_id) {
  {
    base::MutexLock lock(&mutex_);
    if (run_id == run_id_) return;
    run_id_ = run_id;
  }
  for (redis::Client* const client : {read_.get(), bulk_.get(), tail_.get()}) {
    client->Renew("the ledger is looked for on another server");
  }
}

void Ledger::Core::OnCommitConnection(bool connected) {
  ++attempt_;
  {
    base::MutexLock lock(&mutex_);
    state_.connected = connected;
  }
  Uncheck();
  if (stopped_) return;
  if (connected) {
    connection_ = commit_->GetStats().connects;
    return Admit();
  }
  // The tail has a connection of its own, which breaks when this one broke with Redis itself.
  if (opened_ != nullptr) opened_->committer.CloseGate();
  Publish({WhyAway()});
}

void Ledger::Core::Uncheck() {
  base::MutexLock lock(&mutex_);
  if (checked_) away_since_ = std::chrono::steady_clock::now();
  checked_ = false;
}

std::string Ledger::Core::WhyAway() const {
  const std::string error = commit_->GetStats().last_error;
  return error == refusal_ ? error : WhyUnreachable(options_.address.ToString(), error);
}

// The client tells of a connection that is lost, not of one that does not come about.
void Ledger::Core::TellWhyAway() {
  {
    base::MutexLock lock(&mutex_);
    if (state_.connected) return;
  }
  if (commit_->GetStats().last_error.empty()) return;  // the first attempt is under way
  std::string why = WhyAway();
  if (state().not_ready_because != std::vector<std::string>{why}) Publish({std::move(why)});
}

void Ledger::Core::OnTailConnection(bool connected) {
  tail_connected_ = connected;
  if (stopped_ || opened_ == nullptr) return;
  if (!connected) {
    opened_->tail.Pause();
    tail_running_ = false;
    return;
  }
  bool ready_to_follow = false;
  {
    base::MutexLock lock(&mutex_);
    ready_to_follow = state_.connected;
  }
  // The connection may lead to a Redis that has restarted: history is checked first.
  if (ready_to_follow) Admit();
}

void Ledger::Core::Follow(TailObserver* observer) {
  observer_ = observer;
  if (opened_ != nullptr) opened_->tail.Follow(observer);
}

void Ledger::Core::EverySecond() {
  if (stopped_) return;
  every_second_ = loop_->RunAfter(absl::Seconds(1), [this] { EverySecond(); });
  TellWhyAway();
  KeepWitness();
}

void Ledger::Core::KeepWitness() {
  if (opened_ == nullptr) return;
  WitnessRecord record;
  record.ledger_id = state().ledger_id;
  for (int p = 0; p < opened_->context.descriptor.partitions; ++p) {
    record.partitions.push_back(opened_->context.board->witness(p));
    const PartitionState partition = opened_->context.board->state(p);
    metrics_.LogEnd(p).Set(static_cast<double>(partition.end));
    metrics_.LogBytes(p).Set(static_cast<double>(partition.log_bytes));
  }
  const absl::Status written = witness_file_.Write(record);
  if (!written.ok()) {
    const std::string why =
        absl::StrCat(written.message(), "; make room in redis.data_directory ",
                     options_.witness_directory, ", or give it to the user of the service");
    log_->Warning("ledger.witness_not_written", {{"why", std::string_view(why)}});
  }
}

void Ledger::Core::Stop() {
  if (stopped_) return;
  KeepWitness();
  stopped_ = true;
  ++attempt_;
  admit_timer_.reset();
  every_second_.reset();
  {
    base::MutexLock lock(&mutex_);
    closed_ = true;
    on_state_change_ = nullptr;
    state_.ready = false;
    state_.not_ready_because = {"The ledger has been stopped."};
  }
  metrics_.ready.Set(0);
  if (opened_ != nullptr) {
    opened_->retention.Stop();
    opened_->reviews.Stop();
    opened_->expiry.Stop();
    opened_->silences.Stop();
    opened_->tail.Stop();
    opened_->tail.Follow(nullptr);
    opened_->committer.Stop();
  }
  for (redis::Client* client : {commit_.get(), read_.get(), bulk_.get(), tail_.get()}) {
    if (client != nullptr) client->Stop();
  }
}

// ---- Snapshots

OpenParts* Ledger::Core::parts() const {
  base::MutexLock lock(&mutex_);
  return shared_parts_;
}

OpenParts* Ledger::Core::reachable_parts() const {
  base::MutexLock lock(&mutex_);
  const bool away = !checked_ && std::chrono::steady_clock::now() - away_since_ >
                                     absl::ToChronoNanoseconds(kPatience);
  return away || closed_ ? nullptr : shared_parts_;
}

OpenParts* Ledger::Core::checked_parts() const {
  base::MutexLock lock(&mutex_);
  return checked_ && !closed_ ? shared_parts_ : nullptr;
}

LedgerState Ledger::Core::state() const {
  LedgerState state;
  OpenParts* parts = nullptr;
  {
    base::MutexLock lock(&mutex_);
    state = state_;
    parts = shared_parts_;
  }
  if (parts == nullptr) return state;
  for (int p = 0; p < parts->context.descriptor.partitions; ++p) {
    state.partitions.push_back(parts->context.board->state(p));
  }
  state.queued = parts->committer.queued();
  return state;
}

void Ledger::Core::OnStateChange(std::function<void()> callback) {
  base::MutexLock lock(&mutex_);
  on_state_change_ = std::move(callback);
}

absl::Status Ledger::Core::Unavailable() const {
  domain::ErrorDetail detail;
  detail.reason = domain::Reason::kLedgerUnavailable;
  detail.retry_after = options_.retry_delay;
  return domain::MakeError(std::move(detail));
}

// No reasons: ready.
void Ledger::Core::Publish(std::vector<std::string> reasons) {
  std::function<void()> changed;
  const bool ready = reasons.empty();
  bool news = false;
  {
    base::MutexLock lock(&mutex_);
    news = ready != state_.ready || reasons != state_.not_ready_because;
    if (news) changed = on_state_change_;
    state_.ready = ready;
    state_.not_ready_because = reasons;
    state_.redis_version = settings_.version;
    state_.durable = settings_.durable;
    state_.shortfalls = settings_.shortfalls;
    state_.used_memory_bytes = settings_.used_memory_bytes;
  }
  metrics_.ready.Set(ready ? 1 : 0);
  metrics_.redis_memory_used.Set(static_cast<double>(settings_.used_memory_bytes));
  metrics_.redis_memory_limit.Set(static_cast<double>(settings_.max_memory_bytes));
  if (news) {  // while it lasts it is tried again each second
    for (const std::string& reason : reasons) log_->Warning("ledger.not_ready", {{"why", reason}});
  }
  if (changed) changed();
}

}  // namespace supervision::ledger
