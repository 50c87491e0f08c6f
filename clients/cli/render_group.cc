#include "clients/cli/render_group.h"

#include "absl/strings/str_cat.h"
#include "clients/cli/terminal.h"

namespace supervision::cli {
namespace {

// Of a matter with more members the oldest that is named and the newest.
constexpr int kMostOnLine = 5;

// Why a member belongs to its matter; empty for the first.
std::string LinkWords(Session& session, const v1::MatterLink& link) {
  switch (link.by()) {
    case v1::LINKED_BY_NUMBER:
      return session.Say({"same number", "文号或案号相同"});
    case v1::LINKED_BY_TEXT:
      if (link.distance() == 0) return session.Say({"same text", "文字相同"});
      return session.Say({"nearly the same text, distance ", "文字相近，距离"}) +
             std::to_string(link.distance());
    default:
      return "";
  }
}

std::string LinkText(Session& session, const v1::MatterLink& link) {
  const std::string words = LinkWords(session, link);
  return Printable(link.partner()) + (words.empty() ? "" : " (" + words + ")");
}

}  // namespace

std::string PartnersText(Session& session, const v1::AlertGroup& group) {
  std::string text;
  // The oldest first: what it was like came before it.
  const int64_t left_out = group.members() - kMostOnLine;
  for (int i = group.links_size() - 1; i >= 0; --i) {
    if (left_out > 0 && i >= kMostOnLine - 1 && i < group.links_size() - 1) {
      if (i == kMostOnLine - 1) {
        absl::StrAppend(&text, " / …", left_out, session.Say({" more", "条"}), "…");
      }
      continue;
    }
    absl::StrAppend(&text, text.empty() ? "" : " / ", LinkText(session, group.links(i)));
  }
  return text;
}

std::string MemberLines(Session& session, const v1::AlertGroup& group) {
  std::string text;
  for (int i = 0; i < group.member_alert_ids_size(); ++i) {
    absl::StrAppend(&text, "  ", Printable(group.member_alert_ids(i)));
    if (i < group.links_size()) absl::StrAppend(&text, "  ", LinkText(session, group.links(i)));
    text += "\n";
  }
  const int64_t left = group.members() - group.member_alert_ids_size();
  if (left > 0) {
    absl::StrAppend(&text, session.Say({"  and older ones: ", "  另有更早的："}), left, "\n");
  }
  return text;
}

}  // namespace supervision::cli
