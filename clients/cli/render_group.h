#pragma once

#include <string>

#include "clients/cli/session.h"
#include "supervision/v1/alert_group.pb.h"

namespace supervision::cli {

// Of a matter, on one line: who reported it, and why each was taken for the same as others:
// "hotline / petitions (same number) / court (nearly the same text, distance 3)"; of many the
// oldest and the newest. Empty when the group is no matter.
std::string PartnersText(Session& session, const v1::AlertGroup& group);

// The members of a group, a line each: its alert and, of a matter, its partner and why it belongs
// to it. Older ones that are not named are counted on a line of their own.
std::string MemberLines(Session& session, const v1::AlertGroup& group);

}  // namespace supervision::cli
