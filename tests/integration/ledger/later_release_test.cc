// A later release serves the same ledger and stores what this one does not know: whatever this one
// then does with the clue, it stays. Against a real redis-server.
#include "services/domain/silence.h"
#include "services/ledger/keys.h"
#include "services/ledger/silence_codec.h"
#include "supervision/storage/v1/ledger.pb.h"
#include "supervision/storage/v1/silence.pb.h"
#include "tests/integration/ledger/ledger_fixture.h"

namespace supervision::ledger {
namespace {

using domain::AlertAction;
using google::protobuf::Message;
using google::protobuf::UnknownFieldSet;
using storage::v1::StoredClue;
using storage::v1::StoredContent;
using storage::v1::StoredEvent;
using storage::v1::StoredSummary;
using testing::CorrectionOf;
using ::testing::ElementsAre;
using testing::ExampleSubmission;
using ::testing::IsEmpty;
using testing::OptionsFor;
using testing::RevisionOf;
using testing::StepOf;
using testing::TestLedger;
using testing::WithdrawalOf;

constexpr int kOfTheText = 90;
constexpr int kLasting = 190;

void Plant(int number, Message* message) {
  message->GetReflection()->MutableUnknownFields(message)->AddVarint(number, 7);
}

std::vector<int> Unknown(const Message& message) {
  std::vector<int> numbers;
  const UnknownFieldSet& fields = message.GetReflection()->GetUnknownFields(message);
  for (int i = 0; i < fields.field_count(); ++i) numbers.push_back(fields.field(i).number());
  return numbers;
}

// The last bulk string of a reply.
std::string LastBulk(const std::string& reply, const std::string& behind = "") {
  const size_t begin = reply.find(behind + "$") + behind.size() + 1;
  const size_t bytes = reply.find("\r\n", begin) + 2;
  return reply.substr(bytes, std::strtoul(reply.c_str() + begin, nullptr, 10));
}

class LaterReleaseTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { server_ = new testing::RedisServer; }
  static void TearDownTestSuite() {
    delete server_;
    server_ = nullptr;
  }

  // A clue with an acknowledged alert, and then what the later release has to say of it.
  void SetUp() override {
    server_->Call({"FLUSHALL"});
    ledger_ = std::make_unique<TestLedger>(OptionsFor(*server_));
    ASSERT_TRUE(ledger_->WaitReady());
    submission_.content.instruments = {{domain::InstrumentType::kOther, "某号", std::nullopt}};
    const auto receipt = ledger_->Submit(submission_);
    ASSERT_TRUE(receipt.ok()) << receipt.status();
    receipt_ = *receipt;
    Take(AlertAction::kAcknowledge, "ack-1");

    StoredSummary summary = Summary();
    for (const int number : {kOfTheText, kLasting}) {
      Plant(number, &summary);
      Plant(number, summary.mutable_facets());
    }
    Plant(kOfTheText, summary.mutable_handling());
    server_->Call({"HSET", key(), "l", summary.SerializeAsString()});
    StoredClue version = Version(1);
    StoredContent content;
    ASSERT_TRUE(content.ParseFromString(version.content().data()));
    Plant(kOfTheText, &content);
    Plant(kOfTheText, content.mutable_instruments(0));
    version.mutable_content()->set_data(content.SerializeAsString());
    Plant(kOfTheText, version.mutable_verdict());
    server_->Call({"HSET", key(), "s:1", version.SerializeAsString()});
  }

  void Take(AlertAction action, const std::string& request_id) {
    const auto record = ledger_->Get(receipt_.clue_id);
    ASSERT_TRUE(record.ok()) << record.status();
    const auto step = ledger_->Step(StepOf(record->alert, action, request_id));
    ASSERT_TRUE(step.ok()) << step.status();
  }

  std::string key() const { return keys_.Clue(*ParseClueId(receipt_.clue_id, 1)); }
  StoredSummary Summary() const {
    StoredSummary summary;
    EXPECT_TRUE(summary.ParseFromString(LastBulk(server_->Call({"HGET", key(), "l"}))));
    return summary;
  }
  StoredClue Version(int number) const {
    StoredClue version;
    EXPECT_TRUE(version.ParseFromString(
        LastBulk(server_->Call({"HGET", key(), "s:" + std::to_string(number)}))));
    return version;
  }
  StoredEvent LastEvent() const {
    StoredEvent event;
    EXPECT_TRUE(event.ParseFromString(
        LastBulk(server_->Call({"XREVRANGE", keys_.Log(0), "+", "-", "COUNT", "1"}), "e\r\n")));
    return event;
  }

  void ExpectAllOfTheSummaryIsKept() {
    const StoredSummary summary = Summary();
    EXPECT_THAT(Unknown(summary), ElementsAre(kOfTheText, kLasting));
    EXPECT_THAT(Unknown(summary.facets()), ElementsAre(kOfTheText, kLasting));
    EXPECT_THAT(Unknown(summary.handling()), ElementsAre(kOfTheText));
    ExpectItIsToldAsItStands();
  }
  // Streams of the later release compare the facets of before and now.
  void ExpectItIsToldAsItStands() {
    const StoredEvent event = LastEvent();
    EXPECT_EQ(event.summary().SerializeAsString(), Summary().SerializeAsString());
    EXPECT_THAT(Unknown(event.previous()), ElementsAre(kOfTheText, kLasting));
  }
  void ExpectTheTextIsKept(int version) {
    const StoredClue stored = Version(version);
    StoredContent content;
    ASSERT_TRUE(content.ParseFromString(stored.content().data()));
    EXPECT_THAT(Unknown(content), ElementsAre(kOfTheText));
    EXPECT_THAT(Unknown(content.instruments(0)), ElementsAre(kOfTheText));
    EXPECT_THAT(Unknown(stored.verdict()), ElementsAre(kOfTheText));
  }

  static testing::RedisServer* server_;
  const Keys keys_ = Keys("", 1);
  std::unique_ptr<TestLedger> ledger_;
  Submission submission_ = ExampleSubmission("1");
  Receipt receipt_;
};
testing::RedisServer* LaterReleaseTest::server_ = nullptr;

TEST_F(LaterReleaseTest, AStepOfTheAlertKeepsAllThatItStored) {
  Take(AlertAction::kResolve, "resolve-1");
  ExpectAllOfTheSummaryIsKept();
}

TEST_F(LaterReleaseTest, AWithdrawalKeepsAllThatItStoredAndSaysItsReason) {
  const auto withdrawn = ledger_->Withdraw(WithdrawalOf(submission_, receipt_, "w-1"));
  ASSERT_TRUE(withdrawn.ok()) << withdrawn.status();
  ExpectAllOfTheSummaryIsKept();
  ExpectTheTextIsKept(2);
  EXPECT_EQ(ledger_->Get(receipt_.clue_id)->clue.withdraw_reason, "重复提交");
}

TEST_F(LaterReleaseTest, ACorrectionKeepsAllThatItStoredAndStands) {
  const auto corrected = ledger_->Correct(CorrectionOf(receipt_, "c-1"));
  ASSERT_TRUE(corrected.ok()) << corrected.status();
  ExpectAllOfTheSummaryIsKept();
  ExpectTheTextIsKept(2);
  const auto record = ledger_->Get(receipt_.clue_id);
  EXPECT_EQ(record->alert.facets.scenario, domain::Scenario::kJudicial);
}

TEST_F(LaterReleaseTest, AWithdrawalKeepsWhatItStoredOfTheCorrection) {
  const auto corrected = ledger_->Correct(CorrectionOf(receipt_, "c-1"));
  ASSERT_TRUE(corrected.ok()) << corrected.status();
  StoredClue version = Version(2);
  Plant(kOfTheText, version.mutable_correction());
  server_->Call({"HSET", key(), "s:2", version.SerializeAsString()});
  ASSERT_TRUE(ledger_->Withdraw(WithdrawalOf(submission_, *corrected, "w-1")).ok());
  EXPECT_THAT(Unknown(Version(3).correction()), ElementsAre(kOfTheText));
}

TEST_F(LaterReleaseTest, ARevisionKeepsWhatOutlivesATextAndWhatPeopleDid) {
  const auto revised = ledger_->Revise(RevisionOf(submission_, receipt_, "r-1"));
  ASSERT_TRUE(revised.ok()) << revised.status();
  const StoredSummary summary = Summary();
  EXPECT_THAT(Unknown(summary), ElementsAre(kLasting));
  EXPECT_THAT(Unknown(summary.facets()), ElementsAre(kLasting));
  EXPECT_THAT(Unknown(summary.handling()), ElementsAre(kOfTheText));
  ExpectItIsToldAsItStands();
  StoredContent content;
  ASSERT_TRUE(content.ParseFromString(Version(2).content().data()));
  EXPECT_THAT(Unknown(content), IsEmpty()) << "the partner has said all of it anew";
}

TEST(LaterSilenceTest, AnEndKeepsAllThatItStored) {
  SilenceRecord record;
  record.silence.id = "s1";
  storage::v1::StoredSilence stored;
  storage::v1::StoredSilenceWords words;
  ASSERT_TRUE(stored.ParseFromString(EncodeSilence(record)));
  Plant(kOfTheText, &stored);
  Plant(kOfTheText, &words);
  stored.mutable_words()->set_data(words.SerializeAsString());
  record.silence.ended_by = "wang-mou";
  const std::string before = stored.SerializeAsString();
  ASSERT_TRUE(stored.ParseFromString(EncodeSilence(record, before)));
  ASSERT_TRUE(words.ParseFromString(stored.words().data()));
  EXPECT_THAT(Unknown(stored), ElementsAre(kOfTheText));
  EXPECT_THAT(Unknown(words), ElementsAre(kOfTheText));
  EXPECT_EQ(words.ended_by(), "wang-mou");
}

TEST(LaterSilenceTest, OneWithAConditionThatIsNotKnownHidesNothing) {
  SilenceRecord record;
  storage::v1::StoredSilence stored;
  storage::v1::StoredSilenceWords words;
  ASSERT_TRUE(stored.ParseFromString(EncodeSilence(record)));
  ASSERT_TRUE(DecodeSilence(stored.SerializeAsString()).has_value());
  Plant(kOfTheText, words.mutable_matcher());
  stored.mutable_words()->set_data(words.SerializeAsString());
  EXPECT_FALSE(DecodeSilence(stored.SerializeAsString()).has_value());
}

}  // namespace
}  // namespace supervision::ledger
