#pragma once

#include <set>
#include <string>

#include "clients/cli/session.h"
#include "supervision/v1/alert_service.pb.h"

namespace supervision::cli {

// What a person at a terminal is told, one line after the other: what is about the matter or the
// unit of the lines before it stands indented under the first of them, without naming the unit
// again. Nothing waits for what may follow. Elsewhere than on a terminal each line stands alone.
class AlertRoll {
 public:
  explicit AlertRoll(bool on_terminal) : groups_(on_terminal) {}
  // For standard output.
  static AlertRoll OfOutput();

  // The line to print now.
  std::string Next(Session& session, const v1::AlertUpdate& update);

 private:
  bool Continues(const v1::AlertUpdate& update) const;
  bool SameUnit(const v1::Alert& alert) const;
  void Note(const v1::AlertUpdate& update);

  const bool groups_;
  // Of the lines that stand together: the unit of the first, their alerts and those that these
  // have as members.
  v1::ReportedUnit unit_;
  std::set<std::string> alerts_;
};

}  // namespace supervision::cli
