#include "services/rpc/figures.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "prometheus/counter.h"
#include "prometheus/gauge.h"
#include "prometheus/histogram.h"
#include "prometheus/registry.h"

namespace supervision::rpc {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class FiguresTest : public ::testing::Test {
 protected:
  void Count(const std::string& name, const prometheus::Labels& labels, double value) {
    prometheus::BuildCounter().Name(name).Register(registry_).Add(labels).Increment(value);
  }
  void Set(const std::string& name, const prometheus::Labels& labels, double value) {
    prometheus::BuildGauge().Name(name).Register(registry_).Add(labels).Set(value);
  }
  v1::Figures Read() { return FiguresOf(registry_.Collect(), connected_, absl::UnixEpoch()); }

  prometheus::Registry registry_;
  std::map<std::string, alerting::OwnerConnections> connected_;
};

TEST_F(FiguresTest, WhatIsCountedByLabelsIsAddedUp) {
  Count("supervision_clues_total", {{"scenario", "a"}}, 3);
  Count("supervision_clues_total", {{"scenario", "b"}}, 4);
  Set("supervision_ledger_queued_changes", {}, 5);
  EXPECT_EQ(Read().intake().accepted_total(), 7);
  EXPECT_EQ(Read().ledger().queued_changes(), 5);
  EXPECT_EQ(Read().streams().open(), 0);
}

TEST_F(FiguresTest, LatenciesAreCountedByClassesOverAllLabels) {
  EXPECT_THAT(Read().intake().latency().counts(), IsEmpty());
  auto& family =
      prometheus::BuildHistogram().Name("supervision_intake_seconds").Register(registry_);
  const prometheus::Histogram::BucketBoundaries bounds = {0.1, 1};
  family.Add({{"change", "submit"}}, bounds).Observe(0.05);
  family.Add({{"change", "revise"}}, bounds).Observe(0.05);
  family.Add({{"change", "revise"}}, bounds).Observe(7);
  EXPECT_THAT(Read().intake().latency().bounds_seconds(), ElementsAre(0.1, 1));
  EXPECT_THAT(Read().intake().latency().counts(), ElementsAre(2, 0, 1));
}

TEST_F(FiguresTest, OwnersAreThoseConnectedAndThoseBehindTheMostToTellFirst) {
  connected_["both"] = {2, 10};
  connected_["here"] = {1, 0};
  Set("supervision_subscription_behind_entries", {{"owner", "both"}}, 5);
  Set("supervision_subscription_behind_entries", {{"owner", "away"}}, 100);
  Set("supervision_subscription_behind_entries", {{"owner", "*"}}, 0);
  Set("supervision_subscription_oldest_unread_seconds", {{"owner", "away"}}, 60);
  const v1::SubscriptionFigures figures = Read().subscriptions();
  ASSERT_EQ(figures.owners_size(), 3);
  EXPECT_EQ(figures.owners(0).owner(), "away");
  EXPECT_EQ(figures.owners(0).oldest_unread().seconds(), 60);
  EXPECT_EQ(figures.owners(1).owner(), "both");
  EXPECT_EQ(figures.owners(1).connections(), 2);
  EXPECT_EQ(figures.owners(2).owner(), "here");
  EXPECT_FALSE(figures.owners(2).has_behind_entries());
}

TEST_F(FiguresTest, OfTooManyOwnersThoseWithTheMostToTellAreLeft) {
  for (int i = 0; i < 60; ++i) connected_["o" + std::to_string(i)] = {1, static_cast<size_t>(i)};
  const v1::SubscriptionFigures figures = Read().subscriptions();
  ASSERT_EQ(figures.owners_size(), 50);
  EXPECT_EQ(figures.owners(49).unacknowledged_alerts(), 10);
}

}  // namespace
}  // namespace supervision::rpc
