#pragma once

#include <string>

#include "absl/time/time.h"
#include "tests/bench/report.h"

namespace supervision::bench {

// Where the two servers of one run are: the service, and what it is measured against.
struct Bench {
  std::string service;  // address of a supervisiond with fsync on every write
  int service_pid = 0;
  std::string reference;  // address of the reference server
  int reference_pid = 0;
  absl::Duration duration;  // of one measurement
};

// Each measures one thing on both servers and adds its figures to the report.
void MeasureUnaryIntake(const Bench& bench, Report* report);
void MeasureBatchIntake(const Bench& bench, Report* report);
void MeasureShareOfIntake(const Bench& bench, Report* report);  // starts two services of its own
void MeasureFirstCallAfterIdle(const Bench& bench, Report* report);
void MeasureSubmitToTold(const Bench& bench, Report* report);
void MeasureDelivery(const Bench& bench, Report* report);
void MeasureIdleMonitors(const Bench& bench, Report* report);
void MeasureClassification(const Bench& bench, Report* report);  // in this process, on one thread

}  // namespace supervision::bench
