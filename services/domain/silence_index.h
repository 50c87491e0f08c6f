#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "services/domain/silence.h"

namespace supervision::domain {

using SilencePtr = std::shared_ptr<const Silence>;

// Silences, so that an alert asks only those that may be about it: each lies under the rarest thing
// that an alert must have to match it (one alert, one organ, a region, a partner, a class), and
// only what names none of these is asked always. Immutable; thread-safe.
class SilenceIndex {
 public:
  SilenceIndex() = default;
  explicit SilenceIndex(std::vector<SilencePtr> silences);

  // The marks of the version `alert`: the silences that are active `at` and hide it, oldest first,
  // with at most kMostReceivers receivers in all. What finds no room hides nothing. `before`: see
  // Hides.
  std::vector<SilenceMark> MarksOf(const Alert& alert, const Alert* before, absl::Time at) const;

  size_t size() const { return size_; }
  const std::vector<SilencePtr>& all() const { return all_; }

  static constexpr size_t kMostReceivers = 256;

 private:
  using List = std::vector<SilencePtr>;
  using Map = absl::flat_hash_map<std::string, List>;

  void Add(const SilencePtr& silence);
  template <typename Visit>
  void ForEachAbout(const Alert& alert, Visit visit) const;

  std::vector<SilencePtr> all_;
  size_t size_ = 0;
  Map alerts_;
  Map units_;  // by name or credit code
  Map regions_;
  std::vector<size_t> region_lengths_;  // that prefixes in regions_ have
  Map partners_;
  std::array<List, ScenarioSet().size()> scenarios_;
  List others_;
};

}  // namespace supervision::domain
