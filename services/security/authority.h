#pragma once

#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "services/security/principal.h"

namespace supervision::security {

// Every method of the API that is ours; health and reflection are open to all.
enum class Method : uint8_t {
  kSubmitClue,
  kBatchSubmitClues,
  kStreamClues,
  kReviseClue,
  kWithdrawClue,
  kGetClue,
  kListClues,
  kClassifyText,
  kBatchClassifyTexts,
  kListScenarios,
  kWatchAlerts,
  kListAlerts,
  kGetAlert,
  kAcknowledgeAlert,
  kUnacknowledgeAlert,
  kAssignAlert,
  kResolveAlert,
  kReopenAlert,
  kListReviewQueue,
  kClaimReview,
  kReleaseReview,
  kCorrectVerdict,
  kReclassifyClue,
  kListCorrections,
  kExplainDelivery,
  kCreateSilence,
  kPreviewSilence,
  kExpireSilence,
  kExtendSilence,
  kGetSilence,
  kListSilences,
  kCreateSubscription,
  kGetSubscription,
  kListSubscriptions,
  kUpdateSubscription,
  kDeleteSubscription,
  kConsumeAlerts,
  kListDeadLetters,
  kReplayDeadLetters,
  kDropDeadLetters,
  kGetStatus,
  kReloadRules,
  kListShadowDifferences,
};

// One row of method x role. What it may see there is the caller's, the same in each row: ScopeOf.
struct AuthorityRow {
  Method method;
  std::string_view full_name;  // "/supervision.v1.ClueService/SubmitClue"
  RoleSet roles;
};

// The one table, a row for every method, in the order of the enum. A test compares it with the
// services' descriptors: a method without a row fails it.
absl::Span<const AuthorityRow> AuthorityTable();

// OK when one of the principal's roles may call `method`, else PERMISSION_DENIED. Checked before
// the request is looked at.
absl::Status Authorise(const Principal& principal, Method method);

// Whether the method is a stream, which lasts as long as its client wants.
bool IsStream(Method method);

// OK when the principal may submit history that alerts nobody, else PERMISSION_DENIED.
absl::Status AuthoriseBackfill(const Principal& principal);

// What each principal that may watch alerts sees.
std::vector<domain::Scope> ScopesOfWatchers(const PrincipalDirectory& directory);

// What `principal` sees: a monitor, handler, reviewer or operator by its grant, a partner only its
// own clues.
domain::Scope ScopeOf(const Principal& principal);

}  // namespace supervision::security
