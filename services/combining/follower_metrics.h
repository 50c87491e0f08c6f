#pragma once

#include <string>

#include "prometheus/counter.h"
#include "prometheus/gauge.h"
#include "prometheus/registry.h"

namespace supervision::combining {

// What the follower counts. Thread-safe.
struct FollowerMetrics {
  explicit FollowerMetrics(prometheus::Registry* registry);

  void CountTold(const std::string& route) { told.Add({{"route", route}}).Increment(); }
  // A silence that a matter asked for.
  void CountSilence(bool made) {
    silences.Add({{"result", made ? "made" : "refused"}}).Increment();
  }
  // Its counter is there, at zero, before it tells anything.
  void Know(const std::string& route) { told.Add({{"route", route}}); }

  prometheus::Gauge& holding;
  prometheus::Gauge& groups;
  prometheus::Gauge& clues;
  prometheus::Gauge& waiting;
  prometheus::Gauge& calendar_ends;
  prometheus::Family<prometheus::Counter>& told;
  prometheus::Counter& late;
  prometheus::Counter& replays;
  prometheus::Counter& forgotten;
  prometheus::Family<prometheus::Counter>& silences;
};

}  // namespace supervision::combining
