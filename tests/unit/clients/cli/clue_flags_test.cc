#include "clients/cli/clue_flags.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "clients/cpp/error.h"

namespace supervision::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

struct Parsed {
  absl::Status status;
  v1::ClueContent clue;
};

Parsed Parse(std::vector<std::string> arguments, v1::ClueContent clue = {}) {
  CLI::App app;
  ClueFlags flags;
  flags.AddTo(app);
  std::reverse(arguments.begin(), arguments.end());
  app.parse(arguments);
  const absl::Status status = flags.Apply(clue);
  return {status, clue};
}

TEST(ClueFlagsTest, FillsEveryField) {
  const Parsed parsed = Parse({"--record",
                               "R1",
                               "--title",
                               "标题",
                               "--content",
                               "内容",
                               "--occurred-on",
                               "2025-03-12",
                               "--region",
                               "330424",
                               "--unit",
                               "某局",
                               "--unit-code",
                               "X",
                               "--party",
                               "natural-person",
                               "--instrument",
                               "court-case=号=2025-01-02",
                               "--instrument",
                               "other=n",
                               "--amount",
                               "186000.5=工程款",
                               "--amount",
                               "3",
                               "--persons",
                               "7",
                               "--evidence",
                               "https://e.example/f 00ff 12 application/pdf",
                               "--confidentiality",
                               "secret",
                               "--channel",
                               "hotline"});
  ASSERT_TRUE(parsed.status.ok()) << parsed.status;
  const v1::ClueContent& clue = parsed.clue;
  EXPECT_EQ(clue.source_record_id(), "R1");
  EXPECT_EQ(clue.title(), "标题");
  EXPECT_EQ(clue.content(), "内容");
  EXPECT_EQ(clue.occurred_on().month(), 3);
  EXPECT_EQ(clue.region_code(), "330424");
  EXPECT_EQ(clue.reported_unit().name(), "某局");
  EXPECT_EQ(clue.reported_unit().credit_code(), "X");
  EXPECT_EQ(clue.party_kind(), v1::PARTY_KIND_NATURAL_PERSON);
  ASSERT_EQ(clue.instruments_size(), 2);
  EXPECT_EQ(clue.instruments(0).date().day(), 2);
  EXPECT_EQ(clue.instruments(1).number(), "n");
  ASSERT_EQ(clue.amounts_size(), 2);
  EXPECT_EQ(clue.amounts(0).fen(), 18600050);
  EXPECT_EQ(clue.amounts(0).purpose(), "工程款");
  EXPECT_EQ(clue.amounts(1).fen(), 300);
  EXPECT_EQ(clue.persons_affected(), 7);
  EXPECT_EQ(clue.evidence(0).sha256(), std::string("\0\xff", 2));
  EXPECT_EQ(clue.confidentiality(), v1::CONFIDENTIALITY_SECRET);
  EXPECT_EQ(clue.channel(), v1::CHANNEL_HOTLINE);
}

TEST(ClueFlagsTest, GoesOverWhatIsThereAndLeavesTheRest) {
  v1::ClueContent clue;
  clue.set_title("old");
  clue.set_content("stays");
  clue.add_amounts()->set_fen(1);
  const Parsed parsed = Parse({"--title", "new", "--amount", "2"}, clue);
  EXPECT_EQ(parsed.clue.title(), "new");
  EXPECT_EQ(parsed.clue.content(), "stays");
  ASSERT_EQ(parsed.clue.amounts_size(), 1);
  EXPECT_EQ(parsed.clue.amounts(0).fen(), 200);
}

TEST(ClueFlagsTest, AMistakeNamesItsFlag) {
  const std::pair<const char*, const char*> kRows[] = {
      {"--occurred-on", "12.3.2025"}, {"--amount", "1.234"},   {"--amount", "x"},
      {"--amount", "1.-5"},           {"--channel", "pigeon"}, {"--party", "ghost"},
      {"--instrument", "court-case"}, {"--evidence", "uri"},   {"--instrument", "x=1"},
  };
  for (const auto& [flag, value] : kRows) {
    const absl::Status status = Parse({flag, value}).status;
    EXPECT_THAT(std::string(status.message()), HasSubstr(flag)) << value;
  }
}

TEST(ClueFlagsTest, ANegativeAmountIsForTheServiceToRefuse) {
  EXPECT_EQ(Parse({"--amount=-0.5"}).clue.amounts(0).fen(), -50);
}

TEST(ClueFromJsonTest, ReadsAnItemOrOnlyTheClue) {
  const auto item = ClueFromJson(R"({"request_id": "r", "clue": {"title": "t"}})");
  ASSERT_TRUE(item.ok());
  EXPECT_EQ(item->request_id(), "r");
  EXPECT_EQ(item->clue().title(), "t");
  const auto bare = ClueFromJson(R"({"title": "t", "amounts": [{"fen": "5"}]})");
  ASSERT_TRUE(bare.ok());
  EXPECT_EQ(bare->request_id(), "");
  EXPECT_EQ(bare->clue().amounts(0).fen(), 5);
}

TEST(ClueFromJsonTest, TheMistakeIsAboutTheShapeThatWasMeant) {
  EXPECT_THAT(std::string(ClueFromJson(R"({"clue": {"titel": "t"}})").status().message()),
              HasSubstr("titel"));
  EXPECT_THAT(std::string(ClueFromJson(R"({"contemt": "t"})").status().message()),
              HasSubstr("contemt"));
  EXPECT_FALSE(ClueFromJson("no json").ok());
}

TEST(ClueFromJsonTest, ATextThatIsNotUtf8IsSaidInBothLanguagesWithARemedy) {
  const absl::Status status = ClueFromJson("{\"title\": \"\xB2\xF0\"}").status();  // GBK
  EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
  const client::Error error = client::ErrorOf(status);
  EXPECT_THAT(error.english, AllOf(HasSubstr("byte 12"), HasSubstr("Save the file as UTF-8")));
  EXPECT_THAT(error.chinese, AllOf(HasSubstr("第 12 字节"), HasSubstr("请以 UTF-8 保存")));
}

}  // namespace
}  // namespace supervision::cli
