#include "clients/cli/alert_roll.h"

#include <unistd.h>

#include <algorithm>

#include "clients/cli/render.h"

namespace supervision::cli {
namespace {

// Lines about one unit may go on for days: of their alerts no more are remembered.
constexpr size_t kMostRemembered = 1000;

const std::string& IdOf(const v1::AlertUpdate& update) {
  return update.has_left() ? update.left().alert_id() : update.alert().id();
}

}  // namespace

AlertRoll AlertRoll::OfOutput() { return AlertRoll(isatty(STDOUT_FILENO) != 0); }

std::string AlertRoll::Next(Session& session, const v1::AlertUpdate& update) {
  if (!groups_) return AlertLine(session, update);
  LinePlace place;
  place.under = Continues(update);
  place.same_unit = place.under && update.has_alert() && SameUnit(update.alert());
  if (!place.under) {
    alerts_.clear();
    unit_ = update.alert().reported_unit();
  }
  Note(update);
  return AlertLine(session, update, place);
}

bool AlertRoll::Continues(const v1::AlertUpdate& update) const {
  if (alerts_.count(IdOf(update)) > 0) return true;
  if (!update.has_alert()) return false;
  const auto& members = update.alert().group().member_alert_ids();
  return SameUnit(update.alert()) ||
         std::any_of(members.begin(), members.end(),
                     [this](const std::string& member) { return alerts_.count(member) > 0; });
}

bool AlertRoll::SameUnit(const v1::Alert& alert) const {
  const v1::ReportedUnit& unit = alert.reported_unit();
  if (!unit.credit_code().empty() && !unit_.credit_code().empty()) {
    return unit.credit_code() == unit_.credit_code();
  }
  return !unit.name().empty() && unit.name() == unit_.name();
}

void AlertRoll::Note(const v1::AlertUpdate& update) {
  if (alerts_.size() >= kMostRemembered) alerts_.clear();
  alerts_.insert(IdOf(update));
  for (const std::string& member : update.alert().group().member_alert_ids()) {
    alerts_.insert(member);
  }
}

}  // namespace supervision::cli
