// ClueService and ClassificationService on a real server with a real Redis.
#include <algorithm>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/integration/rpc/calls.h"
#include "tests/integration/rpc/consume_client.h"

namespace supervision::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::Gt;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;

class CluesTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { server_ = new TestServer(); }
  static void TearDownTestSuite() {
    delete server_;
    server_ = nullptr;
  }

  // Numbers that no other test of the suite uses.
  static int NewNumber() { return ++number_; }

  v1::ClueReceipt MustSubmit(int number) {
    const Submitted submitted = Submit(*stub_, ValidRequest(number));
    EXPECT_TRUE(submitted.status.ok()) << submitted.status.error_message();
    return submitted.receipt;
  }

  grpc::Status Get(const std::string& id, const std::string& token, v1::Clue* clue) {
    v1::GetClueRequest request;
    request.set_clue_id(id);
    v1::GetClueResponse response;
    const grpc::Status status = stub_->GetClue(Context(token).get(), request, &response);
    *clue = response.clue();
    return status;
  }

  static TestServer* server_;
  static int number_;
  std::unique_ptr<ClueStub> stub_ = v1::ClueService::NewStub(server_->channel());
};
TestServer* CluesTest::server_ = nullptr;
int CluesTest::number_ = 0;

TEST_F(CluesTest, SubmitAnswersWithVerdictAlertAndDurability) {
  const v1::ClueReceipt receipt = MustSubmit(NewNumber());
  EXPECT_THAT(receipt.clue_id(), Not(IsEmpty()));
  EXPECT_EQ(receipt.version(), 1u);
  EXPECT_THAT(receipt.etag(), Not(IsEmpty()));
  EXPECT_THAT(receipt.alert_id(), Not(IsEmpty()));
  EXPECT_EQ(receipt.verdict().scenario(), v1::SCENARIO_ADMIN_ENFORCEMENT);
  EXPECT_EQ(receipt.durability().level(), v1::DURABILITY_LEVEL_FSYNCED);
  EXPECT_GT(receipt.accepted_at().seconds(), 1'700'000'000);
}

TEST_F(CluesTest, TheSameRequestGivesTheSameAnswer) {
  const int number = NewNumber();
  const v1::ClueReceipt first = MustSubmit(number);
  EXPECT_EQ(MustSubmit(number).SerializeAsString(), first.SerializeAsString());
}

TEST_F(CluesTest, SixtyFourCallsAtOnceWithOneRequestIdMakeOneClue) {
  const v1::SubmitClueRequest request = ValidRequest(NewNumber());
  std::vector<std::string> answers(64);
  std::vector<std::thread> threads;
  for (std::string& answer : answers) {
    threads.emplace_back([&] {
      const Submitted submitted = Submit(*stub_, request);
      answer = submitted.status.ok() ? submitted.receipt.SerializeAsString()
                                     : submitted.status.error_message();
    });
  }
  for (std::thread& thread : threads) thread.join();

  v1::ClueReceipt receipt;
  ASSERT_TRUE(receipt.ParseFromString(answers[0])) << answers[0];
  EXPECT_THAT(answers, ::testing::Each(answers[0]));
  v1::Clue clue;
  ASSERT_TRUE(Get(receipt.clue_id(), kPartnerToken, &clue).ok());
  EXPECT_EQ(clue.version(), 1u);
}

TEST_F(CluesTest, AKeyWithOtherContentIsRefused) {
  v1::SubmitClueRequest request = ValidRequest(NewNumber());
  ASSERT_TRUE(Submit(*stub_, request).status.ok());
  request.mutable_clue()->set_title("另一件事");
  const grpc::Status status = Submit(*stub_, request).status;
  EXPECT_EQ(status.error_code(), grpc::StatusCode::ALREADY_EXISTS);
  EXPECT_EQ(ReasonOf(status), "IDEMPOTENCY_KEY_REUSED");
}

TEST_F(CluesTest, AKnownRecordUnderANewKeyNamesItsClue) {
  v1::SubmitClueRequest request = ValidRequest(NewNumber());
  const v1::ClueReceipt receipt = Submit(*stub_, request).receipt;
  request.set_request_id(request.request_id() + "-again");
  const grpc::Status status = Submit(*stub_, request).status;
  EXPECT_EQ(ReasonOf(status), "SOURCE_RECORD_EXISTS");
  EXPECT_EQ(FactOf(status, "clue_id"), receipt.clue_id());
}

TEST_F(CluesTest, ValidateOnlySortsAndKeepsNothing) {
  const int number = NewNumber();
  v1::SubmitClueRequest request = ValidRequest(number);
  request.set_validate_only(true);
  const Submitted dry = Submit(*stub_, request);
  ASSERT_TRUE(dry.status.ok()) << dry.status.error_message();
  EXPECT_EQ(dry.receipt.verdict().scenario(), v1::SCENARIO_ADMIN_ENFORCEMENT);
  EXPECT_EQ(dry.receipt.clue_id(), "");
  EXPECT_EQ(dry.receipt.version(), 0u);
  EXPECT_EQ(MustSubmit(number).version(), 1u);
}

TEST_F(CluesTest, AllMistakesAreToldAtOnce) {
  v1::SubmitClueRequest request = ValidRequest(NewNumber());
  request.set_request_id("has spaces");
  request.mutable_clue()->clear_title();
  request.mutable_clue()->set_region_code("000000");
  request.mutable_clue()->add_amounts()->set_fen(-1);
  request.mutable_clue()->mutable_occurred_on()->set_month(13);
  const grpc::Status status = Submit(*stub_, request).status;
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(ViolationsOf(status),
              ::testing::UnorderedElementsAre("request_id", "clue.title", "clue.region_code",
                                              "clue.amounts[0].fen", "clue.occurred_on"));
}

TEST_F(CluesTest, FiveHundredMistakesArriveAsInvalidArgument) {
  v1::SubmitClueRequest request = ValidRequest(NewNumber());
  for (int i = 0; i < 49; ++i) request.mutable_clue()->add_amounts()->set_fen(-1);
  for (int i = 0; i < 49; ++i) {
    v1::Evidence* const evidence = request.mutable_clue()->add_evidence();
    evidence->set_sha256("short");
    evidence->set_size_bytes(-1);
    evidence->set_uri("no uri");
    evidence->set_media_type("x");
    v1::Instrument* const instrument = request.mutable_clue()->add_instruments();
    instrument->mutable_date()->set_year(1);
    instrument->set_type(static_cast<v1::InstrumentType>(99));
    instrument->set_number(std::string(500, 'n'));
    v1::Amount* const amount = request.mutable_clue()->mutable_amounts(i);
    amount->set_purpose(std::string(500, 'p'));
  }
  const grpc::Status status = Submit(*stub_, request).status;
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT) << status.error_message();
  EXPECT_EQ(ReasonOf(status), "INVALID_REQUEST");
  EXPECT_GT(std::stoi(FactOf(status, "violations")), 400);
  const auto bad = Find<google::rpc::BadRequest>(DetailsOf(status));
  ASSERT_TRUE(bad.has_value());
  EXPECT_THAT(bad->field_violations(bad->field_violations_size() - 1).description(),
              AllOf(StartsWith("and "), HasSubstr("more")));
}

// A mistake costs hundreds of bytes to tell, an entry of a list four: what is told has a bound of
// its own.
TEST_F(CluesTest, OfAListThatIsFarTooLongNotEveryEntryIsAMistake) {
  v1::SubmitClueRequest request = ValidRequest(NewNumber());
  for (int i = 0; i < 100'000; ++i) {
    request.mutable_clue()->add_instruments()->set_type(static_cast<v1::InstrumentType>(99));
  }
  const grpc::Status status = Submit(*stub_, request).status;
  EXPECT_EQ(ReasonOf(status), "INVALID_REQUEST");
  EXPECT_LT(std::stoi(FactOf(status, "violations")), 1000);

  v1::ListCluesRequest list;
  for (int i = 0; i < 100'000; ++i) list.add_scenarios(static_cast<v1::Scenario>(99));
  v1::ListCluesResponse page;
  EXPECT_THAT(ViolationsOf(stub_->ListClues(Context(kMonitorToken).get(), list, &page)),
              ElementsAre("scenarios"));
}

TEST_F(CluesTest, TextThatIsNotUtf8NamesItsField) {
  v1::SubmitClueRequest request = ValidRequest(NewNumber());
  request.mutable_clue()->add_instruments()->set_number("MARKER");
  std::string bytes = request.SerializeAsString();
  bytes.replace(bytes.find("MARKER"), 6, "\xff\xfe\xfd\xfc\xfb\xfa");
  const RawAnswer answer =
      CallRaw(server_->channel(), "/supervision.v1.ClueService/SubmitClue", bytes, kPartnerToken);
  EXPECT_EQ(answer.status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(ViolationsOf(answer.status), ElementsAre("clue.instruments[0].number"));
}

TEST_F(CluesTest, BytesThatAreNoMessageSaySo) {
  for (const std::string method :
       {"ClueService/SubmitClue", "ClueService/BatchSubmitClues", "ClueService/ReviseClue",
        "ClueService/WithdrawClue", "ClueService/GetClue", "ClueService/ListClues",
        "ClassificationService/ClassifyText"}) {
    const RawAnswer answer =
        CallRaw(server_->channel(), "/supervision.v1." + method, "{\"a\": 1}", kPartnerToken);
    EXPECT_EQ(ReasonOf(answer.status), "MALFORMED_MESSAGE") << method;
  }
}

TEST_F(CluesTest, AMessageOverTheLimitIsOursToRefuse) {
  const auto expect_limit = [](const grpc::Status& status, int bytes) {
    EXPECT_EQ(ReasonOf(status), "MESSAGE_TOO_LARGE");
    EXPECT_EQ(FactOf(status, "limit_bytes"), std::to_string(bytes));
  };
  const std::string large(2 << 20, 'x');
  v1::SubmitClueRequest request = ValidRequest(NewNumber());
  request.mutable_clue()->set_content(large);
  expect_limit(Submit(*stub_, request).status, 1 << 20);
  v1::WatchAlertsRequest watch;
  watch.mutable_filter()->set_expression(large);
  expect_limit(Watcher(server_->channel(), watch).Finish(), 1 << 20);
  v1::OpenConsumption open;
  open.set_subscription(large);
  expect_limit(Consumption(server_->channel(), open).Finish(), 64 << 10);
}

TEST_F(CluesTest, RevisionsAreNewVersionsAndOldEtagsAreRefused) {
  const int number = NewNumber();
  const v1::ClueReceipt first = MustSubmit(number);
  v1::ReviseClueRequest revise;
  revise.set_request_id("revise-" + std::to_string(number));
  revise.set_clue_id(first.clue_id());
  revise.set_etag(first.etag());
  *revise.mutable_clue() = ValidClue(number);
  revise.mutable_clue()->set_title("补充材料后的线索");
  v1::ReviseClueResponse second;
  ASSERT_TRUE(stub_->ReviseClue(Context(kPartnerToken).get(), revise, &second).ok());
  EXPECT_EQ(second.receipt().version(), 2u);
  EXPECT_NE(second.receipt().etag(), first.etag());

  v1::ReviseClueResponse again;
  ASSERT_TRUE(stub_->ReviseClue(Context(kPartnerToken).get(), revise, &again).ok());
  EXPECT_EQ(again.SerializeAsString(), second.SerializeAsString());

  revise.set_request_id("revise-late-" + std::to_string(number));
  const grpc::Status late = stub_->ReviseClue(Context(kPartnerToken).get(), revise, &again);
  EXPECT_EQ(late.error_code(), grpc::StatusCode::ABORTED);
  EXPECT_EQ(ReasonOf(late), "ETAG_MISMATCH");
}

TEST_F(CluesTest, AWithdrawnClueTakesNoFurtherChange) {
  const int number = NewNumber();
  const v1::ClueReceipt first = MustSubmit(number);
  v1::WithdrawClueRequest withdraw;
  withdraw.set_request_id("withdraw-" + std::to_string(number));
  withdraw.set_clue_id(first.clue_id());
  withdraw.set_etag(first.etag());
  withdraw.set_reason("重复报送");
  v1::WithdrawClueResponse response;
  ASSERT_TRUE(stub_->WithdrawClue(Context(kPartnerToken).get(), withdraw, &response).ok());
  v1::Clue clue;
  ASSERT_TRUE(Get(first.clue_id(), kPartnerToken, &clue).ok());
  EXPECT_EQ(clue.state(), v1::CLUE_STATE_WITHDRAWN);
  EXPECT_EQ(clue.withdraw_reason(), "重复报送");

  withdraw.set_request_id("withdraw-twice-" + std::to_string(number));
  withdraw.set_etag(response.receipt().etag());
  const grpc::Status status =
      stub_->WithdrawClue(Context(kPartnerToken).get(), withdraw, &response);
  EXPECT_EQ(ReasonOf(status), "CLUE_WITHDRAWN");
}

TEST_F(CluesTest, WithdrawTellsAllItsMistakes) {
  v1::WithdrawClueResponse response;
  const grpc::Status status =
      stub_->WithdrawClue(Context(kPartnerToken).get(), v1::WithdrawClueRequest(), &response);
  EXPECT_THAT(ViolationsOf(status),
              ::testing::UnorderedElementsAre("request_id", "clue_id", "etag", "reason"));

  v1::WithdrawClueRequest request;
  request.set_reason("MARKER");
  std::string bytes = request.SerializeAsString();
  bytes.replace(bytes.find("MARKER"), 6, "\xff\xfe\xfd\xfc\xfb\xfa");
  EXPECT_THAT(ViolationsOf(CallRaw(server_->channel(), "/supervision.v1.ClueService/WithdrawClue",
                                   bytes, kPartnerToken)
                               .status),
              ::testing::UnorderedElementsAre("request_id", "clue_id", "etag", "reason"));
}

TEST_F(CluesTest, GetFindsByIdByRecordAndByRequest) {
  const int number = NewNumber();
  const v1::ClueReceipt receipt = MustSubmit(number);
  v1::Clue clue;
  ASSERT_TRUE(Get(receipt.clue_id(), kPartnerToken, &clue).ok());
  EXPECT_EQ(clue.content().SerializeAsString(), ValidClue(number).SerializeAsString());
  EXPECT_EQ(clue.partner(), "hotline-12345");
  EXPECT_EQ(clue.etag(), receipt.etag());

  v1::GetClueRequest by_record;
  by_record.mutable_identity()->set_source_record_id("GD-" + std::to_string(number));
  v1::GetClueResponse response;
  ASSERT_TRUE(stub_->GetClue(Context(kPartnerToken).get(), by_record, &response).ok());
  EXPECT_EQ(response.clue().id(), receipt.clue_id());

  v1::SubmitClueRequest without_record = ValidRequest(NewNumber());
  without_record.mutable_clue()->clear_source_record_id();
  const Submitted submitted = Submit(*stub_, without_record);
  v1::GetClueRequest by_request;
  by_request.mutable_identity()->set_request_id(without_record.request_id());
  ASSERT_TRUE(stub_->GetClue(Context(kPartnerToken).get(), by_request, &response).ok());
  EXPECT_EQ(response.clue().id(), submitted.receipt.clue_id());
}

// A record's id is as long as its characters say, whatever their bytes.
TEST_F(CluesTest, WhatWasAcceptedAsARecordsIdFindsItsClue) {
  std::string longest;
  for (int i = 0; i < 128; ++i) longest += "案";
  for (const std::string& record : {longest, std::string(" ")}) {
    v1::SubmitClueRequest request = ValidRequest(NewNumber());
    request.mutable_clue()->set_source_record_id(record);
    const Submitted submitted = Submit(*stub_, request);
    ASSERT_TRUE(submitted.status.ok()) << submitted.status.error_message();
    v1::GetClueRequest get;
    get.mutable_identity()->set_source_record_id(record);
    v1::GetClueResponse response;
    const grpc::Status status = stub_->GetClue(Context(kPartnerToken).get(), get, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    EXPECT_EQ(response.clue().id(), submitted.receipt.clue_id());
  }
  v1::GetClueRequest longer;
  longer.mutable_identity()->set_source_record_id(longest + "案");
  v1::GetClueResponse response;
  EXPECT_THAT(ViolationsOf(stub_->GetClue(Context(kPartnerToken).get(), longer, &response)),
              ElementsAre("identity.source_record_id"));
}

TEST_F(CluesTest, GetTellsWhatIsMissing) {
  v1::GetClueResponse response;
  v1::GetClueRequest request;
  EXPECT_THAT(ViolationsOf(stub_->GetClue(Context(kPartnerToken).get(), request, &response)),
              ElementsAre("clue_id"));
  request.mutable_identity();
  EXPECT_THAT(ViolationsOf(stub_->GetClue(Context(kMonitorToken).get(), request, &response)),
              ElementsAre("identity.partner", "identity.source_record_id"));
  request.mutable_identity()->set_source_record_id("");
  EXPECT_THAT(ViolationsOf(stub_->GetClue(Context(kPartnerToken).get(), request, &response)),
              ElementsAre("identity.source_record_id"));
}

TEST_F(CluesTest, APartnerDoesNotLearnOfOthersClues) {
  const int number = NewNumber();
  const v1::ClueReceipt receipt = MustSubmit(number);
  v1::Clue clue;
  const grpc::Status by_id = Get(receipt.clue_id(), kOtherPartnerToken, &clue);
  EXPECT_EQ(by_id.error_code(), grpc::StatusCode::NOT_FOUND);
  v1::GetClueRequest request;
  request.mutable_identity()->set_partner("hotline-12345");
  request.mutable_identity()->set_source_record_id("GD-" + std::to_string(number));
  v1::GetClueResponse response;
  const grpc::Status by_record =
      stub_->GetClue(Context(kOtherPartnerToken).get(), request, &response);
  EXPECT_EQ(ReasonOf(by_record), "CLUE_NOT_FOUND");
  const grpc::Status nothing = Get("c-does-not-exist", kOtherPartnerToken, &clue);
  EXPECT_EQ(nothing.error_details(), by_id.error_details()) << "existence leaks";
}

TEST_F(CluesTest, AMonitorReadsByScopeAndSecretTextsAreWithheld) {
  v1::SubmitClueRequest request = ValidRequest(NewNumber());
  request.mutable_clue()->set_confidentiality(v1::CONFIDENTIALITY_SECRET);
  request.mutable_clue()->set_region_code("330102");
  const v1::ClueReceipt receipt = Submit(*stub_, request).receipt;
  v1::Clue clue;
  ASSERT_TRUE(Get(receipt.clue_id(), kMonitorToken, &clue).ok());
  EXPECT_EQ(clue.content().title(), "");
  EXPECT_EQ(clue.content().content(), "");
  EXPECT_EQ(clue.content().region_code(), "330102");
  ASSERT_TRUE(Get(receipt.clue_id(), kPartnerToken, &clue).ok());
  EXPECT_EQ(clue.content().title(), request.clue().title());
  EXPECT_EQ(Get(receipt.clue_id(), kScopedMonitorToken, &clue).error_code(),
            grpc::StatusCode::NOT_FOUND);
}

TEST_F(CluesTest, ListPagesThroughEverythingNewestFirst) {
  std::vector<std::string> submitted;
  for (int i = 0; i < 7; ++i) {
    v1::SubmitClueRequest request = ValidRequest(NewNumber());
    request.mutable_clue()->mutable_reported_unit()->set_name("某县列表局");
    submitted.push_back(Submit(*stub_, request).receipt.clue_id());
  }
  std::reverse(submitted.begin(), submitted.end());
  v1::ListCluesRequest request;
  request.set_unit("某县列表局");
  request.set_page_size(3);
  std::vector<std::string> listed;
  do {
    v1::ListCluesResponse page;
    ASSERT_TRUE(stub_->ListClues(Context(kPartnerToken).get(), request, &page).ok());
    EXPECT_LE(page.clues_size(), 3);
    for (const v1::ClueSummary& clue : page.clues()) listed.push_back(clue.id());
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  EXPECT_EQ(listed, submitted);
}

TEST_F(CluesTest, ListShowsAPartnerOnlyItsOwn) {
  MustSubmit(NewNumber());
  v1::ListCluesRequest request;
  request.set_partner("hotline-12345");
  v1::ListCluesResponse page;
  ASSERT_TRUE(stub_->ListClues(Context(kOtherPartnerToken).get(), request, &page).ok());
  EXPECT_EQ(page.clues_size(), 0);
}

TEST_F(CluesTest, AForeignPageTokenIsRefused) {
  v1::ListCluesRequest request;
  request.set_page_token("not-a-token");
  v1::ListCluesResponse page;
  EXPECT_EQ(ReasonOf(stub_->ListClues(Context(kPartnerToken).get(), request, &page)),
            "PAGE_TOKEN_INVALID");
}

TEST_F(CluesTest, ClassifyGivesAVerdictAndStoresNothing) {
  const auto stub = v1::ClassificationService::NewStub(server_->channel());
  v1::ClassifyTextRequest request;
  request.set_title(ValidClue(1).title());
  request.set_content(ValidClue(1).content());
  v1::ClassifyTextResponse response;
  ASSERT_TRUE(stub->ClassifyText(Context(kOperatorToken).get(), request, &response).ok());
  EXPECT_EQ(response.verdict().scenario(), v1::SCENARIO_ADMIN_ENFORCEMENT);
  EXPECT_THAT(response.verdict().evidence(), SizeIs(Gt(0)));

  request.clear_content();
  request.set_persons_affected(-1);
  EXPECT_THAT(ViolationsOf(stub->ClassifyText(Context(kOperatorToken).get(), request, &response)),
              ::testing::UnorderedElementsAre("content", "persons_affected"));
}

TEST_F(CluesTest, ListScenariosNamesAllTwelve) {
  const auto stub = v1::ClassificationService::NewStub(server_->channel());
  v1::ListScenariosResponse response;
  ASSERT_TRUE(
      stub->ListScenarios(Context(kMonitorToken).get(), v1::ListScenariosRequest(), &response)
          .ok());
  ASSERT_EQ(response.scenarios_size(), 12);
  EXPECT_EQ(response.scenarios(11).scenario(), v1::SCENARIO_OUT_OF_SCOPE);
  for (const v1::ScenarioInfo& scenario : response.scenarios()) {
    EXPECT_THAT(scenario.name_zh(), Not(IsEmpty()));
    EXPECT_THAT(scenario.name_en(), Not(IsEmpty()));
  }
  EXPECT_THAT(response.catalogue_version(), Not(IsEmpty()));
}

}  // namespace
}  // namespace supervision::testing
