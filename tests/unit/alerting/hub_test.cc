// What a stream tells, from where, and what it shares.

#include <memory>
#include <vector>

#include "tests/support/heap.h"
#include "tests/unit/alerting/hub_fixture.h"

namespace supervision::alerting {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class HubTest : public HubFixture {};

TEST_F(HubTest, FirstMessageHasTheCursorOfTheStartAndNothingElse) {
  StartHub();
  PublishMany("a", 1, 3);
  TestStream stream(TestStream::Eager);
  Open(&stream, Latest());
  ASSERT_THAT(stream.messages(), SizeIs(1));
  EXPECT_EQ(stream.messages()[0].cursor, "1.3,");
  EXPECT_THAT(stream.updates(), IsEmpty());
}

TEST_F(HubTest, LatestTellsOnlyWhatComesAfterwards) {
  StartHub();
  PublishMany("a", 1, 3);
  TestStream stream(TestStream::Eager);
  Open(&stream, Latest());
  PublishMany("a", 4, 6);
  EXPECT_EQ(stream.updates(), Expected("a", 4, 6));
  EXPECT_EQ(stream.cursor(), "1.6,");
}

TEST_F(HubTest, EarliestTellsWhatWasBeforeTheHub) {
  PublishMany("a", 1, 600);
  StartHub();
  TestStream stream(TestStream::Eager);
  Open(&stream, Earliest());
  PublishMany("a", 601, 603);
  EXPECT_EQ(stream.updates(), Expected("a", 1, 603));
  EXPECT_EQ(stream.cursor(), "1.603,");
}

TEST_F(HubTest, CursorTellsWhatLiesBehindIt) {
  StartHub();
  PublishMany("a", 1, 5);
  TestStream stream(TestStream::Eager);
  Open(&stream, Behind("1.2,"));
  PublishMany("a", 6, 6);
  EXPECT_EQ(stream.updates(), Expected("a", 3, 6));
}

TEST_F(HubTest, ResumeWithinTheTailReadsNothingFromTheLedger) {
  StartHub();
  TestStream first(TestStream::Eager);
  Open(&first, Latest());
  PublishMany("a", 1, 20);
  const int reads = log_.reads();
  TestStream second(TestStream::Eager);
  Open(&second, Behind("1.5,"));
  EXPECT_EQ(second.updates(), Expected("a", 6, 20));
  EXPECT_EQ(log_.reads(), reads);
  EXPECT_EQ(log_.resolved(), 0);
}

TEST_F(HubTest, CursorBeforeTheTailOrBeyondItIsAskedOfTheLedger) {
  StartHub(SmallTail());
  TestStream first(TestStream::Eager), before(TestStream::Eager), beyond(TestStream::Eager);
  Open(&first, Latest());
  PublishMany("a", 1, 20);
  Open(&before, Behind("1.5,"));
  EXPECT_EQ(log_.resolved(), 1);
  EXPECT_EQ(before.updates(), Expected("a", 6, 20));
  log_.HoldTail(true);
  PublishMany("a", 21, 23);
  Open(&beyond, Behind("1.22,"));  // another replica told it earlier
  EXPECT_EQ(log_.resolved(), 2);
  log_.HoldTail(false);
  scheduler_.RunUntilIdle();
  EXPECT_EQ(beyond.updates(), Expected("a", 23, 23));
}

TEST_F(HubTest, TailDoesNotHideThatAPlaceWasTrimmedOrLost) {
  StartHub();
  TestStream first(TestStream::Eager), trimmed(TestStream::Eager), lost(TestStream::Eager);
  Open(&first, Latest());
  PublishMany("a", 1, 20);
  log_.Trim(0, 10);
  Open(&trimmed, Behind("1.5,"));
  ASSERT_TRUE(trimmed.finished().has_value());
  EXPECT_TRUE(domain::HasReason(*trimmed.finished(), domain::Reason::kCursorTrimmed));
  log_.LoseHistory(0, 15);
  PublishMany("b", 1, 5);
  Open(&lost, Behind("1.18,"));
  ASSERT_TRUE(lost.finished().has_value());
  EXPECT_TRUE(domain::HasReason(*lost.finished(), domain::Reason::kHistoryLost));
  EXPECT_EQ(Metric("supervision_alert_stream_gaps_total", "trimmed"), 1);
  EXPECT_EQ(Metric("supervision_alert_stream_gaps_total", "lost"), 2) << "`first` has seen it too";
}

TEST_F(HubTest, ErrorsOfTheStartAreForwarded) {
  StartHub();
  PublishMany("a", 1, 9);
  log_.Trim(0, 6);
  TestStream malformed(TestStream::Eager), trimmed(TestStream::Eager);
  Open(&malformed, Behind("nonsense"));
  Open(&trimmed, Behind("1.2,"));
  ASSERT_TRUE(malformed.finished().has_value());
  EXPECT_TRUE(domain::HasReason(*malformed.finished(), domain::Reason::kCursorMalformed));
  ASSERT_TRUE(trimmed.finished().has_value());
  ASSERT_TRUE(domain::HasReason(*trimmed.finished(), domain::Reason::kCursorTrimmed));
  EXPECT_THAT(domain::DetailOf(*trimmed.finished())->metadata,
              ElementsAre(std::make_pair("earliest_cursor", "1.5,")));
  EXPECT_EQ(hub_->open_streams(), 0u);
}

TEST_F(HubTest, OneViewEncodesEachAlertAndEachCursorOnce) {
  constexpr int kStreams = 1000;
  StartHub();
  std::vector<std::unique_ptr<TestStream>> streams;
  for (int i = 0; i < kStreams; ++i) {
    streams.push_back(std::make_unique<TestStream>(TestStream::Eager));
    streams.back()->Open(hub_.get(), Latest());
  }
  scheduler_.RunUntilIdle();
  const int cursors = encoder_.cursors;
  PublishMany("a", 1, 10);
  for (const auto& stream : streams) ASSERT_EQ(stream->updates(), Expected("a", 1, 10));
  EXPECT_EQ(encoder_.alerts, 10);
  EXPECT_LE(encoder_.cursors - cursors, 10);
  EXPECT_EQ(hub_->census().views, 1u);
}

TEST_F(HubTest, MessageIsBoundedInAlertsAndInBytes) {
  Hub::Options options;
  options.max_alerts_per_message = 7;
  options.max_message_bytes = 50;  // an alert here has 13 bytes and more
  StartHub(options);
  TestStream stream(TestStream::Eager);
  Open(&stream, Latest());
  log_.HoldTail(true);
  PublishMany("a", 1, 40);
  log_.HoldTail(false);
  scheduler_.RunUntilIdle();
  EXPECT_EQ(stream.updates(), Expected("a", 1, 40));
  for (const TestStream::Message& message : stream.messages()) {
    EXPECT_LE(message.updates.size(), 7u);
    EXPECT_LE(message.bytes - message.cursor.size() - 7, 50u);
  }
}

TEST_F(HubTest, EveryCursorResumesBehindWhatItsMessageTold) {
  StartHub(SmallTail());
  TestStream stream(TestStream::Eager);
  Open(&stream, Earliest());
  for (int i = 1; i <= 60; i += 6) {
    log_.HoldTail(true);
    PublishMany("a", i, i + 5);
    log_.HoldTail(false);
    scheduler_.RunUntilIdle();
  }
  size_t told = 0;
  for (const TestStream::Message& message : stream.messages()) {
    told += message.updates.size();
    TestStream resumed(TestStream::Eager);
    Open(&resumed, Behind(message.cursor));
    EXPECT_EQ(resumed.updates(), Expected("a", static_cast<int>(told) + 1, 60));
    resumed.Cancel();
  }
  EXPECT_EQ(told, 60u);
}

TEST_F(HubTest, EntryWithoutAlertIsNotToldButMovesTheCursor) {
  StartHub();
  TestStream stream(TestStream::Eager);
  Open(&stream, Latest());
  log_.Append(0, domain::ChangeEvent{});
  scheduler_.Advance(absl::Seconds(6));
  EXPECT_THAT(stream.updates(), IsEmpty());
  EXPECT_EQ(stream.cursor(), "1.1,");
}

TEST_F(HubTest, SecretAlertIsWithheldFromWhoIsNotCleared) {
  StartHub();
  TestStream plain(TestStream::Eager), cleared(TestStream::Eager);
  Open(&plain, Latest());
  Hub::Request request = Latest();
  request.scope.cleared_for_secret = true;
  Open(&cleared, request);
  domain::ChangeEvent event = NewAlert("s");
  event.alert.facets.confidentiality = domain::Confidentiality::kSecret;
  log_.Append(0, event);
  scheduler_.RunUntilIdle();
  EXPECT_THAT(plain.updates(), ElementsAre("s 1 withheld"));
  EXPECT_THAT(cleared.updates(), ElementsAre("s 1 full"));
}

TEST_F(HubTest, AlertThatLeavesTheViewIsSaidOnceAndOnlyToWhoSawIt) {
  StartHub();
  Hub::Request high = Latest();
  high.filter.min_risk = domain::Risk::kHigh;
  TestStream all(TestStream::Eager), grave(TestStream::Eager);
  Open(&all, Latest());
  Open(&grave, high);
  domain::ChangeEvent event = NewAlert("x", domain::Risk::kHigh);
  log_.Append(0, event);
  event.previous = event.alert.facets;
  event.alert.version = 2;
  event.alert.facets.risk = domain::Risk::kLow;
  log_.Append(0, event);
  event.previous = event.alert.facets;
  event.alert.version = 3;
  log_.Append(0, event);
  scheduler_.RunUntilIdle();
  EXPECT_THAT(all.updates(), ElementsAre("x 1 full", "x 2 full", "x 3 full"));
  EXPECT_THAT(grave.updates(), ElementsAre("x 1 full", "left x 2"));
}

TEST_F(HubTest, ScopeComesBeforeFilter) {
  StartHub();
  Hub::Request request = Latest();
  request.scope.regions = {"3301"};
  request.filter.region_prefix = "33";
  TestStream stream(TestStream::Eager);
  Open(&stream, request);
  domain::ChangeEvent inside = NewAlert("inside"), outside = NewAlert("outside");
  outside.alert.facets.region_code = "330206";
  log_.Append(0, outside);
  log_.Append(0, inside);
  // What never was within the scope does not leave it either.
  outside.previous = outside.alert.facets;
  outside.alert.version = 2;
  log_.Append(0, outside);
  scheduler_.RunUntilIdle();
  EXPECT_THAT(stream.updates(), ElementsAre("inside 1 full"));
}

TEST_F(HubTest, StreamsOverTheLimitAreRefusedWithADelay) {
  Hub::Options options;
  options.max_streams = 2;
  StartHub(options);
  TestStream one(TestStream::Eager), two(TestStream::Eager), three(TestStream::Eager);
  Open(&one, Latest());
  Open(&two, Latest());
  Open(&three, Latest());
  ASSERT_TRUE(three.finished().has_value());
  ASSERT_TRUE(domain::HasReason(*three.finished(), domain::Reason::kTooManyStreams));
  EXPECT_TRUE(domain::DetailOf(*three.finished())->retry_after.has_value());
  one.Cancel();
  TestStream four(TestStream::Eager);
  Open(&four, Latest());
  EXPECT_FALSE(four.finished().has_value());
}

TEST_F(HubTest, CancelledStreamFinishesOnceWithAWriteOutstanding) {
  StartHub();
  TestStream stream;  // takes nothing
  Open(&stream, Latest());
  ASSERT_TRUE(stream.outstanding());
  stream.Cancel();
  stream.Cancel();
  stream.Take();
  ASSERT_TRUE(stream.finished().has_value());
  EXPECT_EQ(stream.finished()->code(), absl::StatusCode::kCancelled);
}

TEST_F(HubTest, BrokenWriteEndsTheStream) {
  StartHub();
  TestStream stream;
  Open(&stream, Latest());
  stream.Take(false);
  ASSERT_TRUE(stream.finished().has_value());
  EXPECT_EQ(stream.finished()->code(), absl::StatusCode::kCancelled);
}

TEST_F(HubTest, NothingIsKeptForStreamsThatHaveEnded) {
  StartHub(SmallTail());
  PublishMany("a", 1, 50);
  log_.HoldReads(true);
  for (int round = 0; round < 20; ++round) {
    TestStream starting(TestStream::Eager), reading(TestStream::Eager), idle(TestStream::Eager),
        stuck;
    Hub::Request filtered = Latest();
    filtered.filter.unit = "unit " + std::to_string(round);
    starting.Open(hub_.get(), Latest());
    starting.Cancel();
    Open(&reading, Earliest());
    Open(&idle, filtered);
    Open(&stuck, Latest());
    EXPECT_GT(hub_->census().views, 0u);
    EXPECT_GT(hub_->census().waiting, 0u);
    EXPECT_GT(hub_->census().deadlines, 0u);
    reading.Cancel();
    idle.Cancel();
    stuck.Cancel();
  }
  const Hub::Census census = hub_->census();
  EXPECT_EQ(census.sessions, 0u);
  EXPECT_EQ(census.views, 0u);
  EXPECT_EQ(census.waiting, 0u);
  EXPECT_EQ(census.deadlines, 0u);
  EXPECT_EQ(census.reads_waiting, 0u);
  EXPECT_EQ(census.shelf_bytes, 0u);
  EXPECT_EQ(Metric("supervision_alert_streams"), 0);
  EXPECT_EQ(Metric("supervision_alert_streams_catching_up"), 0);
  log_.HoldReads(false);
  scheduler_.RunUntilIdle();
}

// Under every sanitizer too: whoever is left behind is in one of the maps, or leaks.
TEST_F(HubTest, TenThousandStreamsThatComeAndGoLeaveMapsAndMemoryAsBefore) {
  StartHub(SmallTail());
  PublishMany("a", 1, 50);
  const auto rounds = [&](int from, int to) {
    for (int round = from; round < to; ++round) {
      TestStream stream(round % 3 == 0 ? TestStream::Reader() : TestStream::Eager);
      Hub::Request request = round % 2 == 0 ? Earliest() : Latest();
      if (round % 5 == 0) request.filter.unit = "unit " + std::to_string(round);
      stream.Open(hub_.get(), request);
      if (round % 7 != 0) scheduler_.RunUntilIdle();
      if (round % 11 == 0) Publish("b");  // one alert: the log keeps the last version of each
      stream.Cancel();
      scheduler_.RunUntilIdle();
    }
  };
  rounds(0, 1'000);  // what is allocated once
  log_.Trim(0, log_.end(0));
  const size_t before = testing::HeapBytes();
  rounds(1'000, 11'000);
  log_.Trim(0, log_.end(0));
  const Hub::Census census = hub_->census();
  EXPECT_EQ(census.sessions, 0u);
  EXPECT_EQ(census.views, 0u);
  EXPECT_EQ(census.waiting, 0u);
  EXPECT_EQ(census.deadlines, 0u);
  EXPECT_EQ(census.reads_waiting, 0u);
  // A byte a round would be more.
  EXPECT_LT(testing::HeapBytes(), before + 10'000);
}

TEST_F(HubTest, HubThatGoesEndsItsStreams) {
  StartHub();
  TestStream idle(TestStream::Eager), stuck;
  Open(&idle, Latest());
  Open(&stuck, Latest());
  hub_.reset();
  ASSERT_TRUE(idle.finished().has_value());
  EXPECT_TRUE(domain::HasReason(*idle.finished(), domain::Reason::kDraining));
  EXPECT_TRUE(stuck.finished().has_value());
}

}  // namespace
}  // namespace supervision::alerting
