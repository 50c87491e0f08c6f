// Streams that begin with the alerts as they stand: all of them, then what changes, with no seam.

#include <algorithm>
#include <map>

#include "absl/strings/str_split.h"
#include "tests/unit/alerting/hub_fixture.h"

namespace supervision::alerting {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

Hub::Request FromSnapshot() { return From(Hub::Start::From::kSnapshot); }

domain::ChangeEvent OpenAlert(const std::string& id, uint32_t version = 1) {
  domain::ChangeEvent event = NewAlert(id);
  event.alert.version = version;
  event.alert.facets.state = domain::AlertState::kOpen;
  if (version > 1) event.previous = event.alert.facets;
  return event;
}

class HubSnapshotTest : public HubFixture {
 protected:
  void Append(const domain::ChangeEvent& event) {
    log_.Append(0, event);
    scheduler_.RunUntilIdle();
  }
};

TEST_F(HubSnapshotTest, OpenAlertsComeAsTheyStandThenWhatIsNew) {
  StartHub();
  Append(OpenAlert("a"));
  Append(OpenAlert("b"));
  Append(OpenAlert("a", 2));
  domain::ChangeEvent done = OpenAlert("c");
  done.alert.facets.state = domain::AlertState::kResolved;
  Append(done);
  TestStream stream(TestStream::Eager);
  Open(&stream, FromSnapshot());
  EXPECT_THAT(stream.updates(), ElementsAre("b 1 full", "a 2 full"));
  EXPECT_THAT(stream.notices(), ElementsAre("complete"));
  Append(OpenAlert("d"));
  EXPECT_THAT(stream.updates(), ElementsAre("b 1 full", "a 2 full", "d 1 full"));
  EXPECT_EQ(Metric("supervision_alert_stream_snapshots_total"), 1);
  EXPECT_EQ(Metric("supervision_alert_snapshot_alerts_total"), 2);
}

TEST_F(HubSnapshotTest, WithNothingOpenItIsCompleteAtOnce) {
  StartHub();
  TestStream stream(TestStream::Eager);
  Open(&stream, FromSnapshot());
  EXPECT_THAT(stream.updates(), IsEmpty());
  EXPECT_THAT(stream.notices(), ElementsAre("complete"));
  EXPECT_EQ(stream.cursor(), "1.0,");
}

TEST_F(HubSnapshotTest, ScopeAndFilterApply) {
  StartHub();
  domain::ChangeEvent grave = OpenAlert("grave");
  grave.alert.facets.risk = domain::Risk::kHigh;
  Append(grave);
  Append(OpenAlert("slight"));
  domain::ChangeEvent elsewhere = grave;
  elsewhere.alert.id = "elsewhere";
  elsewhere.alert.facets.region_code = "440100";
  Append(elsewhere);
  Hub::Request request = FromSnapshot();
  request.scope.regions = {"33"};
  request.filter.min_risk = domain::Risk::kHigh;
  TestStream stream(TestStream::Eager);
  Open(&stream, request);
  EXPECT_THAT(stream.updates(), ElementsAre("grave 1 full"));
}

TEST_F(HubSnapshotTest, MoreThanMayBeginAStreamIsRefusedNamingTheFilter) {
  Hub::Options options;
  options.max_snapshot_alerts = 5;
  StartHub(options);
  for (int i = 0; i < 6; ++i) Append(OpenAlert("a" + std::to_string(i)));
  TestStream stream(TestStream::Eager);
  Open(&stream, FromSnapshot());
  ASSERT_TRUE(stream.finished().has_value());
  EXPECT_TRUE(domain::HasReason(*stream.finished(), domain::Reason::kInvalidRequest));
  EXPECT_EQ(domain::DetailOf(*stream.finished())->violations.at(0).field, "filter");
  EXPECT_EQ(hub_->census().sessions, 0u);
}

// Changes come between any two steps of a stream that begins: new alerts, and new versions of those
// in the list. Each version is told at most once, the last of each for certain, in order; and a
// client that breaks off goes on from its first cursor without a gap or a repeat.
TEST_F(HubSnapshotTest, AtTheSeamNothingIsMissingAndNothingComesTwice) {
  StartHub(SmallTail());
  for (int i = 0; i < 150; ++i) log_.Append(0, OpenAlert("a" + std::to_string(i)));
  scheduler_.RunUntilIdle();
  std::map<std::string, uint32_t> newest;
  for (int i = 0; i < 150; ++i) newest["a" + std::to_string(i)] = 1;
  int made = 150;
  for (int step = 0; step <= 60; step += 2) {
    TestStream stream(TestStream::Eager);
    stream.Open(hub_.get(), FromSnapshot());
    for (int i = 0; i < step; ++i) scheduler_.RunOne();
    for (int i = 0; i < 6; ++i) {
      const std::string fresh = "a" + std::to_string(made++);
      log_.Append(0, OpenAlert(fresh));
      newest[fresh] = 1;
      scheduler_.RunOne();
      const std::string changed = "a" + std::to_string((step * 7 + i * 31) % 150);
      log_.Append(0, OpenAlert(changed, ++newest[changed]));
      scheduler_.RunOne();
    }
    scheduler_.RunUntilIdle();
    scheduler_.Advance(absl::Seconds(6));
    ASSERT_THAT(stream.notices(), ElementsAre("complete")) << "step " << step;

    std::map<std::string, uint32_t> told;
    for (const std::string& update : stream.updates()) {
      const std::vector<std::string> words = absl::StrSplit(absl::string_view(update), ' ');
      const auto version = static_cast<uint32_t>(std::stoul(words[1]));
      ASSERT_GT(version, told[words[0]]) << update << " at step " << step;
      told[words[0]] = version;
    }
    ASSERT_EQ(told, newest) << "step " << step;

    std::string first_cursor;
    size_t before = 0;
    for (const TestStream::Message& message : stream.messages()) {
      if (first_cursor.empty()) before += message.updates.size();
      if (first_cursor.empty()) first_cursor = message.cursor;
    }
    TestStream resumed(TestStream::Eager);
    Open(&resumed, Behind(first_cursor));
    std::vector<std::string> all = stream.updates();
    ASSERT_EQ(resumed.updates(),
              std::vector<std::string>(all.begin() + static_cast<ptrdiff_t>(before), all.end()))
        << "step " << step;
    resumed.Cancel();
    stream.Cancel();
  }
}

// The log reaches this process later than the list did.
TEST_F(HubSnapshotTest, WhatTheTailTellsLateIsNotToldAgain) {
  StartHub();
  Append(OpenAlert("a"));
  uint32_t version = 1;
  for (int step = 0; step <= 8; ++step) {
    TestStream stream(TestStream::Eager);
    stream.Open(hub_.get(), FromSnapshot());
    for (int i = 0; i < step; ++i) scheduler_.RunOne();
    log_.HoldTail(true);
    log_.Append(0, OpenAlert("a", ++version));
    scheduler_.RunUntilIdle();
    log_.HoldTail(false);
    scheduler_.RunUntilIdle();
    scheduler_.Advance(absl::Seconds(6));
    const std::string last = absl::StrCat("a ", version, " full");
    const std::vector<std::string> updates = stream.updates();
    EXPECT_EQ(std::count(updates.begin(), updates.end(), last), 1) << "step " << step;
    EXPECT_THAT(stream.notices(), ElementsAre("complete")) << "step " << step;
    stream.Cancel();
  }
}

TEST_F(HubSnapshotTest, FailingReadsAreRepeated) {
  StartHub();
  Append(OpenAlert("a"));
  TestStream stream(TestStream::Eager);
  log_.FailReads(2);
  Open(&stream, FromSnapshot());
  scheduler_.Advance(absl::Seconds(3));
  EXPECT_THAT(stream.updates(), ElementsAre("a 1 full"));
  EXPECT_THAT(stream.notices(), ElementsAre("complete"));
}

TEST_F(HubSnapshotTest, OneThatGoesAwayInTheMiddleLeavesNothing) {
  StartHub(SmallTail());
  for (int i = 0; i < 150; ++i) log_.Append(0, OpenAlert("a" + std::to_string(i)));
  scheduler_.RunUntilIdle();
  for (int steps = 0; steps < 12; ++steps) {
    TestStream stream(TestStream::Eager);
    stream.Open(hub_.get(), FromSnapshot());
    for (int i = 0; i < steps; ++i) scheduler_.RunOne();
    stream.Cancel();
    scheduler_.RunUntilIdle();
    EXPECT_EQ(hub_->census().sessions, 0u);
    EXPECT_EQ(hub_->census().reads_waiting, 0u);
    EXPECT_EQ(hub_->census().views, 0u);
  }
}

}  // namespace
}  // namespace supervision::alerting
