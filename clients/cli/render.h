#pragma once

#include <string>

#include "clients/cli/session.h"
#include "google/protobuf/timestamp.pb.h"
#include "supervision/v1/alert_service.pb.h"
#include "supervision/v1/clue_service.pb.h"

namespace supervision::cli {

// Times in the local zone: "2025-03-12 14:05:09".
std::string TimeText(const google::protobuf::Timestamp& timestamp);
// Only the time of day.
std::string ClockText(const google::protobuf::Timestamp& timestamp);

// "red HIGH", "红 HIGH", in its colour where there are colours.
std::string RiskText(Session& session, v1::Risk risk);

// Where a line stands among others.
struct LinePlace {
  bool under = false;      // under one that it belongs to
  bool same_unit = false;  // which has named the unit
};

// One line for what a monitor is told: time, scenario, risk, unit, title, why.
std::string AlertLine(Session& session, const v1::AlertUpdate& update, const LinePlace& place = {});

// Several lines, each "name  value".
std::string ReceiptText(Session& session, const v1::ClueReceipt& receipt);
std::string VerdictText(Session& session, const v1::Verdict& verdict);
std::string ClueText(Session& session, const v1::Clue& clue);
// One line of a clue's history.
std::string VersionText(Session& session, const v1::ClueVersion& version);
// How far people have come with an alert, in a word.
std::string StateText(Session& session, v1::AlertState state);
// The answer to a change of an alert's handling.
std::string AlertReceiptText(Session& session, const v1::AlertReceipt& receipt);
// A change of an alert's handling, on one line.
std::string AlertChangeText(Session& session, const v1::AlertChange& change);
std::string AlertText(Session& session, const v1::Alert& alert);

// A text with the spans of `part` marked: in colour, else by 【】.
std::string MarkedText(Session& session, const v1::Verdict& verdict, v1::TextPart part,
                       const std::string& text);
// One line for each span: the passage, its rule and what it speaks for.
std::string EvidenceText(const v1::Verdict& verdict, const std::string& title,
                         const std::string& content);

}  // namespace supervision::cli
