#include "services/domain/clue.h"

#include <functional>
#include <map>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/base/hex.h"

namespace supervision::domain {
namespace {

ClueContent Example() {
  ClueContent content;
  content.source_record_id = "WO-17";
  content.title = "处罚决定未送达";
  content.content = "王某反映：罚款已经扣缴，决定书至今没有送达。";
  content.occurred_on = absl::CivilDay(2026, 3, 2);
  content.region_code = "330106";
  content.unit = {"某区城市管理局", "11330106MB1234567X"};
  content.party_kind = PartyKind::kNaturalPerson;
  content.instruments = {{InstrumentType::kPenaltyDecision, "某综执罚〔2026〕3号", std::nullopt}};
  content.amounts = {{50'000, "罚款"}};
  content.persons_affected = 1;
  content.evidence = {{"https://files.example/1", std::string(32, 'h'), 10, "image/png"}};
  content.confidentiality = Confidentiality::kNormal;
  content.channel = Channel::kHotline;
  return content;
}

TEST(ContentDigestTest, IsEqualForEqualContent) {
  EXPECT_EQ(ContentDigest(Example()), ContentDigest(Example()));
  EXPECT_EQ(ContentDigest(Example()).size(), 32u);
}

// Digests lie in ledgers: a change of this value makes every retry of an old request look like
// other content.
TEST(ContentDigestTest, NeverChanges) {
  EXPECT_EQ(base::HexEncode(ContentDigest(ClueContent{})),
            "8d9a76e5244e965e11d19f4b6b1f8aa503da0d5b08051850323b3a264070aa99");
  EXPECT_EQ(base::HexEncode(ContentDigest(Example())),
            "109c4fed8780c561394972f643ad32907ba155ef79d7c1b9a4d229385241f49e");
}

TEST(ContentDigestTest, EveryFieldCounts) {
  const std::map<std::string, std::function<void(ClueContent*)>> changes = {
      {"source_record_id", [](ClueContent* c) { c->source_record_id += "x"; }},
      {"title", [](ClueContent* c) { c->title += "x"; }},
      {"content", [](ClueContent* c) { c->content += "x"; }},
      {"occurred_on", [](ClueContent* c) { c->occurred_on.reset(); }},
      {"region_code", [](ClueContent* c) { c->region_code = "330108"; }},
      {"unit.name", [](ClueContent* c) { c->unit.name += "x"; }},
      {"unit.credit_code", [](ClueContent* c) { c->unit.credit_code.clear(); }},
      {"party_kind", [](ClueContent* c) { c->party_kind = PartyKind::kEnterprise; }},
      {"instrument type", [](ClueContent* c) { c->instruments[0].type = InstrumentType::kOther; }},
      {"instrument number", [](ClueContent* c) { c->instruments[0].number += "x"; }},
      {"instrument date",
       [](ClueContent* c) { c->instruments[0].date = absl::CivilDay(2026, 1, 1); }},
      {"instruments", [](ClueContent* c) { c->instruments.clear(); }},
      {"amount fen", [](ClueContent* c) { c->amounts[0].fen = 1; }},
      {"amount purpose", [](ClueContent* c) { c->amounts[0].purpose.clear(); }},
      {"amounts", [](ClueContent* c) { c->amounts.clear(); }},
      {"persons_affected", [](ClueContent* c) { c->persons_affected.reset(); }},
      {"evidence uri", [](ClueContent* c) { c->evidence[0].uri += "x"; }},
      {"evidence sha256", [](ClueContent* c) { c->evidence[0].sha256[0] = 'i'; }},
      {"evidence size", [](ClueContent* c) { c->evidence[0].size_bytes = 11; }},
      {"evidence media type", [](ClueContent* c) { c->evidence[0].media_type.clear(); }},
      {"evidence", [](ClueContent* c) { c->evidence.clear(); }},
      {"confidentiality", [](ClueContent* c) { c->confidentiality = Confidentiality::kSecret; }},
      {"channel", [](ClueContent* c) { c->channel = Channel::kCourt; }},
  };
  for (const auto& [field, change] : changes) {
    ClueContent other = Example();
    change(&other);
    EXPECT_NE(ContentDigest(other), ContentDigest(Example())) << field;
  }
}

TEST(ContentDigestTest, TextMovedFromOneFieldToTheNextIsOtherContent) {
  ClueContent left;
  left.title = "ab";
  left.content = "c";
  ClueContent right;
  right.title = "a";
  right.content = "bc";
  EXPECT_NE(ContentDigest(left), ContentDigest(right));
}

TEST(ContentDigestTest, UnspecifiedConfidentialityIsNormal) {
  ClueContent unspecified = Example();
  unspecified.confidentiality = Confidentiality::kUnspecified;
  EXPECT_EQ(ContentDigest(unspecified), ContentDigest(Example()));
}

}  // namespace
}  // namespace supervision::domain
