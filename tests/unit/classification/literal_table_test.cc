#include "services/classification/literal_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <hs/hs.h>

#include <algorithm>
#include <ostream>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "services/classification/utf8.h"

namespace supervision::classification {

bool operator==(const LiteralTable::Hit& a, const LiteralTable::Hit& b) {
  return a.begin == b.begin && a.end == b.end && a.literal == b.literal;
}
void PrintTo(const LiteralTable::Hit& hit, std::ostream* out) {
  *out << "[" << hit.begin << ", " << hit.end << ") literal " << hit.literal;
}

namespace {

using Hit = LiteralTable::Hit;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::u32string Points(const std::string& text) {
  std::u32string points;
  for (size_t at = 0; at < text.size();) points.push_back(DecodeUtf8(text, &at));
  return points;
}

std::vector<Hit> Find(const std::vector<std::string>& literals, const std::string& text) {
  LiteralTable::Workspace workspace;
  std::vector<Hit> hits;
  const std::u32string points = Points(text);
  LiteralTable(literals).Find({points.data(), points.size()}, &workspace, &hits);
  return hits;
}

TEST(LiteralTableTest, FindsEveryPlaceOfEveryLiteral) {
  EXPECT_THAT(Find({"罚款", "收据", "罚"}, "罚款五百，没有罚款收据"),
              ElementsAre(Hit{0, 1, 2}, Hit{0, 2, 0}, Hit{7, 8, 2}, Hit{7, 9, 0}, Hit{9, 11, 1}));
}

TEST(LiteralTableTest, ALiteralWithinAnotherAndOneThatGoesOnAreBothFound) {
  EXPECT_THAT(Find({"处罚决定", "决定", "决定书"}, "处罚决定书"),
              ElementsAre(Hit{0, 4, 0}, Hit{2, 4, 1}, Hit{2, 5, 2}));
}

TEST(LiteralTableTest, OfThoseThatEndTogetherTheLongOnesComeFirstByNumberThenTheLongestOfTheShort) {
  // More than eight bytes: three Han characters and more.
  EXPECT_THAT(Find({"书", "决定书", "定书", "罚决定书"}, "罚决定书"),
              ElementsAre(Hit{1, 4, 1}, Hit{0, 4, 3}, Hit{2, 4, 2}, Hit{3, 4, 0}));
}

TEST(LiteralTableTest, CharactersBeyondTheBasicPlaneAreCharactersLikeOthers) {
  EXPECT_THAT(Find({"𠀀𠀁", "𠀁", "a𠀀"}, "a𠀀𠀁"),
              ElementsAre(Hit{0, 2, 2}, Hit{1, 3, 0}, Hit{2, 3, 1}));
}

TEST(LiteralTableTest, NothingIsFoundInAnEmptyTextOrBehindTheEndOfOne) {
  EXPECT_THAT(Find({"罚款"}, ""), IsEmpty());
  EXPECT_THAT(Find({"罚款"}, "没有罚"), IsEmpty());
}

// What vectorscan finds of the same literals, in the order in which it tells it.
std::vector<Hit> Reference(const std::vector<std::string>& literals, const std::string& text) {
  std::vector<const char*> expressions;
  std::vector<size_t> sizes;
  std::vector<unsigned> ids;
  const std::vector<unsigned> flags(literals.size(), 0);
  for (const std::string& literal : literals) {
    ids.push_back(static_cast<unsigned>(ids.size()));
    expressions.push_back(literal.data());
    sizes.push_back(literal.size());
  }
  hs_database_t* database = nullptr;
  hs_compile_error_t* error = nullptr;
  EXPECT_EQ(hs_compile_lit_multi(expressions.data(), flags.data(), ids.data(), sizes.data(),
                                 static_cast<unsigned>(literals.size()), HS_MODE_BLOCK, nullptr,
                                 &database, &error),
            HS_SUCCESS);
  hs_scratch_t* scratch = nullptr;
  EXPECT_EQ(hs_alloc_scratch(database, &scratch), HS_SUCCESS);
  struct Context {
    const std::vector<size_t>* sizes;
    std::vector<std::pair<unsigned, std::pair<size_t, size_t>>> hits;
  } context{&sizes, {}};
  const auto take = [](unsigned id, unsigned long long, unsigned long long to, unsigned,
                       void* data) -> int {
    auto* const all = static_cast<Context*>(data);
    all->hits.push_back({id, {to - (*all->sizes)[id], to}});
    return 0;
  };
  hs_scan(database, text.data(), static_cast<unsigned>(text.size()), 0, scratch, take, &context);
  hs_free_scratch(scratch);
  hs_free_database(database);
  std::vector<Hit> hits;
  for (const auto& [id, bytes] : context.hits) {
    hits.push_back({static_cast<uint32_t>(CountCodePoints(text.substr(0, bytes.first))),
                    static_cast<uint32_t>(CountCodePoints(text.substr(0, bytes.second))), id});
  }
  return hits;
}

TEST(LiteralTableTest, FindsWhatVectorscanFinds) {
  constexpr unsigned kSeed = 20260601;
  RecordProperty("seed", kSeed);
  std::mt19937 random(kSeed);
  const std::u32string letters = U"罚款决定书收据局县a1。𠀀";
  const auto word = [&](size_t most) {
    std::string text;
    for (size_t i = 1 + random() % most; i > 0; --i) {
      AppendUtf8(letters[random() % letters.size()], &text);
    }
    return text;
  };
  size_t found = 0;
  for (int round = 0; round < 40; ++round) {
    std::set<std::string> distinct;
    for (size_t i = 0; i < 5 + random() % 200; ++i) distinct.insert(word(6));
    std::vector<std::string> literals(distinct.begin(), distinct.end());
    std::shuffle(literals.begin(), literals.end(), random);
    const std::string text = word(300);
    const auto by_place = [](const Hit& a, const Hit& b) {
      return std::tie(a.end, a.begin, a.literal) < std::tie(b.end, b.begin, b.literal);
    };
    std::vector<Hit> ours = Find(literals, text);
    std::vector<Hit> theirs = Reference(literals, text);
    std::sort(ours.begin(), ours.end(), by_place);
    std::sort(theirs.begin(), theirs.end(), by_place);
    ASSERT_EQ(ours, theirs) << "round " << round << " of seed " << kSeed << ": " << text;
    found += ours.size();
  }
  EXPECT_GT(found, 1000u);  // else the texts were no test
}

}  // namespace
}  // namespace supervision::classification
