// What reviewers decided, listed with the text that each word judged, against a real redis-server.
#include "services/ledger/codec.h"
#include "services/ledger/keys.h"
#include "tests/integration/ledger/ledger_fixture.h"

namespace supervision::ledger {
namespace {

using domain::Confidentiality;
using testing::CorrectionOf;
using ::testing::ElementsAre;
using testing::ExampleSubmission;
using ::testing::HasSubstr;
using testing::OptionsFor;
using testing::RevisionOf;
using ::testing::SizeIs;
using testing::TestLedger;
using testing::WithdrawalOf;

class CorrectedTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { server_ = new testing::RedisServer; }
  static void TearDownTestSuite() {
    delete server_;
    server_ = nullptr;
  }
  void SetUp() override {
    server_->Call({"FLUSHALL"});
    ledger_ = std::make_unique<TestLedger>(OptionsFor(*server_));
    ASSERT_TRUE(ledger_->WaitReady());
    receipt_ = Must(ledger_->Submit(submission_));
  }

  static Receipt Must(const absl::StatusOr<Receipt>& receipt) {
    EXPECT_TRUE(receipt.ok()) << receipt.status();
    return receipt.ok() ? *receipt : Receipt();
  }
  void Correct(const std::string& request_id, domain::Risk risk = domain::Risk::kMedium) {
    CorrectionRequest request = CorrectionOf(receipt_, request_id);
    request.finding.risk = risk;
    receipt_ = Must(ledger_->Correct(request));
  }
  void Revise(const std::string& request_id) {
    receipt_ = Must(ledger_->Revise(RevisionOf(submission_, receipt_, request_id)));
  }
  std::vector<CorrectedClue> Words(ListQuery query = {}) {
    auto page = ledger_->Corrections(std::move(query));
    EXPECT_TRUE(page.ok()) << page.status();
    return page.ok() ? std::move(page->corrections) : std::vector<CorrectedClue>();
  }
  static std::vector<uint32_t> VersionsOf(const std::vector<CorrectedClue>& words) {
    std::vector<uint32_t> versions;
    for (const CorrectedClue& word : words) versions.push_back(word.clue.version);
    return versions;
  }

  static testing::RedisServer* server_;
  std::unique_ptr<TestLedger> ledger_;
  Submission submission_ = ExampleSubmission("1");
  Receipt receipt_;
};
testing::RedisServer* CorrectedTest::server_ = nullptr;

TEST_F(CorrectedTest, AWordBelongsToTheTextThatItJudgedAlsoAfterARevision) {
  Correct("c-1");
  Revise("r-1");
  const std::vector<CorrectedClue> words = Words();
  ASSERT_THAT(words, SizeIs(1));
  EXPECT_EQ(words[0].clue.version, 2u);
  EXPECT_EQ(words[0].clue.content, submission_.content);
  EXPECT_EQ(words[0].clue.correction->author, "reviewer-1");
  EXPECT_TRUE(words[0].superseded);
}

TEST_F(CorrectedTest, EachTextHasItsWordTheNewestFirst) {
  Correct("c-1");
  Revise("r-1");
  Correct("c-2", domain::Risk::kHigh);
  const std::vector<CorrectedClue> words = Words();
  ASSERT_THAT(VersionsOf(words), ElementsAre(4u, 2u));
  EXPECT_NE(words[0].clue.content, words[1].clue.content);
  EXPECT_EQ(words[0].clue.correction->verdict.risk, domain::Risk::kHigh);
  EXPECT_FALSE(words[0].superseded);
  EXPECT_TRUE(words[1].superseded);
}

TEST_F(CorrectedTest, OfSeveralWordsOnOneTextTheLastCounts) {
  Correct("c-1");
  Correct("c-2", domain::Risk::kHigh);
  EXPECT_THAT(VersionsOf(Words()), ElementsAre(3u));
  Revise("r-1");
  const std::vector<CorrectedClue> words = Words();
  ASSERT_THAT(VersionsOf(words), ElementsAre(3u));
  EXPECT_EQ(words[0].clue.correction->verdict.risk, domain::Risk::kHigh);
}

TEST_F(CorrectedTest, WhatTheSystemCorrectedLaterTakesNoWordAway) {
  Correct("c-1");
  Revise("r-1");
  CorrectionRequest request = CorrectionOf(receipt_, "s-1");
  request.by = domain::CorrectedBy::kSystem;
  request.author = domain::kSystemAuthor;
  request.verdict.scenario = domain::Scenario::kPetitionDispute;
  receipt_ = Must(ledger_->Correct(request));
  EXPECT_THAT(VersionsOf(Words()), ElementsAre(2u));
  Correct("c-2");
  const std::vector<CorrectedClue> words = Words();
  EXPECT_THAT(VersionsOf(words), ElementsAre(5u, 2u));
  EXPECT_TRUE(words[0].clue.correction->judged.has_value()) << "it judged the system's word";
}

TEST_F(CorrectedTest, AWithdrawalIsSeenAndSupersedesNothing) {
  Correct("c-1");
  Must(ledger_->Withdraw(WithdrawalOf(submission_, receipt_, "w-1")));
  const std::vector<CorrectedClue> words = Words();
  ASSERT_THAT(VersionsOf(words), ElementsAre(2u));
  EXPECT_EQ(words[0].state, domain::ClueState::kWithdrawn);
  EXPECT_FALSE(words[0].superseded);
}

TEST_F(CorrectedTest, ATextIsAsSecretAsTheClueWasOrIs) {
  Correct("c-1");
  submission_.content.confidentiality = Confidentiality::kSecret;
  Revise("r-1");
  EXPECT_EQ(Words()[0].confidentiality, Confidentiality::kSecret) << "of a text that was not";
  Correct("c-2");
  submission_.content.confidentiality = Confidentiality::kNormal;
  Revise("r-2");
  EXPECT_EQ(Words()[0].confidentiality, Confidentiality::kSecret) << "of a clue that is no longer";
  EXPECT_EQ(Words()[1].confidentiality, Confidentiality::kNormal);
}

TEST_F(CorrectedTest, PagesHaveEveryWordOnce) {
  constexpr int kClues = 7;
  std::vector<std::string> all;
  for (int i = 0; i < kClues; ++i) {
    submission_ = ExampleSubmission("page-" + std::to_string(i));
    receipt_ = Must(ledger_->Submit(submission_));
    for (int j = 0; j <= i % 3; ++j) {
      Correct("c-" + std::to_string(j));
      all.push_back(receipt_.clue_id + "/" + std::to_string(receipt_.version));
      Revise("r-" + std::to_string(j));
    }
  }
  std::vector<std::string> paged;
  ListQuery query;
  query.page_size = 2;
  do {
    const auto page = ledger_->Corrections(query);
    ASSERT_TRUE(page.ok()) << page.status();
    EXPECT_LE(page->corrections.size(), 4u) << "one short of full, and then a clue with three";
    for (const CorrectedClue& word : page->corrections) {
      paged.push_back(word.clue.id + "/" + std::to_string(word.clue.version));
    }
    query.page_token = page->next_page_token;
  } while (!query.page_token.empty());
  EXPECT_THAT(paged, ::testing::UnorderedElementsAreArray(all));
}

// Three clues, each with a word; of the second two versions: 2 has a word, 4 has another.
TEST_F(CorrectedTest, OneThatIsDamagedIsLeftOutAndNamedInTheLogAndHarmsNoOther) {
  ::testing::internal::CaptureStderr();
  {
    observability::Logger log(observability::Logger::Format::kText,
                              observability::Logger::Level::kWarning);
    ledger_ = std::make_unique<TestLedger>(OptionsFor(*server_), base::Clock::System(), &log);
    ASSERT_TRUE(ledger_->WaitReady());
    Correct("c-1");
    submission_ = ExampleSubmission("2");
    receipt_ = Must(ledger_->Submit(submission_));
    Correct("c-1");
    Revise("r-1");
    Correct("c-2");
    const std::string id = receipt_.clue_id;
    submission_ = ExampleSubmission("3");
    receipt_ = Must(ledger_->Submit(submission_));
    Correct("c-1");
    const std::string key = Keys("", 1).Clue(*ParseClueId(id, 1));
    ASSERT_THAT(VersionsOf(Words()), ElementsAre(2u, 4u, 2u, 2u));
    ASSERT_EQ(server_->Call({"HSET", key, "s:2", "\xff"}), ":0\r\n");
    EXPECT_THAT(VersionsOf(Words()), ElementsAre(2u, 4u, 2u)) << "a word that is";
    ASSERT_EQ(server_->Call({"HSET", key, "s:4", "\xff"}), ":0\r\n");
    EXPECT_THAT(VersionsOf(Words()), ElementsAre(2u, 2u)) << "a newest version that is";
    server_->Call({"SET", key, "x"});
    EXPECT_THAT(VersionsOf(Words()), ElementsAre(2u, 2u)) << "a key of a wrong type";
    ledger_.reset();
    const std::string logged = ::testing::internal::GetCapturedStderr();
    EXPECT_THAT(logged, HasSubstr("ledger.version_damaged clue=" + id + " version=2"));
    EXPECT_THAT(logged, HasSubstr("ledger.version_damaged clue=" + id + " version=4"));
    EXPECT_THAT(logged, HasSubstr("ledger.summary_damaged clue=" + id));
  }
}

TEST_F(CorrectedTest, AListOfAnOlderLedgerIsMadeUpFor) {
  Correct("c-1");
  // As a service wrote it that knew no such list.
  const Keys keys("", 1);
  const std::string key = keys.Clue(*ParseClueId(receipt_.clue_id, 1));
  const std::string reply = server_->Call({"HGET", key, "l"});
  const size_t begin = reply.find("\r\n") + 2;
  std::optional<ClueSummary> summary =
      DecodeSummary(reply.substr(begin, reply.size() - begin - 2), receipt_.clue_id);
  ASSERT_TRUE(summary.has_value());
  ASSERT_THAT(summary->corrections, ElementsAre(2u));
  summary->corrections.clear();
  server_->Call({"HSET", key, "l", EncodeSummary(*summary)});
  EXPECT_THAT(VersionsOf(Words()), ElementsAre(2u));
  Revise("r-1");
  EXPECT_THAT(VersionsOf(Words()), ElementsAre(2u));
}

}  // namespace
}  // namespace supervision::ledger
