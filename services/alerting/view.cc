#include "services/alerting/view.h"

#include <memory>

#include "services/alerting/tail_entry.h"
#include "services/domain/silence.h"

namespace supervision::alerting {
namespace {

// Streams of one view are mostly near the end of the tail; who is further back decides again.
constexpr size_t kRemembered = 4096;

}  // namespace

View::Decision View::Judge(const domain::ChangeEvent& event) const {
  const domain::Alert& alert = event.alert;
  if (alert.version == 0) return Decision::kNothing;
  if (Passes(alert.facets)) {
    return domain::ProjectionFor(scope_, alert.facets.confidentiality) == domain::Projection::kFull
               ? Decision::kFull
               : Decision::kWithheld;
  }
  if (event.previous.has_value() && Passes(*event.previous)) return Decision::kLeft;
  return Decision::kNothing;
}

View::Decision View::JudgeFor(std::string_view principal, const domain::ChangeEvent& event,
                              Decision decision) const {
  if (decision == Decision::kNothing) return decision;
  const bool hidden = domain::HiddenFrom(event.alert.facets.silences, principal);
  const bool was_shown =
      event.previous.has_value() && !domain::HiddenFrom(event.previous->silences, principal);
  if (decision == Decision::kLeft) return was_shown ? decision : Decision::kNothing;
  if (!hidden) return decision;
  return was_shown && Passes(*event.previous) ? Decision::kLeft : Decision::kNothing;
}

std::vector<View::Decision> View::Judge(uint64_t first,
                                        absl::Span<const std::shared_ptr<TailEntry>> entries) {
  std::vector<Decision> decisions;
  decisions.reserve(entries.size());
  base::MutexLock lock(&mutex_);
  if (remembered_.empty() || first > remembered_from_ + remembered_.size()) {
    remembered_.clear();
    remembered_from_ = first;
  }
  for (size_t i = 0; i < entries.size(); ++i) {
    const uint64_t index = first + i;
    if (index >= remembered_from_ && index < remembered_from_ + remembered_.size()) {
      decisions.push_back(remembered_[index - remembered_from_]);
      continue;
    }
    decisions.push_back(Judge(entries[i]->entry().event));
    if (index == remembered_from_ + remembered_.size()) remembered_.push_back(decisions.back());
  }
  while (remembered_.size() > kRemembered) {
    remembered_.pop_front();
    ++remembered_from_;
  }
  return decisions;
}

}  // namespace supervision::alerting
