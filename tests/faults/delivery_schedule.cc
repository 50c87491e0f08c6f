#include "tests/faults/delivery_schedule.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <optional>

#include "absl/strings/str_cat.h"
#include "tests/faults/lane_regions.h"
#include "tests/faults/workers.h"
#include "tests/support/eventually.h"

namespace supervision::faults {
namespace {

using Kind = DeliveryClient::Kind;
using std::chrono::seconds;

constexpr auto kPatience = seconds(90);

// "c", two hexadecimal digits of the partition, and the rest.
int PartitionOf(const std::string& clue_id) {
  return static_cast<int>(std::strtol(clue_id.substr(1, 2).c_str(), nullptr, 16));
}

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
        subscription_(absl::StrCat("s", seed)),
        trims_seen_(cluster_->trims()) {}

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
  struct Clue {
    std::string record;
    std::string region;
    v1::ClueReceipt receipt;  // of the newest version
  };

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
  DeliveryClient& AnyClient() { return *clients_[static_cast<size_t>(Draw(3))]; }

  // A call's answer; nothing when there was none, which is a problem.
  template <typename Answer>
  std::optional<Answer> AnswerOf(absl::StatusOr<Answer> answer) {
    if (answer.ok()) return *std::move(answer);
    Problem(std::string(answer.status().message()));
    return std::nullopt;
  }
  void Expect(const absl::Status& status) {
    if (!status.ok()) Problem(std::string(status.message()));
  }

  // ---- What there is to be told of

  void Publish(const std::string& region) {
    NoteViews();
    Clue clue;
    clue.record = absl::StrCat("s", seed_, "-", outcome_.evidence.published.size());
    v1::SubmitClueRequest request = MakeRequest(clue.record);
    request.mutable_clue()->set_region_code(region);
    if (auto receipt = AnswerOf(lane_->calls_.Submit(request))) {
      clue.region = region;
      clue.receipt = *std::move(receipt);
      outcome_.evidence.published.push_back(PublishedOf(clue, std::nullopt));
      revisable_.push_back(std::move(clue));
    }
  }

  // A new version of one of the clues, as often as not of another region: whoever saw it and does
  // not see the new one is told that it has left.
  void Revise() {
    if (revisable_.empty()) return;
    NoteViews();
    Clue& clue = revisable_[static_cast<size_t>(Draw(static_cast<int>(revisable_.size())))];
    const std::string before = clue.region;
    if (Draw(4) > 0) clue.region = AnyRegion();
    v1::ReviseClueRequest request;
    *request.mutable_clue() = MakeRequest(clue.record).clue();
    request.set_request_id(absl::StrCat("revision-", clue.record, "-", clue.receipt.version()));
    request.set_clue_id(clue.receipt.clue_id());
    request.set_etag(clue.receipt.etag());
    request.mutable_clue()->set_region_code(clue.region);
    request.mutable_clue()->set_title(absl::StrCat("夜间强制拆除，补充", clue.receipt.version()));
    if (auto receipt = AnswerOf(lane_->calls_.Revise(request))) {
      clue.receipt = *std::move(receipt);
      outcome_.evidence.published.push_back(PublishedOf(clue, before));
      for (const auto& client : clients_) Count("revised", client->kind());
    }
  }

  // Takes one of the clues back: whoever saw it is told so, and nobody else.
  void Withdraw() {
    if (revisable_.empty()) return;
    NoteViews();
    const auto clue = revisable_.begin() + Draw(static_cast<int>(revisable_.size()));
    v1::WithdrawClueRequest request;
    request.set_request_id(absl::StrCat("withdrawal-", clue->record));
    request.set_clue_id(clue->receipt.clue_id());
    request.set_etag(clue->receipt.etag());
    request.set_reason("重复登记");
    if (auto receipt = AnswerOf(lane_->calls_.Withdraw(request))) {
      clue->receipt = *std::move(receipt);
      outcome_.evidence.published.push_back(PublishedOf(*clue, clue->region));
      outcome_.evidence.published.back().withdrawn = true;
      for (const auto& client : clients_) Count("withdrawn", client->kind());
    }
    revisable_.erase(clue);
  }

  static Published PublishedOf(const Clue& clue, std::optional<std::string> before) {
    const std::string& id = clue.receipt.clue_id();
    return {{id, clue.receipt.version()}, PartitionOf(id), clue.region, std::move(before)};
  }

  std::string AnyRegion() {
    const std::array<const char*, 5> regions = {regions_.core, regions_.near, regions_.far,
                                                regions_.core, kNobodys};
    return regions[static_cast<size_t>(Draw(5))];
  }

  void PublishSome(int count) {
    for (int i = 0; i < count; ++i) {
      switch (Draw(8)) {
        case 0:
        case 1:
          Revise();
          break;
        case 2:
          Withdraw();
          break;
        default:
          Publish(AnyRegion());
      }
    }
  }

  // Whatever has become certain by now holds for what is published from now on.
  void NoteViews() {
    if (scope_change_ > 0 && cluster_->ScopeInForce(scope_change_)) {
      scope_change_ = 0;
      for (const auto& client : clients_) client->ViewInForce();
    }
    for (const auto& client : clients_) client->Note(outcome_.evidence.published.size());
    if (cluster_->trimming() || cluster_->trims() != trims_seen_) {
      trims_seen_ = cluster_->trims();
      outcome_.evidence.trimmed_below = outcome_.evidence.published.size();
    }
  }

  // ---- The course of a schedule

  void Begin() {
    Expect(lane_->calls_.CreateSubscription(subscription_));
    for (const Kind kind : {Kind::kWatch, Kind::kFilteredWatch, Kind::kConsume}) {
      DeliveryClient::Options options;
      options.kind = kind;
      options.token = DeliveryCluster::MonitorToken(lane_->lane_);
      options.subscription = subscription_;
      options.view = {lane_->scope_, kind == Kind::kFilteredWatch ? regions_.core : ""};
      options.first_replica = Draw(DeliveryCluster::kReplicas);
      clients_.push_back(std::make_unique<DeliveryClient>(cluster_, options));
    }
    for (const auto& client : clients_) {
      Wait("a first message", [&] { return client->connected() || !client->error().empty(); });
    }
  }

  void Step() {
    DeliveryClient& client = AnyClient();
    DeliveryClient& consumer = *clients_.back();
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
        Count("acknowledges some", Kind::kConsume);
        return consumer.SetEager(Draw(2) == 0);
      case 7:
        return ChangeFilter(clients_[1].get());
      case 8:
        return ChangeFilter(&consumer);
    }
  }

  void ChangeFilter(DeliveryClient* client) {
    if (scope_change_ > 0) return;  // one change of view at a time
    const std::string prefix =
        client->view().filter == regions_.core ? regions_.all : regions_.core;
    Count("filter changes", client->kind());
    if (client->kind() != Kind::kConsume) return client->SetFilter(prefix);
    View view = client->view();
    view.filter = prefix;
    client->ViewBegins(std::move(view));
    Expect(lane_->calls_.SetFilter(subscription_, prefix));
    client->ViewInForce();
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
        for (const auto& client : clients_) {
          if (client->connected()) Count("redis killed", client->kind());
        }
        return cluster_->KillRedis();
      case Theme::kTrim:
        return TrimWhileAway();
      case Theme::kPause: {
        const int replica = Gather();
        clients_.back()->SetEager(Draw(2) == 0);
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
        for (const auto& client : clients_) {
          Count("scope changes", client->kind());
          View view = client->view();
          view.scope = lane_->scope_;
          client->ViewBegins(std::move(view));
        }
        scope_change_ = cluster_->SetScope(lane_->lane_, lane_->scope_);
        return;
      }
    }
  }

  // All three on one replica, which is where something is to happen.
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
    for (const auto& client : clients_) {
      if (client->replica() == replica) Count(fault, client->kind());
    }
  }

  void TrimWhileAway() {
    const bool all = Draw(2) == 0;
    for (const auto& client : clients_) {
      if (all || Draw(2) == 0) client->Hold(true);
    }
    PublishSome(3);
    if (cluster_->Trim(Draw(2) * Draw(4000))) {
      for (const auto& client : clients_) Count("trimmed", client->kind());
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
      Publish(regions_.core);
      if (!outcome_.problems.empty()) return true;
      const Published& newest = outcome_.evidence.published.back();
      last[static_cast<size_t>(newest.partition)] = newest.what;
    }
    const auto trimmed = [&] { return cluster_->trimming() || cluster_->trims() != trims; };
    for (const auto& client : clients_) {
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
      outcome_.evidence.monitors.push_back(client->Record());
    }
    Expect(lane_->calls_.DeleteSubscription(subscription_));
  }

  DeliveryLane* const lane_;
  DeliveryCluster* const cluster_;
  const Regions& regions_;
  const uint32_t seed_;
  std::mt19937 random_;
  const std::string subscription_;
  int trims_seen_;
  int scope_change_ = 0;  // under way
  std::vector<std::unique_ptr<DeliveryClient>> clients_;
  std::vector<Clue> revisable_;
  Outcome outcome_;
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
