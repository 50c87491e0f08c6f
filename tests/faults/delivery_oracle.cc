#include "tests/faults/delivery_oracle.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"

namespace supervision::faults {
namespace {

bool ToldGap(const MonitorRecord& record) {
  return std::any_of(record.connections.begin(), record.connections.end(),
                     [](const MonitorRecord::Connection& one) { return one.told_gap; });
}

// What a view has of a version.
enum class Has { kNothing, kLeft, kTold };
Has HasIt(const View& view, const Published& published) {
  if (view.Passes(published.region)) return Has::kTold;
  return published.before.has_value() && view.Passes(*published.before) ? Has::kLeft
                                                                        : Has::kNothing;
}

// One monitor's record beside what was published.
class Judgement {
 public:
  Judgement(const DeliveryEvidence& evidence, const MonitorRecord& record,
            const std::map<std::string, size_t>& numbers, std::vector<std::string>* broken)
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
    if (!AnyViewTells(heard, published)) {
      Break(line, heard.left ? "has not left" : "is outside the scope or the filter");
    }
    if (!heard.left && heard.withdrawn != published.withdrawn) {
      Break(line, published.withdrawn ? "was not told as a withdrawal" : "is no withdrawal");
    }
    if (record_.acknowledges && kept_.contains(number)) {
      Break(line, "came again though it was said to be kept");
    }
    // A subscription's connections begin anew where nothing was kept.
    if (record_.acknowledges && heard.connection != connection_) last_.clear();
    connection_ = heard.connection;
    const auto last = last_.find(published.partition);
    if (last != last_.end() && number <= last->second) {
      Break(line, told_.contains(number) ? "was told twice" : "came out of order");
    }
    last_[published.partition] = number;
    told_.insert(number);
    if (heard.kept) kept_.insert(number);
  }

  bool AnyViewTells(const Heard& heard, const Published& published) const {
    for (size_t v = record_.connections.at(heard.connection).view; v <= heard.latest_view; ++v) {
      const View& view = record_.views.at(v).view;
      if (heard.left ? HasIt(view, published) == Has::kLeft
                     : HasIt(view, published) == Has::kTold) {
        return true;
      }
    }
    return false;
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
  const std::map<std::string, size_t>& numbers_;
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
  std::map<std::string, size_t> numbers;
  for (size_t i = 0; i < evidence.published.size(); ++i) {
    numbers.emplace(ToLine(evidence.published[i].what), i);
  }
  std::vector<std::string> broken;
  for (const MonitorRecord& record : evidence.monitors) {
    Judgement(evidence, record, numbers, &broken).Run();
  }
  return broken;
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
  switch (plant) {
    case Plant::kDropOne: {
      // The last one: no change of view excuses that, and no gap that lies before it.
      if (ToldGap(record) && evidence->trimmed_below >= evidence->published.size()) return false;
      const Told last = heard.back().what;
      heard.erase(std::remove_if(heard.begin(), heard.end(),
                                 [&](const Heard& one) { return one.what == last; }),
                  heard.end());
      return true;
    }
    case Plant::kDoubleOne:
      heard.push_back(heard.back());
      return true;
    case Plant::kSwapTwo:
      for (size_t i = 0; i + 1 < heard.size(); ++i) {
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
