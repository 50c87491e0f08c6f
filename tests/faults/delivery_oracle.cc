#include "tests/faults/delivery_oracle.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "tests/faults/delivery_views.h"

namespace supervision::faults {
namespace {

using Course = MonitorRecord::Course;

bool ToldGap(const MonitorRecord& record) {
  return std::any_of(record.connections.begin(), record.connections.end(),
                     [](const MonitorRecord::Connection& one) { return one.told_gap; });
}

// One monitor's record beside what was published.
class Judgement {
 public:
  Judgement(const DeliveryEvidence& evidence, const MonitorRecord& record, const Numbers& numbers,
            std::vector<std::string>* broken)
      : evidence_(evidence), record_(record), numbers_(numbers), broken_(broken) {}

  void Run() {
    for (const Heard& heard : record_.heard) LookAt(heard);
    LookForMissed();
  }

 private:
  void Break(const std::string& id, const std::string& what) {
    broken_->push_back(absl::StrCat(record_.name, ": ", id, " ", what));
  }

  void LookAt(const Heard& heard) {
    const std::string line = ToLine(heard.what);
    const auto found = numbers_.find(line);
    if (found == numbers_.end()) return Break(line, "never happened");
    const size_t number = found->second;
    const Published& published = evidence_.published[number];
    if (number < record_.begins_at) Break(line, "lies before the start");
    if (!AnyViewTells(record_, heard, published)) {
      Break(line, heard.left ? "has not left" : "is outside the scope or the filter");
    }
    if (!heard.left && heard.withdrawn != published.withdrawn) {
      Break(line, published.withdrawn ? "was not told as a withdrawal" : "is no withdrawal");
    }
    if (record_.course == Course::kShare) {
      LookAtShared(heard, line);
    } else {
      LookAtOrdered(heard, number, line);
    }
    told_.insert(number);
  }

  void LookAtOrdered(const Heard& heard, size_t number, const std::string& line) {
    if (kept_.contains(number)) Break(line, "came again though it was said to be kept");
    // A subscription's connections begin anew where nothing was kept.
    if (record_.course == Course::kSubscription && heard.connection != connection_) last_.clear();
    connection_ = heard.connection;
    const int partition = evidence_.published[number].partition;
    const auto last = last_.find(partition);
    if (last != last_.end() && number <= last->second) {
      Break(line, told_.contains(number) ? "was told twice" : "came out of order");
    }
    last_[partition] = number;
    if (heard.kept) kept_.insert(number);
  }

  // Consumers hear of things later than they are handed over, so attempts tell what came after
  // what.
  void LookAtShared(const Heard& heard, const std::string& line) {
    const bool kept_before =
        std::any_of(record_.heard.begin(), record_.heard.end(), [&](const Heard& other) {
          return other.kept && other.what == heard.what && other.attempt < heard.attempt;
        });
    if (kept_before) Break(line, "came again though it was said to be kept");
  }

  void LookForMissed() {
    const bool told_gap = ToldGap(record_);
    for (size_t number = record_.begins_at; number < evidence_.published.size(); ++number) {
      if (told_.contains(number)) continue;
      if (told_gap && number < evidence_.trimmed_below) continue;
      const Published& published = evidence_.published[number];
      if (EveryViewTells(number)) Break(ToLine(published.what), "was missed");
    }
  }

  // Every view that could be in force when somebody looked says something of it.
  bool EveryViewTells(size_t number) const {
    size_t first = 0;
    for (size_t v = 1; v < record_.views.size(); ++v) {
      if (record_.views[v].certain_at.has_value() && *record_.views[v].certain_at <= number) {
        first = v;
      }
    }
    return std::all_of(record_.views.begin() + static_cast<ptrdiff_t>(first), record_.views.end(),
                       [&](const auto& change) {
                         return HasIt(change.view, evidence_.published[number]) != Has::kNothing;
                       });
  }

  const DeliveryEvidence& evidence_;
  const MonitorRecord& record_;
  const Numbers& numbers_;
  std::vector<std::string>* const broken_;
  std::map<int, size_t> last_;  // number, by partition
  size_t connection_ = 0;
  std::set<size_t> told_;
  std::set<size_t> kept_;
};

}  // namespace

bool View::Passes(const std::string& region) const {
  const auto begins = [&](const std::string& prefix) { return region.rfind(prefix, 0) == 0; };
  return (scope.empty() || std::any_of(scope.begin(), scope.end(), begins)) && begins(filter);
}

std::vector<std::string> Judge(const DeliveryEvidence& evidence) {
  Numbers numbers;
  for (size_t i = 0; i < evidence.published.size(); ++i) {
    numbers.emplace(ToLine(evidence.published[i].what), i);
  }
  std::vector<std::string> broken;
  for (const MonitorRecord& record : evidence.monitors) {
    if (record.course == Course::kSnapshots) {
      JudgeSnapshots(evidence, record, numbers, &broken);
    } else {
      Judgement(evidence, record, numbers, &broken).Run();
    }
  }
  return broken;
}

MonitorRecord Together(MonitorRecord one, const MonitorRecord& other) {
  const size_t before = one.connections.size();
  one.connections.insert(one.connections.end(), other.connections.begin(), other.connections.end());
  for (Heard heard : other.heard) {
    heard.connection += before;
    one.heard.push_back(std::move(heard));
  }
  for (size_t v = 0; v < one.views.size(); ++v) {
    std::optional<size_t>& certain_at = one.views[v].certain_at;
    const std::optional<size_t>& its = other.views.at(v).certain_at;
    certain_at = certain_at.has_value() && its.has_value()
                     ? std::optional<size_t>(std::max(*certain_at, *its))
                     : std::nullopt;
  }
  return one;
}

bool PlantFault(Plant plant, DeliveryEvidence* evidence, size_t monitor) {
  MonitorRecord& record = evidence->monitors[monitor];
  std::vector<Heard>& heard = record.heard;
  if (heard.empty()) return false;
  const auto published_of = [&](const Heard& one) {
    return std::find_if(evidence->published.begin(), evidence->published.end(),
                        [&](const Published& published) { return published.what == one.what; });
  };
  const auto partition_of = [&](const Heard& one) { return published_of(one)->partition; };
  const auto no_view_passes = [&](const Published& published) {
    return std::none_of(record.views.begin(), record.views.end(),
                        [&](const auto& change) { return change.view.Passes(published.region); });
  };
  const auto drop = [&](const Told& what) {
    heard.erase(std::remove_if(heard.begin(), heard.end(),
                               [&](const Heard& one) { return one.what == what; }),
                heard.end());
    return true;
  };
  switch (plant) {
    case Plant::kDropOne: {
      // No change of view excuses that, and no gap that lies before it.
      if (ToldGap(record) && evidence->trimmed_below >= evidence->published.size()) return false;
      const std::vector<Told>& last = evidence->last;
      if (record.course == Course::kShare && !last.empty()) return drop(last.back());
      if (record.course != Course::kSnapshots) return drop(heard.back().what);
      // Whoever has not heard the last ones is not expected to have heard all: another one.
      for (const Heard& one : heard) {
        if (one.connection != heard.back().connection || one.left || one.withdrawn ||
            std::find(last.begin(), last.end(), one.what) != last.end() ||
            AllViewsHave(record, 0, *published_of(one)) != Has::kTold ||
            std::any_of(evidence->published.begin(), evidence->published.end(),
                        [&](const Published& other) {
                          return other.what.clue_id == one.what.clue_id &&
                                 other.what.version > one.what.version;
                        })) {
          continue;
        }
        return drop(Told(one.what));
      }
      return false;
    }
    case Plant::kDoubleOne:
      if (record.course != Course::kShare) {
        heard.push_back(Heard(heard.back()));
        return true;
      }
      for (const Heard& one : heard) {
        if (!one.kept) continue;
        Heard again = one;
        ++again.attempt;
        heard.push_back(std::move(again));
        return true;
      }
      return false;
    case Plant::kSwapTwo:
      if (record.course == Course::kShare) return false;  // it has no order
      for (size_t i = 0; i + 1 < heard.size(); ++i) {
        if (record.course == Course::kSnapshots && !heard[i].followed) continue;
        if (heard[i].connection == heard[i + 1].connection &&
            !(heard[i].what == heard[i + 1].what) &&
            partition_of(heard[i]) == partition_of(heard[i + 1])) {
          std::swap(heard[i].what, heard[i + 1].what);
          std::swap(heard[i].left, heard[i + 1].left);
          return true;
        }
      }
      return false;
    case Plant::kOutsideTheScope:
      for (const Published& published : evidence->published) {
        if (!no_view_passes(published)) continue;
        Heard planted = heard.back();
        planted.what = published.what;
        planted.left = false;
        heard.push_back(planted);
        return true;
      }
      return false;
    case Plant::kToldAfterItLeft:
      for (Heard& one : heard) {
        if (!one.left || !no_view_passes(*published_of(one))) continue;
        one.left = false;
        return true;
      }
      return false;
  }
  return false;
}

}  // namespace supervision::faults
