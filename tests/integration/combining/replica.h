#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "services/combining/follower.h"
#include "services/ledger/route_desk.h"
#include "tests/integration/ledger/ledger_fixture.h"

namespace supervision::combining {

inline constexpr int kPartitions = 3;

// The third clue about one unit within a day.
inline std::shared_ptr<const RouteSet> ThirdOfAUnit(bool enabled = true) {
  Route route;
  route.id = "unit";
  route.enabled = enabled;
  route.title_zh = "同一单位多条线索";
  route.title_en = "several clues about one unit";
  route.by = {GroupBy::kUnit};
  route.rule = ThresholdRule{3, absl::Hours(24), std::nullopt, absl::Hours(24)};
  auto routes = std::make_shared<RouteSet>();
  routes->version = "1";
  routes->routes = {std::move(route)};
  return routes;
}

// A replica: a ledger of its own on the one Redis, and a follower.
class Replica {
 public:
  Replica(const testing::RedisServer& redis, std::string holder,
          std::shared_ptr<const RouteSet> routes = ThirdOfAUnit(),
          std::function<bool()> before_telling = nullptr, std::vector<std::string> watchers = {},
          absl::Duration late = Follower::Options().late,
          const base::Clock* clock = base::Clock::System())
      : slot_(std::move(routes)) {
    ledger::Ledger::Options options = testing::OptionsFor(redis);
    options.partitions = kPartitions;
    ledger_ = std::make_unique<ledger::Ledger>(&loop_, clock, observability::Logger::Null(),
                                               &registry_, std::move(options));
    Follower::Options follow;
    follow.holder = std::move(holder);
    follow.lease = absl::Milliseconds(600);
    follow.poll = absl::Milliseconds(10);
    follow.page = 7;
    follow.late = late;
    follow.before_telling = std::move(before_telling);
    follow.watchers_of = [watchers](const domain::Facets&) { return watchers; };
    follower_ = std::make_unique<Follower>(ledger_.get(), &loop_, &slot_, clock,
                                           observability::Logger::Null(), &registry_, follow);
  }
  ~Replica() {
    follower_->Stop();
    loop_.Stop();
    follower_.reset();
    ledger_.reset();
  }

  bool WaitReady() {
    return testing::Eventually([this] { return ledger_->state().ready; });
  }
  void Follow() { follower_->Start(); }
  RouteSlot* slot() { return &slot_; }
  ledger::Ledger* operator->() { return ledger_.get(); }
  ledger::Ledger* get() { return ledger_.get(); }
  redis::Loop* loop() { return &loop_; }
  prometheus::Registry* registry() { return &registry_; }

  // 1 once this replica follows.
  double Holding() { return Gauge("supervision_routes_holding"); }
  // When the calendar of its routes ends, as its gauge says; 0: none goes by it.
  double CalendarEnds() { return Gauge("supervision_route_calendar_ends_seconds"); }
  // Those that it follows.
  double Clues() { return Gauge("supervision_route_clues"); }
  // How many alerts it has told late; -1 while nothing is counted.
  double Late() {
    for (const auto& family : registry_.Collect()) {
      if (family.name != "supervision_route_alerts_late_total") continue;
      return family.metric[0].counter.value;
    }
    return -1;
  }
  // What is counted for a route; nothing while it has no counter.
  std::optional<double> CountOf(const std::string& route) {
    for (const auto& family : registry_.Collect()) {
      if (family.name != "supervision_route_alerts_total") continue;
      for (const auto& metric : family.metric) {
        if (metric.label.at(0).value == route) return metric.counter.value;
      }
    }
    return std::nullopt;
  }

  void Submit(const std::string& key, const std::string& unit) {
    ledger::Submission submission = testing::ExampleSubmission(key);
    submission.content.unit = {unit, ""};
    Submit(std::move(submission));
  }
  ledger::Receipt Submit(ledger::Submission submission) {
    const auto receipt =
        testing::Await<ledger::Receipt>([&](ledger::Ledger::Callback<ledger::Receipt> done) {
          ledger_->Submit(submission, testing::kPatience, std::move(done));
        });
    EXPECT_TRUE(receipt.ok()) << receipt.status();
    return receipt.ok() ? *receipt : ledger::Receipt();
  }

  // Every alert of a route in the log, oldest first.
  std::vector<domain::Alert> Told() {
    std::vector<domain::Alert> told = Logged();
    std::erase_if(told, [](const domain::Alert& alert) { return alert.group == nullptr; });
    return told;
  }
  // Every alert in the log.
  std::vector<domain::Alert> Logged() {
    std::vector<domain::Alert> told;
    for (int p = 0; p < kPartitions; ++p) {
      const auto page =
          testing::Await<ledger::LogPage>([&](ledger::Ledger::Callback<ledger::LogPage> done) {
            ledger_->ReadLog(p, 1, 0, 1000, 1 << 20, testing::kPatience, std::move(done));
          });
      if (!page.ok()) continue;
      for (const ledger::LogEntryPtr& entry : page->entries) {
        told.push_back(entry->event.alert);
      }
    }
    return told;
  }

  absl::StatusOr<ledger::RouteLease> Take() {
    ledger::RouteDesk desk(ledger_.get());
    return testing::Await<ledger::RouteLease>(
        [&](ledger::Ledger::Callback<ledger::RouteLease> done) {
          desk.Take("me", absl::Minutes(1), testing::kPatience, std::move(done));
        });
  }
  absl::StatusOr<ledger::DeriveResult> Tell(int64_t fence, ledger::DerivedAlert alert) {
    ledger::RouteDesk desk(ledger_.get());
    return testing::Await<ledger::DeriveResult>(
        [&](ledger::Ledger::Callback<ledger::DeriveResult> done) {
          desk.Tell(fence, std::move(alert), std::nullopt, testing::kPatience, std::move(done));
        });
  }

 private:
  double Gauge(const std::string& name) {
    for (const auto& family : registry_.Collect()) {
      if (family.name == name) return family.metric[0].gauge.value;
    }
    return 0;
  }

  redis::Loop loop_;
  prometheus::Registry registry_;
  RouteSlot slot_;
  std::unique_ptr<ledger::Ledger> ledger_;
  std::unique_ptr<Follower> follower_;
};

}  // namespace supervision::combining
