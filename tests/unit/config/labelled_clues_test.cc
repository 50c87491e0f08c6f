#include "services/config/labelled_clues.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "tests/support/temp_dir.h"

namespace supervision::config {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;

class LabelledCluesTest : public ::testing::Test {
 protected:
  std::string Write(const std::string& name, const std::string& text) {
    std::ofstream(Path(name)) << text;
    return Path(name);
  }
  std::string Path(const std::string& name) const { return folder_.path() + "/" + name; }

  // What is said of a file with this text.
  std::string Mistakes(const std::string& text, LabelNames names = LabelNames::kCatalogue) {
    const auto set = LoadLabelledClues({Write("a.jsonl", text)}, names);
    EXPECT_FALSE(set.ok());
    return std::string(set.status().message());
  }

  testing::TempDir folder_;
};

TEST_F(LabelledCluesTest, ReadsAllFieldsAndLeavesOthersOut) {
  const auto set = LoadLabelledClues(
      {Write(
          "a.jsonl",
          R"({"id":"1","source_system":"x","title":"标题","content":"内容","label":"JUDICIAL",)"
          R"("secondary":"PETITION_DISPUTE","risk":"MEDIUM","accept":["JUDICIAL","RECONSIDERATION"],)"
          R"("accept_risk":["MEDIUM","HIGH"],"problem_codes":["JUD-1"]})"
          "\n\n"
          R"({"id":"2","content":"内容","label":"OUT_OF_SCOPE","secondary":null,"risk":null})")},
      LabelNames::kCatalogue);
  ASSERT_TRUE(set.ok()) << set.status();
  ASSERT_THAT(set->clues, SizeIs(2));
  const classification::LabelledClue& clue = set->clues[0];
  EXPECT_EQ(clue.id, "1");
  EXPECT_EQ(clue.title, "标题");
  EXPECT_EQ(clue.content, "内容");
  EXPECT_EQ(clue.label, "JUDICIAL");
  EXPECT_EQ(clue.secondary, "PETITION_DISPUTE");
  EXPECT_EQ(clue.risk, "MEDIUM");
  EXPECT_THAT(clue.accept, ElementsAre("JUDICIAL", "RECONSIDERATION"));
  EXPECT_THAT(clue.accept_risk, ElementsAre("MEDIUM", "HIGH"));
  EXPECT_THAT(clue.problem_codes, ElementsAre("JUD-1"));
  EXPECT_EQ(set->clues[1].risk, "");
  EXPECT_TRUE(set->catalogue_names);
}

TEST_F(LabelledCluesTest, CluesRememberTheirFile) {
  const std::string a = Write("a.jsonl", R"({"id":"1","content":"x","label":"JUDICIAL"})");
  const std::string b = Write("b.jsonl", R"({"id":"2","content":"y","label":"JUDICIAL"})");
  const auto set = LoadLabelledClues({a, b}, LabelNames::kCatalogue);
  ASSERT_TRUE(set.ok()) << set.status();
  EXPECT_THAT(set->files, ElementsAre(a, b));
  EXPECT_THAT(set->file_of, ElementsAre(0U, 1U));
}

struct BadLine {
  const char* name;
  const char* line;
  const char* said;
};

class BadLabelledLineTest : public LabelledCluesTest,
                            public ::testing::WithParamInterface<BadLine> {};

TEST_P(BadLabelledLineTest, IsToldWithFileAndLine) {
  const std::string good = R"({"id":"0","content":"x","label":"JUDICIAL"})";
  EXPECT_THAT(Mistakes(good + "\n" + GetParam().line + "\n"),
              ::testing::AllOf(StartsWith(Path("a.jsonl") + ":2:1: "), HasSubstr(GetParam().said),
                               Not(HasSubstr("\n"))));
}

INSTANTIATE_TEST_SUITE_P(
    All, BadLabelledLineTest,
    ::testing::Values(
        BadLine{"NotJson", "id: 1", "is no JSON object"},
        BadLine{"Array", "[1]", "is no JSON object"},
        BadLine{"Cut", R"({"id":"1","content":"x)", "is no JSON object"},
        BadLine{"NoId", R"({"content":"x","label":"JUDICIAL"})", "'id' is missing"},
        BadLine{"NoContent", R"({"id":"1","label":"JUDICIAL"})", "'content' is missing"},
        BadLine{"EmptyContent", R"({"id":"1","content":"","label":"JUDICIAL"})",
                "'content' is missing"},
        BadLine{"NoLabel", R"({"id":"1","content":"x","label":null})", "'label' is missing"},
        BadLine{"NumberForId", R"({"id":1,"content":"x","label":"JUDICIAL"})", "'id' is no text"},
        BadLine{"TextForList", R"({"id":"1","content":"x","label":"JUDICIAL","accept":"JUDICIAL"})",
                "'accept' is no list of texts"},
        BadLine{"NumbersInList", R"({"id":"1","content":"x","label":"JUDICIAL","accept":[1]})",
                "'accept' is no list of texts"},
        BadLine{
            "UnknownLabel", R"({"id":"1","content":"x","label":"JUDICAL"})",
            "'label' is 'JUDICAL', which is no class of the catalogue; did you mean 'JUDICIAL'"},
        BadLine{"UnknownAccepted",
                R"({"id":"1","content":"x","label":"JUDICIAL","accept":["JUDICIAL","COURT"]})",
                "'accept' is 'COURT'"},
        BadLine{"UnknownSecond", R"({"id":"1","content":"x","label":"JUDICIAL","secondary":"x"})",
                "'secondary' is 'x'"},
        BadLine{"UnknownRisk", R"({"id":"1","content":"x","label":"JUDICIAL","risk":"high"})",
                "'risk' is 'high'"},
        BadLine{"UnknownAcceptedRisk",
                R"({"id":"1","content":"x","label":"JUDICIAL","accept_risk":["RED"]})",
                "'accept_risk' is 'RED'"},
        BadLine{"SecondOfOneId", R"({"id":"0","content":"y","label":"JUDICIAL"})",
                "id '0' stands already in "}),
    [](const auto& info) { return info.param.name; });

TEST_F(LabelledCluesTest, IdsAreUniqueOverAllFiles) {
  const std::string a = Write("a.jsonl", R"({"id":"1","content":"x","label":"JUDICIAL"})");
  const std::string b = Write("b.jsonl",
                              "\n"
                              R"({"id":"1","content":"y","label":"JUDICIAL"})");
  const auto set = LoadLabelledClues({a, b}, LabelNames::kCatalogue);
  EXPECT_EQ(set.status().message(),
            b + ":2:1: id '1' stands already in " + a + ":1; give each clue its own");
}

TEST_F(LabelledCluesTest, AllMistakesAreToldAtOnce) {
  const std::string said = Mistakes(
      "{\n"
      R"({"id":"1","label":"COURT"})"
      "\n");
  EXPECT_THAT(said, HasSubstr("a.jsonl:1:1: is no JSON object"));
  EXPECT_THAT(said, HasSubstr("a.jsonl:2:1: 'content' is missing"));
  EXPECT_THAT(said, HasSubstr("a.jsonl:2:1: 'label' is 'COURT'"));
}

TEST_F(LabelledCluesTest, FileWithoutCluesIsAMistake) {
  EXPECT_THAT(Mistakes("\n \n"), EndsWith("a.jsonl: holds no clue; write one JSON object a line"));
  EXPECT_THAT(Mistakes(""), HasSubstr("holds no clue"));
}

TEST_F(LabelledCluesTest, FileThatCannotBeReadIsNotFound) {
  for (const std::string& path : {Path("none"), folder_.path()}) {
    const auto set = LoadLabelledClues({path}, LabelNames::kAny);
    EXPECT_EQ(set.status().code(), absl::StatusCode::kNotFound) << path;
    EXPECT_THAT(std::string(set.status().message()), HasSubstr(path));
  }
}

TEST_F(LabelledCluesTest, SetWithNamesOfItsOwnMayUseAny) {
  const std::string own = Write("own.jsonl", R"({"id":"1","content":"x","label":"交通"})"
                                             "\n"
                                             R"({"id":"2","content":"y","label":"OUT_OF_SCOPE"})");
  const auto set = LoadLabelledClues({own}, LabelNames::kCatalogueOrOwn);
  ASSERT_TRUE(set.ok()) << set.status();
  EXPECT_FALSE(set->catalogue_names);
  EXPECT_FALSE(LoadLabelledClues({own}, LabelNames::kCatalogue).ok());
}

TEST_F(LabelledCluesTest, SetThatNamesAScenarioMayUseOnlyTheCatalogue) {
  const std::string text = R"({"id":"1","content":"x","label":"JUDICIAL"})"
                           "\n"
                           R"({"id":"2","content":"y","label":"交通"})";
  EXPECT_THAT(Mistakes(text, LabelNames::kCatalogueOrOwn), HasSubstr("a.jsonl:2:1: 'label' is"));
  EXPECT_TRUE(LoadLabelledClues({Path("a.jsonl")}, LabelNames::kAny).ok());
}

}  // namespace
}  // namespace supervision::config
