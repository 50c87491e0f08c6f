#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/domain/error.h"
#include "services/rpc/batch_split.h"
#include "supervision/v1/clue_service.pb.h"

namespace supervision::rpc {
namespace {

using ::testing::ElementsAre;
using std::string_literals::operator""s;

constexpr BatchShape kClues = {.name = "items", .items = 1, .validate_only = 2, .backfill = 3};

TEST(BatchSplitTest, GivesEachItemsBytesInOrder) {
  v1::BatchSubmitCluesRequest batch;
  batch.add_items()->set_request_id("a");
  batch.add_items();
  batch.add_items()->mutable_clue()->set_title("标题");
  batch.set_validate_only(true);
  batch.set_backfill(true);
  const std::string bytes = batch.SerializeAsString();

  const absl::StatusOr<SplitBatch> split = Split(bytes, kClues);

  ASSERT_TRUE(split.ok());
  EXPECT_TRUE(split->validate_only);
  EXPECT_TRUE(split->backfill);
  EXPECT_THAT(split->items, ElementsAre(batch.items(0).SerializeAsString(), "",
                                        batch.items(2).SerializeAsString()));
}

TEST(BatchSplitTest, APoisonItemDoesNotTouchItsNeighbours) {
  const std::string bytes =
      "\x0a\x03\x0a\x01x"s   // a good item
      "\x0a\x02\xff\xff"s    // no message at all
      "\x0a\x03\x0a\x01y"s;  // a good item
  const absl::StatusOr<SplitBatch> split = Split(bytes, kClues);
  ASSERT_TRUE(split.ok());
  EXPECT_THAT(split->items, ElementsAre("\x0a\x01x", "\xff\xff", "\x0a\x01y"));
}

TEST(BatchSplitTest, SkipsFieldsThatItDoesNotKnow) {
  const absl::StatusOr<SplitBatch> split = Split("\x1a\x02zz\x0a\x00\x20\x05"s, kClues);
  ASSERT_TRUE(split.ok());
  EXPECT_THAT(split->items, ElementsAre(""));
}

TEST(BatchSplitTest, AShapeWithoutTheFlagHasNone) {
  const absl::StatusOr<SplitBatch> split =
      Split("\x0a\x00\x10\x01"s, {.name = "texts", .items = 1});
  ASSERT_TRUE(split.ok());
  EXPECT_THAT(split->items, ElementsAre(""));
  EXPECT_FALSE(split->validate_only);
}

TEST(BatchSplitTest, RefusesBytesThatAreBrokenAroundTheItems) {
  const absl::StatusOr<SplitBatch> split = Split("\x0a\x05zz"s, kClues);
  EXPECT_TRUE(domain::HasReason(split.status(), domain::Reason::kMalformedMessage));
}

}  // namespace
}  // namespace supervision::rpc
