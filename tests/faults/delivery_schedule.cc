#include "tests/faults/delivery_schedule.h"

#include <algorithm>
#include <chrono>
#include <functional>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "tests/faults/delivery_publisher.h"
#include "tests/faults/lane_regions.h"
#include "tests/support/eventually.h"

namespace supervision::faults {
namespace {

using Kind = DeliveryClient::Kind;
using std::chrono::seconds;

constexpr auto kPatience = seconds(90);
// Far below what the API allows, so that what a consumer lost does not come seconds later.
constexpr absl::Duration kLease = absl::Seconds(1);

}  // namespace

// ---- One schedule

class DeliveryLane::Schedule {
 public:
  Schedule(DeliveryLane* lane, uint32_t seed)
      : lane_(lane),
        cluster_(lane->cluster_),
        regions_(kRegions[static_cast<size_t>(lane->lane_)]),
        seed_(seed),
        random_(seed),
        name_(absl::StrCat("s", seed)),
        share_(absl::StrCat(name_, "-share")),
        trims_seen_(cluster_->trims()),
        publisher_(&lane_->calls_, regions_, name_, &random_, PublisherCallbacks()) {}

  Outcome Run() {
    Begin();
    const Theme theme = ThemeOf(seed_);
    const int steps = 6 + Draw(8);
    const int special = Draw(steps);
    for (int i = 0; i < steps && outcome_.problems.empty(); ++i) {
      if (i == special) Special(theme);
      Step();
    }
    End();
    return std::move(outcome_);
  }

 private:
  // Themes take the most time: five of nine schedules have one, as many each.
  static Theme ThemeOf(uint32_t seed) {
    const uint32_t turn = seed % 9;
    return turn <= static_cast<uint32_t>(Theme::kScope) ? static_cast<Theme>(turn) : Theme::kNone;
  }
  int Draw(int below) { return static_cast<int>(random_() % static_cast<uint32_t>(below)); }
  void Problem(const std::string& what) { outcome_.problems.push_back(what); }
  void Count(const std::string& fault, Kind kind) { lane_->counts_->Add(fault, kind); }
  bool Wait(const std::string& what, const std::function<bool()>& condition) {
    if (testing::Eventually(condition, kPatience)) return true;
    Problem("waited in vain for " + what);
    return false;
  }
  std::vector<DeliveryClient*> Of(Kind kind) const {
    std::vector<DeliveryClient*> some;
    for (const auto& client : clients_) {
      if (client->kind() == kind) some.push_back(client.get());
    }
    return some;
  }
  template <typename Choices>
  auto OneOf(const Choices& choices) {
    return choices[static_cast<size_t>(Draw(static_cast<int>(choices.size())))];
  }
  // The consumers of the share count as one.
  DeliveryClient& AnyOf(const std::vector<Kind>& kinds) { return *OneOf(Of(OneOf(kinds))); }

  void Expect(const absl::Status& status) {
    if (!status.ok()) Problem(std::string(status.message()));
  }

  // ---- What there is to be told of

  DeliveryPublisher::Callbacks PublisherCallbacks() {
    return {.before = [this] { NoteViews(); },
            .on_changed =
                [this](const std::string& what) {
                  for (const Kind kind : DeliveryClient::kKinds) Count(what, kind);
                },
            .on_problem = [this](const std::string& problem) { Problem(problem); }};
  }
  void PublishSome(int count) { publisher_.PublishSome(count); }

  // Whatever has become certain by now holds for what is published from now on.
  void NoteViews() {
    if (scope_change_ > 0 && cluster_->ScopeInForce(scope_change_)) {
      scope_change_ = 0;
      for (const auto& client : clients_) client->ViewInForce();
    }
    for (const auto& client : clients_) client->Note(publisher_.published().size());
    if (cluster_->trimming() || cluster_->trims() != trims_seen_) {
      trims_seen_ = cluster_->trims();
      outcome_.evidence.trimmed_below = publisher_.published().size();
    }
  }

  // ---- The course of a schedule

  void Begin() {
    Expect(lane_->calls_.CreateSubscription(name_, v1::SUBSCRIPTION_MODE_EXCLUSIVE));
    Expect(lane_->calls_.CreateSubscription(share_, v1::SUBSCRIPTION_MODE_SHARED));
    Expect(cluster_->ShortenLease(lane_->lane_, share_, kLease));
    for (const Kind kind : {Kind::kWatch, Kind::kFilteredWatch, Kind::kConsume, Kind::kSnapshot,
                            Kind::kShare, Kind::kShare}) {
      DeliveryClient::Options options;
      options.kind = kind;
      options.token = DeliveryCluster::MonitorToken(lane_->lane_);
      options.subscription = kind == Kind::kShare ? share_ : name_;
      options.unit = name_;
      options.published = &publisher_.counts();
      options.view = {lane_->scope_, kind == Kind::kFilteredWatch ? regions_.core : ""};
      options.first_replica = Draw(DeliveryCluster::kReplicas);
      clients_.push_back(std::make_unique<DeliveryClient>(cluster_, options));
    }
    for (const auto& client : clients_) {
      Wait("a first message", [&] { return client->connected() || !client->error().empty(); });
    }
  }

  void Step() {
    DeliveryClient& client = AnyOf({DeliveryClient::kKinds.begin(), DeliveryClient::kKinds.end()});
    DeliveryClient& consumer = AnyOf({Kind::kConsume, Kind::kShare});
    switch (Draw(9)) {
      case 0:
      case 1:
        return PublishSome(1 + Draw(6));
      case 2:
        client.CutInAMessage(static_cast<size_t>(1 + Draw(900)));
        return PublishSome(2);
      case 3:
        if (client.connected()) Count("goes away", client.kind());
        client.Cut();
        return PublishSome(1);
      case 4:
        // What fits on the way to who does not read is little: the rest comes from the ledger.
        if (client.connected()) Count("reads nothing", client.kind());
        client.Stall(true);
        PublishSome(6 + Draw(8));
        return client.Stall(false);
      case 5:
      case 6:
        consumer.SetEager(false);
        PublishSome(2 + Draw(3));
        for (int i = Draw(3); i >= 0; --i) consumer.Acknowledge(random_());
        Count("acknowledges some", consumer.kind());
        return consumer.SetEager(Draw(2) == 0);
      case 7:
        return ChangeFilter(AnyOf({Kind::kFilteredWatch, Kind::kSnapshot}).kind());
      case 8:
        return ChangeFilter(consumer.kind());
    }
  }

  void ChangeFilter(Kind kind) {
    if (scope_change_ > 0) return;  // one change of view at a time
    const std::vector<DeliveryClient*> clients = Of(kind);
    const std::string prefix =
        clients.front()->view().filter == regions_.core ? regions_.all : regions_.core;
    Count("filter changes", kind);
    if (kind != Kind::kConsume && kind != Kind::kShare) return clients.front()->SetFilter(prefix);
    View view = clients.front()->view();
    view.filter = prefix;
    for (DeliveryClient* const client : clients) client->ViewBegins(view);
    Expect(lane_->calls_.SetFilter(kind == Kind::kShare ? share_ : name_, prefix));
    const size_t published = publisher_.published().size();
    for (DeliveryClient* const client : clients) client->FilterInForce(published);
    PublishSome(Draw(3));  // while streams still go by the old one
  }

  void Special(Theme theme) {
    switch (theme) {
      case Theme::kNone:
        return;
      case Theme::kReplicaDies: {
        const int replica = Gather();
        PublishSome(2);
        CountConnectedTo(replica, "replica killed");
        return cluster_->KillReplica(replica);
      }
      case Theme::kRedisDies:
        PublishSome(2);
        CountWhere("redis killed", [](const DeliveryClient& one) { return one.connected(); });
        return cluster_->KillRedis();
      case Theme::kTrim:
        return TrimWhileAway();
      case Theme::kPause: {
        const int replica = Gather();
        AnyOf({Kind::kConsume, Kind::kShare}).SetEager(Draw(2) == 0);
        PublishSome(2);
        CountConnectedTo(replica, "paused past its leases");
        return cluster_->PausePastLeases(replica, [&] {
          // Each notices the silence, and goes on at another replica.
          for (const auto& client : clients_) {
            if (client->replica() == replica) client->Cut();
          }
          PublishSome(3);
          for (const auto& client : clients_) {
            Wait("another replica", [&] { return client->connected(); });
          }
          PublishSome(2);
        });
      }
      case Theme::kScope: {
        const bool narrow = lane_->scope_ == NarrowScope(lane_->lane_);
        lane_->scope_ = narrow ? WideScope(lane_->lane_) : NarrowScope(lane_->lane_);
        for (const Kind kind : DeliveryClient::kKinds) Count("scope changes", kind);
        for (const auto& client : clients_) {
          View view = client->view();
          view.scope = lane_->scope_;
          client->ViewBegins(std::move(view));
        }
        scope_change_ = cluster_->SetScope(lane_->lane_, lane_->scope_);
        return;
      }
    }
  }

  // All on one replica, which is where something is to happen.
  int Gather() {
    const int replica = cluster_->AliveFrom(Draw(DeliveryCluster::kReplicas));
    for (const auto& client : clients_) {
      client->MoveTo(replica);
      testing::Eventually(
          [&] {
            return replica < 0 || client->replica() == replica ||
                   cluster_->AliveFrom(replica) != replica;
          },
          seconds(10));
    }
    return std::max(replica, 0);
  }

  void CountConnectedTo(int replica, const std::string& fault) {
    CountWhere(fault, [&](const DeliveryClient& one) { return one.replica() == replica; });
  }
  // Once for each kind that one is so of.
  void CountWhere(const std::string& fault, const std::function<bool(const DeliveryClient&)>& is) {
    for (const Kind kind : DeliveryClient::kKinds) {
      const std::vector<DeliveryClient*> some = Of(kind);
      if (std::any_of(some.begin(), some.end(), [&](const auto* one) { return is(*one); })) {
        Count(fault, kind);
      }
    }
  }

  void TrimWhileAway() {
    const bool all = Draw(2) == 0;
    for (const auto& client : clients_) {
      if (all || Draw(2) == 0) client->Hold(true);
    }
    PublishSome(3);
    if (cluster_->Trim(Draw(2) * Draw(4000))) {
      for (const Kind kind : DeliveryClient::kKinds) Count("trimmed", kind);
    }
    NoteViews();
    PublishSome(2);
    for (const auto& client : clients_) client->Hold(false);
  }

  // Publishes one alert in each partition and waits until everyone has been told. False: another
  // lane has trimmed meanwhile, and maybe these.
  bool EveryoneIsTold() {
    std::array<Told, DeliveryCluster::kPartitions> last;
    const auto complete = [&] {
      return std::all_of(last.begin(), last.end(), [](const Told& t) { return t.version > 0; });
    };
    const int trims = cluster_->trims();
    while (outcome_.problems.empty() && !complete()) {
      publisher_.Publish(regions_.core);
      if (!outcome_.problems.empty()) return true;
      const Published& newest = publisher_.published().back();
      last[static_cast<size_t>(newest.partition)] = newest.what;
    }
    const auto trimmed = [&] { return cluster_->trimming() || cluster_->trims() != trims; };
    outcome_.evidence.last.assign(last.begin(), last.end());
    for (const auto& client : clients_) {
      if (client->kind() == Kind::kShare) continue;  // in any order: see ShareIsToldTheRest
      const auto told = [&] {
        return !client->error().empty() ||
               std::all_of(last.begin(), last.end(),
                           [&](const Told& one) { return client->HasHeard(one); });
      };
      if (!Wait(client->Record().name + " to be told the rest",
                [&] { return told() || trimmed(); })) {
        Problem(client->Describe());
        return true;
      }
      if (!told()) return !Wait("the end of a trim", [&] { return !cluster_->trimming(); });
    }
    return true;
  }

  // Everything works from now on: whoever is missing something is told it before one last alert of
  // each partition.
  void End() {
    if (scope_change_ > 0 && outcome_.problems.empty()) {
      Wait("a scope in force", [&] { return cluster_->ScopeInForce(scope_change_); });
      NoteViews();
      // Streams of before are ended by the service; the connection of after shows the new scope.
      PublishSome(3);
    }
    for (const auto& client : clients_) {
      client->Stall(false);
      client->Hold(false);
      client->SetEager(true);
    }
    while (outcome_.problems.empty() && !EveryoneIsTold()) {
    }
    ShareIsToldTheRest();
    for (const auto& client : clients_) {
      if (!client->error().empty()) Problem(client->error());
    }
    NoteViews();
    for (const auto& client : clients_) {
      client->Stop();
      lane_->counts_->Add("cut in a message", client->kind(),
                          static_cast<int>(client->cuts_in_a_message()));
      lane_->counts_->Add("opened", client->kind(), static_cast<int>(client->opened()));
      if (client->told_gap()) Count("told a gap", client->kind());
      lane_->counts_->Add("told that one has left", client->kind(), client->told_left());
      if (client->kind() != Kind::kShare) outcome_.evidence.monitors.push_back(client->Record());
    }
    outcome_.evidence.monitors.push_back(ShareRecord());
    outcome_.evidence.published = publisher_.published();
    Expect(lane_->calls_.DeleteSubscription(name_));
    Expect(lane_->calls_.DeleteSubscription(share_));
  }

  // A share has no order, so the last alerts say nothing of those before: what is in the hands of a
  // consumer that broke off comes when its lease has ended. A gap in its history is a dead letter.
  void ShareIsToldTheRest() {
    if (!outcome_.problems.empty()) return;
    std::vector<std::string> broken;
    const auto told = [&] {
      NoteViews();
      DeliveryEvidence evidence;
      evidence.published = publisher_.published();
      evidence.trimmed_below = outcome_.evidence.trimmed_below;
      evidence.monitors = {ShareRecord()};
      broken = Judge(evidence);
      if (broken.empty()) return true;
      if (evidence.trimmed_below > 0 && !share_told_gap_) {
        const absl::StatusOr<bool> gone = lane_->calls_.HistoryIsGone(share_);
        share_told_gap_ = gone.ok() && *gone;
        if (share_told_gap_) Count("told a gap", Kind::kShare);
      }
      return false;
    };
    if (Wait("the share to be told the rest", told)) return;
    for (const std::string& one : broken) Problem(one);
    for (const DeliveryClient* const one : Of(Kind::kShare)) Problem(one->Describe());
  }

  MonitorRecord ShareRecord() const {
    const std::vector<DeliveryClient*> consumers = Of(Kind::kShare);
    MonitorRecord record = Together(consumers[0]->Record(), consumers[1]->Record());
    record.connections.front().told_gap = share_told_gap_;
    return record;
  }

  DeliveryLane* const lane_;
  DeliveryCluster* const cluster_;
  const Regions& regions_;
  const uint32_t seed_;
  std::mt19937 random_;
  const std::string name_;   // of the exclusive subscription too
  const std::string share_;  // the shared one's
  int trims_seen_;
  int scope_change_ = 0;  // under way
  bool share_told_gap_ = false;
  Outcome outcome_;
  DeliveryPublisher publisher_;
  std::vector<std::unique_ptr<DeliveryClient>> clients_;  // end first
};

// ---- The lane

DeliveryLane::DeliveryLane(DeliveryCluster* cluster, FaultCounts* counts, int lane)
    : lane_(lane),
      cluster_(cluster),
      counts_(counts),
      calls_(cluster, lane),
      scope_(WideScope(lane)) {}

std::vector<std::string> DeliveryLane::WideScope(int lane) {
  return {kRegions[static_cast<size_t>(lane)].all};
}

DeliveryLane::Outcome DeliveryLane::Run(uint32_t seed) { return Schedule(this, seed).Run(); }

}  // namespace supervision::faults
