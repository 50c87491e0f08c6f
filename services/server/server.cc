#include "services/server/server.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "google/protobuf/stubs/common.h"
#include "prometheus/gauge.h"
#include "prometheus/registry.h"
#include "services/alerting/consumers.h"
#include "services/alerting/hub.h"
#include "services/alerting/shares.h"
#include "services/base/mutex.h"
#include "services/classification/classifier_slot.h"
#include "services/combining/follower.h"
#include "services/intake/intake.h"
#include "services/observability/metrics_page.h"
#include "services/observability/unlabelled.h"
#include "services/rpc/alert_encoder.h"
#include "services/rpc/caption_encoder.h"
#include "services/rpc/handshakes.h"
#include "services/server/accept.h"
#include "services/server/addresses_file.h"
#include "services/server/file_limit.h"
#include "services/server/front.h"
#include "services/server/identities.h"
#include "services/server/inputs.h"
#include "services/server/machine_figures.h"
#include "services/server/quota_watch.h"
#include "services/server/readiness.h"
#include "services/server/route_keeper.h"
#include "services/server/rule_keeper.h"
#include "services/server/store.h"
#include "services/server/trouble_log.h"

namespace supervision::server {
namespace {

// What a stopped stream's ending message and a cancelled call need to get out.
constexpr absl::Duration kLastWords = absl::Milliseconds(500);

alerting::Hub::Options HubOptions(const config::ServerSettings& settings) {
  const config::ServerSettings::Alerting& from = settings.alerting;
  alerting::Hub::Options options;
  options.max_streams = static_cast<size_t>(from.max_streams);
  options.tail_entries = static_cast<size_t>(from.tail_entries);
  options.tail_bytes = static_cast<size_t>(from.tail_bytes);
  options.bookmark_interval = from.bookmark_interval;
  options.max_age = from.max_stream_age;
  options.max_alerts_per_message = static_cast<size_t>(from.max_alerts_per_message);
  options.max_message_bytes = static_cast<size_t>(from.max_message_bytes);
  options.retry_delay = settings.intake.retry_delay;
  return options;
}

alerting::Shares::Options ShareOptions(const config::ServerSettings& settings) {
  const config::ServerSettings::Alerting& from = settings.alerting;
  alerting::Shares::Options options;
  options.retry_delay = settings.intake.retry_delay;
  options.bookmark_interval = from.bookmark_interval;
  options.max_age = from.max_stream_age;
  options.max_consumers = static_cast<size_t>(from.max_streams);
  options.max_alerts_per_message = static_cast<size_t>(from.max_alerts_per_message);
  options.max_message_bytes = static_cast<size_t>(from.max_message_bytes);
  return options;
}

// By which people tell replicas apart.
std::string ReplicaName() {
  char name[256] = "";
  if (gethostname(name, sizeof(name) - 1) != 0) return "?";
  return absl::StrCat(name, "/", getpid());
}

MachineFigures::Disk DiskOf(const config::ServerSettings::Redis& from, const Readiness& readiness) {
  if (from.kind != config::ServerSettings::Redis::Kind::kEmbedded) return {};
  return {from.data_directory, static_cast<uint64_t>(from.min_free_disk),
          [&readiness] { return readiness.disk_full(); }};
}

intake::Intake::Options IntakeOptions(const config::ServerSettings::Intake& from,
                                      intake::Shadow* shadow) {
  intake::Intake::Options options;
  options.max_concurrent = static_cast<size_t>(from.max_concurrent);
  options.max_bytes = static_cast<size_t>(from.max_bytes);
  options.retry_delay = from.retry_delay;
  options.shadow = shadow;
  return options;
}

// Waits for `condition` without holding up whoever makes it true. Only while stopping: there is no
// hurry, and nobody has to tell us.
template <typename Condition>
void WaitUntil(absl::Time deadline, Condition condition) {
  while (!condition() && absl::Now() < deadline) absl::SleepFor(absl::Milliseconds(5));
}

}  // namespace

// Members stand in the order in which they are started; they end in the reverse order.
class Server::Body {
 public:
  Body(Options options, Inputs inputs)
      : options_(std::move(options)),
        inputs_(std::move(inputs)),
        settings_(options_.settings),
        log_(options_.log),
        started_at_(options_.clock->Now()),
        door_(settings_.intake.retry_delay),
        readiness_(&door_, log_),
        route_keeper_({.routes = settings_.files.routes,
                       .calendar = settings_.files.calendar,
                       .clock = options_.clock,
                       .log = log_,
                       .metrics = registry_.get()},
                      std::exchange(inputs_.routes, {}), inputs_.routes_times),
        identities_(IdentityOptions(), inputs_),
        quotas_({.standard = settings_.quotas,
                 .retry_delay = settings_.intake.retry_delay,
                 .on_refusal = WatchRefusals(registry_.get(), log_)}),
        gate_(identities_.principals(), &quotas_,
              {.default_timeout = settings_.intake.default_deadline,
               .retry_delay = settings_.intake.retry_delay,
               .max_stream_age = settings_.alerting.max_stream_age,
               .on_trouble = LogTroubles(options_.clock, log_)}),
        rpc_metrics_(registry_.get()),
        slot_(inputs_.rules.classifier),
        keeper_(KeeperOptions(), std::exchange(inputs_.rules, {}), &slot_) {
    route_keeper_.TellOfNobody(identities_.principals()->Get());
  }

  ~Body() { Stop(); }

  absl::Status Start() {
    base::MutexLock lock(&mutex_);
    absl::Status status = StartParts();
    if (!status.ok()) StopParts();
    return status;
  }

  void Stop() {
    base::MutexLock lock(&mutex_);
    StopParts();
  }

  void ReloadRules(classification::ReloadTrigger trigger, RuleKeeper::Done done) {
    keeper_.Reload(trigger, std::move(done));
    if (candidate_keeper_ != nullptr) candidate_keeper_->Reload(trigger, nullptr);
  }
  std::string grpc_address() const { return front_ == nullptr ? "" : front_->address(); }
  std::string metrics_address() const { return page_ == nullptr ? "" : page_->address(); }
  const Readiness& readiness() const { return readiness_; }

 private:
  absl::Status StartParts() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    const absl::StatusOr<int64_t> descriptors =
        RaiseFileLimit(settings_.alerting.max_streams, log_);
    if (!descriptors.ok()) return descriptors.status();
    LimitConnections(*descriptors);
    RegisterStartTime();
    auto store = Store::Open(settings_, {.clock = options_.clock,
                                         .log = log_,
                                         .metrics = registry_.get(),
                                         .readiness = &readiness_});
    if (!store.ok()) return store.status();
    store_ = *std::move(store);
    hub_ = std::make_unique<alerting::Hub>(store_->ledger(), store_->loop(), &encoder_, log_,
                                           registry_.get(), HubOptions(settings_));
    alerting::Consumers::Options consumer_options;
    consumer_options.retry_delay = settings_.intake.retry_delay;
    consumers_ = std::make_unique<alerting::Consumers>(hub_.get(), store_->ledger(), store_->loop(),
                                                       ReplicaName(), &caption_encoder_, log_,
                                                       registry_.get(), consumer_options);
    shares_ = std::make_unique<alerting::Shares>(hub_.get(), store_->ledger(), store_->loop(),
                                                 ReplicaName(), &encoder_, &caption_encoder_, log_,
                                                 registry_.get(), ShareOptions(settings_));
    combining::Follower::Options follow;
    follow.watchers_of = [this](const domain::Facets& facets) { return WatchersOf(facets); };
    follower_ = std::make_unique<combining::Follower>(store_->ledger(), store_->loop(),
                                                      route_keeper_.routes(), options_.clock, log_,
                                                      registry_.get(), std::move(follow));
    StartShadow();
    intake_ = std::make_unique<intake::Intake>(store_->ledger(), &slot_, inputs_.regions.get(),
                                               options_.clock, registry_.get(),
                                               IntakeOptions(settings_.intake, shadow_.get()));
    if (settings_.listen.tls()) {
      handshakes_ = std::make_unique<rpc::Handshakes>(registry_.get(), log_);
    }
    front_ = std::make_unique<Front>(
        Front::Parts{.edge = {.gate = &gate_, .metrics = &rpc_metrics_, .log = log_},
                     .clues = {.intake = intake_.get(),
                               .ledger = store_->ledger(),
                               .door = &door_,
                               .classifiers = &slot_},
                     .hub = hub_.get(),
                     .subscriptions = {.consumers = consumers_.get(),
                                       .shares = shares_.get(),
                                       .ledger = store_->ledger(),
                                       .quota = settings_.alerting.max_subscriptions},
                     .classifiers = &slot_,
                     .report = [this] { return Report(); },
                     .reload =
                         [this](auto done) {
                           ReloadRules(classification::ReloadTrigger::kRequest, std::move(done));
                         },
                     .shadow = {.shadow = shadow_.get(),
                                .candidate = [this] { return candidate_keeper_->state(); }},
                     .routes = [this](const std::string& id) { return route_keeper_.Now(id); },
                     .tls = identities_.tls()});
    if (absl::Status listens = front_->Listen(settings_); !listens.ok()) return listens;
    readiness_.Attach(front_->health());
    auto page = observability::MetricsPage::Start(
        settings_.listen.metrics,
        std::make_shared<MachineFigures>(registry_, DiskOf(settings_.redis, readiness_)));
    if (!page.ok()) return page.status();
    page_ = *std::move(page);
    keeper_.Start();
    identities_.Start();
    follower_->Start();
    LogStart();
    readiness_.LogIfNotReady();
    return WriteAddressesFile(settings_.listen.addresses_file, front_->address(), page_->address());
  }

  // Who may watch alerts and sees one with these facets.
  std::vector<std::string> WatchersOf(const domain::Facets& facets) const {
    std::vector<std::string> watchers;
    const auto principals = identities_.principals()->Get();
    for (const security::PrincipalDirectory::Entry& entry : principals->entries()) {
      const std::string& id = entry.principal.id;
      const std::optional<domain::Scope> scope = gate_.ScopeOfWatcher(id);
      if (scope.has_value() && domain::Sees(*scope, facets)) watchers.push_back(id);
    }
    return watchers;
  }

  // Safe after a part of StartParts, and twice.
  void StopParts() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (stopped_) return;
    stopped_ = true;
    readiness_.Drain();
    if (page_ != nullptr) DrainFront();  // it has served
    keeper_.Stop();
    identities_.Stop();
    if (candidate_keeper_ != nullptr) candidate_keeper_->Stop();
    readiness_.Detach();
    if (follower_ != nullptr) follower_->Stop();
    if (store_ != nullptr) store_->StopLedger();
    if (front_ != nullptr) front_->Stop(kLastWords);
    page_.reset();
    intake_.reset();
    if (shadow_ != nullptr) shadow_->Stop();
    follower_.reset();
    shares_.reset();
    hub_.reset();
    consumers_.reset();
    if (store_ != nullptr) store_->Stop();
    if (front_ != nullptr) log_->Info("stopped");
  }

  void DrainFront() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    log_->Info("draining", {{"open_calls", rpc_metrics_.open()},
                            {"open_streams", static_cast<int64_t>(hub_->open_streams())}});
    absl::SleepFor(settings_.drain.announce);
    gate_.Drain();
    front_->DrainStreams();
    // A monitor that does not read never takes its last cursor: it is waited for no longer than
    // the calls under way.
    hub_->Drain(settings_.drain.spread, [] {});
    const absl::Time deadline = absl::Now() + settings_.drain.spread + settings_.drain.finish;
    WaitUntil(deadline, [this] {
      return rpc_metrics_.open() == 0 && consumers_->size() == 0 && shares_->size() == 0;
    });
  }

  void RegisterStartTime() {
    observability::AddGauge(registry_.get(), "process_start_time_seconds",
                            "When this process began to serve, seconds since 1970.")
        .Set(absl::ToDoubleSeconds(started_at_ - absl::UnixEpoch()));
  }

  void LogStart() {
    log_->Info("serving", {{"grpc", std::string_view(front_->address())},
                           {"metrics", std::string_view(page_->address())},
                           {"tls", settings_.listen.tls()},
                           {"version", std::string_view(options_.version)}});
    log_->Info("keeping", {{"redis", std::string_view(store_->address())},
                           {"durable", settings_.ledger.require_fsync},
                           {"replicas", static_cast<int64_t>(settings_.ledger.replicas)},
                           {"data", std::string_view(settings_.redis.data_directory)}});
    const classification::SetState rules = keeper_.state();
    log_->Info("sorting", {{"catalogue", std::string_view(rules.catalogue_version)},
                           {"rules", std::string_view(rules.rules_version)},
                           {"digest", std::string_view(rules.digest)},
                           {"regions", inputs_.regions->version()},
                           {"principals", static_cast<int64_t>(inputs_.principals.count)},
                           {"example_principals", inputs_.principals.example}});
  }

  // A candidate that cannot be read leaves the service as it is: its state says so, and it is read
  // as soon as its files are right.
  void StartShadow() {
    std::optional<config::RuleFiles> files = CandidateFilesOf(settings_);
    if (!files.has_value()) return;
    RuleKeeper::Options options = KeeperOptions();
    options.name = "candidate";
    options.files = *std::move(files);
    candidate_keeper_ =
        std::make_unique<RuleKeeper>(std::move(options), config::RuleFileSet(), &candidate_);
    candidate_keeper_->Start();
    const config::ServerSettings::Shadow& from = settings_.shadow;
    intake::Shadow::Options bounds;
    bounds.percent = from.percent;
    bounds.max_queued = static_cast<size_t>(from.max_queued);
    bounds.keep = static_cast<size_t>(from.keep);
    shadow_ =
        std::make_unique<intake::Shadow>(&candidate_, options_.clock, registry_.get(), bounds);
  }

  RuleKeeper::Options KeeperOptions() const {
    RuleKeeper::Options options;
    options.files = RuleFilesOf(settings_.files);
    options.watch = settings_.reload.watch;
    options.settle = settings_.reload.settle;
    options.clock = options_.clock;
    options.log = log_;
    options.metrics = registry_.get();
    return options;
  }

  Identities::Options IdentityOptions() {
    return {
        .listen = settings_.listen,
        .principals = settings_.files.principals,
        .tokens = settings_.files.tokens,
        .clock = options_.clock,
        .log = log_,
        .metrics = registry_.get(),
        .check_streams = [this](const security::PrincipalDirectory& principals, absl::Time now) {
          gate_.streams().Check(principals, now);
          // On the same thread, as often.
          route_keeper_.Look();
          route_keeper_.TellOfNobody(identities_.principals()->Get());
        }};
  }

  rpc::StatusReport Report() const {
    rpc::StatusReport report;
    report.version = options_.version;
    report.started_at = started_at_;
    report.ready = readiness_.ready();
    report.not_ready_because = readiness_.not_ready_because();
    report.ledger = store_->ledger()->state();
    report.told_positions = hub_->told_positions();
    report.redis_address = store_->address();
    report.redis_restarts = store_->restarts();
    report.rules = keeper_.state();
    if (candidate_keeper_ != nullptr) report.candidate = candidate_keeper_->state();
    report.open_streams = hub_->open_streams();
    report.metrics = registry_->Collect();
    report.subscribers = consumers_->ByOwner();
    for (const auto& [owner, shared] : shares_->ByOwner()) {
      report.subscribers[owner].count += shared.count;
      report.subscribers[owner].unacknowledged += shared.unacknowledged;
    }
    report.now = options_.clock->Now();
    return report;
  }

  const Options options_;
  Inputs inputs_;
  const config::ServerSettings& settings_;
  observability::Logger* const log_;
  const absl::Time started_at_;
  const std::shared_ptr<prometheus::Registry> registry_ = std::make_shared<prometheus::Registry>();
  const rpc::ProtoAlertEncoder encoder_;
  const rpc::ProtoCaptionEncoder caption_encoder_;
  rpc::IntakeDoor door_;
  Readiness readiness_;
  RouteKeeper route_keeper_;
  Identities identities_;
  security::Quotas quotas_;
  rpc::Gate gate_;
  rpc::RpcMetrics rpc_metrics_;
  classification::ClassifierSlot slot_;
  RuleKeeper keeper_;
  classification::ClassifierSlot candidate_;  // empty while there is none

  base::Mutex mutex_;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  std::unique_ptr<Store> store_;
  std::unique_ptr<alerting::Consumers> consumers_;  // its streams are the hub's
  std::unique_ptr<alerting::Hub> hub_;
  std::unique_ptr<alerting::Shares> shares_;  // reads by streams of the hub
  std::unique_ptr<combining::Follower> follower_;
  std::unique_ptr<RuleKeeper> candidate_keeper_;  // null: no candidate is configured
  std::unique_ptr<intake::Shadow> shadow_;
  std::unique_ptr<intake::Intake> intake_;
  std::unique_ptr<rpc::Handshakes> handshakes_;  // null without TLS
  std::unique_ptr<Front> front_;
  std::unique_ptr<observability::MetricsPage> page_;
};

absl::StatusOr<std::unique_ptr<Server>> Server::New(Options options) {
  // protobuf writes to standard error, past the log, when a text is not UTF-8; the client is told.
  google::protobuf::SetLogHandler(nullptr);
  absl::StatusOr<Inputs> inputs = LoadInputs(options.settings, options.clock->Now());
  if (!inputs.ok()) return inputs.status();
  if (absl::Status may = CheckMayListen(options.settings.listen, *inputs); !may.ok()) return may;
  return std::unique_ptr<Server>(
      new Server(std::make_unique<Body>(std::move(options), *std::move(inputs))));
}

Server::Server(std::unique_ptr<Body> body) : body_(std::move(body)) {}
Server::~Server() = default;

absl::Status Server::Start() { return body_->Start(); }
void Server::Stop() { body_->Stop(); }
void Server::ReloadRules() { body_->ReloadRules(classification::ReloadTrigger::kSignal, nullptr); }
std::string Server::grpc_address() const { return body_->grpc_address(); }
std::string Server::metrics_address() const { return body_->metrics_address(); }
bool Server::ready() const { return body_->readiness().ready(); }
std::vector<std::string> Server::not_ready_because() const {
  return body_->readiness().not_ready_because();
}

}  // namespace supervision::server
