#pragma once

#include <string>

#include "prometheus/counter.h"
#include "prometheus/gauge.h"
#include "prometheus/histogram.h"
#include "prometheus/registry.h"

namespace supervision::observability {

// Makers of metrics without labels. The registry owns what they make. `help` is the sentence that
// an operator reads on the page.

inline prometheus::Gauge& AddGauge(prometheus::Registry* registry, const std::string& name,
                                   const std::string& help) {
  return prometheus::BuildGauge().Name(name).Help(help).Register(*registry).Add({});
}

inline prometheus::Counter& AddCounter(prometheus::Registry* registry, const std::string& name,
                                       const std::string& help) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(*registry).Add({});
}

inline prometheus::Histogram& AddHistogram(prometheus::Registry* registry, const std::string& name,
                                           const std::string& help,
                                           const prometheus::Histogram::BucketBoundaries& bounds) {
  return prometheus::BuildHistogram().Name(name).Help(help).Register(*registry).Add({}, bounds);
}

}  // namespace supervision::observability
