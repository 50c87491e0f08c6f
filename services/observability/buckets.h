#pragma once

#include "prometheus/histogram.h"

namespace supervision::observability {

// The bounds of our histograms, so that figures of different modules can be laid side by side.

// Seconds, from 100 microseconds to 10 seconds: two bounds where a commit usually lies (0.4 ms
// alone, some milliseconds under load), fewer beyond.
inline prometheus::Histogram::BucketBoundaries LatencySeconds() {
  return {0.0001, 0.00025, 0.0005, 0.001, 0.002, 0.003, 0.005, 0.0075, 0.01,
          0.015,  0.025,   0.05,   0.1,   0.25,  0.5,   1,     2.5,    10};
}

// Counts of things handled together: powers of two up to 1024.
inline prometheus::Histogram::BucketBoundaries BatchCount() {
  return {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024};
}

// Sizes in bytes: from 256 B to 16 MiB by four.
inline prometheus::Histogram::BucketBoundaries SizeBytes() {
  return {256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216};
}

}  // namespace supervision::observability
