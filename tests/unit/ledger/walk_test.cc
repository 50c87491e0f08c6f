#include "services/ledger/walk.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace supervision::ledger {
namespace {

using ::testing::ElementsAre;
using ::testing::Eq;
using ::testing::IsNull;

WalkSource Holding(const std::vector<int64_t>& orders, bool exhausted) {
  WalkSource source;
  source.exhausted = exhausted;
  for (const int64_t order : orders) source.candidates.push_back({order, std::to_string(order)});
  return source;
}

bool Lower(const WalkSource& a, const WalkSource& b) {
  return a.candidates.front().order < b.candidates.front().order;
}

TEST(WalkTest, CandidatesOfAllSourcesComeInOneOrder) {
  std::vector<WalkSource> sources = {Holding({2, 5}, true), Holding({}, true),
                                     Holding({1, 3, 4}, true)};
  std::vector<int64_t> taken;
  while (WalkSource* const next = Soonest(&sources, Lower)) {
    taken.push_back(TakeFirst(next).order);
  }
  EXPECT_THAT(taken, ElementsAre(1, 2, 3, 4, 5));
}

TEST(WalkTest, NothingIsTakenWhileADrySourceMayHaveSomethingSooner) {
  std::vector<WalkSource> sources = {Holding({7}, false), Holding({}, false), Holding({9}, true)};
  EXPECT_THAT(Soonest(&sources, Lower), IsNull());
  sources[1].exhausted = true;
  EXPECT_THAT(Soonest(&sources, Lower), Eq(&sources[0]));
}

TEST(WalkTest, OfEqualsTheFirstSourceComesFirst) {
  std::vector<WalkSource> sources = {Holding({4}, true), Holding({4}, true)};
  EXPECT_THAT(Soonest(&sources, Lower), Eq(&sources[0]));
}

redis::Reply Scored(const std::vector<std::pair<std::string, std::string>>& members) {
  redis::Reply reply;
  reply.type = redis::Reply::Type::kArray;
  for (const auto& [member, score] : members) {
    for (const std::string& word : {member, score}) {
      redis::Reply element;
      element.type = redis::Reply::Type::kString;
      element.text = word;
      reply.elements.push_back(element);
    }
  }
  return reply;
}

TEST(WalkTest, AFullChunkMayHaveMoreBehindIt) {
  WalkSource source;
  EXPECT_EQ(TakeScored(Scored({{"a", "1700000000000001"}, {"b", "1700000000000002"}}), 2, &source),
            1700000000000002);
  EXPECT_FALSE(source.exhausted);
  ASSERT_EQ(source.candidates.size(), 2U);
  EXPECT_EQ(source.candidates[0].member, "a");
  EXPECT_EQ(source.candidates[0].order, 1700000000000001);
}

TEST(WalkTest, AChunkThatIsNotFullIsTheLast) {
  WalkSource source;
  EXPECT_EQ(TakeScored(Scored({{"a", "5"}}), 2, &source), 5);
  EXPECT_TRUE(source.exhausted);
  EXPECT_EQ(TakeScored(Scored({}), 2, &source), std::nullopt);
}

TEST(WalkTest, APageLooksAtNoMoreThanItsBudget) {
  WalkBudget budget(1);
  size_t looked_at = 0;
  while (!budget.spent()) {
    ASSERT_GT(budget.room(), 0);
    ASSERT_LE(budget.room(), budget.chunk());
    looked_at += static_cast<size_t>(budget.room());
    budget.LookAt(static_cast<size_t>(budget.room()));
    budget.Grow();
  }
  EXPECT_EQ(looked_at, 1000U);
}

}  // namespace
}  // namespace supervision::ledger
