// Lists: every condition, pages that stay right while clues arrive, bounded work.
#include <algorithm>
#include <random>
#include <set>

#include "tests/integration/ledger/ledger_fixture.h"

namespace supervision::ledger {
namespace {

using domain::Reason;
using domain::Risk;
using domain::Scenario;
using ::testing::ElementsAre;
using testing::ExampleSubmission;
using testing::FailsWith;
using ::testing::IsEmpty;
using testing::OptionsFor;
using ::testing::SizeIs;
using testing::TestLedger;

class ListTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { server_ = new testing::RedisServer; }
  static void TearDownTestSuite() {
    delete server_;
    server_ = nullptr;
  }
  void SetUp() override { Open(1); }
  void Open(int partitions) {
    ledger_.reset();
    server_->Call({"FLUSHALL"});
    Ledger::Options options = OptionsFor(*server_);
    options.partitions = partitions;
    ledger_ = std::make_unique<TestLedger>(options, &clock_);
    ASSERT_TRUE(ledger_->WaitReady());
  }

  // Commits one after the other, a second apart, so that the order is known.
  std::string Commit(const Submission& submission) {
    clock_.Advance(absl::Seconds(1));
    const auto receipt = ledger_->Submit(submission);
    EXPECT_TRUE(receipt.ok()) << receipt.status();
    return receipt.ok() ? receipt->clue_id : "";
  }
  void CommitMany(int count, const std::function<void(int, Submission*)>& change) {
    std::vector<std::future<absl::StatusOr<Receipt>>> answers;
    for (int i = 0; i < count; ++i) {
      Submission submission = ExampleSubmission("m" + std::to_string(++made_));
      change(i, &submission);
      answers.push_back(ledger_->SubmitLater(submission));
    }
    for (auto& answer : answers) ASSERT_TRUE(answer.get().ok());
  }
  std::vector<std::string> Ids(ListQuery query) {
    std::vector<std::string> ids;
    do {
      const auto page = ledger_->List(query);
      EXPECT_TRUE(page.ok()) << page.status();
      if (!page.ok()) break;
      for (const ClueSummary& clue : page->clues) ids.push_back(clue.clue_id);
      query.page_token = page->next_page_token;
    } while (!query.page_token.empty());
    return ids;
  }

  static testing::RedisServer* server_;
  base::FakeClock clock_{absl::FromUnixSeconds(1'790'000'000)};
  std::unique_ptr<TestLedger> ledger_;
  int made_ = 0;
};
testing::RedisServer* ListTest::server_ = nullptr;

TEST_F(ListTest, AnEmptyLedgerHasAnEmptyPageAndNoToken) {
  const auto page = ledger_->List({});
  ASSERT_TRUE(page.ok());
  EXPECT_THAT(page->clues, IsEmpty());
  EXPECT_EQ(page->next_page_token, "");
}

TEST_F(ListTest, EachConditionSelectsAndTheNewestComesFirst) {
  Submission a = ExampleSubmission("a");
  Submission b = ExampleSubmission("b");
  b.verdict.scenario = Scenario::kJudicial;
  b.verdict.risk = Risk::kHigh;
  b.content.region_code = "330108002";
  Submission c = ExampleSubmission("c");
  c.partner = "court";
  c.content.unit = {"某镇政府", ""};
  c.verdict.risk = Risk::kLow;
  Submission d = ExampleSubmission("d");
  d.verdict.scenario = Scenario::kOutOfScope;
  const std::string ia = Commit(a), ib = Commit(b), ic = Commit(c), id = Commit(d);

  EXPECT_THAT(Ids({}), ElementsAre(id, ic, ib, ia));
  ListQuery by_scenario;
  by_scenario.filter.scenarios.set(static_cast<size_t>(Scenario::kAdminEnforcement));
  EXPECT_THAT(Ids(by_scenario), ElementsAre(ic, ia));
  by_scenario.filter.scenarios.set(static_cast<size_t>(Scenario::kJudicial));
  EXPECT_THAT(Ids(by_scenario), ElementsAre(ic, ib, ia));
  ListQuery by_risk;
  by_risk.filter.min_risk = Risk::kMedium;
  EXPECT_THAT(Ids(by_risk), ElementsAre(id, ib, ia));
  ListQuery by_region;
  by_region.filter.region_prefix = "330108";
  EXPECT_THAT(Ids(by_region), ElementsAre(ib));
  by_region.filter.region_prefix = "330108003";
  EXPECT_THAT(Ids(by_region), IsEmpty());
  by_region.filter.region_prefix = "33";
  EXPECT_THAT(Ids(by_region), SizeIs(4));
  ListQuery by_unit;
  by_unit.filter.unit = "某镇政府";
  EXPECT_THAT(Ids(by_unit), ElementsAre(ic));
  by_unit.filter.unit = "11330106MB1234567X";
  EXPECT_THAT(Ids(by_unit), ElementsAre(id, ib, ia));
  by_unit.filter.unit = "某区城市管理局";
  EXPECT_THAT(Ids(by_unit), ElementsAre(id, ib, ia)) << "by its name as well as by its code";
  ListQuery by_partner;
  by_partner.partner = "court";
  EXPECT_THAT(Ids(by_partner), ElementsAre(ic));
  ListQuery alerts;
  alerts.kind = ListQuery::Kind::kAlerts;
  EXPECT_THAT(Ids(alerts), ElementsAre(ic, ib, ia)) << "what is out of scope has no alert";
  ListQuery everything = by_scenario;
  everything.filter.min_risk = Risk::kHigh;
  everything.filter.region_prefix = "3301";
  EXPECT_THAT(Ids(everything), ElementsAre(ib)) << "every condition must hold";
}

TEST_F(ListTest, ScopeComesBeforeTheFilter) {
  Submission theirs = ExampleSubmission("t");
  theirs.partner = "court";
  theirs.content.region_code = "330108";
  theirs.verdict.secondary = Scenario::kJudicial;
  const std::string mine = Commit(ExampleSubmission("m"));
  const std::string others = Commit(theirs);
  ListQuery query;
  query.scope.partner = "hotline";
  EXPECT_THAT(Ids(query), ElementsAre(mine));
  query.partner = "court";
  EXPECT_THAT(Ids(query), IsEmpty()) << "asking for another's shows nothing";
  query = {};
  query.scope.regions = {"330108"};
  EXPECT_THAT(Ids(query), ElementsAre(others));
  query = {};
  query.scope.scenarios.set(static_cast<size_t>(Scenario::kJudicial));
  EXPECT_THAT(Ids(query), ElementsAre(others)) << "the second reading counts for a scope";
}

TEST_F(ListTest, StateAndTimeSelect) {
  const Submission first = ExampleSubmission("1");
  const std::string a = Commit(first);
  const absl::Time between = clock_.Now() + absl::Milliseconds(500);
  const std::string b = Commit(ExampleSubmission("2"));
  const auto record = ledger_->Get(a);
  Receipt receipt;
  receipt.clue_id = a;
  receipt.etag = record->etag;
  ASSERT_TRUE(ledger_->Withdraw(testing::WithdrawalOf(first, receipt, "w")).ok());
  ListQuery query;
  query.state = domain::ClueState::kWithdrawn;
  EXPECT_THAT(Ids(query), ElementsAre(a));
  query.state = domain::ClueState::kActive;
  EXPECT_THAT(Ids(query), ElementsAre(b));
  query = {};
  query.received_from = between;
  EXPECT_THAT(Ids(query), ElementsAre(b));
  query = {};
  query.received_before = between;
  EXPECT_THAT(Ids(query), ElementsAre(a));
  query.received_from = between;
  EXPECT_THAT(Ids(query), IsEmpty());
}

TEST_F(ListTest, ARevisedClueIsFoundByItsNewFacetsInItsOldPlace) {
  const Submission first = ExampleSubmission("1");
  const std::string a = Commit(first);
  const std::string b = Commit(ExampleSubmission("2"));
  Receipt receipt;
  receipt.clue_id = a;
  receipt.etag = ledger_->Get(a)->etag;
  Revision revision = testing::RevisionOf(first, receipt, "r");
  revision.verdict.scenario = Scenario::kJudicial;
  ASSERT_TRUE(ledger_->Revise(revision).ok());
  ListQuery query;
  query.filter.scenarios.set(static_cast<size_t>(Scenario::kJudicial));
  EXPECT_THAT(Ids(query), ElementsAre(a));
  query.filter.scenarios.reset();
  query.filter.scenarios.set(static_cast<size_t>(Scenario::kAdminEnforcement));
  EXPECT_THAT(Ids(query), ElementsAre(b));
  EXPECT_THAT(Ids({}), ElementsAre(b, a));
}

// In every partition layout a walk in pages of any size gives each clue once, in order, and no
// clue that arrives meanwhile pushes another over a page's edge.
TEST_F(ListTest, PagesNeitherRepeatNorSkipWhileCluesArrive) {
  for (const int partitions : {1, 4}) {
    SCOPED_TRACE(partitions);
    Open(partitions);
    CommitMany(300, [](int i, Submission* submission) {
      submission->verdict.risk = static_cast<Risk>(1 + i % 3);
    });
    ListQuery query;
    query.filter.min_risk = Risk::kMedium;
    const std::vector<std::string> before = Ids(query);
    ASSERT_EQ(before.size(), 200u);
    query.page_size = 7;
    std::vector<std::string> walked;
    absl::Time last = absl::InfiniteFuture();
    do {
      const auto page = ledger_->List(query);
      ASSERT_TRUE(page.ok()) << page.status();
      for (const ClueSummary& clue : page->clues) walked.push_back(clue.clue_id);
      for (const ClueSummary& clue : page->clues) {
        EXPECT_LE(clue.alert.received_at, last);
        last = clue.alert.received_at;
      }
      query.page_token = page->next_page_token;
      clock_.Advance(absl::Seconds(1));
      CommitMany(5, [](int, Submission*) {});
    } while (!query.page_token.empty());
    EXPECT_EQ(walked, before);
  }
}

TEST_F(ListTest, APageLooksAtABoundedNumberOfCandidates) {
  CommitMany(2'500, [](int i, Submission* submission) {
    if (i == 0) submission->content.region_code = "110101";
  });
  ListQuery query;
  query.filter.region_prefix = "11";  // no index is so short: every clue is a candidate
  auto page = ledger_->List(query);
  ASSERT_TRUE(page.ok());
  EXPECT_THAT(page->clues, IsEmpty());
  EXPECT_NE(page->next_page_token, "") << "a partial page says where to go on";
  int pages = 1;
  while (page->clues.empty() && !page->next_page_token.empty()) {
    query.page_token = page->next_page_token;
    page = ledger_->List(query);
    ASSERT_TRUE(page.ok());
    ++pages;
  }
  EXPECT_THAT(page->clues, SizeIs(1));
  EXPECT_EQ(pages, 3) << "2,500 candidates, 1,000 a page";
}

TEST_F(ListTest, ATokenFitsItsOwnQueryOnly) {
  CommitMany(10, [](int, Submission*) {});
  ListQuery query;
  query.page_size = 3;
  query.page_token = ledger_->List(query)->next_page_token;
  ASSERT_NE(query.page_token, "");
  ListQuery wider = query;
  wider.page_size = 100;
  EXPECT_THAT(ledger_->List(wider)->clues, SizeIs(7)) << "the page's size may change";
  const std::vector<std::function<void(ListQuery*)>> changes = {
      [](ListQuery* q) { q->filter.min_risk = Risk::kHigh; },
      [](ListQuery* q) {
        q->filter.expression = std::get<domain::Expression>(domain::ParseExpression("risk = LOW"));
      },
      [](ListQuery* q) { q->partner = "hotline"; },
      [](ListQuery* q) { q->scope.partner = "hotline"; },
      [](ListQuery* q) { q->scope.cleared_for_secret = true; },
      [](ListQuery* q) { q->kind = ListQuery::Kind::kAlerts; },
      [](ListQuery* q) { q->state = domain::ClueState::kActive; },
      [](ListQuery* q) { q->received_from = absl::UnixEpoch(); },
      [](ListQuery* q) { q->page_token.back() = q->page_token.back() == 'A' ? 'B' : 'A'; },
      [](ListQuery* q) { q->page_token = "nonsense"; },
  };
  for (size_t i = 0; i < changes.size(); ++i) {
    ListQuery other = query;
    changes[i](&other);
    EXPECT_THAT(ledger_->List(other), FailsWith(Reason::kPageTokenInvalid)) << i;
  }
}

TEST_F(ListTest, ARandomQueryListsExactlyWhatMatches) {
  Open(3);
  const uint64_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  const auto draw = [&](int below) {
    return static_cast<int>(random() % static_cast<uint64_t>(below));
  };
  std::vector<Submission> submitted;
  CommitMany(400, [&](int, Submission* submission) {
    submission->partner = draw(2) ? "hotline" : "court";
    submission->content.region_code = draw(2) ? "330106" : "330108";
    submission->content.unit.name = draw(3) ? "某局" : "某镇";
    submission->content.unit.credit_code.clear();
    submission->verdict.scenario = domain::kScenarios[draw(12)];
    submission->verdict.risk = static_cast<Risk>(1 + draw(3));
    submitted.push_back(*submission);
  });
  // Facets go, and some come back.
  for (int round = 0; round < 300; ++round) {
    const Submission& one = submitted[static_cast<size_t>(draw(400))];
    Receipt receipt;
    receipt.clue_id = ledger_->Submit(one)->clue_id;  // known: the first answer again
    receipt.etag = ledger_->Get(receipt.clue_id)->etag;
    Revision revision = testing::RevisionOf(one, receipt, "revision-" + std::to_string(round));
    revision.verdict.scenario = domain::kScenarios[draw(2)];
    revision.verdict.risk = static_cast<Risk>(1 + draw(3));
    revision.content.unit.name = draw(2) ? "某局" : "某镇";
    ASSERT_TRUE(ledger_->Revise(revision).ok());
  }
  const auto everything = [&] {
    std::vector<ClueSummary> clues;
    ListQuery query;
    query.page_size = 500;
    return ledger_->List(query)->clues;
  }();
  ASSERT_THAT(everything, SizeIs(400));
  for (int round = 0; round < 40; ++round) {
    ListQuery query;
    query.page_size = 1 + draw(60);
    if (draw(2)) query.filter.scenarios.set(1 + draw(12)).set(1 + draw(12));
    if (draw(2)) query.filter.min_risk = static_cast<Risk>(1 + draw(3));
    if (draw(3) == 0) query.filter.region_prefix = draw(2) ? "3301" : "330108";
    if (draw(3) == 0) query.filter.unit = "某镇";
    if (draw(3) == 0) query.partner = "court";
    if (draw(3) == 0) query.scope.scenarios.set(1 + draw(12));
    if (draw(2)) {
      constexpr const char* kExpressions[] = {
          "scenario = PARTY_INSPECTION OR scenario = PEOPLES_CONGRESS",
          "risk > LOW AND unit = 某镇", "region = 330108 AND NOT risk = HIGH", "partner = court",
          "risk = HIGH OR region : 330106"};
      query.filter.expression =
          std::get<domain::Expression>(domain::ParseExpression(kExpressions[draw(5)]));
    }
    if (draw(4) == 0) query.kind = ListQuery::Kind::kAlerts;
    std::vector<std::string> expected;
    for (const ClueSummary& clue : everything) {
      const domain::Facets& facets = clue.alert.facets;
      if (domain::Sees(query.scope, facets) && domain::Matches(query.filter, facets) &&
          (query.partner.empty() || facets.partner == query.partner) &&
          (query.kind == ListQuery::Kind::kClues || clue.alert.version > 0)) {
        expected.push_back(clue.clue_id);
      }
    }
    EXPECT_EQ(Ids(query), expected) << "round " << round;
  }
}

}  // namespace
}  // namespace supervision::ledger
