#include "services/ledger/ids.h"

#include <vector>

#include "gtest/gtest.h"

namespace supervision::ledger {
namespace {

constexpr char kSecret[] = "a secret";

TEST(IdsTest, AnIdentityHasOneIdAndItsTextComesBack) {
  const ClueRef clue = ClueRefOf(kSecret, 16, {"hotline", "rec-1", "req-1"});
  EXPECT_EQ(clue, ClueRefOf(kSecret, 16, {"hotline", "rec-1", "another request"}));
  EXPECT_EQ(clue.ToText().size(), 35u);
  EXPECT_EQ(ParseClueId(clue.ToText(), 16), clue);
}

// Ids lie in ledgers and with partners.
TEST(IdsTest, TheWayToAnIdNeverChanges) {
  EXPECT_EQ(ClueRefOf(kSecret, 16, {"hotline", "rec-1", ""}).ToText(),
            "c01a8c09460c9b6e33eb9300d6bf4297300");
  EXPECT_EQ(ClueRefOf(kSecret, 16, {"hotline", "", "req-1"}).ToText(),
            "c0c486a8872fb91b1306d7bbd53d1d97350");
}

TEST(IdsTest, DifferentIdentitiesDiffer) {
  const std::vector<Identity> identities = {
      {"a", "b", ""}, {"ab", "", ""}, {"a", "", "b"}, {"b", "a", ""}, {"", "ab", ""}};
  for (size_t i = 0; i < identities.size(); ++i) {
    for (size_t j = i + 1; j < identities.size(); ++j) {
      EXPECT_NE(ClueRefOf(kSecret, 1, identities[i]), ClueRefOf(kSecret, 1, identities[j]));
    }
  }
  EXPECT_NE(ClueRefOf("s1", 1, identities[0]), ClueRefOf("s2", 1, identities[0]));
}

TEST(IdsTest, PartitionsAreEven) {
  std::vector<int> counts(16);
  for (int i = 0; i < 16'000; ++i) {
    ++counts[ClueRefOf(kSecret, 16, {"p", std::to_string(i), ""}).partition];
  }
  for (const int count : counts) {
    EXPECT_GT(count, 850);
    EXPECT_LT(count, 1'150);
  }
}

TEST(IdsTest, WhatIsNoIdIsRefused) {
  const std::string good = ClueRefOf(kSecret, 1, {"p", "r", ""}).ToText();
  EXPECT_TRUE(ParseClueId(good, 1).has_value());
  std::string upper = good;
  for (char& c : upper) {
    if (c >= 'a' && c <= 'f' && &c != &upper[0]) c = static_cast<char>(c - 'a' + 'A');
  }
  ASSERT_NE(upper, good);
  for (const std::string& text : {std::string(), good.substr(1), good + "0", "a" + good.substr(1),
                                  "c01" + good.substr(3), "c0g" + good.substr(3), upper}) {
    EXPECT_FALSE(ParseClueId(text, 1).has_value()) << text;
  }
}

TEST(IdsTest, EtagsDifferByClueAndVersion) {
  const std::string first = EtagOf(kSecret, "c1", 1);
  EXPECT_EQ(first, EtagOf(kSecret, "c1", 1));
  EXPECT_NE(first, EtagOf(kSecret, "c1", 2));
  EXPECT_NE(EtagOf(kSecret, "c1", 11), EtagOf(kSecret, "c11", 1));
}

}  // namespace
}  // namespace supervision::ledger
