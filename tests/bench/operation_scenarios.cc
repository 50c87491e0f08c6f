// What operators feel: what TLS costs, how long a start and a drain take. Each with services of its
// own.
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tests/bench/load.h"
#include "tests/bench/opened.h"
#include "tests/bench/ready.h"
#include "tests/bench/requests.h"
#include "tests/bench/scenarios.h"
#include "tests/bench/waiting.h"
#include "tests/support/certificates.h"
#include "tests/support/redis_server.h"
#include "tests/support/service_process.h"
#include "tests/support/temp_dir.h"

namespace supervision::bench {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(60);

}  // namespace

void MeasureTls(const Bench& bench, Report* report) {
  constexpr int kInFlight = 64;
  constexpr int kRounds = 4;
  const testing::Certificates certificates;
  const testing::TempDir directory;
  testing::ServiceProcess::Options options;
  options.directory = directory.path();
  options.arguments = {"--listen.tls_certificate=" + certificates.Path("server.pem"),
                       "--listen.tls_key=" + certificates.Path("server.key")};
  testing::ServiceProcess secured(options);
  const testing::TempDir plain_directory;  // as fresh as the other
  testing::ServiceProcess open({.directory = plain_directory.path()});
  if (!secured.Start() || !open.Start()) {
    std::fprintf(stderr, "a service did not start: %s\n", secured.log_path().c_str());
    return;
  }
  LoadClient plain(open.grpc_address(), kPartnerToken);
  LoadClient tls(secured.grpc_address(), kPartnerToken, certificates.Text("ca.pem"));
  const absl::Duration slice = bench.duration / kRounds;
  double plain_rate = 0;
  double tls_rate = 0;
  uint64_t failed = 0;
  // In turns: what else the machine does falls on both alike.
  for (int round = 0; round < kRounds; ++round) {
    for (const bool secure : {round % 2 == 0, round % 2 != 0}) {
      const Throughput run =
          (secure ? tls : plain)
              .Run(kSubmitMethod, NextSubmit, ParseSubmitAnswer, kInFlight, slice);
      (secure ? tls_rate : plain_rate) += run.per_second / kRounds;
      failed += run.failed;
    }
  }
  report->Add("plain_unary_per_second", "durable unary intake at 64 in flight, plain text",
              plain_rate, "/s");
  report->Add("tls_unary_per_second", "the same by TLS", tls_rate, "/s");
  report->Add("tls_vs_plain", "TLS / plain text", tls_rate / plain_rate, "x", ">= 0.75");
  report->Add("tls_failed", "failed calls", static_cast<double>(failed), "", "<= 0");
}

void MeasureStart(const Bench& bench, Report* report) {
  const testing::RedisServer redis;
  const testing::TempDir directory;
  testing::ServiceProcess::Options options;
  options.directory = directory.path();
  options.redis_address = absl::StrCat("unix:", redis.path());
  testing::ServiceProcess service(options);
  absl::Time begun = absl::Now();
  if (!service.Start()) return;
  const absl::Duration empty = UntilServing(service.grpc_address(), begun);
  if (!FillLedger(service.grpc_address(), bench.start_clues)) return;
  service.Terminate();
  begun = absl::Now();
  if (!service.Start()) return;
  const absl::Duration full = UntilServing(service.grpc_address(), begun);
  report->Add("start_to_ready_empty_ms", "start to ready, external Redis, empty ledger",
              absl::ToDoubleMilliseconds(empty), "ms");
  report->Add("start_clues", "clues in the ledger for the next figure",
              static_cast<double>(bench.start_clues), "");
  report->Add("start_to_ready_ms", "start to ready, external Redis, that many clues",
              absl::ToDoubleMilliseconds(full), "ms", "<= 1000");
}

void MeasureDrain(const Bench&, Report* report) {
  constexpr int kStreams = 1000;
  const testing::TempDir directory;
  testing::ServiceProcess::Options options;
  options.directory = directory.path();
  testing::ServiceProcess service(options);
  if (!service.Start()) return;
  Opened opened(kStreams);
  StreamLoad streams(service.grpc_address(), kMonitorToken, kWatchMethod, WatchFromLatest(),
                     kStreams, 20, [&](int stream, const std::string&) { opened.Note(stream); });
  if (!WaitForCount(opened.count, kStreams, kPatience)) return;
  const absl::Time begun = absl::Now();
  const int status = service.Terminate();
  report->Add("drain_seconds", "SIGTERM to the end with 1,000 streams, shipped settings",
              absl::ToDoubleSeconds(absl::Now() - begun), "s", "<= 10");
  report->Add("drain_status", "exit status", status, "", "<= 0");
}

}  // namespace supervision::bench
