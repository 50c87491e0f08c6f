#include "services/security/authority.h"

#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/domain/error.h"
#include "supervision/v1/admin_service.pb.h"
#include "supervision/v1/alert_service.pb.h"
#include "supervision/v1/classification_service.pb.h"
#include "supervision/v1/clue_service.pb.h"
#include "supervision/v1/delivery_service.pb.h"
#include "supervision/v1/review_service.pb.h"
#include "supervision/v1/silence_service.pb.h"
#include "supervision/v1/subscription_service.pb.h"

namespace supervision::security {
namespace {

Principal With(std::initializer_list<Role> roles) {
  Principal principal;
  for (const Role role : roles) principal.roles.set(static_cast<size_t>(role));
  return principal;
}

bool May(const Principal& principal, Method method) { return Authorise(principal, method).ok(); }

TEST(AuthorityTest, EveryMethodOfEveryServiceHasOneRowAndNoOther) {
  std::set<std::string> methods;
  for (const google::protobuf::FileDescriptor* file :
       {v1::GetStatusRequest::descriptor()->file(), v1::WatchAlertsRequest::descriptor()->file(),
        v1::ClassifyTextRequest::descriptor()->file(),
        v1::CorrectVerdictRequest::descriptor()->file(),
        v1::ExplainDeliveryRequest::descriptor()->file(),
        v1::GetSilenceRequest::descriptor()->file(),
        v1::GetSubscriptionRequest::descriptor()->file(),
        v1::SubmitClueRequest::descriptor()->file()}) {
    ASSERT_EQ(file->service_count(), 1) << file->name();
    for (int i = 0; i < file->service(0)->method_count(); ++i) {
      methods.insert(absl::StrCat("/", file->service(0)->full_name(), "/",
                                  file->service(0)->method(i)->name()));
    }
  }
  std::set<std::string> rows;
  for (const AuthorityRow& row : AuthorityTable()) rows.emplace(row.full_name);
  EXPECT_EQ(rows, methods);
  EXPECT_EQ(AuthorityTable().size(), methods.size());
}

TEST(AuthorityTest, RowsStandInTheOrderOfTheEnum) {
  for (size_t i = 0; i < AuthorityTable().size(); ++i) {
    EXPECT_EQ(static_cast<size_t>(AuthorityTable()[i].method), i);
  }
}

TEST(AuthorityTest, PartnerChangesAndReadsCluesButHearsNoAlerts) {
  const Principal partner = With({Role::kPartner});
  for (const Method method :
       {Method::kSubmitClue, Method::kBatchSubmitClues, Method::kStreamClues, Method::kReviseClue,
        Method::kWithdrawClue, Method::kGetClue, Method::kListClues, Method::kClassifyText,
        Method::kBatchClassifyTexts, Method::kListScenarios}) {
    EXPECT_TRUE(May(partner, method)) << static_cast<int>(method);
  }
  for (const Method method :
       {Method::kWatchAlerts, Method::kListAlerts, Method::kGetAlert, Method::kGetStatus}) {
    EXPECT_FALSE(May(partner, method)) << static_cast<int>(method);
  }
}

TEST(AuthorityTest, MonitorReadsAndHearsButChangesNothing) {
  const Principal monitor = With({Role::kMonitor});
  for (const Method method :
       {Method::kGetClue, Method::kListClues, Method::kWatchAlerts, Method::kListAlerts,
        Method::kGetAlert, Method::kClassifyText, Method::kListScenarios}) {
    EXPECT_TRUE(May(monitor, method)) << static_cast<int>(method);
  }
  for (const Method method : {Method::kSubmitClue, Method::kBatchSubmitClues, Method::kStreamClues,
                              Method::kReviseClue, Method::kWithdrawClue, Method::kGetStatus,
                              Method::kAcknowledgeAlert, Method::kResolveAlert}) {
    EXPECT_FALSE(May(monitor, method)) << static_cast<int>(method);
  }
}

TEST(AuthorityTest, OnlyHandlersHandleAlertsAndTheyReadAsMonitorsDo) {
  const Principal handler = With({Role::kHandler});
  const Principal others = With({Role::kPartner, Role::kMonitor, Role::kOperator, Role::kReviewer});
  for (const Method method : {Method::kAcknowledgeAlert, Method::kUnacknowledgeAlert,
                              Method::kAssignAlert, Method::kResolveAlert, Method::kReopenAlert}) {
    EXPECT_TRUE(May(handler, method)) << static_cast<int>(method);
    EXPECT_FALSE(May(others, method)) << static_cast<int>(method);
  }
  const Principal monitor = With({Role::kMonitor});
  for (const Method method : {Method::kGetClue, Method::kListClues, Method::kWatchAlerts,
                              Method::kListAlerts, Method::kGetAlert, Method::kSubmitClue,
                              Method::kReviseClue, Method::kCorrectVerdict, Method::kGetStatus}) {
    EXPECT_EQ(May(handler, method), May(monitor, method)) << static_cast<int>(method);
  }
}

TEST(AuthorityTest, WhoMayWatchMayHaveSubscriptionsAndNobodyElse) {
  for (const Method method :
       {Method::kCreateSubscription, Method::kGetSubscription, Method::kListSubscriptions,
        Method::kUpdateSubscription, Method::kDeleteSubscription, Method::kConsumeAlerts,
        Method::kListDeadLetters, Method::kReplayDeadLetters, Method::kDropDeadLetters}) {
    for (size_t number = 1; number <= kRoles; ++number) {
      const Principal one = With({static_cast<Role>(number)});
      EXPECT_EQ(May(one, method), May(one, Method::kWatchAlerts))
          << static_cast<int>(method) << " by role " << number;
    }
    EXPECT_TRUE(May(With({Role::kHandler}), method));
    EXPECT_TRUE(May(With({Role::kSupervisor}), method));
  }
}

TEST(AuthorityTest, OperatorLooksAfterTheServiceAndSeesNoClue) {
  const Principal oper = With({Role::kOperator});
  for (const AuthorityRow& row : AuthorityTable()) {
    const bool may =
        row.method == Method::kGetStatus || row.method == Method::kReloadRules ||
        row.method == Method::kListShadowDifferences || row.method == Method::kClassifyText ||
        row.method == Method::kBatchClassifyTexts || row.method == Method::kListScenarios;
    EXPECT_EQ(May(oper, row.method), may) << row.full_name;
  }
}

TEST(AuthorityTest, ReviewerReadsAndCorrectsButHearsNoAlertsAndBringsNothing) {
  const Principal reviewer = With({Role::kReviewer});
  for (const Method method :
       {Method::kListReviewQueue, Method::kClaimReview, Method::kReleaseReview,
        Method::kCorrectVerdict, Method::kReclassifyClue, Method::kListCorrections,
        Method::kGetClue, Method::kListClues, Method::kClassifyText, Method::kListScenarios}) {
    EXPECT_TRUE(May(reviewer, method)) << static_cast<int>(method);
  }
  for (const Method method : {Method::kSubmitClue, Method::kReviseClue, Method::kWithdrawClue,
                              Method::kWatchAlerts, Method::kGetStatus}) {
    EXPECT_FALSE(May(reviewer, method)) << static_cast<int>(method);
  }
}

TEST(AuthorityTest, NobodyElseReviews) {
  const Principal others = With({Role::kPartner, Role::kMonitor, Role::kOperator});
  for (const Method method :
       {Method::kListReviewQueue, Method::kClaimReview, Method::kReleaseReview,
        Method::kCorrectVerdict, Method::kReclassifyClue, Method::kListCorrections}) {
    EXPECT_FALSE(May(others, method)) << static_cast<int>(method);
  }
}

TEST(AuthorityTest, SupervisorSeesWhatOthersSeeAndChangesNothing) {
  const Principal supervisor = With({Role::kSupervisor});
  for (const Method method :
       {Method::kGetClue, Method::kListClues, Method::kWatchAlerts, Method::kListAlerts,
        Method::kGetAlert, Method::kListReviewQueue, Method::kListCorrections}) {
    EXPECT_TRUE(May(supervisor, method)) << static_cast<int>(method);
  }
  for (const Method method : {Method::kSubmitClue, Method::kReviseClue, Method::kClaimReview,
                              Method::kCorrectVerdict, Method::kGetStatus}) {
    EXPECT_FALSE(May(supervisor, method)) << static_cast<int>(method);
  }
}

TEST(AuthorityTest, AuditorAndAdministratorSeeNoClue) {
  for (const Role role : {Role::kAuditor, Role::kAdmin}) {
    const Principal principal = With({role});
    for (const AuthorityRow& row : AuthorityTable()) {
      const bool may = row.method == Method::kGetStatus || row.method == Method::kClassifyText ||
                       row.method == Method::kBatchClassifyTexts ||
                       row.method == Method::kListScenarios;
      EXPECT_EQ(May(principal, row.method), may) << row.full_name;
    }
  }
}

TEST(AuthorityTest, PrincipalWithoutRoleMayNothing) {
  for (const AuthorityRow& row : AuthorityTable()) {
    EXPECT_FALSE(May(Principal(), row.method)) << row.full_name;
  }
}

TEST(AuthorityTest, RefusalIsPermissionDeniedAndNamesTheMethod) {
  const absl::Status status = Authorise(With({Role::kMonitor}), Method::kSubmitClue);
  EXPECT_EQ(status.code(), absl::StatusCode::kPermissionDenied);
  const auto detail = domain::DetailOf(status);
  ASSERT_TRUE(detail.has_value());
  EXPECT_EQ(detail->reason, domain::Reason::kPermissionDenied);
  EXPECT_THAT(detail->metadata, testing::ElementsAre(testing::Pair(
                                    "method", "/supervision.v1.ClueService/SubmitClue")));
}

TEST(AuthorityTest, PartnerSeesOnlyItsOwnCluesAndTheirSecretText) {
  Principal partner = With({Role::kPartner});
  partner.partner = "hotline";
  EXPECT_EQ(ScopeOf(partner).partner, "hotline");
  EXPECT_TRUE(ScopeOf(partner).cleared_for_secret);
}

TEST(AuthorityTest, PartnerWithoutAPartnerSeesNothingRatherThanAll) {
  EXPECT_NE(ScopeOf(With({Role::kPartner})).partner, "");
}

TEST(AuthorityTest, MonitorSeesItsGrant) {
  Principal monitor = With({Role::kMonitor});
  monitor.scope.regions = {"3304"};
  monitor.scope.scenarios.set(4);
  EXPECT_EQ(ScopeOf(monitor), monitor.scope);
}

TEST(AuthorityTest, WatchersAreThoseWhoMayWatchEachWithWhatItSees) {
  const auto entry = [](Role role, std::vector<std::string> regions) {
    PrincipalDirectory::Entry one;
    one.principal = With({role});
    one.principal.id = std::string(NameOf(role));
    one.principal.scope.regions = std::move(regions);
    return one;
  };
  const auto directory = PrincipalDirectory::Create(
      {entry(Role::kPartner, {"31"}), entry(Role::kMonitor, {"33"}), entry(Role::kOperator, {"32"}),
       entry(Role::kSupervisor, {"34", "35"})});
  const std::vector<domain::Scope> scopes = ScopesOfWatchers(*directory);
  ASSERT_EQ(scopes.size(), 2u);
  EXPECT_THAT(scopes[0].regions, testing::ElementsAre("33"));
  EXPECT_THAT(scopes[1].regions, testing::ElementsAre("34", "35"));
}

TEST(AuthorityTest, PartnerThatIsAMonitorTooIsNarrowedToItsOwn) {
  Principal both = With({Role::kPartner, Role::kMonitor});
  both.partner = "hotline";
  both.scope.regions = {"3304"};
  EXPECT_EQ(ScopeOf(both).partner, "hotline");
  EXPECT_EQ(ScopeOf(both).regions, both.scope.regions);
}

}  // namespace
}  // namespace supervision::security
