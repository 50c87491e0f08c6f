#include "services/domain/alert_life.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace supervision::domain {
namespace {

using State = AlertState;
using Action = AlertAction;

constexpr absl::Time kNow = absl::FromUnixSeconds(1'000'000);

Alert ExampleAlert(State state) {
  Alert alert;
  alert.id = "a00aa";
  alert.version = 3;
  alert.kind = AlertKind::kReviewNeeded;
  alert.provisional = true;
  alert.clue_id = "c00aa";
  alert.clue_version = 2;
  alert.facets.scenario = Scenario::kAdminEnforcement;
  alert.facets.risk = Risk::kMedium;
  alert.facets.state = state;
  alert.facets.owner = "wang";
  alert.title = "决定书未送达";
  alert.raised_at = absl::FromUnixSeconds(500);
  return alert;
}

AlertStep Step(Action action) {
  AlertStep step;
  step.action = action;
  step.by = "li";
  step.note = "已电话核实";
  step.owner = "zhao";
  step.outcome = AlertOutcome::kHandled;
  return step;
}

struct Transition {
  Action action;
  State from;
  std::optional<State> to;  // nothing: refused
  AlertKind kind = AlertKind::kUnspecified;
};

// Every action in every state.
const std::vector<Transition> kTransitions = {
    {Action::kAcknowledge, State::kOpen, State::kAcknowledged, AlertKind::kAcknowledged},
    {Action::kAcknowledge, State::kAcknowledged, State::kAcknowledged, AlertKind::kAcknowledged},
    {Action::kAcknowledge, State::kResolved, std::nullopt},
    {Action::kUnacknowledge, State::kOpen, std::nullopt},
    {Action::kUnacknowledge, State::kAcknowledged, State::kOpen, AlertKind::kUnacknowledged},
    {Action::kUnacknowledge, State::kResolved, std::nullopt},
    {Action::kExpire, State::kOpen, std::nullopt},
    {Action::kExpire, State::kAcknowledged, State::kOpen, AlertKind::kAcknowledgementExpired},
    {Action::kExpire, State::kResolved, std::nullopt},
    {Action::kAssign, State::kOpen, State::kOpen, AlertKind::kAssigned},
    {Action::kAssign, State::kAcknowledged, State::kAcknowledged, AlertKind::kAssigned},
    {Action::kAssign, State::kResolved, std::nullopt},
    {Action::kResolve, State::kOpen, State::kResolved, AlertKind::kResolved},
    {Action::kResolve, State::kAcknowledged, State::kResolved, AlertKind::kResolved},
    {Action::kResolve, State::kResolved, std::nullopt},
    {Action::kReopen, State::kOpen, std::nullopt},
    {Action::kReopen, State::kAcknowledged, std::nullopt},
    {Action::kReopen, State::kResolved, State::kOpen, AlertKind::kReopened},
};

TEST(AlertLifeTest, EveryActionInEveryStateDoesWhatTheTableSays) {
  for (const Transition& transition : kTransitions) {
    SCOPED_TRACE(testing::Message() << "action " << static_cast<int>(transition.action) << " from "
                                    << Code(transition.from));
    const std::optional<Alert> after =
        AfterStep(ExampleAlert(transition.from), Step(transition.action), kNow);
    ASSERT_EQ(after.has_value(), transition.to.has_value());
    if (!after.has_value()) continue;
    EXPECT_EQ(after->facets.state, *transition.to);
    EXPECT_EQ(after->kind, transition.kind);
    EXPECT_EQ(after->version, 4u);
    EXPECT_EQ(after->raised_at, kNow);
    ASSERT_TRUE(after->handling.has_value());
    EXPECT_EQ(after->handling->by, "li");
    EXPECT_EQ(after->handling->note, "已电话核实");
    EXPECT_EQ(after->handling->changed_at, kNow);
    EXPECT_EQ(after->facets.owner, transition.action == Action::kAssign ? "zhao" : "wang");
    EXPECT_EQ(after->handling->outcome, transition.action == Action::kResolve
                                            ? AlertOutcome::kHandled
                                            : AlertOutcome::kUnspecified);
  }
}

TEST(AlertLifeTest, AStepTouchesNothingThatTheClueSays) {
  const Alert before = ExampleAlert(State::kOpen);
  for (const Action action : {Action::kAcknowledge, Action::kAssign, Action::kResolve}) {
    const Alert after = *AfterStep(before, Step(action), kNow);
    EXPECT_EQ(after.clue_version, before.clue_version);
    EXPECT_EQ(after.provisional, before.provisional) << "it still waits for a reviewer";
    EXPECT_EQ(after.facets.scenario, before.facets.scenario);
    EXPECT_EQ(after.facets.risk, before.facets.risk);
    EXPECT_EQ(after.title, before.title);
  }
}

TEST(AlertLifeTest, AnAlertThatIsNotThereTakesNoStep) {
  EXPECT_FALSE(AfterStep(ExampleAlert(State::kUnspecified), Step(Action::kAcknowledge), kNow));
}

TEST(AlertLifeTest, AnAcknowledgementEndsWhenItSaysOrNever) {
  AlertStep step = Step(Action::kAcknowledge);
  EXPECT_EQ(AfterStep(ExampleAlert(State::kOpen), step, kNow)->handling->until, std::nullopt);
  step.duration = absl::Hours(8);
  const Alert acknowledged = *AfterStep(ExampleAlert(State::kOpen), step, kNow);
  EXPECT_EQ(acknowledged.handling->until, kNow + absl::Hours(8));
  const Alert assigned = *AfterStep(acknowledged, Step(Action::kAssign), kNow + absl::Hours(1));
  EXPECT_EQ(assigned.handling->until, kNow + absl::Hours(8)) << "whoever owns it";
  step.duration.reset();
  EXPECT_EQ(AfterStep(acknowledged, step, kNow)->handling->until, std::nullopt) << "anew";
  EXPECT_EQ(AfterStep(acknowledged, Step(Action::kUnacknowledge), kNow)->handling->until,
            std::nullopt);
}

struct Change {
  const char* name;
  State before;
  Risk risk;
  Scenario scenario;
  State after;
};
const std::vector<Change> kChanges = {
    {"nothing done yet", State::kOpen, Risk::kHigh, Scenario::kJudicial, State::kOpen},
    {"the same", State::kAcknowledged, Risk::kMedium, Scenario::kAdminEnforcement,
     State::kAcknowledged},
    {"less grave", State::kAcknowledged, Risk::kLow, Scenario::kAdminEnforcement,
     State::kAcknowledged},
    {"graver", State::kAcknowledged, Risk::kHigh, Scenario::kAdminEnforcement, State::kOpen},
    {"another class", State::kAcknowledged, Risk::kLow, Scenario::kJudicial, State::kOpen},
    {"resolved, the same", State::kResolved, Risk::kMedium, Scenario::kAdminEnforcement,
     State::kResolved},
    {"resolved, graver", State::kResolved, Risk::kHigh, Scenario::kAdminEnforcement, State::kOpen},
    {"resolved, another class", State::kResolved, Risk::kMedium, Scenario::kJudicial, State::kOpen},
};

TEST(AlertLifeTest, AChangeOfTheClueOpensTheAlertAgainWhenItIsGraverOrOfAnotherClass) {
  for (const Change& change : kChanges) {
    SCOPED_TRACE(change.name);
    Alert before = ExampleAlert(change.before);
    if (change.before != State::kOpen) {
      before.handling = Handling{"li", "知悉", kNow, kNow + absl::Hours(1), AlertOutcome::kHandled};
    }
    Alert after = ExampleAlert(State::kUnspecified);
    after.facets.owner.clear();
    after.facets.risk = change.risk;
    after.facets.scenario = change.scenario;
    after.raised_at = kNow + absl::Minutes(5);
    KeepHandling(before, &after);
    EXPECT_EQ(after.facets.state, change.after);
    EXPECT_EQ(after.facets.owner, "wang") << "who answers for it still does";
    if (change.after == change.before) {
      EXPECT_EQ(after.handling, before.handling);
    } else {
      ASSERT_TRUE(after.handling.has_value());
      EXPECT_EQ(after.handling->by, "");
      EXPECT_EQ(after.handling->note, "");
      EXPECT_EQ(after.handling->until, std::nullopt);
      EXPECT_EQ(after.handling->changed_at, after.raised_at);
    }
  }
}

TEST(AlertLifeTest, AMoveToAnotherRegionOpensTheAlertAgainForItsPeople) {
  struct Move {
    std::string from;
    std::string to;
    bool opens;
  };
  const std::vector<Move> moves =
      {
          {"330402", "330402", false},    {"330402", "330424", true},
          {"330402", "440106", true},     {"330402001", "330402002", true},
          {"330402", "330402001", false},  // a part of it: its people answer for it still
          {"330402001", "330402", false}, {"330402001", "330424", true},
      };
  for (const Move& move : moves) {
    for (const State state : {State::kAcknowledged, State::kResolved}) {
      SCOPED_TRACE(move.from + " to " + move.to);
      Alert before = ExampleAlert(state);
      before.facets.region_code = move.from;
      before.handling = Handling{"li", "知悉", kNow, kNow + absl::Hours(1), AlertOutcome::kHandled};
      Alert after = ExampleAlert(State::kUnspecified);
      after.facets.region_code = move.to;
      after.raised_at = kNow + absl::Minutes(5);
      KeepHandling(before, &after);
      EXPECT_EQ(after.facets.state, move.opens ? State::kOpen : state);
      EXPECT_EQ(after.handling->by, move.opens ? "" : "li");
      EXPECT_EQ(after.facets.owner, "wang");
    }
  }
}

TEST(AlertLifeTest, ANoteDoesNotReachThoseWhoSeeTheAlertOnlyAfterIt) {
  for (const State state : {State::kOpen, State::kAcknowledged, State::kResolved}) {
    Alert before = ExampleAlert(state);
    before.facets.confidentiality = Confidentiality::kSecret;
    before.handling = Handling{"li", "知悉", kNow, kNow + absl::Hours(1), AlertOutcome::kHandled};
    Alert after = before;
    KeepHandling(before, &after);
    EXPECT_EQ(after.handling, before.handling) << "nobody has come";
    after.facets.confidentiality = Confidentiality::kNormal;
    KeepHandling(before, &after);
    EXPECT_EQ(after.facets.state, state);
    Handling without = *before.handling;
    without.note.clear();
    EXPECT_EQ(after.handling, without) << "its secrecy was lifted";
  }
  Alert before = ExampleAlert(State::kOpen);
  before.facets.region_code = "330402";
  before.handling = Handling{"li", "转办", kNow, std::nullopt, AlertOutcome::kUnspecified};
  Alert after = before;
  after.facets.region_code = "440106";
  KeepHandling(before, &after);
  EXPECT_EQ(after.handling->note, "") << "it has moved";
}

TEST(AlertLifeTest, AResolvedAlertAboutSeveralCluesIsOpenAgainWhenOthersJoinThem) {
  struct Joining {
    std::string name;
    State state;
    std::vector<std::string> members;
    int64_t total;
    std::vector<std::string> next;
    int64_t next_total;
    State after;
  };
  const std::vector<Joining> joinings = {
      {"the same", State::kResolved, {"b", "a"}, 2, {"b", "a"}, 2, State::kResolved},
      {"one more", State::kResolved, {"b", "a"}, 2, {"c", "b", "a"}, 3, State::kOpen},
      {"one has left", State::kResolved, {"b", "a"}, 2, {"b"}, 1, State::kResolved},
      {"one has left, one has come", State::kResolved, {"b", "a"}, 2, {"c", "b"}, 2, State::kOpen},
      {"one that is only counted has left",
       State::kResolved,
       {"c", "b"},
       3,
       {"c", "a"},
       2,
       State::kResolved},
      {"taken note of",
       State::kAcknowledged,
       {"b", "a"},
       2,
       {"c", "b", "a"},
       3,
       State::kAcknowledged}};
  for (const Joining& joining : joinings) {
    SCOPED_TRACE(joining.name);
    const auto group = [](std::vector<std::string> members, int64_t total) {
      auto told = std::make_shared<AlertGroup>();
      told->members = std::move(members);
      told->total = total;
      return told;
    };
    Alert before = ExampleAlert(joining.state);
    before.handling = Handling{"li", "查否", kNow, std::nullopt, AlertOutcome::kUnfounded};
    before.group = group(joining.members, joining.total);
    Alert after = ExampleAlert(State::kUnspecified);
    after.raised_at = kNow + absl::Minutes(5);
    after.group = group(joining.next, joining.next_total);
    KeepHandling(before, &after);
    EXPECT_EQ(after.facets.state, joining.after);
    EXPECT_EQ(after.handling->by, joining.after == joining.state ? "li" : "");
    EXPECT_EQ(after.facets.owner, "wang") << "who answers for it still does";
  }
}

TEST(AlertLifeTest, ANewAlertIsOpenAndNobodys) {
  Alert alert = ExampleAlert(State::kUnspecified);
  alert.facets.owner.clear();
  KeepHandling(Alert(), &alert);
  EXPECT_EQ(alert.facets.state, State::kOpen);
  EXPECT_EQ(alert.facets.owner, "");
  EXPECT_FALSE(alert.handling.has_value());
}

TEST(AlertLifeTest, EtagsDifferByVersion) { EXPECT_NE(AlertEtag(1), AlertEtag(2)); }

TEST(AlertLifeTest, StatesHaveCodes) {
  for (const State state : {State::kOpen, State::kAcknowledged, State::kResolved}) {
    EXPECT_EQ(AlertStateFromCode(Code(state)), state);
  }
  EXPECT_EQ(AlertStateFromCode("ALERT_STATE_UNSPECIFIED"), std::nullopt);
  EXPECT_EQ(AlertStateFromCode("CLOSED"), std::nullopt);
}

}  // namespace
}  // namespace supervision::domain
