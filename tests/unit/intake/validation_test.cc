#include "services/intake/validation.h"

#include <functional>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/base/utf8.h"

namespace supervision::intake {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::UnorderedElementsAre;

// 2026-03-01 00:30 in China, still the day before in UTC.
const absl::Time kNow = absl::FromUnixSeconds(1772296200);

const RegionTable& Regions() {
  static const RegionTable* const table =
      RegionTable::Parse("# version: 2023\n# source: x\n330424\t海盐县\n330424101\t沈荡镇\n", "r")
          ->release();
  return *table;
}

domain::ClueContent ValidContent() {
  domain::ClueContent content;
  content.source_record_id = "HL-1";
  content.title = "某局未公开处罚决定";
  content.content = "第一行\n\t第二行";
  content.occurred_on = absl::CivilDay(2026, 3, 1);
  content.region_code = "330424101";
  content.unit = {"某县某局", "113304240025560106"};
  content.party_kind = domain::PartyKind::kAnonymous;
  content.instruments = {
      {domain::InstrumentType::kOther, "盐司函〔2023〕2号", absl::CivilDay(2026, 3, 1)}};
  content.amounts = {{0, ""}, {1'000'000'000'000'000, "罚款"}};
  content.persons_affected = 0;
  content.evidence = {{"https://files.example/a?b=1", std::string(32, 'x'), 0, "application/pdf"}};
  content.confidentiality = domain::Confidentiality::kSecret;
  content.channel = domain::Channel::kOther;
  return content;
}

using Change = std::function<void(domain::ClueContent*)>;

Violations Validate(const Change& change, std::string_view path = "clue") {
  domain::ClueContent content = ValidContent();
  change(&content);
  Violations violations;
  ValidateContent(content, path, Regions(), kNow, &violations);
  return violations;
}

std::vector<std::string> Fields(const Violations& violations) {
  std::vector<std::string> fields;
  for (const auto& violation : violations) fields.push_back(violation.field);
  return fields;
}

std::string Repeat(std::string_view text, size_t times) {
  std::string repeated;
  for (size_t i = 0; i < times; ++i) repeated.append(text);
  return repeated;
}

TEST(ValidationTest, ValidContentHasNoViolation) {
  EXPECT_THAT(Fields(Validate([](auto*) {})), IsEmpty());
}

TEST(ValidationTest, OptionalFieldsMayBeLeftOut) {
  domain::ClueContent content;
  content.title = "题";
  content.content = "文";
  content.region_code = "330424";
  Violations violations;
  ValidateContent(content, "clue", Regions(), kNow, &violations);
  EXPECT_THAT(Fields(violations), IsEmpty());
}

struct Case {
  const char* name;
  Change change;
  const char* field;
  const char* english;  // part of the sentence
};

TEST(ValidationTest, EachMistakeNamesItsFieldAndRemedy) {
  const Case cases[] = {
      {"no title", [](auto* c) { c->title.clear(); }, "clue.title", "is missing; write 1 to 200"},
      {"blank title", [](auto* c) { c->title = " \u3000\t"; }, "clue.title", "is missing"},
      {"long title", [](auto* c) { c->title = Repeat("题", 201); }, "clue.title",
       "longer than 200"},
      {"title of two lines", [](auto* c) { c->title = "a\nb"; }, "clue.title", "one line"},
      {"line separator in title", [](auto* c) { c->title = "a\u2028b"; }, "clue.title", "one line"},
      {"no content", [](auto* c) { c->content.clear(); }, "clue.content", "is missing"},
      {"long content", [](auto* c) { c->content = Repeat("文", 20'001); }, "clue.content",
       "longer than 20000"},
      {"NUL in content", [](auto* c) { c->content = std::string("a\0b", 3); }, "clue.content",
       "control characters; remove"},
      {"escape in content", [](auto* c) { c->content = "a\x1B[31m"; }, "clue.content", "control"},
      {"C1 control", [](auto* c) { c->content = "a\u0085"; }, "clue.content", "control"},
      {"delete", [](auto* c) { c->content = "a\x7F"; }, "clue.content", "control"},
      {"override of direction", [](auto* c) { c->content = "a\u202Eb"; }, "clue.content",
       "direction of writing"},
      {"isolate of direction", [](auto* c) { c->title = "a\u2066b"; }, "clue.title",
       "direction of writing"},
      {"not UTF-8", [](auto* c) { c->content = "a\xED\xA0\x80"; }, "clue.content", "UTF-8"},
      {"long record id", [](auto* c) { c->source_record_id = Repeat("甲", 129); },
       "clue.source_record_id", "longer than 128"},
      {"control in record id", [](auto* c) { c->source_record_id = "a\x01"; },
       "clue.source_record_id", "control"},
      {"tomorrow", [](auto* c) { c->occurred_on = absl::CivilDay(2026, 3, 2); }, "clue.occurred_on",
       "in the future"},
      {"long ago", [](auto* c) { c->occurred_on = absl::CivilDay(1899, 12, 31); },
       "clue.occurred_on", "before 1900"},
      {"no region", [](auto* c) { c->region_code.clear(); }, "clue.region_code", "is missing"},
      {"region of 12 digits", [](auto* c) { c->region_code = "330424101000"; }, "clue.region_code",
       "not 6 or 9 digits"},
      {"region of letters", [](auto* c) { c->region_code = "33042x"; }, "clue.region_code",
       "not 6 or 9 digits"},
      {"unknown region", [](auto* c) { c->region_code = "330499"; }, "clue.region_code",
       "not in the list of region codes (2023)"},
      {"unknown town", [](auto* c) { c->region_code = "330424999"; }, "clue.region_code",
       "not in the list"},
      {"long unit", [](auto* c) { c->unit.name = Repeat("局", 201); }, "clue.reported_unit.name",
       "longer than 200"},
      {"wrong check digit", [](auto* c) { c->unit.credit_code = "91350100M000100Y4X"; },
       "clue.reported_unit.credit_code", "wrong check digit"},
      {"the standard's wrong example", [](auto* c) { c->unit.credit_code = "91350100M000100Y4Z"; },
       "clue.reported_unit.credit_code", "without I, O, S, V, Z"},
      {"small letters", [](auto* c) { c->unit.credit_code = "91330000755918469e"; },
       "clue.reported_unit.credit_code", "capital letters"},
      {"party kind of later", [](auto* c) { c->party_kind = static_cast<domain::PartyKind>(99); },
       "clue.party_kind", "does not know"},
      {"confidentiality of later",
       [](auto* c) { c->confidentiality = static_cast<domain::Confidentiality>(99); },
       "clue.confidentiality", "does not know"},
      {"channel of later", [](auto* c) { c->channel = static_cast<domain::Channel>(99); },
       "clue.channel", "does not know"},
      {"instrument without number", [](auto* c) { c->instruments[0].number.clear(); },
       "clue.instruments[0].number", "is missing; write 1 to 128"},
      {"long instrument number", [](auto* c) { c->instruments[0].number = Repeat("号", 129); },
       "clue.instruments[0].number", "longer than 128"},
      {"instrument of tomorrow",
       [](auto* c) { c->instruments[0].date = absl::CivilDay(2026, 3, 2); },
       "clue.instruments[0].date", "in the future"},
      {"instrument of later",
       [](auto* c) { c->instruments[0].type = static_cast<domain::InstrumentType>(99); },
       "clue.instruments[0].type", "does not know"},
      {"negative amount", [](auto* c) { c->amounts[1].fen = -1; }, "clue.amounts[1].fen",
       "is negative"},
      {"huge amount", [](auto* c) { c->amounts[0].fen = 1'000'000'000'000'001; },
       "clue.amounts[0].fen", "is above"},
      {"long purpose", [](auto* c) { c->amounts[0].purpose = Repeat("款", 101); },
       "clue.amounts[0].purpose", "longer than 100"},
      {"negative persons", [](auto* c) { c->persons_affected = -1; }, "clue.persons_affected",
       "is negative"},
      {"too many persons", [](auto* c) { c->persons_affected = 10'000'001; },
       "clue.persons_affected", "is above 10000000"},
      {"short digest", [](auto* c) { c->evidence[0].sha256.pop_back(); }, "clue.evidence[0].sha256",
       "is not 32 bytes"},
      {"digest as text", [](auto* c) { c->evidence[0].sha256 = std::string(64, 'a'); },
       "clue.evidence[0].sha256", "not its text form"},
      {"no digest", [](auto* c) { c->evidence[0].sha256.clear(); }, "clue.evidence[0].sha256",
       "32 bytes"},
      {"relative URI", [](auto* c) { c->evidence[0].uri = "/a/b"; }, "clue.evidence[0].uri",
       "absolute URI"},
      {"no URI", [](auto* c) { c->evidence[0].uri.clear(); }, "clue.evidence[0].uri",
       "absolute URI"},
      {"URI with a space", [](auto* c) { c->evidence[0].uri = "https://a b"; },
       "clue.evidence[0].uri", "absolute URI"},
      {"URI with Chinese", [](auto* c) { c->evidence[0].uri = "https://例"; },
       "clue.evidence[0].uri", "absolute URI"},
      {"URI of a digit", [](auto* c) { c->evidence[0].uri = "1a:b"; }, "clue.evidence[0].uri",
       "absolute URI"},
      {"long URI", [](auto* c) { c->evidence[0].uri = "a:" + std::string(2047, 'x'); },
       "clue.evidence[0].uri", "longer than 2048"},
      {"negative size", [](auto* c) { c->evidence[0].size_bytes = -1; },
       "clue.evidence[0].size_bytes", "is negative"},
      {"huge size", [](auto* c) { c->evidence[0].size_bytes = (int64_t{1} << 40) + 1; },
       "clue.evidence[0].size_bytes", "is above"},
      {"media type of one word", [](auto* c) { c->evidence[0].media_type = "pdf"; },
       "clue.evidence[0].media_type", "type/subtype"},
      {"media type with parameters", [](auto* c) { c->evidence[0].media_type = "text/plain; q=1"; },
       "clue.evidence[0].media_type", "type/subtype"},
  };
  for (const Case& c : cases) {
    const Violations violations = Validate(c.change);
    ASSERT_THAT(Fields(violations), ElementsAre(c.field)) << c.name;
    EXPECT_THAT(violations[0].english, HasSubstr(c.english)) << c.name;
    EXPECT_THAT(violations[0].english, HasSubstr(";")) << c.name << ": no remedy";
    EXPECT_THAT(violations[0].chinese, HasSubstr("；")) << c.name << ": no remedy in Chinese";
    EXPECT_TRUE(base::IsUtf8(violations[0].chinese)) << c.name;
  }
}

TEST(ValidationTest, LongestAllowedTextsPass) {
  EXPECT_THAT(Fields(Validate([](domain::ClueContent* c) {
                c->title = Repeat("\U00020000", 200);
                c->content = Repeat("文", 20'000);
                c->source_record_id = Repeat("甲", 128);
                c->evidence[0].uri = "a:" + std::string(2046, 'x');
              })),
              IsEmpty());
}

TEST(ValidationTest, LongListIsOneMistakeAndItsFirstHundredEntriesAreStillLookedAt) {
  const Violations violations = Validate([](domain::ClueContent* c) {
    c->amounts.assign(101, {1, ""});
    c->amounts[99].fen = -1;
    c->amounts[100].fen = -1;
    c->instruments.assign(51, c->instruments[0]);
    c->evidence.assign(51, c->evidence[0]);
  });
  EXPECT_THAT(Fields(violations), UnorderedElementsAre("clue.amounts", "clue.amounts[99].fen",
                                                       "clue.instruments", "clue.evidence"));
}

TEST(ValidationTest, AllMistakesAreToldAtOnceUnderTheGivenPath) {
  const Violations violations = Validate(
      [](domain::ClueContent* c) {
        c->title.clear();
        c->content = "a\x01\u202E";
        c->region_code = "1";
        c->evidence[0] = {};
      },
      "items[7].clue");
  EXPECT_THAT(
      Fields(violations),
      UnorderedElementsAre("items[7].clue.title", "items[7].clue.content", "items[7].clue.content",
                           "items[7].clue.region_code", "items[7].clue.evidence[0].uri",
                           "items[7].clue.evidence[0].sha256"));
}

TEST(ValidationTest, NoSentenceQuotesAValue) {
  const std::string secret = "王某13800000000";
  const Violations violations = Validate([&](domain::ClueContent* c) {
    c->title = secret + "\x01\u202E\n" + Repeat(secret, 30);
    c->content = secret + "\x01";
    c->source_record_id = Repeat(secret, 30);
    c->region_code = secret;
    c->unit = {Repeat(secret, 30), secret};
    c->instruments[0].number = Repeat(secret, 30);
    c->amounts[0].purpose = Repeat(secret, 30);
    c->evidence[0] = {secret, secret, -1, secret};
  });
  EXPECT_GE(violations.size(), 12u);
  for (const auto& violation : violations) {
    EXPECT_THAT(violation.english, Not(HasSubstr("13800000000"))) << violation.field;
    EXPECT_THAT(violation.chinese, Not(HasSubstr("王某"))) << violation.field;
  }
}

TEST(ValidationTest, TodayIsTheDayInChina) {
  EXPECT_THAT(Validate([](auto* c) { c->occurred_on = absl::CivilDay(2026, 3, 1); }), IsEmpty());
}

TEST(ValidationTest, RequestIdIsOfItsCharactersAndLength) {
  const auto is_right = [](std::string_view id) {
    Violations violations;
    ValidateRequestId(id, "items[2]", &violations);
    if (!violations.empty()) {
      EXPECT_THAT(Fields(violations), ElementsAre("items[2].request_id"));
    }
    return violations.empty();
  };
  EXPECT_TRUE(is_right("a"));
  EXPECT_TRUE(is_right("AZaz09._:-"));
  EXPECT_TRUE(is_right(std::string(128, 'x')));
  for (const std::string& id : {std::string(), std::string(129, 'x'), std::string("a b"),
                                std::string("a/b"), std::string("号"), std::string("a\0", 2)}) {
    EXPECT_FALSE(is_right(id)) << id;
  }
}

TEST(ValidationTest, PathOfTheRootIsTheNameAlone) {
  Violations violations;
  ValidateRequestId("", "", &violations);
  ValidateWithdrawReason("", "", &violations);
  ValidateText("", "", "", &violations);
  EXPECT_THAT(Fields(violations), ElementsAre("request_id", "reason", "content"));
}

TEST(ValidationTest, WithdrawReasonHasItsLength) {
  Violations violations;
  ValidateWithdrawReason(Repeat("因", 500), "", &violations);
  EXPECT_THAT(violations, IsEmpty());
  ValidateWithdrawReason(Repeat("因", 501), "", &violations);
  EXPECT_THAT(Fields(violations), ElementsAre("reason"));
}

TEST(ValidationTest, TextOfADryRunMayLackATitle) {
  Violations violations;
  ValidateText("", "文", "", &violations);
  EXPECT_THAT(violations, IsEmpty());
  ValidateText(Repeat("题", 201), Repeat("文", 20'001), "", &violations);
  EXPECT_THAT(Fields(violations), ElementsAre("title", "content"));
}

TEST(ValidationTest, StatusCarriesTheViolationsUnderOneReason) {
  const absl::Status status = ToStatus({{"clue.title", "is missing", "缺失"}});
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  const auto detail = domain::DetailOf(status);
  ASSERT_TRUE(detail.has_value());
  EXPECT_EQ(detail->reason, domain::Reason::kInvalidRequest);
  ASSERT_EQ(detail->violations.size(), 1u);
  EXPECT_EQ(detail->violations[0].field, "clue.title");
}

}  // namespace
}  // namespace supervision::intake
