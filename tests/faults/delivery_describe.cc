// What a schedule that broke a promise looked like: its evidence in lines.
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tests/faults/delivery_oracle.h"

namespace supervision::faults {

std::string Describe(const DeliveryEvidence& evidence) {
  std::string text = absl::StrCat("trimmed below ", evidence.trimmed_below, "\n");
  for (size_t i = 0; i < evidence.published.size(); ++i) {
    const Published& one = evidence.published[i];
    absl::StrAppend(&text, "#", i, " ", ToLine(one.what), " partition ", one.partition, " region ",
                    one.region, " before ", one.before.value_or("none"),
                    one.withdrawn ? " withdrawn" : "", "\n");
  }
  for (const MonitorRecord& record : evidence.monitors) {
    absl::StrAppend(&text, record.name, ", from #", record.begins_at, "\n");
    for (const MonitorRecord::ViewChange& change : record.views) {
      absl::StrAppend(&text, "  view of ", absl::StrJoin(change.view.scope, ","), " filter '",
                      change.view.filter, "' certain from ",
                      change.certain_at.has_value() ? absl::StrCat("#", *change.certain_at) : "no",
                      "\n");
    }
    for (size_t c = 0; c < record.connections.size(); ++c) {
      const MonitorRecord::Connection& connection = record.connections[c];
      absl::StrAppend(&text, "  connection ", c, " from view ", connection.view,
                      connection.told_gap ? ", told a gap" : "", "\n");
      for (const Heard& heard : record.heard) {
        if (heard.connection != c) continue;
        absl::StrAppend(&text, "    ", ToLine(heard.what), heard.left ? " left" : "",
                        heard.withdrawn ? " withdrawn" : "", heard.kept ? " kept" : "",
                        " view at most ", heard.latest_view, "\n");
      }
    }
  }
  return text;
}

}  // namespace supervision::faults
