// The life of an alert, against a real redis-server.
#include <algorithm>

#include "services/domain/alert_policy.h"
#include "tests/integration/ledger/ledger_fixture.h"

namespace supervision::ledger {
namespace {

using domain::AlertAction;
using domain::AlertKind;
using domain::AlertState;
using domain::Reason;
using domain::Risk;
using domain::Scenario;
using ::testing::ElementsAre;
using testing::Eventually;
using testing::ExampleSubmission;
using testing::FactOf;
using testing::FailsWith;
using ::testing::IsEmpty;
using testing::OptionsFor;
using testing::RecordingObserver;
using testing::RevisionOf;
using testing::StepOf;
using testing::TestLedger;

class AlertStepsTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { server_ = new testing::RedisServer; }
  static void TearDownTestSuite() {
    delete server_;
    server_ = nullptr;
  }
  void SetUp() override {
    server_->Call({"FLUSHALL"});
    Open();
    submission_ = ExampleSubmission("1");
    const auto receipt = ledger_->Submit(submission_);
    ASSERT_TRUE(receipt.ok()) << receipt.status();
    receipt_ = *receipt;
  }
  void Open() {
    ledger_.reset();
    Ledger::Options options = OptionsFor(*server_);
    options.expiry_interval = absl::Milliseconds(20);
    options.max_alert_steps = 5;
    ledger_ = std::make_unique<TestLedger>(options, &clock_);
    ASSERT_TRUE(ledger_->WaitReady());
  }
  domain::Alert Alert() {
    const auto record = ledger_->Get(receipt_.clue_id);
    EXPECT_TRUE(record.ok()) << record.status();
    return record.ok() ? record->alert : domain::Alert();
  }
  // A step on the alert as it stands now.
  AlertStepRequest Next(AlertAction action, const std::string& request_id) {
    return StepOf(Alert(), action, request_id);
  }
  std::vector<std::string> Listed(const std::function<void(domain::Filter*)>& condition) {
    ListQuery query;
    query.kind = ListQuery::Kind::kAlerts;
    condition(&query.filter);
    std::vector<std::string> ids;
    const auto page = ledger_->List(query);
    EXPECT_TRUE(page.ok()) << page.status();
    for (const ClueSummary& clue : page->clues) ids.push_back(clue.clue_id);
    return ids;
  }
  std::vector<std::string> InState(AlertState state) {
    return Listed(
        [state](domain::Filter* filter) { filter->states.set(static_cast<size_t>(state)); });
  }

  static testing::RedisServer* server_;
  base::FakeClock clock_{absl::FromUnixSeconds(1'790'000'000)};
  std::unique_ptr<TestLedger> ledger_;
  Submission submission_;
  Receipt receipt_;
};
testing::RedisServer* AlertStepsTest::server_ = nullptr;

TEST_F(AlertStepsTest, MakesANewVersionOfTheAlertAndLeavesTheClueAlone) {
  const auto before = ledger_->Get(receipt_.clue_id);
  const auto step = ledger_->Step(Next(AlertAction::kAcknowledge, "s-1"));
  ASSERT_TRUE(step.ok()) << step.status();
  EXPECT_EQ(step->change.alert_version, 2u);
  EXPECT_EQ(step->change.kind, AlertKind::kAcknowledged);
  EXPECT_EQ(step->change.handling.by, "handler-1");
  EXPECT_TRUE(step->durability.fsynced);
  const auto after = ledger_->Get(receipt_.clue_id);
  ASSERT_TRUE(after.ok());
  EXPECT_EQ(after->etag, before->etag) << "a partner that revises is not disturbed";
  EXPECT_EQ(after->clue.version, 1u);
  EXPECT_EQ(after->clue.verdict, before->clue.verdict);
  EXPECT_EQ(after->clue.content, before->clue.content);
  EXPECT_EQ(after->alert.version, 2u);
  EXPECT_EQ(after->alert.facets.state, AlertState::kAcknowledged);
  EXPECT_EQ(after->alert.handling->note, "已电话核实 s-1");
  EXPECT_EQ(step->etag, domain::AlertEtag(2));
}

TEST_F(AlertStepsTest, IsToldWithTheStateOfBeforeSoThatFiltersByStateLeave) {
  RecordingObserver observer;
  (*ledger_)->Follow(&observer);
  ASSERT_TRUE(ledger_->Step(Next(AlertAction::kAcknowledge, "s-1")).ok());
  ASSERT_TRUE(Eventually([&] {
    return !observer.entries().empty() && observer.entries().back()->event.alert.version == 2;
  }));
  (*ledger_)->Follow(nullptr);
  const LogEntryPtr entry = observer.entries().back();
  const domain::ChangeEvent& event = entry->event;
  EXPECT_EQ(event.alert.kind, AlertKind::kAcknowledged);
  EXPECT_EQ(event.alert.facets.state, AlertState::kAcknowledged);
  EXPECT_EQ(event.alert.title, submission_.content.title);
  ASSERT_TRUE(event.previous.has_value());
  EXPECT_EQ(event.previous->state, AlertState::kOpen);
}

TEST_F(AlertStepsTest, TheSameRequestGetsTheFirstAnswerWhateverHasHappenedSince) {
  const AlertStepRequest request = Next(AlertAction::kAcknowledge, "s-1");
  const auto first = ledger_->Step(request);
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_FALSE(first->repeated);
  ASSERT_TRUE(ledger_->Step(Next(AlertAction::kResolve, "s-2")).ok());
  ASSERT_TRUE(ledger_->Revise(RevisionOf(submission_, receipt_, "r-1")).ok());
  Open();
  server_->Restart();
  absl::StatusOr<AlertReceipt> again = absl::UnknownError("never tried");
  ASSERT_TRUE(Eventually([&] {
    again = ledger_->Step(request);
    return again.ok();
  })) << again.status();
  EXPECT_TRUE(again->repeated);
  EXPECT_EQ(again->change, first->change);
  EXPECT_EQ(again->etag, first->etag);
  EXPECT_EQ(Alert().version, 4u) << "nothing was written";
}

TEST_F(AlertStepsTest, AnotherStepUnderAKnownRequestIdIsRefused) {
  ASSERT_TRUE(ledger_->Step(Next(AlertAction::kAcknowledge, "s-1")).ok());
  AlertStepRequest other = Next(AlertAction::kAcknowledge, "s-1");
  other.step.note = "另一说明";
  EXPECT_THAT(ledger_->Step(other), FailsWith(Reason::kIdempotencyKeyReused));
  EXPECT_THAT(ledger_->Step(Next(AlertAction::kResolve, "s-1")),
              FailsWith(Reason::kIdempotencyKeyReused));
  AlertStepRequest colleague = Next(AlertAction::kResolve, "s-1");
  colleague.step.by = "handler-2";
  EXPECT_TRUE(ledger_->Step(colleague).ok()) << "each has request_ids of its own";
}

TEST_F(AlertStepsTest, OfManyWhoActOnWhatTheySawOneSucceeds) {
  constexpr int kHandlers = 8;
  const domain::Alert seen = Alert();
  std::vector<std::future<absl::StatusOr<AlertReceipt>>> answers(kHandlers);
  for (int i = 0; i < kHandlers; ++i) {
    AlertStepRequest request = StepOf(seen, AlertAction::kAcknowledge, "s-1");
    request.step.by = "handler-" + std::to_string(i);
    (*ledger_)->TakeStep(request, testing::kPatience, testing::Into(&answers[i]));
  }
  int taken = 0;
  for (auto& answer : answers) {
    const auto result = answer.get();
    taken += result.ok();
    if (!result.ok()) {
      EXPECT_THAT(result, FailsWith(Reason::kEtagMismatch));
    }
  }
  EXPECT_EQ(taken, 1);
  EXPECT_EQ(Alert().version, 2u);
}

TEST_F(AlertStepsTest, AStepBetweenReadingAndCommittingDoesNotFailAPartnersRevision) {
  // Both are under way at once, again and again; the revision must never be refused for the step.
  Receipt receipt = receipt_;
  for (int round = 0; round < 20; ++round) {
    const std::string id = std::to_string(round);
    const bool acknowledged = Alert().facets.state == AlertState::kAcknowledged;
    std::future<absl::StatusOr<AlertReceipt>> step;
    if (round < 5) {
      (*ledger_)->TakeStep(
          Next(acknowledged ? AlertAction::kUnacknowledge : AlertAction::kAcknowledge, "s-" + id),
          testing::kPatience, testing::Into(&step));
    }
    const auto revised = ledger_->Revise(RevisionOf(submission_, receipt, "r-" + id));
    ASSERT_TRUE(revised.ok()) << revised.status();
    receipt = *revised;
    if (step.valid()) {
      const auto result = step.get();
      if (!result.ok()) {
        EXPECT_THAT(result, FailsWith(Reason::kEtagMismatch));
      }
    }
  }
  EXPECT_EQ(receipt.version, 21u);
}

TEST_F(AlertStepsTest, AStaleEtagAWrongStateAndAnUnknownAlertAreToldApart) {
  const domain::Alert seen = Alert();
  ASSERT_TRUE(ledger_->Step(Next(AlertAction::kAcknowledge, "s-1")).ok());
  EXPECT_THAT(ledger_->Step(StepOf(seen, AlertAction::kResolve, "s-2")),
              FailsWith(Reason::kEtagMismatch));
  const auto wrong = ledger_->Step(Next(AlertAction::kReopen, "s-3"));
  EXPECT_THAT(wrong, FailsWith(Reason::kWrongAlertState));
  EXPECT_EQ(FactOf(wrong, "state"), "ACKNOWLEDGED");
  AlertStepRequest unknown = Next(AlertAction::kResolve, "s-4");
  unknown.alert_id.back() = unknown.alert_id.back() == '0' ? '1' : '0';
  EXPECT_THAT(ledger_->Step(unknown), FailsWith(Reason::kAlertNotFound));
  unknown.alert_id = receipt_.clue_id;
  EXPECT_THAT(ledger_->Step(unknown), FailsWith(Reason::kAlertNotFound));
}

TEST_F(AlertStepsTest, AnAlertOutsideTheScopeLooksAsIfItDidNotExist) {
  AlertStepRequest request = Next(AlertAction::kAcknowledge, "s-1");
  request.scope.scenarios.set(static_cast<size_t>(Scenario::kJudicial));
  request.etag = "stale";
  EXPECT_THAT(ledger_->Step(request), FailsWith(Reason::kAlertNotFound));
}

TEST_F(AlertStepsTest, OnlyAHandlerWhoSeesTheAlertMayOwnIt) {
  AlertStepRequest request = Next(AlertAction::kAssign, "s-1");
  request.step.owner = "handler-2";
  request.owner_scope.reset();
  EXPECT_THAT(ledger_->Step(request), FailsWith(Reason::kOwnerUnfit));
  request.owner_scope.emplace().regions = {"11"};
  EXPECT_THAT(ledger_->Step(request), FailsWith(Reason::kOwnerUnfit));
  request.owner_scope.emplace();
  ASSERT_TRUE(ledger_->Step(request).ok());
  EXPECT_EQ(Alert().facets.owner, "handler-2");
}

TEST_F(AlertStepsTest, ListsFindAlertsByStateAndOwnerAndForgetWhatIsOver) {
  EXPECT_THAT(InState(AlertState::kOpen), ElementsAre(receipt_.clue_id));
  AlertStepRequest assign = Next(AlertAction::kAssign, "s-1");
  assign.step.owner = "handler-2";
  ASSERT_TRUE(ledger_->Step(assign).ok());
  ASSERT_TRUE(ledger_->Step(Next(AlertAction::kAcknowledge, "s-2")).ok());
  EXPECT_THAT(InState(AlertState::kOpen), IsEmpty());
  EXPECT_THAT(InState(AlertState::kAcknowledged), ElementsAre(receipt_.clue_id));
  const auto owned = [](domain::Filter* filter) { filter->owner = "handler-2"; };
  EXPECT_THAT(Listed(owned), ElementsAre(receipt_.clue_id));
  ASSERT_TRUE(ledger_->Step(Next(AlertAction::kResolve, "s-3")).ok());
  EXPECT_THAT(InState(AlertState::kAcknowledged), IsEmpty());
  EXPECT_THAT(InState(AlertState::kResolved), ElementsAre(receipt_.clue_id));
  EXPECT_EQ(server_->Call({"ZCARD", "sv:{0}:j:a:2"}), ":0\r\n")
      << "who has left is not walked over";
  EXPECT_THAT(Listed([](domain::Filter* filter) {
                filter->expression = std::get<domain::Expression>(
                    domain::ParseExpression("state = RESOLVED AND owner = handler-2"));
              }),
              ElementsAre(receipt_.clue_id));
  // A partner learns nothing of owners by asking.
  ListQuery partner;
  partner.scope.partner = submission_.partner;
  partner.filter.owner = "handler-2";
  EXPECT_THAT(ledger_->List(partner)->clues, IsEmpty());
}

TEST_F(AlertStepsTest, AGraverClueOpensItAgainAndALessGraveOneDoesNot) {
  ASSERT_TRUE(ledger_->Step(Next(AlertAction::kAcknowledge, "s-1")).ok());
  Revision revision = RevisionOf(submission_, receipt_, "r-1");
  revision.verdict.risk = Risk::kLow;
  const auto lower = ledger_->Revise(revision);
  ASSERT_TRUE(lower.ok()) << lower.status();
  EXPECT_EQ(Alert().facets.state, AlertState::kAcknowledged);
  EXPECT_EQ(Alert().handling->by, "handler-1");
  revision = RevisionOf(submission_, *lower, "r-2");
  revision.verdict.risk = Risk::kHigh;
  ASSERT_TRUE(ledger_->Revise(revision).ok());
  EXPECT_EQ(Alert().facets.state, AlertState::kOpen);
  EXPECT_EQ(Alert().handling->by, "");
  EXPECT_EQ(Alert().kind, AlertKind::kClueRevised);
  EXPECT_THAT(InState(AlertState::kAcknowledged), IsEmpty());
  EXPECT_EQ(server_->Call({"ZCARD", "sv:{0}:j:a:2"}), ":0\r\n");
}

TEST_F(AlertStepsTest, AnAcknowledgementThatIsOverOpensTheAlertAgainAndIsToldOnce) {
  RecordingObserver observer;
  (*ledger_)->Follow(&observer);
  AlertStepRequest request = Next(AlertAction::kAcknowledge, "s-1");
  request.step.duration = absl::Hours(8);
  ASSERT_TRUE(ledger_->Step(request).ok());
  clock_.Advance(absl::Hours(7));
  // Another replica looks for the same.
  TestLedger other(
      [&] {
        Ledger::Options options = OptionsFor(*server_);
        options.expiry_interval = absl::Milliseconds(20);
        return options;
      }(),
      &clock_);
  ASSERT_TRUE(other.WaitReady());
  EXPECT_EQ(Alert().facets.state, AlertState::kAcknowledged);
  clock_.Advance(absl::Hours(1));
  ASSERT_TRUE(Eventually([&] {
    return !observer.entries().empty() &&
           observer.entries().back()->event.alert.kind == AlertKind::kAcknowledgementExpired;
  }));
  EXPECT_EQ(Alert().facets.state, AlertState::kOpen);
  EXPECT_EQ(Alert().handling->by, "");
  EXPECT_EQ(server_->Call({"ZCARD", "sv:{0}:d"}), ":0\r\n");
  ASSERT_TRUE(ledger_->Step(Next(AlertAction::kResolve, "s-2")).ok());
  ASSERT_TRUE(Eventually(
      [&] { return observer.entries().back()->event.alert.kind == AlertKind::kResolved; }));
  (*ledger_)->Follow(nullptr);
  const auto entries = observer.entries();
  EXPECT_EQ(std::count_if(entries.begin(), entries.end(),
                          [](const LogEntryPtr& entry) {
                            return entry->event.alert.kind == AlertKind::kAcknowledgementExpired;
                          }),
            1)
      << "told once, however many replicas look";
  EXPECT_EQ(Alert().version, 4u);
}

TEST_F(AlertStepsTest, WhatCameDueWhileTheServiceWasAwayIsDoneWhenItComesBack) {
  AlertStepRequest request = Next(AlertAction::kAcknowledge, "s-1");
  request.step.duration = absl::Minutes(5);
  ASSERT_TRUE(ledger_->Step(request).ok());
  ledger_.reset();
  clock_.Advance(absl::Hours(24));
  server_->Restart();
  Open();
  EXPECT_TRUE(Eventually([&] { return Alert().facets.state == AlertState::kOpen; }));
}

TEST_F(AlertStepsTest, AnEndThatWasTakenBackDoesNotCome) {
  AlertStepRequest request = Next(AlertAction::kAcknowledge, "s-1");
  request.step.duration = absl::Minutes(5);
  ASSERT_TRUE(ledger_->Step(request).ok());
  ASSERT_TRUE(ledger_->Step(Next(AlertAction::kAcknowledge, "s-2")).ok());
  EXPECT_EQ(server_->Call({"ZCARD", "sv:{0}:d"}), ":0\r\n");
  EXPECT_EQ(Alert().handling->until, std::nullopt);
}

TEST_F(AlertStepsTest, TakesABoundedNumberOfStepsButCanAlwaysBeResolved) {
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(ledger_->Step(Next(AlertAction::kAcknowledge, "s-" + std::to_string(i))).ok());
  }
  EXPECT_THAT(ledger_->Step(Next(AlertAction::kAcknowledge, "s-9")),
              FailsWith(Reason::kTooManyAlertChanges));
  EXPECT_TRUE(ledger_->Step(Next(AlertAction::kResolve, "s-10")).ok());
}

TEST_F(AlertStepsTest, ItsChangesAreKeptAndReadOldestFirst) {
  ASSERT_TRUE(ledger_->Step(Next(AlertAction::kAcknowledge, "s-1")).ok());
  ASSERT_TRUE(ledger_->Step(Next(AlertAction::kResolve, "s-2")).ok());
  const auto changes = ledger_->Changes(receipt_.clue_id);
  ASSERT_TRUE(changes.ok()) << changes.status();
  ASSERT_EQ(changes->size(), 2u);
  EXPECT_EQ((*changes)[0].kind, AlertKind::kAcknowledged);
  EXPECT_EQ((*changes)[0].handling.note, "已电话核实 s-1");
  EXPECT_EQ((*changes)[1].kind, AlertKind::kResolved);
  EXPECT_EQ((*changes)[1].alert_version, 3u);
  domain::Scope other;
  other.regions = {"11"};
  EXPECT_THAT(ledger_->Changes(receipt_.clue_id, other), FailsWith(Reason::kAlertNotFound));
}

TEST_F(AlertStepsTest, AChangeIsSeenByWhoSawTheClueThenAndIsAsSecretAsItWas) {
  ASSERT_TRUE(ledger_->Step(Next(AlertAction::kAcknowledge, "s-1")).ok());
  Revision secret = RevisionOf(submission_, receipt_, "r-1");
  secret.content.confidentiality = domain::Confidentiality::kSecret;
  const auto second = ledger_->Revise(secret);
  ASSERT_TRUE(second.ok()) << second.status();
  ASSERT_TRUE(ledger_->Step(Next(AlertAction::kAcknowledge, "s-2")).ok());
  Revision elsewhere = RevisionOf(submission_, *second, "r-2");
  elsewhere.content.region_code = "440106";
  ASSERT_TRUE(ledger_->Revise(elsewhere).ok());
  ASSERT_TRUE(ledger_->Step(Next(AlertAction::kAcknowledge, "s-3")).ok());

  const auto all = ledger_->Changes(receipt_.clue_id);
  ASSERT_TRUE(all.ok()) << all.status();
  ASSERT_EQ(all->size(), 3u);
  EXPECT_EQ((*all)[0].confidentiality, domain::Confidentiality::kNormal);
  EXPECT_EQ((*all)[1].confidentiality, domain::Confidentiality::kSecret);
  EXPECT_EQ((*all)[2].confidentiality, domain::Confidentiality::kNormal);
  domain::Scope newcomers;
  newcomers.regions = {"44"};
  const auto seen = ledger_->Changes(receipt_.clue_id, newcomers);
  ASSERT_TRUE(seen.ok()) << seen.status();
  ASSERT_EQ(seen->size(), 1u);
  EXPECT_EQ((*seen)[0].handling.note, "已电话核实 s-3");
}

// The alert's copy of the note has no secrecy of its own, so it stays behind.
TEST_F(AlertStepsTest, ANoteThatWasMadeUnderSecrecyIsReadInTheChangesAlone) {
  Revision secret = RevisionOf(submission_, receipt_, "r-1");
  secret.content.confidentiality = domain::Confidentiality::kSecret;
  const auto second = ledger_->Revise(secret);
  ASSERT_TRUE(second.ok()) << second.status();
  ASSERT_TRUE(ledger_->Step(Next(AlertAction::kAcknowledge, "s-1")).ok());
  EXPECT_EQ(Alert().handling->note, "已电话核实 s-1");
  const auto open = ledger_->Revise(RevisionOf(submission_, *second, "r-2"));
  ASSERT_TRUE(open.ok()) << open.status();
  EXPECT_EQ(Alert().facets.state, domain::AlertState::kAcknowledged);
  EXPECT_EQ(Alert().handling->note, "");
  const auto changes = ledger_->Changes(receipt_.clue_id);
  ASSERT_TRUE(changes.ok()) << changes.status();
  ASSERT_EQ(changes->size(), 1u);
  EXPECT_EQ((*changes)[0].handling.note, "已电话核实 s-1");
  EXPECT_EQ((*changes)[0].confidentiality, domain::Confidentiality::kSecret);
}

TEST_F(AlertStepsTest, AClueThatNobodyHandledCostsNothing) {
  const std::string fields = server_->Call({"HKEYS", "sv:{0}:c:" + receipt_.clue_id.substr(3)});
  EXPECT_THAT(fields, ::testing::Not(::testing::HasSubstr("\r\nh\r\n")));
}

TEST_F(AlertStepsTest, AClueThatWaitsForReviewStillDoesWhenItsAlertIsAcknowledged) {
  Submission doubtful = ExampleSubmission("2");
  doubtful.verdict.needs_review = true;
  const auto receipt = ledger_->Submit(doubtful);
  ASSERT_TRUE(receipt.ok());
  const auto record = ledger_->Get(receipt->clue_id);
  ASSERT_TRUE(ledger_->Step(StepOf(record->alert, AlertAction::kAcknowledge, "s-1")).ok());
  EXPECT_EQ(ledger_->Queue()->items.size(), 1u);
}

TEST_F(AlertStepsTest, HistoryIsListedAndAlertsNobodyUntilItIsRevised) {
  RecordingObserver observer;
  (*ledger_)->Follow(&observer);
  Submission history = ExampleSubmission("2");
  history.backfill = true;
  history.verdict.needs_review = true;
  const auto receipt = ledger_->Submit(history);
  ASSERT_TRUE(receipt.ok()) << receipt.status();
  EXPECT_EQ(receipt->alert_id, "");
  // Versions of the alert, as the entries of this clue tell them.
  const auto told = [&] {
    std::vector<uint32_t> versions;
    for (const LogEntryPtr& entry : observer.entries()) {
      if (entry->event.alert.clue_id == receipt->clue_id) {
        versions.push_back(entry->event.alert.version);
      }
    }
    return versions;
  };
  EXPECT_TRUE(Eventually([&] { return told() == std::vector<uint32_t>{0}; }));
  EXPECT_TRUE(ledger_->Get(receipt->clue_id)->clue.backfill);
  EXPECT_THAT(ledger_->Queue()->items, IsEmpty());
  const auto page = ledger_->List({});
  ASSERT_EQ(page->clues.size(), 2u);
  EXPECT_TRUE(page->clues[0].backfill);
  EXPECT_FALSE(page->clues[1].backfill);
  EXPECT_THAT(InState(AlertState::kOpen), ElementsAre(receipt_.clue_id)) << "it has no alert";
  ASSERT_TRUE(ledger_->Correct(testing::CorrectionOf(*receipt, "c-1")).ok());
  EXPECT_TRUE(Eventually([&] { return told() == std::vector<uint32_t>{0, 0}; }));
  const auto record = ledger_->Get(receipt->clue_id);
  Receipt corrected = *receipt;
  corrected.etag = record->etag;
  const auto revised = ledger_->Revise(RevisionOf(history, corrected, "r-1"));
  ASSERT_TRUE(revised.ok()) << revised.status();
  EXPECT_NE(revised->alert_id, "");
  EXPECT_FALSE(ledger_->Get(receipt->clue_id)->clue.backfill);
  EXPECT_TRUE(Eventually([&] { return told() == std::vector<uint32_t>{0, 0, 1}; }));
  (*ledger_)->Follow(nullptr);
}

}  // namespace
}  // namespace supervision::ledger
