// Bookmarks and the end of a service, by a time that the test moves.

#include <set>

#include "tests/unit/alerting/hub_fixture.h"

namespace supervision::alerting {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

class HubBookmarkTest : public HubFixture {};

TEST_F(HubBookmarkTest, QuietStreamGetsACursorEachInterval) {
  StartHub();
  TestStream stream(TestStream::Eager);
  Open(&stream, Latest());
  scheduler_.Advance(absl::Seconds(4));
  EXPECT_THAT(stream.messages(), SizeIs(1));
  scheduler_.Advance(absl::Seconds(56));
  const size_t messages = stream.messages().size();
  EXPECT_GE(messages, 1u + 10u);
  EXPECT_LE(messages, 1u + 13u);
  EXPECT_THAT(stream.updates(), IsEmpty());
}

TEST_F(HubBookmarkTest, IntervalOfTheRequestIsKept) {
  StartHub();
  TestStream stream(TestStream::Eager);
  Hub::Request request = Latest();
  request.bookmark_interval = absl::Milliseconds(100);
  Open(&stream, request);
  scheduler_.Advance(absl::Seconds(1));
  EXPECT_GE(stream.messages().size(), 8u);
}

TEST_F(HubBookmarkTest, BusyStreamGetsNoBookmarks) {
  StartHub();
  TestStream stream(TestStream::Eager);
  Open(&stream, Latest());
  for (int i = 1; i <= 30; ++i) {
    scheduler_.Advance(absl::Seconds(1));
    Publish("a" + std::to_string(i));
  }
  EXPECT_THAT(stream.messages(), SizeIs(31));
  EXPECT_EQ(Metric("supervision_alert_bookmarks_total"), 0);
}

TEST_F(HubBookmarkTest, FilterThatMatchesNothingStillMovesTheCursor) {
  StartHub();
  Hub::Request request = Latest();
  request.filter.min_risk = domain::Risk::kHigh;
  TestStream stream(TestStream::Eager);
  Open(&stream, request);
  for (int second = 1; second <= 20; ++second) {
    PublishMany("a", second * 100 - 99, second * 100);
    scheduler_.Advance(absl::Seconds(1));
  }
  EXPECT_THAT(stream.updates(), IsEmpty());
  EXPECT_GE(stream.messages().size(), 4u);
  scheduler_.Advance(absl::Seconds(6));
  EXPECT_EQ(stream.cursor(), "1.2000,");
}

TEST_F(HubBookmarkTest, CatchUpThatMatchesNothingMovesTheCursorToo) {
  PublishMany("a", 1, 1000);
  Hub::Options options;
  options.max_alerts_per_message = 10;
  options.bookmark_interval = absl::Milliseconds(200);
  StartHub(options);
  Hub::Request request = Earliest();
  request.filter.min_risk = domain::Risk::kHigh;
  TestStream stream(TestStream::Eager);
  log_.HoldReads(true);
  Open(&stream, request);
  std::set<std::string> cursors;
  for (int i = 0; i < 20; ++i) {
    log_.HoldReads(false);
    scheduler_.RunOne();
    log_.HoldReads(true);
    scheduler_.Advance(absl::Milliseconds(300));
    cursors.insert(stream.cursor());
  }
  EXPECT_GE(cursors.size(), 10u);
  EXPECT_THAT(stream.updates(), IsEmpty());
  log_.HoldReads(false);
  scheduler_.RunUntilIdle();
}

TEST_F(HubBookmarkTest, BookmarkNeverPassesAnUndeliveredAlert) {
  StartHub(SmallTail());
  TestStream stream;
  Open(&stream, Latest());
  size_t told = 0;
  for (int i = 1; i <= 200; ++i) {
    // Grows behind and catches up again, with bookmarks due all the time.
    log_.Append(0, NewAlert("a" + std::to_string(i)));
    scheduler_.Advance(absl::Seconds(i % 7));
    if (i % 3 == 0 || i % 50 > 30) stream.Take();
    scheduler_.RunUntilIdle();
  }
  while (told < 200) {
    stream.Take();
    scheduler_.Advance(absl::Seconds(1));
    told = stream.told();
  }
  told = 0;
  for (const TestStream::Message& message : stream.messages()) {
    told += message.updates.size();
    EXPECT_EQ(message.cursor, "1." + std::to_string(told) + ",");
  }
  EXPECT_EQ(stream.updates(), Expected("a", 1, 200));
}

TEST_F(HubBookmarkTest, BookmarksOfManyStreamsDoNotComeTogether) {
  constexpr int kStreams = 1000;
  StartHub();
  std::vector<std::unique_ptr<TestStream>> streams;
  for (int i = 0; i < kStreams; ++i) {
    streams.push_back(std::make_unique<TestStream>(TestStream::Eager));
    streams.back()->Open(hub_.get(), Latest());
  }
  scheduler_.RunUntilIdle();
  double before = 0;
  double most = 0;
  for (int i = 0; i < 600; ++i) {
    scheduler_.Advance(absl::Milliseconds(10));
    const double now = Metric("supervision_alert_bookmarks_total");
    most = std::max(most, now - before);
    before = now;
  }
  EXPECT_GE(before, kStreams);
  EXPECT_LE(most, kStreams / 20);
}

TEST_F(HubBookmarkTest, DrainEndsStreamsOneAfterTheOtherWithALastCursor) {
  StartHub();
  PublishMany("a", 1, 4);
  std::vector<std::unique_ptr<TestStream>> streams;
  for (int i = 0; i < 10; ++i) {
    streams.push_back(std::make_unique<TestStream>(TestStream::Eager));
    Open(streams.back().get(), Latest());
  }
  bool done = false;
  hub_->Drain(absl::Seconds(10), [&] { done = true; });
  TestStream refused(TestStream::Eager);
  Open(&refused, Latest());
  ASSERT_TRUE(refused.finished().has_value());
  EXPECT_TRUE(domain::HasReason(*refused.finished(), domain::Reason::kDraining));
  scheduler_.Advance(absl::Seconds(4.5));
  EXPECT_EQ(hub_->open_streams(), 5u);
  EXPECT_FALSE(done);
  scheduler_.Advance(absl::Seconds(5));
  EXPECT_EQ(hub_->open_streams(), 0u);
  EXPECT_TRUE(done);
  for (const auto& stream : streams) {
    ASSERT_TRUE(stream->finished().has_value());
    EXPECT_TRUE(stream->finished()->ok());
    EXPECT_TRUE(stream->messages().back().ending);
    EXPECT_EQ(stream->messages().back().cursor, "1.4,");
  }
}

TEST_F(HubBookmarkTest, DrainDoesNotWaitForSlowClientsForEver) {
  StartHub();
  TestStream slow;
  Open(&slow, Latest());
  bool done = false;
  hub_->Drain(absl::Seconds(1), [&] { done = true; });
  scheduler_.Advance(absl::Seconds(2.9));
  EXPECT_FALSE(done);
  scheduler_.Advance(absl::Seconds(0.2));
  EXPECT_TRUE(done);
  ASSERT_TRUE(slow.finished().has_value());
  EXPECT_TRUE(domain::HasReason(*slow.finished(), domain::Reason::kDraining));
}

TEST_F(HubBookmarkTest, DrainOfNothingIsDoneAtOnceAndSafeTwice) {
  StartHub();
  int done = 0;
  hub_->Drain(absl::Seconds(1), [&] { ++done; });
  hub_->Drain(absl::Seconds(1), [&] { ++done; });
  scheduler_.RunUntilIdle();
  EXPECT_EQ(done, 2);
}

}  // namespace
}  // namespace supervision::alerting
