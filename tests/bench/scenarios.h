#pragma once

#include <cstdint>
#include <string>

#include "absl/time/time.h"
#include "tests/bench/report.h"

namespace supervision::bench {

// Where the two servers of one run are: the service, and what it is measured against.
struct Bench {
  std::string self;     // this program, for what is a process of its own
  std::string service;  // address of a supervisiond with fsync on every write
  int service_pid = 0;
  std::string reference;  // address of the reference server
  int reference_pid = 0;
  absl::Duration duration;        // of one measurement
  int64_t catch_up = 100'000;     // alerts that a monitor catches up with
  int64_t start_clues = 100'000;  // in the ledger of a service that is started
};

// Each measures one thing on both servers and adds its figures to the report.
void MeasureUnaryIntake(const Bench& bench, Report* report);
void MeasureBatchIntake(const Bench& bench, Report* report);
void MeasureShareOfIntake(const Bench& bench, Report* report);  // starts two services of its own
void MeasureFirstCallAfterIdle(const Bench& bench, Report* report);
void MeasureSubmitToTold(const Bench& bench, Report* report);
void MeasureDelivery(const Bench& bench, Report* report);
void MeasureResume(const Bench& bench, Report* report);
void MeasureCatchUp(const Bench& bench, Report* report);
void MeasureAcknowledgements(const Bench& bench, Report* report);
void MeasureSharing(const Bench& bench, Report* report);
void MeasureTls(const Bench& bench, Report* report);  // these five start services of their own
void MeasureStart(const Bench& bench, Report* report);
void MeasureDrain(const Bench& bench, Report* report);
void MeasureBackup(const Bench& bench, Report* report);
void MeasureNeighbour(const Bench& bench, Report* report);
void MeasureIdleMonitors(const Bench& bench, Report* report);
void MeasureClassification(const Bench& bench, Report* report);  // these are in this process
void MeasureSilences(const Bench& bench, Report* report);
void MeasureRoutes(const Bench& bench, Report* report);
void MeasureMatters(const Bench& bench, Report* report);

}  // namespace supervision::bench
