#include "services/alerting/snapshot.h"

#include <utility>

#include "services/domain/error.h"

namespace supervision::alerting {
namespace {

constexpr int kPage = 100;

absl::Status TooLarge(size_t most) {
  const std::string number = std::to_string(most);
  domain::ErrorDetail detail;
  detail.reason = domain::Reason::kInvalidRequest;
  detail.violations.push_back(
      {"filter",
       "lets more than " + number + " open alerts through; narrow it, or use ListAlerts and LATEST",
       "条件命中的未办结预警超过 " + number + " 条；请缩小范围，或改用 ListAlerts 与 LATEST"});
  return domain::MakeError(std::move(detail));
}

}  // namespace

Snapshot::Snapshot(domain::Scope scope, domain::Filter filter, size_t most) : most_(most) {
  query_.kind = ledger::ListQuery::Kind::kAlerts;
  query_.scope = std::move(scope);
  query_.filter = std::move(filter);
  query_.page_size = kPage;
  if (query_.filter.states.none()) {
    query_.filter.states.set(static_cast<size_t>(domain::AlertState::kOpen));
    query_.filter.states.set(static_cast<size_t>(domain::AlertState::kAcknowledged));
  }
}

std::optional<ledger::ListQuery> Snapshot::NextQuery() const {
  if (listed_) return std::nullopt;
  return query_;
}

absl::Status Snapshot::Take(ledger::ListPage page) {
  for (ledger::ClueSummary& clue : page.clues) {
    if (clue.state == domain::ClueState::kWithdrawn) continue;  // nothing is left to do
    uint32_t& version = versions_[clue.alert.id];
    // A clue that changes while it is listed may come on two pages.
    if (version >= clue.alert.version) continue;
    if (versions_.size() > most_) return TooLarge(most_);
    version = clue.alert.version;
    untold_.push_back(std::move(clue.alert));
  }
  query_.page_token = std::move(page.next_page_token);
  listed_ = query_.page_token.empty();
  return absl::OkStatus();
}

bool Snapshot::Over(const ledger::Place& place) const {
  if (!end_.has_value() || !untold_.empty()) return false;
  for (size_t p = 0; p < end_->positions.size(); ++p) {
    if (place.epochs[p] == end_->epochs[p] && place.positions[p] < end_->positions[p]) return false;
  }
  return true;
}

bool Snapshot::Had(const domain::Alert& alert) const {
  const auto found = versions_.find(alert.id);
  return found != versions_.end() && alert.version <= found->second;
}

domain::Projection Snapshot::ProjectionOf(const domain::Alert& alert) const {
  return domain::ProjectionFor(query_.scope, alert.facets.confidentiality);
}

}  // namespace supervision::alerting
