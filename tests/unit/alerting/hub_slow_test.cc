// Streams that fall behind, histories that go away, and reads that fail.

#include "tests/unit/alerting/hub_fixture.h"

namespace supervision::alerting {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class HubSlowTest : public HubFixture {};

TEST_F(HubSlowTest, SlowStreamIsParkedAndCatchesUpComplete) {
  StartHub(SmallTail());
  TestStream slow, fast(TestStream::Eager);
  Open(&slow, Latest());
  Open(&fast, Latest());
  slow.Take();
  PublishMany("a", 1, 100);
  EXPECT_EQ(fast.updates(), Expected("a", 1, 100));
  EXPECT_EQ(slow.told(), 1u);
  scheduler_.Advance(absl::Seconds(6));
  EXPECT_EQ(Metric("supervision_alert_streams_parked"), 1);
  while (slow.outstanding()) {
    slow.Take();
    scheduler_.RunUntilIdle();
  }
  EXPECT_EQ(slow.updates(), Expected("a", 1, 100));
  EXPECT_THAT(slow.notices(), ElementsAre("throttled", "resumed"));
  EXPECT_THAT(fast.notices(), IsEmpty());
  EXPECT_EQ(Metric("supervision_alert_streams_parked"), 0);
  EXPECT_EQ(Metric("supervision_alert_stream_parkings_total"), 1);
  EXPECT_EQ(Metric("supervision_alert_streams_catching_up"), 0);
}

TEST_F(HubSlowTest, FilteredStreamIsNotParkedByWhatItDoesNotSee) {
  StartHub(SmallTail());
  Hub::Request request = Latest();
  request.filter.min_risk = domain::Risk::kHigh;
  TestStream stream(TestStream::Eager);
  Open(&stream, request);
  const int reads = log_.reads();
  PublishMany("a", 1, 100);
  scheduler_.Advance(absl::Seconds(6));
  EXPECT_EQ(stream.cursor(), "1.100,");
  Publish("grave", domain::Risk::kHigh);
  EXPECT_THAT(stream.updates(), ElementsAre("grave 1 full"));
  EXPECT_EQ(log_.reads(), reads);
  EXPECT_EQ(Metric("supervision_alert_stream_parkings_total"), 0);
}

TEST_F(HubSlowTest, StreamWhoseClientDoesNotReadKeepsOneMessage) {
  StartHub(SmallTail());
  TestStream slow;
  Open(&slow, Earliest());
  PublishMany("a", 1, 50'000);
  const int reads = log_.reads();
  for (int i = 0; i < 100; ++i) scheduler_.Advance(absl::Seconds(5));
  EXPECT_EQ(log_.reads(), reads);
  EXPECT_EQ(slow.messages().size(), 1u);
  EXPECT_LE(hub_->census().tail_entries, 8u);
}

TEST_F(HubSlowTest, SeamBetweenReplayAndTailLosesAndDoublesNothing) {
  StartHub(SmallTail());
  // A publisher between any two steps of a stream that joins, at every distance from the end.
  for (int before = 0; before <= 12; ++before) {
    for (int step = 0; step <= 12; ++step) {
      const int64_t start = log_.end(0);
      PublishMany("b", static_cast<int>(start) + 1, static_cast<int>(start) + before);
      TestStream stream(TestStream::Eager);
      stream.Open(hub_.get(), Behind("1." + std::to_string(start) + ","));
      for (int i = 0; i < step; ++i) scheduler_.RunOne();
      for (int i = 1; i <= 5; ++i) {
        log_.Append(0, NewAlert("b" + std::to_string(start + before + i)));
        scheduler_.RunOne();
      }
      scheduler_.RunUntilIdle();
      ASSERT_EQ(stream.updates(),
                Expected("b", static_cast<int>(start) + 1, static_cast<int>(start) + before + 5))
          << "before " << before << " step " << step;
      stream.Cancel();
    }
  }
}

TEST_F(HubSlowTest, PlaceAheadOfTheTailWaitsForIt) {
  StartHub();
  TestStream first(TestStream::Eager);
  Open(&first, Latest());
  log_.HoldTail(true);
  PublishMany("a", 1, 5);
  TestStream ahead(TestStream::Eager);
  Open(&ahead, Latest());  // behind a5, of which the hub has not heard
  PublishMany("a", 6, 7);
  log_.HoldTail(false);
  scheduler_.RunUntilIdle();
  EXPECT_EQ(first.updates(), Expected("a", 1, 7));
  EXPECT_EQ(ahead.updates(), Expected("a", 6, 7));
}

TEST_F(HubSlowTest, TailThatStandsStillDoesNotMeanSilence) {
  StartHub();
  TestStream stream(TestStream::Eager);
  Open(&stream, Latest());
  PublishMany("a", 1, 3);
  log_.HoldTail(true);
  PublishMany("a", 4, 9);
  scheduler_.Advance(absl::Seconds(20));
  EXPECT_EQ(stream.updates(), Expected("a", 1, 9));
  EXPECT_EQ(Metric("supervision_alert_tail_stalls_total"), 1);
  log_.HoldTail(false);
  PublishMany("a", 10, 12);
  EXPECT_EQ(stream.updates(), Expected("a", 1, 12));
}

TEST_F(HubSlowTest, HoleInTheTailIsFilledFromTheLedger) {
  StartHub();
  TestStream stream(TestStream::Eager), grave(TestStream::Eager);
  Hub::Request high = Latest();
  high.filter.min_risk = domain::Risk::kHigh;
  Open(&stream, Latest());
  Open(&grave, high);
  PublishMany("a", 1, 3);
  log_.DropNews(2);
  PublishMany("a", 4, 4);
  Publish("a5", domain::Risk::kHigh);
  PublishMany("a", 6, 7);
  EXPECT_EQ(stream.updates(), Expected("a", 1, 7));
  EXPECT_THAT(grave.updates(), ElementsAre("a5 1 full"));
}

TEST_F(HubSlowTest, HistoryTrimmedUnderAParkedStreamIsSaid) {
  StartHub(SmallTail());
  TestStream slow;
  Open(&slow, Latest());
  PublishMany("a", 1, 100);
  log_.Trim(0, 60);
  slow.Take();
  scheduler_.RunUntilIdle();
  ASSERT_TRUE(slow.finished().has_value());
  ASSERT_TRUE(domain::HasReason(*slow.finished(), domain::Reason::kCursorTrimmed));
  EXPECT_THAT(domain::DetailOf(*slow.finished())->metadata,
              ElementsAre(std::make_pair("earliest_cursor", "1.59,")));
}

TEST_F(HubSlowTest, NewEpochEndsTheStreamsThatSawWhatIsLost) {
  StartHub();
  TestStream seen(TestStream::Eager), slow, late(TestStream::Eager);
  Open(&seen, Latest());
  Open(&slow, Latest());
  PublishMany("a", 1, 10);
  log_.LoseHistory(0, 6);
  scheduler_.RunUntilIdle();
  ASSERT_TRUE(seen.finished().has_value());
  ASSERT_TRUE(domain::HasReason(*seen.finished(), domain::Reason::kHistoryLost));
  EXPECT_THAT(domain::DetailOf(*seen.finished())->metadata,
              ElementsAre(std::make_pair("resume_cursor", "2.6,")));
  // The slow one has seen nothing of it and goes on in the new history.
  PublishMany("n", 7, 8);
  while (slow.outstanding()) {
    slow.Take();
    scheduler_.RunUntilIdle();
  }
  EXPECT_THAT(slow.updates(), ElementsAre("a1 1 full", "a2 1 full", "a3 1 full", "a4 1 full",
                                          "a5 1 full", "a6 1 full", "n7 1 full", "n8 1 full"));
  EXPECT_EQ(slow.cursor(), "2.8,");
  Open(&late, Behind("1.6,"));
  EXPECT_EQ(late.updates(), Expected("n", 7, 8));
}

TEST_F(HubSlowTest, NewEpochBehindEverythingToldIsNotNoticed) {
  StartHub();
  TestStream stream(TestStream::Eager);
  Open(&stream, Latest());
  PublishMany("a", 1, 6);
  log_.LoseHistory(0, 6);
  PublishMany("n", 7, 7);
  EXPECT_FALSE(stream.finished().has_value());
  EXPECT_EQ(stream.updates().back(), "n7 1 full");
  EXPECT_EQ(stream.cursor(), "2.7,");
}

TEST_F(HubSlowTest, PageReadBeforeTheLossIsNotTold) {
  PublishMany("a", 1, 10);
  StartHub();
  TestStream stream(TestStream::Eager);
  Open(&stream, Behind("1.6,"));
  TestStream other(TestStream::Eager);
  log_.HoldReads(true);
  Open(&other, Behind("1.6,"));
  log_.LoseHistory(0, 6);
  scheduler_.RunUntilIdle();
  PublishMany("n", 7, 8);
  log_.HoldReads(false);
  scheduler_.RunUntilIdle();
  EXPECT_EQ(other.updates(), Expected("n", 7, 8));
  EXPECT_EQ(stream.updates(), Expected("a", 7, 10));
  ASSERT_TRUE(stream.finished().has_value());
}

TEST_F(HubSlowTest, FailingReadsAreRepeated) {
  PublishMany("a", 1, 30);
  StartHub();
  log_.FailReads(5);
  TestStream stream(TestStream::Eager);
  Open(&stream, Earliest());
  EXPECT_THAT(stream.updates(), IsEmpty());
  scheduler_.Advance(absl::Seconds(20));
  EXPECT_EQ(stream.updates(), Expected("a", 1, 30));
}

TEST_F(HubSlowTest, ReadsThatFailForLongEndTheStreamWithADelay) {
  PublishMany("a", 1, 30);
  StartHub();
  log_.FailReads(1'000'000);
  TestStream stream(TestStream::Eager);
  Open(&stream, Earliest());
  scheduler_.Advance(absl::Seconds(25));
  EXPECT_FALSE(stream.finished().has_value());
  scheduler_.Advance(absl::Seconds(10));
  ASSERT_TRUE(stream.finished().has_value());
  EXPECT_EQ(stream.finished()->code(), absl::StatusCode::kUnavailable);
  EXPECT_TRUE(domain::DetailOf(*stream.finished())->retry_after.has_value());
}

TEST_F(HubSlowTest, CatchUpsTakeTurns) {
  Hub::Options options;
  options.max_concurrent_catch_ups = 2;
  options.max_alerts_per_message = 4;
  PublishMany("a", 1, 40);
  StartHub(options);
  log_.HoldReads(true);
  std::vector<std::unique_ptr<TestStream>> streams;
  for (int i = 0; i < 10; ++i) {
    streams.push_back(std::make_unique<TestStream>(TestStream::Eager));
    Open(streams.back().get(), Behind("1." + std::to_string(i) + ","));
  }
  EXPECT_EQ(log_.reads(), 2);
  EXPECT_EQ(hub_->census().reads_waiting, 8u);
  log_.HoldReads(false);
  scheduler_.RunUntilIdle();
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(streams[static_cast<size_t>(i)]->updates(), Expected("a", i + 1, 40));
  }
}

TEST_F(HubSlowTest, AHundredMonitorsThatMissedTheSameCostTheReadsOfOne) {
  PublishMany("a", 1, 40);
  StartHub(SmallTail());
  TestStream alone(TestStream::Eager);
  Open(&alone, Earliest());
  const int reads_of_one = log_.reads();
  std::vector<std::unique_ptr<TestStream>> streams;
  for (int i = 0; i < 100; ++i) {
    streams.push_back(std::make_unique<TestStream>(TestStream::Eager));
    streams.back()->Open(hub_.get(), Earliest());
  }
  scheduler_.RunUntilIdle();
  for (const auto& stream : streams) ASSERT_EQ(stream->updates(), Expected("a", 1, 40));
  EXPECT_EQ(log_.reads(), 2 * reads_of_one);
  EXPECT_EQ(hub_->census().shelf_bytes, 0u) << "kept though nobody catches up";
}

TEST_F(HubSlowTest, MonitorsThatLeftAtDifferentPlacesSoonReadTheSamePages) {
  PublishMany("a", 1, 80);
  StartHub(SmallTail());
  TestStream alone(TestStream::Eager);
  Open(&alone, Earliest());
  const int reads_of_one = log_.reads();
  std::vector<std::unique_ptr<TestStream>> streams;
  for (int i = 0; i < 4; ++i) {
    streams.push_back(std::make_unique<TestStream>(TestStream::Eager));
    streams.back()->Open(hub_.get(), Behind("1." + std::to_string(i) + ","));
  }
  scheduler_.RunUntilIdle();
  for (int i = 0; i < 4; ++i) {
    ASSERT_EQ(streams[static_cast<size_t>(i)]->updates(), Expected("a", i + 1, 80));
  }
  // Each its first page, up to where the pages of all begin; then one reads for all four.
  EXPECT_EQ(log_.reads(), 2 * reads_of_one + 3);
}

class HubPartitionsTest : public HubFixture {
 protected:
  HubPartitionsTest() : HubFixture(3) {}
};

TEST_F(HubPartitionsTest, OrderIsKeptWithinAPartition) {
  const auto publish = [&](int from, int to) {
    for (int i = from; i <= to; ++i) {
      for (int p = 0; p < 3; ++p)
        log_.Append(p, NewAlert("p" + std::to_string(p) + "-" + std::to_string(i)));
    }
    scheduler_.RunUntilIdle();
  };
  publish(1, 30);
  StartHub(SmallTail());
  TestStream stream(TestStream::Eager);
  Open(&stream, Earliest());
  publish(31, 60);
  ASSERT_EQ(stream.told(), 180u);
  std::vector<int> last(3, 0);
  for (const std::string& update : stream.updates()) {
    const int partition = update[1] - '0';
    EXPECT_EQ(std::stoi(update.substr(3)), ++last[partition]);
  }
  EXPECT_EQ(stream.cursor(), "1.60,1.60,1.60,");
}

TEST_F(HubPartitionsTest, QuietPartitionsNeedOneReadEach) {
  StartHub();
  TestStream stream(TestStream::Eager), second(TestStream::Eager);
  Open(&stream, Earliest());
  EXPECT_EQ(log_.reads(), 3);
  Open(&second, Earliest());
  EXPECT_EQ(log_.reads(), 3);
  log_.Append(2, NewAlert("x"));
  scheduler_.RunUntilIdle();
  EXPECT_THAT(stream.updates(), ElementsAre("x 1 full"));
  EXPECT_THAT(second.updates(), ElementsAre("x 1 full"));
}

}  // namespace
}  // namespace supervision::alerting
