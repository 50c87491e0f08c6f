#include "services/redis/failure.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "services/domain/error.h"

namespace supervision::redis {
namespace {

struct Known {
  const char* text;
  FailureKind kind;
};

class ClassifyTest : public ::testing::TestWithParam<Known> {};

TEST_P(ClassifyTest, KnowsTheKindByTheFirstWord) {
  EXPECT_EQ(ClassifyError(GetParam().text).kind, GetParam().kind) << GetParam().text;
}

INSTANTIATE_TEST_SUITE_P(
    All, ClassifyTest,
    ::testing::Values(
        Known{"OOM command not allowed when used memory > 'maxmemory'.", FailureKind::kOutOfMemory},
        Known{"MISCONF Errors writing to the AOF file: No space left on device",
              FailureKind::kDiskFull},
        Known{"READONLY You can't write against a read only replica.", FailureKind::kReadOnly},
        Known{"MASTERDOWN Link with MASTER is down", FailureKind::kReadOnly},
        Known{"UNBLOCKED force unblock from blocking operation", FailureKind::kReadOnly},
        Known{"LOADING Redis is loading the dataset in memory", FailureKind::kLoading},
        Known{"BUSY Redis is busy running a script.", FailureKind::kBusy},
        Known{"BUSYGROUP Consumer Group name already exists", FailureKind::kCommand},
        Known{"NOSCRIPT No matching script.", FailureKind::kNoScript},
        Known{"NOAUTH Authentication required.", FailureKind::kNotAllowed},
        Known{"WRONGPASS invalid username-password pair", FailureKind::kNotAllowed},
        Known{"NOPERM this user has no permissions", FailureKind::kNotAllowed},
        Known{"NOREPLICAS Not enough good replicas to write.", FailureKind::kNoReplicas},
        Known{"MOVED 3999 127.0.0.1:6381", FailureKind::kMoving},
        Known{"ASK 3999 127.0.0.1:6381", FailureKind::kMoving},
        Known{"TRYAGAIN Multiple keys request during rehashing of slot", FailureKind::kMoving},
        Known{"CLUSTERDOWN The cluster is down", FailureKind::kMoving},
        Known{"WRONGTYPE Operation against a key", FailureKind::kWrongType},
        Known{"ERR OOM is not the first word", FailureKind::kCommand},
        Known{"OOM", FailureKind::kOutOfMemory}, Known{"", FailureKind::kCommand}));

TEST(ClassifyTest, DropsTheArgumentsThatRedisRepeats) {
  const Failure failure =
      ClassifyError("ERR unknown command 'XADDD', with args beginning with: 'king' 'secret' ");
  EXPECT_EQ(failure.text, "ERR unknown command 'XADDD'");
}

TEST(FailureTableTest, HasItsRowsInTheOrderOfTheEnum) {
  for (size_t i = 0; i < FailureTable().size(); ++i) {
    EXPECT_EQ(static_cast<size_t>(FailureTable()[i].kind), i);
  }
}

TEST(FailureTableTest, NamesEachKindDifferently) {
  std::set<std::string_view> names;
  for (const FailureRow& row : FailureTable()) names.insert(row.name);
  EXPECT_EQ(names.size(), FailureTable().size());
}

TEST(FailureTest, GivesTheClientTheRowsReasonAndDelay) {
  for (const FailureRow& row : FailureTable()) {
    const auto detail = domain::DetailOf(Failure{row.kind, "OOM words of Redis"}.ToStatus());
    ASSERT_TRUE(detail.has_value()) << row.name;
    EXPECT_EQ(detail->reason, row.reason) << row.name;
    EXPECT_EQ(detail->retry_after.value_or(absl::ZeroDuration()), row.retry_after) << row.name;
  }
}

TEST(FailureTest, KeepsRedisWordsFromTheClient) {
  const absl::Status status = Failure{FailureKind::kWrongType, "words of Redis"}.ToStatus();
  EXPECT_EQ(std::string(status.message()).find("words"), std::string::npos);
}

// Unavailable and ResourceExhausted tell a client to come back: then it must hear when.
TEST(FailureTableTest, SaysWhenToComeBackWhereverThatHelps) {
  for (const FailureRow& row : FailureTable()) {
    const absl::StatusCode code = domain::Row(row.reason).code;
    const bool temporary =
        code == absl::StatusCode::kUnavailable || code == absl::StatusCode::kResourceExhausted;
    EXPECT_EQ(row.retry_after > absl::ZeroDuration(), temporary) << row.name;
  }
}

}  // namespace
}  // namespace supervision::redis
