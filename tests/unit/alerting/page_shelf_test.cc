#include "services/alerting/page_shelf.h"

#include <memory>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/alerting/fake_log.h"
#include "tests/unit/alerting/fake_scheduler.h"
#include "tests/unit/alerting/test_stream.h"

namespace supervision::alerting {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr size_t kEntryBytes = 200;  // as the log in memory says of each
constexpr int kPage = 10;

class PageShelfTest : public ::testing::Test {
 protected:
  PageShelfTest() {
    for (int i = 1; i <= 45; ++i) log_.Append(0, NewAlert("a" + std::to_string(i)));
    scheduler_.RunUntilIdle();
    shelf_->Enter();
  }

  uint64_t Ask(int64_t after, uint64_t generation = 1) {
    LogSource::PageRequest request;
    request.epoch = 1;
    request.after = after;
    request.max_entries = static_cast<int>(PageShelf::UpToBoundary(after, kPage));
    request.max_bytes = 1 << 20;
    request.timeout = absl::Seconds(1);
    return shelf_->Read(request, generation, [this](absl::StatusOr<PageShelf::PagePtr> page) {
      answers_.push_back(page.ok() ? static_cast<int64_t>((*page)->entries.size()) : -1);
    });
  }
  void AskAndWait(int64_t after, uint64_t generation = 1) {
    Ask(after, generation);
    scheduler_.RunUntilIdle();
  }

  FakeScheduler scheduler_;
  FakeLog log_{&scheduler_, 1};
  const std::shared_ptr<LogSource> source_{std::shared_ptr<void>(), &log_};
  const std::shared_ptr<Scheduler> clock_{std::shared_ptr<void>(), &scheduler_};
  const std::shared_ptr<PageReader> reader_ = std::make_shared<PageReader>(source_, 2);
  const std::shared_ptr<PageShelf> shelf_ =
      std::make_shared<PageShelf>(std::make_shared<Turns>(source_, clock_, Turns::Options()),
                                  reader_, clock_, 2 * kPage * kEntryBytes);
  std::vector<int64_t> answers_;  // entries of each page; -1: an error
};

TEST_F(PageShelfTest, WhoAsksForAPageThatIsBeingReadWaitsForItToo) {
  for (int i = 0; i < 5; ++i) Ask(40);
  scheduler_.RunUntilIdle();
  EXPECT_THAT(answers_, ElementsAre(5, 5, 5, 5, 5));
  EXPECT_EQ(log_.reads(), 1);
}

TEST_F(PageShelfTest, AFailedReadIsToldToAllWhoWaitAndThenTriedAnew) {
  log_.FailReads(1);
  for (int i = 0; i < 3; ++i) Ask(0);
  scheduler_.RunUntilIdle();
  EXPECT_THAT(answers_, ElementsAre(-1, -1, -1));
  AskAndWait(0);
  EXPECT_EQ(answers_.back(), 10);
}

TEST_F(PageShelfTest, APageWithMoreBehindItIsKeptWhileSomebodyCatchesUp) {
  AskAndWait(0);
  AskAndWait(0);
  EXPECT_THAT(answers_, ElementsAre(10, 10));
  EXPECT_EQ(log_.reads(), 1);
  shelf_->Leave();
  EXPECT_EQ(shelf_->kept_bytes(), 0u);
}

TEST_F(PageShelfTest, APageAtTheEndOfTheLogIsReadAgain) {
  AskAndWait(40);
  log_.Append(0, NewAlert("later"));
  AskAndWait(40);
  EXPECT_THAT(answers_, ElementsAre(5, 6));
}

TEST_F(PageShelfTest, APageOfAnotherHistoryIsReadAgain) {
  AskAndWait(0, 1);
  AskAndWait(0, 2);
  EXPECT_EQ(log_.reads(), 2);
}

TEST_F(PageShelfTest, KeepsThePagesUsedLastWithinItsBound) {
  AskAndWait(0);
  AskAndWait(10);
  AskAndWait(0);
  AskAndWait(20);  // in place of the page behind 10
  EXPECT_EQ(shelf_->kept_bytes(), 2 * kPage * kEntryBytes);
  const int reads = log_.reads();
  AskAndWait(0);
  EXPECT_EQ(log_.reads(), reads);
  AskAndWait(10);
  EXPECT_EQ(log_.reads(), reads + 1);
}

TEST_F(PageShelfTest, WhoForgetsIsNotCalledAndTheOthersAre) {
  const uint64_t ticket = Ask(0);
  Ask(0);
  shelf_->Forget(ticket);
  scheduler_.RunUntilIdle();
  EXPECT_THAT(answers_, ElementsAre(10));
}

TEST_F(PageShelfTest, AReadThatAllForgetLeavesTheQueue) {
  log_.HoldReads(true);
  std::vector<uint64_t> tickets;
  for (int i = 0; i < 4; ++i) tickets.push_back(Ask(i));
  EXPECT_EQ(reader_->waiting(), 2u);
  for (const uint64_t ticket : tickets) shelf_->Forget(ticket);
  EXPECT_EQ(reader_->waiting(), 0u);
  log_.HoldReads(false);
  scheduler_.RunUntilIdle();
  EXPECT_THAT(answers_, IsEmpty());
}

TEST_F(PageShelfTest, WhoAsksAnewAfterAllForgotIsAnswered) {
  log_.HoldReads(true);
  shelf_->Forget(Ask(0));
  Ask(0);
  log_.HoldReads(false);
  scheduler_.RunUntilIdle();
  EXPECT_THAT(answers_, ElementsAre(10));
}

}  // namespace
}  // namespace supervision::alerting
