#include "services/ledger/keys.h"

#include <algorithm>
#include <set>

#include "gtest/gtest.h"
#include "services/ledger/lister.h"

namespace supervision::ledger {
namespace {

domain::Facets ExampleFacets() {
  domain::Facets facets;
  facets.scenario = domain::Scenario::kJudicial;
  facets.risk = domain::Risk::kHigh;
  facets.region_code = "330106001";
  facets.unit = {"某局", "11330106MB1234567X"};
  facets.partner = "{court}";
  return facets;
}

TEST(KeysTest, AllKeysOfAPartitionShareItsHashTag) {
  const Keys keys("my:", 3);
  std::vector<std::string> all = keys.IndexesOf(2, ExampleFacets());
  for (const std::string& key : {keys.Meta(2), keys.Log(2), keys.Told(2), keys.Lease(2),
                                 keys.Clue({2, std::string(16, 'x')})}) {
    all.push_back(key);
  }
  std::set<std::string> different(all.begin(), all.end());
  EXPECT_EQ(different.size(), all.size());
  for (const std::string& key : all) {
    EXPECT_EQ(key.substr(0, 10), "my:sv:{2}:") << key;
    // Redis takes the first braces; a partner's own come later.
    EXPECT_EQ(key.find('{'), 6u);
  }
  EXPECT_EQ(Keys::Descriptor("my:"), "my:sv:{0}:ledger");
}

TEST(KeysTest, AUnitIsIndexedByNameAndByCodeAndNeverInClear) {
  const Keys keys("", 1);
  const std::vector<std::string> all = keys.IndexesOf(0, ExampleFacets());
  EXPECT_EQ(std::count(all.begin(), all.end(), keys.Unit(0, "某局")), 1);
  EXPECT_EQ(std::count(all.begin(), all.end(), keys.Unit(0, "11330106MB1234567X")), 1);
  for (const std::string& key : all) EXPECT_EQ(key.find("某局"), std::string::npos);
}

TEST(KeysTest, PrefixesAreChecked) {
  EXPECT_FALSE(Keys::CheckPrefix("").has_value());
  EXPECT_FALSE(Keys::CheckPrefix("a:B_9-").has_value());
  for (const std::string& prefix :
       {std::string("a{b}"), std::string("a b"), std::string("é"), std::string(33, 'a')}) {
    EXPECT_TRUE(Keys::CheckPrefix(prefix).has_value()) << prefix;
  }
}

// What it asks for would else tell, by empty pages and their tokens, how much others have.
TEST(KeysTest, APartnerIsAnsweredFromItsOwnIndexWhateverItAsksFor) {
  const Keys keys("", 1);
  ListQuery query;
  query.scope.partner = "hotline";
  query.partner = "courts";
  query.filter.unit = "某局";
  query.filter.owner = "handler-1";
  query.filter.region_prefix = "330106";
  query.filter.scenarios.set(7);
  EXPECT_EQ(ChooseIndexes(keys, 0, query), std::vector<std::string>{keys.Partner(0, "hotline")});
}

// Whatever index a query is answered from, each clue that it asks for is in exactly one.
TEST(KeysTest, TheChosenIndexHoldsEveryClueThatMatches) {
  const Keys keys("", 1);
  const domain::Facets facets = ExampleFacets();
  const std::vector<std::string> holds = keys.IndexesOf(0, facets);
  for (int bits = 0; bits < 64; ++bits) {
    ListQuery query;
    if (bits & 1) query.filter.scenarios.set(7).set(3);
    if (bits & 2) query.filter.min_risk = domain::Risk::kMedium;
    if (bits & 4) query.filter.region_prefix = "330106";
    if (bits & 8) query.filter.unit = facets.unit.name;
    if (bits & 16) query.partner = facets.partner;
    if (bits & 32) query.scope.partner = facets.partner;
    ASSERT_TRUE(domain::Matches(query.filter, facets));
    int found = 0;
    for (const std::string& index : ChooseIndexes(keys, 0, query)) {
      found += static_cast<int>(std::count(holds.begin(), holds.end(), index));
    }
    EXPECT_EQ(found, 1) << bits;
  }
}

}  // namespace
}  // namespace supervision::ledger
