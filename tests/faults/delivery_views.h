#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "tests/faults/delivery_oracle.h"

// What a monitor's views say of a version; for the oracles.
namespace supervision::faults {

// What a view has of it.
enum class Has { kNothing, kLeft, kTold };
inline Has HasIt(const View& view, const Published& published) {
  if (view.Passes(published.region)) return Has::kTold;
  return published.before.has_value() && view.Passes(*published.before) ? Has::kLeft
                                                                        : Has::kNothing;
}

// Whether one of the views that could be in force when this came tells so.
inline bool AnyViewTells(const MonitorRecord& record, const Heard& heard,
                         const Published& published) {
  const Has has = heard.left ? Has::kLeft : Has::kTold;
  for (size_t v = record.connections.at(heard.connection).view; v <= heard.latest_view; ++v) {
    if (HasIt(record.views.at(v).view, published) == has) return true;
  }
  return false;
}

// What all views from this one on have of it; kNothing where they differ.
inline Has AllViewsHave(const MonitorRecord& record, size_t first, const Published& published) {
  const Has has = HasIt(record.views.at(first).view, published);
  for (size_t v = first; v < record.views.size(); ++v) {
    if (HasIt(record.views[v].view, published) != has) return Has::kNothing;
  }
  return has;
}

}  // namespace supervision::faults
