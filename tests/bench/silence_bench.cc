// What an alert costs to be asked whether silences hide it: silences of one organ each, as most
// are, a few of a region, a class or a risk.
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "benchmark/benchmark.h"
#include "services/domain/silence_index.h"

namespace supervision::domain {
namespace {

SilenceIndex IndexOf(int64_t count) {
  std::vector<SilencePtr> silences;
  for (int64_t i = 0; i < count; ++i) {
    Silence silence;
    silence.id = "s" + std::to_string(i);
    silence.receivers = {"principal-" + std::to_string(i % 100)};
    silence.ends_at = absl::InfiniteFuture();
    silence.created_at = absl::UnixEpoch();
    if (i % 100 == 0) {
      silence.matcher.region_prefix = "33" + std::to_string(1000 + i % 900);
    } else if (i % 1000 == 1) {
      silence.matcher.expression =
          std::get<Expression>(ParseExpression("scenario = JUDICIAL AND risk <= LOW"));
    } else {
      silence.matcher.unit = "某县第" + std::to_string(i) + "局";
    }
    silences.push_back(std::make_shared<const Silence>(std::move(silence)));
  }
  return SilenceIndex(std::move(silences));
}

void AnAlert(benchmark::State& state) {
  const SilenceIndex index = IndexOf(state.range(0));
  Alert alert;
  alert.id = "a1";
  alert.version = 1;
  alert.facets.risk = Risk::kLow;
  alert.facets.region_code = "330424";
  alert.facets.partner = "12345";
  int64_t number = 0;
  for (auto unused : state) {
    alert.facets.unit.name = "某县第" + std::to_string(number++ % 20'000) + "局";
    benchmark::DoNotOptimize(index.MarksOf(alert, nullptr, absl::UnixEpoch() + absl::Hours(1)));
  }
}
BENCHMARK(AnAlert)->Arg(0)->Arg(100)->Arg(10'000);

void MakeTheIndex(benchmark::State& state) {
  const SilenceIndex index = IndexOf(state.range(0));
  for (auto unused : state) benchmark::DoNotOptimize(SilenceIndex(index.all()));
}
BENCHMARK(MakeTheIndex)->Arg(10'000)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace supervision::domain

BENCHMARK_MAIN();
