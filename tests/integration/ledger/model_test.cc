// The ledger against a plain model in memory, while Redis is killed, connections are cut and the
// service restarts. What it must show: nothing acknowledged is lost, nothing is there twice, and
// the order of each partition is kept for those who follow it and for those who resume.
#include <algorithm>
#include <array>
#include <cstdlib>
#include <iostream>
#include <map>
#include <random>
#include <set>
#include <variant>

#include "services/domain/alert_policy.h"
#include "tests/integration/ledger/ledger_fixture.h"
#include "tests/support/temp_dir.h"

namespace supervision::ledger {
namespace {

using domain::AlertAction;
using domain::AlertState;
using domain::Reason;
using testing::ExampleSubmission;
using testing::RecordingObserver;
using testing::TestLedger;

constexpr int kDefaultRounds = 200;
constexpr int kPartitions = 3;
constexpr int kKeys = 40;  // few, so that clues are met again and again
constexpr int kPerRound = 12;

int64_t FromEnvironment(const char* name, int64_t otherwise) {
  const char* const text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoll(text, nullptr, 10);
}

using Request = std::variant<Submission, Revision, Withdrawal, CorrectionRequest, AlertStepRequest>;

// What the model expects of a request: the answer of an earlier one, a new version, or a reason.
struct Expectation {
  enum class Kind { kNewVersion, kRepeat, kRefused } kind = Kind::kRefused;
  size_t version = 0;  // kRepeat: index in Clue::receipts, or of a step in Clue::step_receipts
  Reason reason = Reason::kInternal;
};

struct Clue {
  std::vector<Request> requests;  // that made each version
  std::vector<Receipt> receipts;
  bool withdrawn = false;
  bool waits = false;  // in the review queue
  // The life of its alert.
  std::vector<AlertStepRequest> steps;
  std::vector<Receipt> step_receipts;
  uint32_t alert_version = 0;
  AlertState state = AlertState::kOpen;
  std::string owner;
  domain::Scenario scenario = domain::Scenario::kUnspecified;

  // A change of the clue has made the alert's next version, and opens it when the class is another.
  void Changed(domain::Scenario now) {
    ++alert_version;
    if (now != scenario) state = AlertState::kOpen;
    scenario = now;
  }
};

// Whether the alert's state allows the step, and what it is afterwards.
std::optional<AlertState> StateAfter(AlertState state, AlertAction action) {
  const bool open = state == AlertState::kOpen;
  const bool acknowledged = state == AlertState::kAcknowledged;
  switch (action) {
    case AlertAction::kAcknowledge:
      if (open || acknowledged) return AlertState::kAcknowledged;
      break;
    case AlertAction::kUnacknowledge:
      if (acknowledged) return AlertState::kOpen;
      break;
    case AlertAction::kAssign:
      if (open || acknowledged) return state;
      break;
    case AlertAction::kResolve:
      if (open || acknowledged) return AlertState::kResolved;
      break;
    case AlertAction::kReopen:
      if (!open && !acknowledged) return AlertState::kOpen;
      break;
    case AlertAction::kExpire:
      break;
  }
  return std::nullopt;
}

// Every other clue leaves a person to decide.
Submission SubmissionOf(const std::string& key) {
  Submission submission = ExampleSubmission(key);
  submission.verdict.needs_review = key.back() % 2 == 0;
  return submission;
}

struct Asked {
  std::string key;
  Request request;
  Expectation expectation;
  std::vector<std::future<absl::StatusOr<Receipt>>> answers;  // of the same request, asked so often
};

class ModelTest : public ::testing::Test {
 protected:
  ModelTest()
      : seed_(static_cast<uint64_t>(
            FromEnvironment("SUPERVISION_TEST_SEED", std::random_device()()))),
        random_(seed_) {}

  int Draw(int below) { return static_cast<int>(random_() % static_cast<uint64_t>(below)); }

  void Open() {
    Ledger::Options options = testing::OptionsFor(server_);
    options.partitions = kPartitions;
    options.witness_directory = witness_.path();
    options.max_versions = 1000;
    ledger_ = std::make_unique<TestLedger>(options);
    observer_ = std::make_unique<RecordingObserver>();
    (*ledger_)->Follow(observer_.get());
    ASSERT_TRUE(ledger_->WaitReady());
    followed_from_ = ledger_->Latest()->positions;
  }

  // Everything that was committed since the service started has been told, in order.
  void Close() {
    absl::StatusOr<Place> latest = absl::UnknownError("never asked");
    ASSERT_TRUE(testing::Eventually([&] {  // its connection may just have been cut
      latest = ledger_->Latest();
      return latest.ok();
    })) << latest.status();
    const Place end = *latest;
    size_t expected = 0;
    for (int p = 0; p < kPartitions; ++p) expected += end.positions[p] - followed_from_[p];
    EXPECT_TRUE(observer_->WaitFor(expected));
    (*ledger_)->Follow(nullptr);
    std::vector<int64_t> at = followed_from_;
    for (const LogEntryPtr& entry : observer_->entries()) {
      ASSERT_EQ(entry->position, ++at[entry->partition]) << "told twice, or never";
    }
    EXPECT_EQ(at, end.positions);
    EXPECT_TRUE(observer_->epochs().empty());
    ledger_.reset();
  }

  std::future<absl::StatusOr<Receipt>> Ask(const Request& request) {
    std::future<absl::StatusOr<Receipt>> answer;
    const Ledger::Callback<Receipt> done = testing::Into(&answer);
    if (const auto* submission = std::get_if<Submission>(&request)) {
      (*ledger_)->Submit(*submission, testing::kPatience, done);
    } else if (const auto* revision = std::get_if<Revision>(&request)) {
      (*ledger_)->Revise(*revision, testing::kPatience, done);
    } else if (const auto* correction = std::get_if<CorrectionRequest>(&request)) {
      (*ledger_)->Correct(*correction, testing::kPatience, done);
    } else if (const auto* step = std::get_if<AlertStepRequest>(&request)) {
      (*ledger_)->TakeStep(*step, testing::kPatience, [done](absl::StatusOr<AlertReceipt> taken) {
        if (!taken.ok()) return done(taken.status());
        Receipt receipt;
        receipt.alert_id = taken->alert_id;
        receipt.version = taken->change.alert_version;
        receipt.etag = taken->etag;
        receipt.accepted_at = taken->change.handling.changed_at;
        done(std::move(receipt));
      });
    } else {
      (*ledger_)->Withdraw(std::get<Withdrawal>(request), testing::kPatience, done);
    }
    return answer;
  }

  // A step of the alert's life: a new one, an old one again, or one on what is long gone.
  Asked ChooseStep(const std::string& key, const std::string& fresh) {
    Asked asked;
    asked.key = key;
    const Clue& clue = clues_[key];
    domain::Alert seen;
    seen.id = domain::AlertIdOf(clue.receipts[0].clue_id);
    seen.version = clue.alert_version;
    if (Draw(6) == 0 && !clue.steps.empty()) {
      const auto index = static_cast<size_t>(Draw(static_cast<int>(clue.steps.size())));
      asked.request = clue.steps[index];
      asked.expectation = {Expectation::Kind::kRepeat, index, {}};
      return asked;
    }
    const bool stale = Draw(6) == 0;
    if (stale) --seen.version;
    constexpr std::array<AlertAction, 5> kActions = {
        AlertAction::kAcknowledge, AlertAction::kUnacknowledge, AlertAction::kAssign,
        AlertAction::kResolve, AlertAction::kReopen};
    const AlertAction action = kActions[static_cast<size_t>(Draw(kActions.size()))];
    AlertStepRequest request = testing::StepOf(seen, action, fresh);
    if (action == AlertAction::kAssign) {
      request.step.owner = "handler-" + std::to_string(Draw(3));
    }
    asked.request = std::move(request);
    if (stale) {
      asked.expectation = {Expectation::Kind::kRefused, 0, Reason::kEtagMismatch};
    } else if (!StateAfter(clue.state, action).has_value()) {
      asked.expectation = {Expectation::Kind::kRefused, 0, Reason::kWrongAlertState};
    } else {
      asked.expectation = {Expectation::Kind::kNewVersion, 0, {}};
    }
    return asked;
  }

  Asked Choose(const std::string& key) {
    Asked asked;
    asked.key = key;
    Clue& clue = clues_[key];
    if (clue.receipts.empty()) {
      asked.request = SubmissionOf(key);
      asked.expectation = {Expectation::Kind::kNewVersion, 0, {}};
      return asked;
    }
    const Submission first = std::get<Submission>(clue.requests[0]);
    const std::string fresh = "req-" + std::to_string(++requests_);
    const auto refused = [&](Reason reason) {
      return Expectation{Expectation::Kind::kRefused, 0,
                         clue.withdrawn ? Reason::kClueWithdrawn : reason};
    };
    const int choice = Draw(9);
    if (choice > 5) return ChooseStep(key, fresh);
    switch (choice) {
      case 0: {
        const size_t version = static_cast<size_t>(Draw(static_cast<int>(clue.requests.size())));
        asked.request = clue.requests[version];
        asked.expectation = {Expectation::Kind::kRepeat, version, {}};
        break;
      }
      case 1: {
        Submission other = first;
        other.content.title += "!";
        asked.request = other;
        asked.expectation = {Expectation::Kind::kRefused, 0, Reason::kIdempotencyKeyReused};
        break;
      }
      case 2: {
        Submission again = first;
        again.request_id = fresh;
        asked.request = again;
        asked.expectation = {Expectation::Kind::kRefused, 0, Reason::kSourceRecordExists};
        break;
      }
      case 3:
        asked.request = testing::WithdrawalOf(first, clue.receipts.back(), fresh);
        asked.expectation = refused(Reason::kClueWithdrawn);
        // Most clues live on.
        if (Draw(4) != 0) {
          asked.request = testing::RevisionOf(first, clue.receipts.back(), fresh);
        }
        if (!clue.withdrawn) asked.expectation = {Expectation::Kind::kNewVersion, 0, {}};
        break;
      case 4:
        asked.request = testing::RevisionOf(first, clue.receipts.back(), fresh);
        if (Draw(2) == 0) asked.request = testing::CorrectionOf(clue.receipts.back(), fresh);
        asked.expectation = refused(Reason::kClueWithdrawn);
        if (!clue.withdrawn) asked.expectation = {Expectation::Kind::kNewVersion, 0, {}};
        break;
      default: {
        Receipt stale = clue.receipts.back();
        stale.etag = "0123456789abcdef";
        asked.request = testing::RevisionOf(first, stale, fresh);
        asked.expectation = refused(Reason::kEtagMismatch);
        break;
      }
    }
    return asked;
  }

  // Asks again for as long as the answer is "not now" or "unknown", as a client must.
  absl::StatusOr<Receipt> Settle(const Request& request, absl::StatusOr<Receipt> answer) {
    const auto open = [&] {
      for (const Reason reason : {Reason::kOutcomeUnknown, Reason::kLedgerUnavailable}) {
        if (domain::HasReason(answer.status(), reason)) return true;
      }
      return false;
    };
    testing::Eventually([&] {
      if (!open()) return true;
      ++asked_again_;
      answer = Ask(request).get();
      return !open();
    });
    return answer;
  }

  void Check(Asked* asked) {
    Clue& clue = clues_[asked->key];
    for (auto& future : asked->answers) {
      const absl::StatusOr<Receipt> answer = Settle(asked->request, future.get());
      const Expectation& expected = asked->expectation;
      if (expected.kind == Expectation::Kind::kRefused) {
        EXPECT_THAT(answer, testing::FailsWith(expected.reason)) << asked->key;
        continue;
      }
      ASSERT_TRUE(answer.ok()) << asked->key << ": " << answer.status();
      if (const auto* step = std::get_if<AlertStepRequest>(&asked->request)) {
        CheckStep(*step, expected, *answer, &clue);
        continue;
      }
      if (expected.kind == Expectation::Kind::kNewVersion &&
          (clue.requests.empty() || clue.receipts.back().version < answer->version)) {
        ASSERT_EQ(answer->version, clue.receipts.size() + 1) << asked->key;
        const auto is_word = [](const auto& request) {
          return std::holds_alternative<CorrectionRequest>(request);
        };
        const bool corrected = !clue.requests.empty() && is_word(clue.requests.back());
        const bool still_waits =
            clue.waits && std::any_of(clue.requests.begin(), clue.requests.end(), is_word);
        const bool text = std::holds_alternative<Submission>(asked->request) ||
                          std::holds_alternative<Revision>(asked->request);
        // What a person had found is looked at again when a later text is found otherwise, whatever
        // comes between.
        clue.waits =
            text && (SubmissionOf(asked->key).verdict.needs_review || corrected || still_waits);
        clue.requests.push_back(asked->request);
        clue.receipts.push_back(*answer);
        clue.withdrawn = std::holds_alternative<Withdrawal>(asked->request);
        clue.Changed(text             ? domain::Scenario::kAdminEnforcement
                     : clue.withdrawn ? clue.scenario
                                      : domain::Scenario::kJudicial);
        made_in_round_[{answer->clue_id, clue.alert_version}] = round_;
        continue;
      }
      const size_t index =
          expected.kind == Expectation::Kind::kRepeat ? expected.version : clue.receipts.size() - 1;
      EXPECT_EQ(answer->clue_id, clue.receipts[index].clue_id);
      EXPECT_EQ(answer->version, clue.receipts[index].version);
      EXPECT_EQ(answer->etag, clue.receipts[index].etag);
      EXPECT_EQ(answer->accepted_at, clue.receipts[index].accepted_at);
    }
  }

  void CheckStep(const AlertStepRequest& step, const Expectation& expected, const Receipt& answer,
                 Clue* clue) {
    if (expected.kind == Expectation::Kind::kNewVersion && clue->alert_version < answer.version) {
      ASSERT_EQ(answer.version, ++clue->alert_version);
      clue->state = *StateAfter(clue->state, step.step.action);
      if (step.step.action == AlertAction::kAssign) clue->owner = step.step.owner;
      clue->steps.push_back(step);
      clue->step_receipts.push_back(answer);
      made_in_round_[{clue->receipts[0].clue_id, clue->alert_version}] = round_;
      return;
    }
    const Receipt& first = expected.kind == Expectation::Kind::kRepeat
                               ? clue->step_receipts[expected.version]
                               : clue->step_receipts.back();
    EXPECT_EQ(answer.version, first.version);
    EXPECT_EQ(answer.etag, first.etag);
    EXPECT_EQ(answer.accepted_at, first.accepted_at);
  }

  void Round() {
    std::set<std::string> keys;
    while (keys.size() < kPerRound) keys.insert("k" + std::to_string(Draw(kKeys + round_)));
    std::vector<Asked> all;
    for (const std::string& key : keys) all.push_back(Choose(key));
    const int fault_at = Draw(kPerRound);
    const int fault = Draw(8);
    for (int i = 0; i < kPerRound; ++i) {
      const int times = Draw(4) == 0 ? 3 : 1;
      for (int n = 0; n < times; ++n) all[i].answers.push_back(Ask(all[i].request));
      if (i != fault_at) continue;
      if (fault == 0) {
        // Some answers are awaited, so that the kill falls behind commits as well as into them.
        if (Draw(2) == 0) all[0].answers[0].wait();
        server_.Restart();
        ++kills_;
      } else if (fault == 1) {
        server_.Call({"CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"});
        ++cuts_;
      }
    }
    for (Asked& asked : all) Check(&asked);
    if (Draw(3) == 0) Resume();
    if (Draw(12) == 0) {
      Close();
      if (Draw(2) == 0) server_.Restart();
      Open();
      ++reopened_;
    }
  }

  // A monitor that comes back with its cursor and reads what it missed.
  void Resume() {
    absl::StatusOr<Place> place = absl::UnknownError("never tried");
    ASSERT_TRUE(testing::Eventually([&] {
      place = cursor_.empty() ? ledger_->Earliest() : ledger_->Resolve(cursor_);
      return place.ok() || !domain::HasReason(place.status(), Reason::kLedgerUnavailable);
    }));
    ASSERT_TRUE(place.ok()) << place.status();
    for (int p = 0; p < kPartitions; ++p) {
      while (true) {
        const auto page = ledger_->ReadLog(p, place->epochs[p], place->positions[p], 1 + Draw(20));
        if (!page.ok() && domain::DetailOf(page.status())->retry_after.has_value()) continue;
        ASSERT_TRUE(page.ok()) << page.status();
        if (page->entries.empty()) break;
        for (const LogEntryPtr& entry : page->entries) {
          ASSERT_EQ(entry->position, ++place->positions[p]);
          resumed_[p].push_back(entry);
        }
      }
    }
    cursor_ = (*ledger_)->EncodeCursor(*place);
  }

  void CheckEverything() {
    Resume();
    // Each accepted change is in the log once, and nothing else is.
    std::map<std::pair<std::string, uint32_t>, int> found;
    for (int p = 0; p < kPartitions; ++p) {
      int last_round = 0;
      for (const LogEntryPtr& entry : resumed_[p]) {
        const std::pair<std::string, uint32_t> change = {entry->event.alert.clue_id,
                                                         entry->event.alert.version};
        ++found[change];
        ASSERT_EQ(made_in_round_.count(change), 1u) << "never asked for: " << change.first;
        EXPECT_GE(made_in_round_[change], last_round) << "order of the partition";
        last_round = made_in_round_[change];
      }
    }
    int lost = 0;
    int doubled = 0;
    for (const auto& [change, round] : made_in_round_) {
      lost += found[change] == 0;
      doubled += found[change] > 1;
    }
    EXPECT_EQ(lost, 0);
    EXPECT_EQ(doubled, 0);
    CheckLists();
    std::set<std::string> waiting;
    std::set<std::string> queued;
    ReviewQuery query;
    do {
      const auto page = ledger_->Queue(query);
      ASSERT_TRUE(page.ok()) << page.status();
      for (const ReviewItem& item : page->items) {
        EXPECT_TRUE(queued.insert(item.clue.clue_id).second) << "twice in the queue";
      }
      query.page_token = page->next_page_token;
    } while (!query.page_token.empty());
    for (const auto& [key, clue] : clues_) {
      if (clue.waits) waiting.insert(clue.receipts[0].clue_id);
    }
    EXPECT_EQ(queued, waiting);
    for (const auto& [key, clue] : clues_) {
      if (clue.receipts.empty()) continue;
      const auto record = ledger_->Get(clue.receipts[0].clue_id);
      ASSERT_TRUE(record.ok()) << key << ": " << record.status();
      EXPECT_EQ(record->clue.version, clue.receipts.size());
      EXPECT_EQ(record->alert.version, clue.alert_version) << key;
      EXPECT_EQ(record->alert.facets.state, clue.state) << key;
      EXPECT_EQ(record->alert.facets.owner, clue.owner) << key;
      EXPECT_EQ(ledger_->Changes(clue.receipts[0].clue_id)->size(),
                std::min<size_t>(clue.steps.size(), 100))
          << key;
      EXPECT_EQ(record->clue.state == domain::ClueState::kWithdrawn, clue.withdrawn);
      if (std::holds_alternative<CorrectionRequest>(clue.requests.back())) {
        EXPECT_EQ(record->clue.correction->verdict.scenario, domain::Scenario::kJudicial);
      }
      for (auto request = clue.requests.rbegin(); request != clue.requests.rend(); ++request) {
        if (const auto* revision = std::get_if<Revision>(&*request)) {
          EXPECT_EQ(record->clue.content, revision->content) << key;
          break;
        }
        if (const auto* submission = std::get_if<Submission>(&*request)) {
          EXPECT_EQ(record->clue.content, submission->content) << key;
        }
      }
    }
  }

  // Lists by state and by owner find those that are so, and each once.
  void CheckLists() {
    const auto listed = [&](const std::function<void(domain::Filter*)>& condition) {
      std::multiset<std::string> ids;
      ListQuery query;
      query.kind = ListQuery::Kind::kAlerts;
      condition(&query.filter);
      do {
        const auto page = ledger_->List(query);
        EXPECT_TRUE(page.ok()) << page.status();
        if (!page.ok()) break;
        for (const ClueSummary& clue : page->clues) ids.insert(clue.clue_id);
        query.page_token = page->next_page_token;
      } while (!query.page_token.empty());
      return ids;
    };
    for (const AlertState state :
         {AlertState::kOpen, AlertState::kAcknowledged, AlertState::kResolved}) {
      std::multiset<std::string> expected;
      for (const auto& [key, clue] : clues_) {
        if (!clue.receipts.empty() && clue.state == state) {
          expected.insert(clue.receipts[0].clue_id);
        }
      }
      EXPECT_EQ(listed([state](domain::Filter* filter) {
                  filter->states.set(static_cast<size_t>(state));
                }),
                expected);
    }
    for (const std::string owner : {"handler-0", "handler-1", "handler-2"}) {
      std::multiset<std::string> expected;
      for (const auto& [key, clue] : clues_) {
        if (clue.owner == owner) expected.insert(clue.receipts[0].clue_id);
      }
      EXPECT_EQ(listed([&owner](domain::Filter* filter) { filter->owner = owner; }), expected);
    }
  }

  const uint64_t seed_;
  std::mt19937_64 random_;
  testing::RedisServer server_;
  testing::TempDir witness_;
  std::unique_ptr<TestLedger> ledger_;
  std::unique_ptr<RecordingObserver> observer_;
  std::vector<int64_t> followed_from_;

  std::map<std::string, Clue> clues_;
  std::map<std::pair<std::string, uint32_t>, int> made_in_round_;
  std::string cursor_;
  std::vector<LogEntryPtr> resumed_[kPartitions];
  int round_ = 0;
  int requests_ = 0;
  int kills_ = 0;
  int cuts_ = 0;
  int reopened_ = 0;
  int asked_again_ = 0;
};

TEST_F(ModelTest, NothingAcknowledgedIsLostAndNothingIsDoubled) {
  const int64_t rounds = FromEnvironment("SUPERVISION_TEST_ROUNDS", kDefaultRounds);
  std::cout << "seed " << seed_ << ", " << rounds
            << " rounds (SUPERVISION_TEST_SEED, SUPERVISION_TEST_ROUNDS)" << std::endl;
  Open();
  for (round_ = 1; round_ <= rounds && !HasFailure(); ++round_) Round();
  Close();
  server_.Restart();
  Open();
  if (!HasFatalFailure()) CheckEverything();
  Close();
  std::cout << made_in_round_.size() << " changes; Redis killed " << kills_
            << " times, connections "
            << "cut " << cuts_ << " times, service restarted " << reopened_
            << " times, requests repeated " << asked_again_ << " times" << std::endl;
  if (HasFailure()) std::cout << "failed with seed " << seed_ << std::endl;
}

}  // namespace
}  // namespace supervision::ledger
