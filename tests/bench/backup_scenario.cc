// What a backup of a node that serves takes, and the way back, by the commands that an operator
// runs.
#include <spawn.h>
#include <sys/wait.h>

#include <atomic>
#include <cstdio>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "absl/time/clock.h"
#include "tests/bench/load.h"
#include "tests/bench/ready.h"
#include "tests/bench/requests.h"
#include "tests/bench/scenarios.h"
#include "tests/bench/waiting.h"
#include "tests/support/service_process.h"
#include "tests/support/temp_dir.h"

extern char** environ;

namespace supervision::bench {
namespace {

constexpr int kInFlight = 16;
constexpr absl::Duration kSlice = absl::Milliseconds(500);

// How long supervisionctl took; infinite when it failed.
absl::Duration Supervisionctl(std::vector<std::string> words) {
  words.insert(words.begin(), SUPERVISION_BINARY_DIR "/clients/cli/supervisionctl");
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const absl::Time begun = absl::Now();
  pid_t pid = 0;
  int status = -1;
  if (posix_spawn(&pid, arguments[0], nullptr, nullptr, arguments.data(), environ) == 0) {
    waitpid(pid, &status, 0);
  }
  return status == 0 ? absl::Now() - begun : absl::InfiniteDuration();
}

// Intake a second, and the calls that failed, from the construction until Stop().
class Partner {
 public:
  explicit Partner(const std::string& address)
      : client_(address, kPartnerToken), thread_([this] {
          while (!stopping_) {
            const Throughput run =
                client_.Run(kSubmitMethod, NextSubmit, ParseSubmitAnswer, kInFlight, kSlice);
            sum_ += run.per_second;
            failed_ += run.failed;
            ++slices_;
          }
        }) {}
  double Stop(uint64_t* failed) {
    stopping_ = true;
    thread_.join();
    *failed += failed_;
    return slices_ == 0 ? 0 : sum_ / slices_;
  }

 private:
  LoadClient client_;
  std::atomic<bool> stopping_ = false;
  double sum_ = 0;
  uint64_t failed_ = 0;
  int slices_ = 0;
  std::thread thread_;
};

}  // namespace

void MeasureBackup(const Bench& bench, Report* report) {
  const testing::TempDir directory;
  const std::string data = directory.path() + "/data";
  const std::string file = directory.path() + "/ledger.rdb";
  testing::ServiceProcess service({.directory = directory.path()});
  if (!service.Start()) return;
  UntilServing(service.grpc_address(), absl::Now());
  if (!FillLedger(service.grpc_address(), bench.start_clues)) return;
  uint64_t failed = 0;
  Partner before(service.grpc_address());
  WaitUntil(absl::Now() + bench.duration);
  const double rate = before.Stop(&failed);
  Partner during(service.grpc_address());
  const absl::Duration backup = Supervisionctl({"backup", "--data", data, file});
  const double rate_during = during.Stop(&failed);
  service.Terminate();
  const absl::Duration restore = Supervisionctl({"restore", "--data", data, "--replace", file});
  const absl::Time begun = absl::Now();
  if (!service.Start()) return;
  const absl::Duration ready = UntilServing(service.grpc_address(), begun);
  std::error_code error;
  const auto bytes = static_cast<double>(std::filesystem::file_size(file, error));

  report->Add("backup_clues", "clues in the ledger for the next figures",
              static_cast<double>(bench.start_clues), "");
  report->Add("backup_seconds", "backup of the serving node under load",
              absl::ToDoubleSeconds(backup), "s");
  report->Add("backup_megabytes", "its file", bytes / 1e6, "MB");
  report->Add("backup_intake_ratio", "intake during the backup / before", rate_during / rate, "x");
  report->Add("backup_failed", "failed calls", static_cast<double>(failed), "", "<= 0");
  report->Add("restore_seconds", "restore", absl::ToDoubleSeconds(restore), "s");
  report->Add("restored_ready_seconds", "start to serving after it", absl::ToDoubleSeconds(ready),
              "s");
}

}  // namespace supervision::bench
