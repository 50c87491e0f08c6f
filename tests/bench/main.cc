// Measures the service against bare gRPC, both as processes of their own on this machine, in one
// run.
#include <cstdio>
#include <cstring>
#include <string>

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
    {"first", MeasureFirstCallAfterIdle},
    {"told", MeasureSubmitToTold},
    {"delivery", MeasureDelivery},
};

// `only`: the name of one part, or empty for all.
int Run(bool json, absl::Duration duration, const std::string& only, const std::string& self) {
  const testing::TempDir service_directory;
  const testing::TempDir reference_directory;
  testing::ServiceProcess::Options options;
  options.directory = service_directory.path();
  testing::ServiceProcess service(options);
  options.directory = reference_directory.path();
  options.executable = self;
  options.arguments = {"--reference"};
  testing::ServiceProcess reference(options);
  if (!service.Start() || !reference.Start()) {
    std::fprintf(stderr, "a server did not start; its log: %s\n", service.log_path().c_str());
    return 1;
  }
  const Bench bench = {service.grpc_address(), service.pid(), reference.grpc_address(),
                       reference.pid(), duration};
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
  bool json = false;
  double seconds = 4;
  std::string only;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    const std::string addresses = "--listen.addresses_file=";
    if (argument == "--json") json = true;
    if (argument.rfind("--seconds=", 0) == 0) seconds = std::atof(argument.c_str() + 10);
    if (argument.rfind("--only=", 0) == 0) only = argument.substr(7);
    if (argument == "--reference") {
      for (int k = 1; k < argc; ++k) {
        if (std::strncmp(argv[k], addresses.c_str(), addresses.size()) == 0) {
          return supervision::bench::RunReferenceServer(argv[k] + addresses.size());
        }
      }
    }
  }
  return supervision::bench::Run(json, absl::Seconds(seconds), only, argv[0]);
}
