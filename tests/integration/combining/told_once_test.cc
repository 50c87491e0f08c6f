// Whoever begins at the earliest place while the routes change hands hears of each version of each
// alert once: of the clues, and of what routes tell of them.
#include <atomic>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "services/alerting/consumers.h"
#include "services/ledger/subscription_desk.h"
#include "tests/integration/combining/replica.h"
#include "tests/unit/alerting/test_consumer.h"
#include "tests/unit/alerting/test_stream.h"

namespace supervision::combining {
namespace {

using alerting::TestStream;
using testing::Await;
using testing::Eventually;
using testing::kPatience;

constexpr int kOwners = 5;  // that die
constexpr int kUnits = 6;

// One alert about the third clue of a unit, and one with versions about all clues of a unit.
std::shared_ptr<const RouteSet> Routes() {
  auto routes = std::make_shared<RouteSet>(*ThirdOfAUnit());
  Route together = routes->routes.front();
  together.id = "together";
  together.rule = GroupRule{absl::Milliseconds(50), absl::Milliseconds(50), absl::Hours(24), 2};
  routes->routes.push_back(std::move(together));
  return routes;
}

std::string LineOf(const domain::Alert& alert) {
  return absl::StrCat(alert.id, " ", alert.version, " full");
}

// Reads a subscription and acknowledges each message at once.
class Subscriber final : public alerting::StreamSink {
 public:
  void Open(alerting::Consumers* consumers, const ledger::SubscriptionKey& key) {
    auto connection = consumers->Open({.key = key, .window = {100, 1 << 20}}, this);
    base::MutexLock lock(&mutex_);
    connection_ = std::move(connection);
    changed_.SignalAll();
  }
  ~Subscriber() override {
    std::shared_ptr<alerting::Connection> connection;
    {
      base::MutexLock lock(&mutex_);
      connection = connection_;
    }
    if (connection == nullptr) return;
    connection->OnCancelled();
    base::MutexLock lock(&mutex_);
    while (!finished_) changed_.Wait(&mutex_);
  }
  void Write(std::vector<alerting::SharedBytes> pieces) override {
    uint64_t delivered = 0;
    std::shared_ptr<alerting::Connection> connection;
    {
      base::MutexLock lock(&mutex_);
      for (const std::string& line : alerting::LinesOf(pieces)) {
        if (line.rfind("alert ", 0) == 0) updates_.push_back(line.substr(6));
      }
      delivered = updates_.size();  // the first connection: they count from 1
      while (connection_ == nullptr) changed_.Wait(&mutex_);
      connection = connection_;
    }
    connection->Acknowledge(delivered, {});
    connection->OnWritten(true);
  }
  void Finish(absl::Status) override {
    base::MutexLock lock(&mutex_);
    finished_ = true;
    changed_.SignalAll();
  }
  std::vector<std::string> updates() const {
    base::MutexLock lock(&mutex_);
    return updates_;
  }

 private:
  mutable base::Mutex mutex_;
  base::CondVar changed_;
  std::shared_ptr<alerting::Connection> connection_ ABSL_GUARDED_BY(mutex_);
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::string> updates_ ABSL_GUARDED_BY(mutex_);
};

class ToldOnceTest : public ::testing::Test {
 protected:
  ToldOnceTest() : reader_(redis_, "reader", ThirdOfAUnit(false)) {
    EXPECT_TRUE(reader_.WaitReady());
    alerting::Hub::Options options;
    options.tail_entries = 16;  // so that streams also read from the ledger
    options.max_alerts_per_message = 5;
    options.page_entries = 7;
    hub_ =
        std::make_unique<alerting::Hub>(reader_.get(), reader_.loop(), &encoder_,
                                        observability::Logger::Null(), reader_.registry(), options);
    consumers_ = std::make_unique<alerting::Consumers>(
        hub_.get(), reader_.get(), reader_.loop(), "reader", &captions_,
        observability::Logger::Null(), reader_.registry(), alerting::Consumers::Options());
  }
  ~ToldOnceTest() override {
    subscribers_.clear();
    streams_.clear();
    Eventually([&] { return consumers_->size() == 0; });
    hub_.reset();
    consumers_.reset();
  }

  void OpenStream() {
    streams_.push_back(std::make_unique<TestStream>(TestStream::Eager));
    streams_.back()->Open(hub_.get(), alerting::Earliest());
  }
  void OpenSubscription() {
    ledger::SubscriptionDraft draft;
    draft.key = {"monitor", absl::StrCat("s", subscribers_.size())};
    draft.start.epochs.assign(kPartitions, 1);
    draft.start.positions.assign(kPartitions, 0);
    ledger::SubscriptionDesk desk(reader_.get());
    const auto made =
        Await<ledger::Subscription>([&](ledger::Ledger::Callback<ledger::Subscription> done) {
          desk.Create(draft, 100, kPatience, std::move(done));
        });
    ASSERT_TRUE(made.ok()) << made.status();
    subscribers_.push_back(std::make_unique<Subscriber>());
    subscribers_.back()->Open(consumers_.get(), draft.key);
  }

  // Owners one after the other: each dies when it has told a few, and then somebody opens a stream
  // while clues go on coming and the next one reads the log anew.
  void RunOwners(uint32_t seed) {
    std::mt19937 random(seed);
    std::unique_ptr<Replica> dead;
    for (int owner = 0; owner <= kOwners; ++owner) {
      std::atomic<int>* const left =
          lives_
              .emplace_back(new std::atomic<int>(
                  owner == kOwners ? 1'000'000 : static_cast<int>(2 + random() % 6)))
              .get();
      auto replica = std::make_unique<Replica>(redis_, absl::StrCat("owner-", owner), Routes(),
                                               [left] { return (*left)-- > 0; });
      ASSERT_TRUE(replica->WaitReady());
      replica->Follow();
      OpenStream();
      ASSERT_TRUE(Eventually([&] { return replica->Holding() > 0; }));
      OpenStream();
      OpenSubscription();
      for (int clue = 0; *left >= 0 && clue < 40; ++clue) {
        // The last one comes to all units, so that each is told of however soon the others died.
        const auto unit = owner == kOwners ? static_cast<uint32_t>(clue) : random();
        reader_.Submit(absl::StrCat("o", owner, "-", clue), absl::StrCat("单位", unit % kUnits));
        if (clue % 8 == 0) OpenStream();
      }
      if (owner < kOwners) {
        ASSERT_TRUE(Eventually([&] { return *left < 0; })) << owner;
      }
      dead = std::move(replica);
    }
    last_ = std::move(dead);
  }

  // Nothing is told any more: all groups have been told with all their clues.
  bool WaitForRest() {
    return Eventually([&] {
      std::map<std::string, int64_t> total, clues;
      for (const domain::Alert& alert : reader_.Logged()) {
        const std::string& unit = alert.facets.unit.name;
        if (alert.group == nullptr) {
          ++clues[unit];
        } else if (alert.group->route == "together") {
          total[unit] = alert.group->total;
        }
      }
      return total == clues;
    });
  }

  testing::RedisServer redis_;
  Replica reader_;
  alerting::TestEncoder encoder_;
  alerting::TestCaptionEncoder captions_;
  std::unique_ptr<alerting::Hub> hub_;
  std::unique_ptr<alerting::Consumers> consumers_;
  std::vector<std::unique_ptr<TestStream>> streams_;
  std::vector<std::unique_ptr<Subscriber>> subscribers_;
  std::vector<std::unique_ptr<std::atomic<int>>> lives_;
  std::unique_ptr<Replica> last_;
};

TEST_F(ToldOnceTest, FromTheEarliestPlaceWhileOwnersOfTheRoutesDie) {
  const uint32_t seed = std::random_device()();
  std::printf("seed %u\n", seed);
  ASSERT_NO_FATAL_FAILURE(RunOwners(seed));
  ASSERT_TRUE(WaitForRest());

  // The log itself tells nothing twice, not even under another name or version.
  std::vector<std::string> logged;
  std::map<std::string, std::set<std::string>> names;  // by route and unit
  std::map<std::string, int64_t> totals;               // by alert
  for (const domain::Alert& alert : reader_.Logged()) {
    logged.push_back(LineOf(alert));
    if (alert.group == nullptr) continue;
    names[alert.group->route + " " + alert.facets.unit.name].insert(alert.id);
    EXPECT_GT(alert.group->total, totals[alert.id]) << LineOf(alert) << " has nothing new";
    totals[alert.id] = alert.group->total;
  }
  for (const auto& [what, ids] : names) EXPECT_EQ(ids.size(), 1u) << what;
  EXPECT_EQ(names.size(), 2u * kUnits);
  EXPECT_EQ(std::set<std::string>(logged.begin(), logged.end()).size(), logged.size());

  // And whoever listens hears of each version once.
  for (const auto& stream : streams_) {
    ASSERT_TRUE(Eventually([&] { return stream->told() >= logged.size(); }));
    EXPECT_THAT(stream->updates(), ::testing::UnorderedElementsAreArray(logged));
  }
  for (const auto& subscriber : subscribers_) {
    ASSERT_TRUE(Eventually([&] { return subscriber->updates().size() >= logged.size(); }));
    EXPECT_THAT(subscriber->updates(), ::testing::UnorderedElementsAreArray(logged));
  }
}

}  // namespace
}  // namespace supervision::combining
