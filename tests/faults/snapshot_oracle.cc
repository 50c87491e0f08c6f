#include <algorithm>
#include <map>
#include <set>

#include "absl/strings/str_cat.h"
#include "tests/faults/delivery_oracle.h"
#include "tests/faults/delivery_views.h"

namespace supervision::faults {
namespace {

// What was told on one connection beside what was published.
class OneConnection {
 public:
  OneConnection(const DeliveryEvidence& evidence, const MonitorRecord& record, size_t connection,
                const Numbers& numbers, std::vector<std::string>* broken)
      : evidence_(evidence),
        record_(record),
        connection_(record.connections[connection]),
        numbers_(numbers),
        broken_(broken) {
    for (const Heard& heard : record_.heard) {
      if (heard.connection == connection) LookAt(heard);
    }
    if (connection_.snapshot_told_at.has_value()) LookForMissed();
  }

 private:
  void Break(const Told& what, const std::string& how) {
    broken_->push_back(absl::StrCat(record_.name, ": ", ToLine(what), " ", how));
  }

  void LookAt(const Heard& heard) {
    const auto found = numbers_.find(ToLine(heard.what));
    if (found == numbers_.end()) return Break(heard.what, "never happened");
    const size_t number = found->second;
    const Published& published = evidence_.published[number];
    if (!AnyViewTells(record_, heard, published)) {
      Break(heard.what, heard.left ? "has not left" : "is outside the scope or the filter");
    }
    if (!heard.left && heard.withdrawn != published.withdrawn) {
      Break(heard.what, "is no withdrawal, or was not told as one");
    }
    uint32_t& version = versions_[heard.what.clue_id];
    if (heard.what.version <= version) Break(heard.what, "was told twice or too late");
    version = std::max(version, heard.what.version);
    if (!heard.followed && Superseded(heard.what, connection_.opened_at)) {
      Break(heard.what, "was old when the snapshot was asked for");
    }
    if (heard.followed) {
      const auto [last, first] = last_.emplace(published.partition, number);
      if (!first && number <= last->second) Break(heard.what, "came out of order");
      last->second = std::max(last->second, number);
    }
    told_.insert(number);
  }

  // A later version of its clue is one of the first `end`.
  bool Superseded(const Told& what, size_t end) const {
    end = std::min(end, evidence_.published.size());
    return std::any_of(
        evidence_.published.begin(), evidence_.published.begin() + static_cast<ptrdiff_t>(end),
        [&](const Published& other) {
          return other.what.clue_id == what.clue_id && other.what.version > what.version;
        });
  }

  void LookForMissed() {
    const size_t told_at = *connection_.snapshot_told_at;
    const bool heard_all =
        !evidence_.last.empty() &&
        std::all_of(evidence_.last.begin(), evidence_.last.end(),
                    [&](const Told& last) { return told_.contains(numbers_.at(ToLine(last))); });
    const size_t end = heard_all ? evidence_.published.size() : connection_.opened_at;
    for (size_t number = 0; number < end; ++number) {
      const Published& published = evidence_.published[number];
      if (told_.contains(number) || Superseded(published.what, told_at)) continue;
      const Has has = AllViewsHave(record_, connection_.view, published);
      if (has == Has::kNothing) continue;
      // What had gone by then was in no snapshot.
      if (number < told_at && (published.withdrawn || has == Has::kLeft)) continue;
      Break(published.what, "was missed");
    }
  }

  const DeliveryEvidence& evidence_;
  const MonitorRecord& record_;
  const MonitorRecord::Connection& connection_;
  const Numbers& numbers_;
  std::vector<std::string>* const broken_;
  std::map<std::string, uint32_t> versions_;  // by clue
  std::map<int, size_t> last_;                // number, by partition
  std::set<size_t> told_;
};

}  // namespace

void JudgeSnapshots(const DeliveryEvidence& evidence, const MonitorRecord& record,
                    const Numbers& numbers, std::vector<std::string>* broken) {
  for (size_t i = 0; i < record.connections.size(); ++i) {
    OneConnection(evidence, record, i, numbers, broken);
  }
}

}  // namespace supervision::faults
