// Named subscriptions under random schedules, compared with a simple model: what has to be told is
// told until the client has acknowledged it, what was said to be kept never comes again, in each
// partition's order, nothing twice on one connection, nothing outside the view. Seeds are printed;
// SUPERVISION_SCHEDULES asks for more of them.
#include <array>
#include <cstdlib>
#include <iostream>
#include <map>
#include <random>
#include <set>

#include "tests/unit/alerting/consumers_fixture.h"

namespace supervision::alerting {
namespace {

constexpr int kPartitions = 2;
constexpr char kName[] = "night";

enum class Fault {
  kNone,
  kDropsOne,
  kDoublesOne,
  kSwapsTwo,
  kLeavesTheScope,
  kMovesThoughChanged,
};

enum Step {
  kPublish,
  kConnect,
  kCancel,
  kCancelInAMessage,
  kAckAll,
  kAckSome,
  kAckOne,
  kStall,
  kGoOn,
  kWindow,
  kTime,
  kKeepsFail,
  kAnswersLost,
  kHoldKeeps,
  kKillService,
  kAnotherReplica,
  kChangeFilter,
  kSteps
};
constexpr std::array<const char*, kSteps> kStepNames = {
    "publish",      "connect",     "cancel",       "cancel in a message",
    "ack all",      "ack some",    "ack one",      "stall",
    "go on",        "window",      "time",         "keeps fail",
    "lost answer",  "late answer", "kill service", "takeover elsewhere",
    "filter change"};

std::map<std::string, int>& StepCounts() {
  static auto* const counts = new std::map<std::string, int>;
  return *counts;
}

struct Published {
  int partition = 0;
  int64_t position = 0;
  bool in_scope = true;
  bool always_passes = true;  // each filter that has been in force since it was published
  bool may_pass = true;
  int risk = 0;
};

class ScheduleRun final : public ConsumersFixture {
 public:
  ScheduleRun(uint32_t seed, Fault fault)
      : ConsumersFixture(kPartitions), random_(seed), fault_(fault) {
    StartConsumers(SmallTail());
    keeper_->Add(kName, start_, FilterOf(false));
    if (fault == Fault::kDropsOne) keeper_->Misplace(1);
    if (fault == Fault::kDoublesOne) keeper_->Misplace(-1);
    if (fault == Fault::kMovesThoughChanged) keeper_->MoveThoughChanged();
  }

  std::vector<std::string> Run(int steps) {
    for (int i = 0; i < steps; ++i) {
      const Step step = DrawStep();
      ++StepCounts()[kStepNames[step]];
      Do(step);
      if (Draw(4) > 0) Settle();
    }
    Heal();
    return problems_;
  }

 private:
  struct Client {
    TestConsumer stream;
    size_t seen = 0;          // of stream.delivered()
    size_t singles_seen = 0;  // of stream.kept_singles()
    uint64_t kept_through = 0;
    std::map<uint64_t, std::string> ids;  // by delivery number
    std::map<int, int64_t> last;          // position, by partition
  };

  void TestBody() override {}

  int Draw(int below) { return static_cast<int>(random_() % static_cast<uint32_t>(below)); }
  // Mostly what monitors do all day: without a connection nothing else means much.
  Step DrawStep() {
    if (!Open(Newest()) && Draw(3) > 0) return kConnect;
    switch (Draw(5)) {
      case 0:
      case 1:
        return kPublish;
      case 2:
        return static_cast<Step>(kAckAll + Draw(3));
      default:
        return static_cast<Step>(Draw(kSteps));
    }
  }
  void Problem(const std::string& what) { problems_.push_back(what); }

  // Two filters that take turns: MEDIUM passes one, HIGH both, LOW none.
  static domain::Filter FilterOf(bool narrow) {
    domain::Filter filter;
    filter.min_risk = narrow ? domain::Risk::kHigh : domain::Risk::kMedium;
    return filter;
  }

  Consumers::Request RequestNow() {
    Consumers::Request request =
        Named(kName, static_cast<size_t>(1 + Draw(12)), static_cast<size_t>(10 + Draw(200)));
    if (fault_ != Fault::kLeavesTheScope) request.scope.regions = {"33"};
    return request;
  }

  void Publish() {
    for (int i = Draw(5); i >= 0; --i) {
      const int partition = Draw(kPartitions);
      const std::array<domain::Risk, 3> risks = {domain::Risk::kLow, domain::Risk::kMedium,
                                                 domain::Risk::kHigh};
      const int risk = Draw(3);
      const std::string id = "a" + std::to_string(published_.size());
      domain::ChangeEvent event = NewAlert(id, risks[static_cast<size_t>(risk)]);
      const bool in_scope = Draw(4) > 0;
      event.alert.facets.region_code = in_scope ? "330106" : "440103";
      const int64_t position = log_.Append(partition, std::move(event));
      published_[id] = {partition,
                        position,
                        in_scope,
                        in_scope && risk >= (narrow_ ? 2 : 1),
                        in_scope && risk >= 1,
                        risk};
    }
  }

  void Connect() {
    clients_.push_back(std::make_unique<Client>());
    clients_.back()->stream.Open(consumers_.get(), RequestNow());
  }
  Client* Newest() { return clients_.empty() ? nullptr : clients_.back().get(); }
  static bool Open(const Client* client) {
    return client != nullptr && !client->stream.finished().has_value();
  }

  void Acknowledge(Client* client, uint64_t through, const std::vector<uint64_t>& singles) {
    client->stream->Acknowledge(through, singles);
    for (const auto& [number, id] : client->ids) {
      const bool single = std::find(singles.begin(), singles.end(), number) != singles.end();
      if (number <= through || single) acknowledged_.insert(id);
    }
  }

  void Do(Step step) {
    Client* const client = Newest();
    const bool open = Open(client);
    switch (step) {
      case kPublish:
        return Publish();
      case kConnect:
        return Connect();
      case kCancel:
        if (open) client->stream->OnCancelled();
        return;
      case kCancelInAMessage:
        if (!open) return;
        client->stream.Stall(true);
        Publish();
        Settle();
        return client->stream->OnCancelled();
      case kAckAll:
        Look();
        if (open) Acknowledge(client, client->ids.empty() ? 0 : client->ids.rbegin()->first, {});
        return;
      case kAckSome:
        Look();
        if (open && !client->ids.empty()) {
          Acknowledge(client, static_cast<uint64_t>(Draw(static_cast<int>(client->ids.size()))),
                      {});
        }
        return;
      case kAckOne:
        Look();
        if (open && !client->ids.empty()) {
          const int which = Draw(static_cast<int>(client->ids.size()));
          Acknowledge(client, 0, {static_cast<uint64_t>(which + 1)});
        }
        return;
      case kStall:
        if (open) client->stream.Stall(true);
        return;
      case kGoOn:
        if (open) client->stream.Stall(false);
        return;
      case kWindow:
        if (open) {
          client->stream->SetWindow(
              {static_cast<size_t>(1 + Draw(20)), static_cast<size_t>(1 + Draw(300))});
        }
        return;
      case kTime:
        return scheduler_.Advance(absl::Milliseconds(300 * (1 + Draw(10))));
      case kKeepsFail:
        return keeper_->FailKeeps(1 + Draw(3));
      case kAnswersLost:
        return keeper_->FailKeeps(1 + Draw(3), true);
      case kHoldKeeps:
        return keeper_->Hold(Draw(2) == 0);
      case kKillService:
        return Kill();
      case kAnotherReplica:
        ++keeper_->At(kName).generation;
        return;
      case kChangeFilter:
        return ChangeFilter(!narrow_);
      case kSteps:
        return;
    }
  }

  // From now on what the new filter passes is to be told, whoever is still connected by the old
  // one.
  void ChangeFilter(bool narrow) {
    narrow_ = narrow;
    keeper_->At(kName).filter = FilterOf(narrow);
    ++keeper_->At(kName).version;
    for (auto& [id, published] : published_) {
      if (narrow && published.risk < 2) published.always_passes = false;
    }
  }

  // Nothing that the service still wanted to keep reaches the ledger.
  void Kill() {
    Look();
    keeper_->Hold(false);
    keeper_->FailKeeps(1 << 20);
    scheduler_.RunUntilIdle();
    hub_.reset();
    scheduler_.RunUntilIdle();
    consumers_.reset();
    scheduler_.RunUntilIdle();
    Look();
    clients_.clear();
    keeper_->FailKeeps(0);
    StartConsumers(SmallTail());
  }

  void Settle() {
    scheduler_.RunUntilIdle();
    Look();
  }

  // Looks at what all clients have been told since the last look.
  void Look() {
    for (const auto& client : clients_) {
      std::vector<TestConsumer::Delivered> delivered(
          client->stream.delivered().begin() + static_cast<ptrdiff_t>(client->seen),
          client->stream.delivered().end());
      client->seen += delivered.size();
      if (fault_ == Fault::kSwapsTwo && delivered.size() > 2) {
        std::swap(delivered[0].text, delivered[2].text);
      }
      for (const TestConsumer::Delivered& one : delivered) LookAt(client.get(), one);
      const auto keep = [&](uint64_t number) {
        if (client->ids.contains(number)) kept_.insert(client->ids.at(number));
      };
      for (uint64_t n = client->kept_through + 1; n <= client->stream.kept_through(); ++n) keep(n);
      client->kept_through = client->stream.kept_through();
      const std::vector<uint64_t>& singles = client->stream.kept_singles();
      for (; client->singles_seen < singles.size(); ++client->singles_seen) {
        keep(singles[client->singles_seen]);
      }
    }
  }

  void LookAt(Client* client, const TestConsumer::Delivered& one) {
    const std::string id = one.text.substr(0, one.text.find(' '));
    const Published& published = published_.at(id);
    if (one.number != client->ids.size() + 1) Problem(id + " has another number than expected");
    if (!published.in_scope) Problem(id + " is outside the scope");
    if (!published.may_pass) Problem(id + " passes no filter");
    int64_t& last = client->last[published.partition];
    if (published.position <= last) Problem(id + " came twice or out of order");
    last = published.position;
    // What was told as kept to this same connection cannot have been told before it was sent.
    if (kept_.contains(id)) Problem(id + " came again though it was kept");
    client->ids[one.number] = id;
  }

  // Everything works from now on: whatever has to be told must be acknowledged in the end.
  void Heal() {
    keeper_->FailKeeps(0);
    keeper_->Hold(false);
    ChangeFilter(false);
    Settle();
    Connect();
    for (int round = 0; round < 400; ++round) {
      scheduler_.Advance(absl::Milliseconds(100));
      Settle();
      if (!Open(Newest())) {
        Connect();
        Settle();
      }
      Do(kAckAll);
      Settle();
    }
    for (const auto& [id, published] : published_) {
      if (published.always_passes && !acknowledged_.contains(id)) Problem(id + " was missed");
    }
    Newest()->stream->OnCancelled();
    Settle();
    if (consumers_->size() != 0) Problem("connections are left behind");
    clients_.clear();
  }

  std::mt19937 random_;
  const Fault fault_;
  bool narrow_ = false;
  std::map<std::string, Published> published_;
  std::set<std::string> acknowledged_;  // by the client
  std::set<std::string> kept_;          // and told so
  std::vector<std::unique_ptr<Client>> clients_;
  std::vector<std::string> problems_;
};

int Schedules() {
  const char* const asked = std::getenv("SUPERVISION_SCHEDULES");
  return asked == nullptr ? 500 : std::atoi(asked);
}

TEST(ConsumersModelTest, NothingIsMissedNorToldAgainOnceKept) {
  for (int seed = 1; seed <= Schedules(); ++seed) {
    ScheduleRun run(static_cast<uint32_t>(seed), Fault::kNone);
    const std::vector<std::string> problems = run.Run(60);
    ASSERT_THAT(problems, ::testing::IsEmpty()) << "seed " << seed;
  }
  for (const auto& [step, count] : StepCounts()) {
    std::cout << step << ": " << count << "\n";
    EXPECT_GE(count, 20) << step;
  }
}

class PlantedFaultTest : public ::testing::TestWithParam<std::pair<const char*, Fault>> {};

TEST_P(PlantedFaultTest, IsCaught) {
  int caught = 0;
  for (uint32_t seed = 1; seed <= 20 && caught == 0; ++seed) {
    ScheduleRun run(seed, GetParam().second);
    caught += run.Run(60).empty() ? 0 : 1;
  }
  EXPECT_GT(caught, 0);
}

INSTANTIATE_TEST_SUITE_P(Faults, PlantedFaultTest,
                         ::testing::Values(std::pair("DropsOne", Fault::kDropsOne),
                                           std::pair("DoublesOne", Fault::kDoublesOne),
                                           std::pair("SwapsTwo", Fault::kSwapsTwo),
                                           std::pair("LeavesTheScope", Fault::kLeavesTheScope),
                                           std::pair("MovesThoughChanged",
                                                     Fault::kMovesThoughChanged)),
                         [](const auto& info) { return std::string(info.param.first); });

}  // namespace
}  // namespace supervision::alerting
