#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tests/bench/load.h"
#include "tests/bench/reference_server.h"
#include "tests/bench/requests.h"
#include "tests/bench/scenarios.h"
#include "tests/bench/waiting.h"

namespace supervision::bench {

void MeasureUnaryIntake(const Bench& bench, Report* report) {
  LoadClient service(bench.service, kPartnerToken);
  LoadClient reference(bench.reference, kPartnerToken);
  const auto echo = [&](absl::Duration duration, int in_flight) {
    return reference.Run(kEchoMethod, NextSubmit, ParseEcho, in_flight, duration);
  };
  const auto submit = [&](absl::Duration duration, int in_flight) {
    return service.Run(kSubmitMethod, NextSubmit, ParseSubmitAnswer, in_flight, duration);
  };
  constexpr int kHeadline = 64;
  for (const int in_flight : {1, 16, kHeadline, 256}) {
    // Alternating halves: what else the machine does falls on both alike.
    const absl::Duration half = bench.duration / 2;
    const Throughput echo1 = echo(half, in_flight);
    const Throughput ours1 = submit(half, in_flight);
    const Throughput echo2 = echo(half, in_flight);
    const Throughput ours2 = submit(half, in_flight);
    const double echoes = (echo1.per_second + echo2.per_second) / 2;
    const double ours = (ours1.per_second + ours2.per_second) / 2;
    const std::string at = absl::StrCat(" at ", in_flight, " in flight");
    const std::string suffix = absl::StrCat("_", in_flight);
    report->Add("echo_per_second" + suffix, "typed echo" + at, echoes, "/s");
    report->Add("unary_per_second" + suffix, "durable unary intake" + at, ours, "/s");
    report->Add("unary_p50_ms" + suffix, "durable unary intake, p50" + at,
                absl::ToDoubleMilliseconds(ours2.latencies.At(0.50)), "ms");
    report->Add("unary_p99_ms" + suffix, "durable unary intake, p99" + at,
                absl::ToDoubleMilliseconds(ours2.latencies.At(0.99)), "ms");
    const bool headline = in_flight == kHeadline;
    report->Add(headline ? "durable_unary_vs_echo" : "unary_vs_echo" + suffix,
                "durable unary intake / typed echo" + at, ours / echoes, "x",
                headline ? ">= 0.40" : "");
    report->Add("unary_failed" + suffix, "failed calls" + at,
                static_cast<double>(ours1.failed + ours2.failed), "", "<= 0");
    if (!headline) continue;
    const auto any = [](std::string_view) { return true; };
    const Throughput raw = reference.Run(kRawEchoMethod, NextSubmit, any, in_flight, half);
    report->Add("raw_echo_per_second" + suffix, "echo of unseen bytes" + at, raw.per_second, "/s");
    report->Add("unary_vs_raw_echo" + suffix, "durable unary intake / echo of unseen bytes" + at,
                ours / raw.per_second, "x");
  }
}

void MeasureBatchIntake(const Bench& bench, Report* report) {
  constexpr int kClues = 128;
  constexpr int kInFlight = 8;
  LoadClient service(bench.service, kPartnerToken);
  const absl::Duration half = bench.duration / 2;
  double unary = 0;
  double batch = 0;
  for (int i = 0; i < 2; ++i) {
    const auto next = [] { return NextBatch(kClues); };
    unary += service.Run(kSubmitMethod, NextSubmit, ParseSubmitAnswer, 64, half).per_second / 2;
    batch +=
        service.Run(kBatchMethod, next, ParseBatchAnswer, kInFlight, half).per_second * kClues / 2;
  }
  report->Add("batch_clues_per_second", "durable batch intake, 128 clues a call", batch, "/s");
  report->Add("batch_vs_unary", "durable batch intake / unary at 64 in flight", batch / unary, "x",
              ">= 4");
}

void MeasureFirstCallAfterIdle(const Bench& bench, Report* report) {
  constexpr int kCalls = 20;
  LoadClient service(bench.service, kPartnerToken);
  Latencies latencies;
  for (int i = 0; i < kCalls; ++i) {
    WaitUntil(absl::Now() + absl::Milliseconds(1100));  // gRPC's threads nap after an idle second
    const std::string request = NextSubmit();
    const absl::Time begun = absl::Now();
    if (service.Call(kSubmitMethod, request, nullptr)) latencies.Add(absl::Now() - begun);
  }
  report->Add("first_call_p50_ms", "first call after an idle second, median of 20",
              absl::ToDoubleMilliseconds(latencies.At(0.5)), "ms");
  report->Add("first_call_max_ms", "first call after an idle second, slowest of 20",
              absl::ToDoubleMilliseconds(latencies.At(1)), "ms", "<= 5");
}

}  // namespace supervision::bench
