#include "services/ledger/silence_book.h"

#include <algorithm>
#include <utility>

#include "absl/time/clock.h"

namespace supervision::ledger {
namespace {

// An index that is made within kSoon is made at once; else it takes at most one part of kRest.
constexpr absl::Duration kSoon = absl::Milliseconds(1);
constexpr int kRest = 20;

}  // namespace

std::shared_ptr<const domain::SilenceIndex> SilenceBook::index() const {
  base::MutexLock lock(&mutex_);
  return index_;
}

void SilenceBook::Learn(std::vector<domain::Silence> silences, bool anew, absl::Time now) {
  changed_ = changed_ || anew || !silences.empty();
  if (anew) known_.clear();
  for (domain::Silence& silence : silences) {
    std::string id = silence.id;
    known_[std::move(id)] = std::make_shared<const domain::Silence>(std::move(silence));
  }
  for (auto at = known_.begin(); at != known_.end();) {
    const auto here = at++;
    if (here->second->ends_at > now) continue;
    known_.erase(here);
    changed_ = true;
  }
  const absl::Time start = absl::Now();
  if (!changed_ || start < not_before_) return;
  changed_ = false;
  std::vector<domain::SilencePtr> all;
  all.reserve(known_.size());
  for (const auto& [id, silence] : known_) all.push_back(silence);
  auto made = std::make_shared<const domain::SilenceIndex>(std::move(all));
  const absl::Duration took = absl::Now() - start;
  if (took > kSoon) not_before_ = start + kRest * took;
  base::MutexLock lock(&mutex_);
  index_.swap(made);  // the old one goes without the lock
}

size_t SilenceBook::ActiveAt(absl::Time now) const {
  const std::shared_ptr<const domain::SilenceIndex> known = index();
  return static_cast<size_t>(
      std::count_if(known->all().begin(), known->all().end(),
                    [now](const auto& silence) { return domain::IsActive(*silence, now); }));
}

bool SilenceBook::Consider(std::string_view principal, absl::Time now, domain::Alert* alert) const {
  const std::vector<domain::SilenceMark> active = index()->MarksOf(*alert, alert, now);
  std::vector<domain::SilenceMark>& marks = alert->facets.silences;
  for (const domain::SilenceMark& mark : active) {
    if (std::find(marks.begin(), marks.end(), mark) == marks.end()) marks.push_back(mark);
  }
  return domain::HiddenFrom(active, principal);
}

}  // namespace supervision::ledger
