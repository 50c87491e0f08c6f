#include "services/security/authority.h"

#include <initializer_list>
#include <iterator>

#include "services/domain/error.h"

namespace supervision::security {
namespace {

constexpr unsigned long long Bit(Role role) { return 1ull << static_cast<int>(role); }

// Partners bring clues and follow their own. Monitors read within their grant and change nothing.
// Handlers read as monitors do and say how far they have come with an alert, never what it is.
// Reviewers read within their grant and say what a clue is, beside the machine's word. Supervisors
// see what both see and change nothing. Operators look after the service, auditors see who may do
// what, administrators give and take tokens, and none of the three sees a clue: these roles are
// kept apart (GB/T 22239, 三权分立). What reads nothing that is stored is open to all.
constexpr RoleSet Of(std::initializer_list<Role> roles) {
  unsigned long long bits = 0;
  for (const Role role : roles) bits |= Bit(role);
  return RoleSet(bits);
}
constexpr RoleSet kPartner = Of({Role::kPartner});
constexpr RoleSet kOperator = Of({Role::kOperator});
constexpr RoleSet kStatusReaders = Of({Role::kOperator, Role::kAuditor, Role::kAdmin});
constexpr RoleSet kReviewer = Of({Role::kReviewer});
constexpr RoleSet kReviewReaders = Of({Role::kReviewer, Role::kSupervisor});
constexpr RoleSet kHandler = Of({Role::kHandler});
constexpr RoleSet kWatchers = Of({Role::kMonitor, Role::kHandler, Role::kSupervisor});
constexpr RoleSet kReaders =
    Of({Role::kPartner, Role::kMonitor, Role::kReviewer, Role::kHandler, Role::kSupervisor});
constexpr RoleSet kAll = Of({Role::kPartner, Role::kMonitor, Role::kOperator, Role::kReviewer,
                             Role::kHandler, Role::kSupervisor, Role::kAuditor, Role::kAdmin});

constexpr AuthorityRow kTable[] = {
    {Method::kSubmitClue, "/supervision.v1.ClueService/SubmitClue", kPartner},
    {Method::kBatchSubmitClues, "/supervision.v1.ClueService/BatchSubmitClues", kPartner},
    {Method::kStreamClues, "/supervision.v1.ClueService/StreamClues", kPartner},
    {Method::kReviseClue, "/supervision.v1.ClueService/ReviseClue", kPartner},
    {Method::kWithdrawClue, "/supervision.v1.ClueService/WithdrawClue", kPartner},
    {Method::kGetClue, "/supervision.v1.ClueService/GetClue", kReaders},
    {Method::kListClues, "/supervision.v1.ClueService/ListClues", kReaders},
    {Method::kClassifyText, "/supervision.v1.ClassificationService/ClassifyText", kAll},
    {Method::kBatchClassifyTexts, "/supervision.v1.ClassificationService/BatchClassifyTexts", kAll},
    {Method::kListScenarios, "/supervision.v1.ClassificationService/ListScenarios", kAll},
    {Method::kWatchAlerts, "/supervision.v1.AlertService/WatchAlerts", kWatchers},
    {Method::kListAlerts, "/supervision.v1.AlertService/ListAlerts", kWatchers},
    {Method::kGetAlert, "/supervision.v1.AlertService/GetAlert", kWatchers},
    {Method::kAcknowledgeAlert, "/supervision.v1.AlertService/AcknowledgeAlert", kHandler},
    {Method::kUnacknowledgeAlert, "/supervision.v1.AlertService/UnacknowledgeAlert", kHandler},
    {Method::kAssignAlert, "/supervision.v1.AlertService/AssignAlert", kHandler},
    {Method::kResolveAlert, "/supervision.v1.AlertService/ResolveAlert", kHandler},
    {Method::kReopenAlert, "/supervision.v1.AlertService/ReopenAlert", kHandler},
    {Method::kListReviewQueue, "/supervision.v1.ReviewService/ListReviewQueue", kReviewReaders},
    {Method::kClaimReview, "/supervision.v1.ReviewService/ClaimReview", kReviewer},
    {Method::kReleaseReview, "/supervision.v1.ReviewService/ReleaseReview", kReviewer},
    {Method::kCorrectVerdict, "/supervision.v1.ReviewService/CorrectVerdict", kReviewer},
    {Method::kReclassifyClue, "/supervision.v1.ReviewService/ReclassifyClue", kReviewer},
    {Method::kListCorrections, "/supervision.v1.ReviewService/ListCorrections", kReviewReaders},
    {Method::kExplainDelivery, "/supervision.v1.DeliveryService/ExplainDelivery", kWatchers},
    {Method::kCreateSilence, "/supervision.v1.SilenceService/CreateSilence", kWatchers},
    {Method::kPreviewSilence, "/supervision.v1.SilenceService/PreviewSilence", kWatchers},
    {Method::kExpireSilence, "/supervision.v1.SilenceService/ExpireSilence", kWatchers},
    {Method::kExtendSilence, "/supervision.v1.SilenceService/ExtendSilence", kWatchers},
    {Method::kGetSilence, "/supervision.v1.SilenceService/GetSilence", kWatchers},
    {Method::kListSilences, "/supervision.v1.SilenceService/ListSilences", kWatchers},
    {Method::kCreateSubscription, "/supervision.v1.SubscriptionService/CreateSubscription",
     kWatchers},
    {Method::kGetSubscription, "/supervision.v1.SubscriptionService/GetSubscription", kWatchers},
    {Method::kListSubscriptions, "/supervision.v1.SubscriptionService/ListSubscriptions",
     kWatchers},
    {Method::kUpdateSubscription, "/supervision.v1.SubscriptionService/UpdateSubscription",
     kWatchers},
    {Method::kDeleteSubscription, "/supervision.v1.SubscriptionService/DeleteSubscription",
     kWatchers},
    {Method::kConsumeAlerts, "/supervision.v1.SubscriptionService/ConsumeAlerts", kWatchers},
    {Method::kListDeadLetters, "/supervision.v1.SubscriptionService/ListDeadLetters", kWatchers},
    {Method::kReplayDeadLetters, "/supervision.v1.SubscriptionService/ReplayDeadLetters",
     kWatchers},
    {Method::kDropDeadLetters, "/supervision.v1.SubscriptionService/DropDeadLetters", kWatchers},
    {Method::kGetStatus, "/supervision.v1.AdminService/GetStatus", kStatusReaders},
    {Method::kReloadRules, "/supervision.v1.AdminService/ReloadRules", kOperator},
    {Method::kListShadowDifferences, "/supervision.v1.AdminService/ListShadowDifferences",
     kOperator},
};
static_assert(std::size(kTable) == static_cast<size_t>(Method::kListShadowDifferences) + 1,
              "every method has one row");

// A partner that no clue can have: partners are of [a-z0-9._-].
constexpr char kNobody[] = "!";

}  // namespace

absl::Span<const AuthorityRow> AuthorityTable() { return kTable; }

absl::Status Authorise(const Principal& principal, Method method) {
  const AuthorityRow& row = kTable[static_cast<size_t>(method)];
  if ((principal.roles & row.roles).any()) return absl::OkStatus();
  domain::ErrorDetail detail;
  detail.reason = domain::Reason::kPermissionDenied;
  detail.metadata.emplace_back("method", row.full_name);
  return domain::MakeError(std::move(detail));
}

bool IsStream(Method method) {
  return method == Method::kStreamClues || method == Method::kWatchAlerts ||
         method == Method::kConsumeAlerts;
}

absl::Status AuthoriseBackfill(const Principal& principal) {
  if (principal.backfill) return absl::OkStatus();
  domain::ErrorDetail detail;
  detail.reason = domain::Reason::kPermissionDenied;
  detail.metadata.emplace_back("right", "backfill");
  return domain::MakeError(std::move(detail));
}

std::vector<domain::Scope> ScopesOfWatchers(const PrincipalDirectory& directory) {
  std::vector<domain::Scope> scopes;
  for (const PrincipalDirectory::Entry& entry : directory.entries()) {
    if (Authorise(entry.principal, Method::kWatchAlerts).ok()) {
      scopes.push_back(ScopeOf(entry.principal));
    }
  }
  return scopes;
}

domain::Scope ScopeOf(const Principal& principal) {
  domain::Scope scope = principal.scope;
  if (principal.roles.test(static_cast<size_t>(Role::kPartner))) {
    // Whatever else it may be: an empty partner would mean "all", so it becomes one that has none.
    scope.partner = principal.partner.empty() ? kNobody : principal.partner;
    scope.cleared_for_secret = true;  // it wrote the text itself
  } else {
    scope.partner.clear();
  }
  return scope;
}

}  // namespace supervision::security
