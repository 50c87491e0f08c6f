// Measures the service against bare gRPC, both as processes of their own on this machine, in one
// run.
#include <cstdio>
#include <cstring>
#include <string>

#include "tests/bench/crowd.h"
#include "tests/bench/flood.h"
#include "tests/bench/reference_server.h"
#include "tests/bench/scenarios.h"
#include "tests/support/service_process.h"
#include "tests/support/temp_dir.h"

namespace supervision::bench {
namespace {

struct Part {
  const char* name;
  void (*measure)(const Bench&, Report*);
};
constexpr Part kParts[] = {
    {"idle", MeasureIdleMonitors},  // first: memory that later load has touched tells nothing
    {"classification", MeasureClassification},
    {"unary", MeasureUnaryIntake},
    {"batch", MeasureBatchIntake},
    {"share", MeasureShareOfIntake},
    {"neighbour", MeasureNeighbour},
    {"first", MeasureFirstCallAfterIdle},
    {"told", MeasureSubmitToTold},
    {"delivery", MeasureDelivery},
    {"resume", MeasureResume},
    {"catchup", MeasureCatchUp},
    {"acknowledge", MeasureAcknowledgements},
    {"sharing", MeasureSharing},
    {"silences", MeasureSilences},
    {"routes", MeasureRoutes},
    {"matters", MeasureMatters},
    {"tls", MeasureTls},
    {"start", MeasureStart},
    {"drain", MeasureDrain},
    {"backup", MeasureBackup},
};

// `only`: the name of one part, or empty for all.
int Run(bool json, Bench bench, const std::string& only) {
  const testing::TempDir service_directory;
  const testing::TempDir reference_directory;
  testing::ServiceProcess::Options options;
  options.directory = service_directory.path();
  testing::ServiceProcess service(options);
  options.directory = reference_directory.path();
  options.executable = bench.self;
  options.arguments = {"--reference"};
  testing::ServiceProcess reference(options);
  if (!service.Start() || !reference.Start()) {
    std::fprintf(stderr, "a server did not start; its log: %s\n", service.log_path().c_str());
    return 1;
  }
  bench.service = service.grpc_address();
  bench.service_pid = service.pid();
  bench.reference = reference.grpc_address();
  bench.reference_pid = reference.pid();
  Report report;
  for (const Part& part : kParts) {
    if (only.empty() || only == part.name) part.measure(bench, &report);
  }
  std::fputs((json ? report.Json() : report.Table()).c_str(), stdout);
  return service.Terminate() == 0 ? 0 : 1;
}

}  // namespace
}  // namespace supervision::bench

int main(int argc, char** argv) {
  if (argc > 1 && std::strcmp(argv[1], supervision::bench::kCrowdFlag) == 0) {
    return supervision::bench::RunCrowd(argc, argv);
  }
  if (argc > 1 && std::strcmp(argv[1], supervision::bench::kFloodFlag) == 0) {
    return supervision::bench::RunFlood(argc, argv);
  }
  bool json = false;
  supervision::bench::Bench bench;
  bench.self = argv[0];
  bench.duration = absl::Seconds(4);
  std::string only;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    const std::string addresses = "--listen.addresses_file=";
    if (argument == "--help" || argument == "-h") {
      std::puts("Called by tests/bench/run, whose --help says what there is.");
      return 0;
    }
    if (argument == "--json") json = true;
    const auto number = [&](const std::string& flag) {
      const bool is_it = argument.rfind(flag, 0) == 0;
      return is_it ? std::atof(argument.c_str() + flag.size()) : 0;
    };
    if (number("--seconds=") > 0) bench.duration = absl::Seconds(number("--seconds="));
    if (number("--catch-up=") > 0) bench.catch_up = static_cast<int64_t>(number("--catch-up="));
    if (number("--start-clues=") > 0) {
      bench.start_clues = static_cast<int64_t>(number("--start-clues="));
    }
    if (argument.rfind("--only=", 0) == 0) only = argument.substr(7);
    if (argument == "--reference") {
      for (int k = 1; k < argc; ++k) {
        if (std::strncmp(argv[k], addresses.c_str(), addresses.size()) == 0) {
          return supervision::bench::RunReferenceServer(argv[k] + addresses.size());
        }
      }
    }
  }
  return supervision::bench::Run(json, bench, only);
}
