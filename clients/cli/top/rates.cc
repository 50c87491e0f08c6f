#include "clients/cli/top/rates.h"

#include <algorithm>
#include <cstdint>

namespace supervision::cli {
namespace {

absl::Time ToAbsl(const google::protobuf::Timestamp& timestamp) {
  return absl::FromUnixSeconds(timestamp.seconds()) + absl::Nanoseconds(timestamp.nanos());
}

int64_t Total(const v1::LatencyFigures& figures) {
  int64_t total = 0;
  for (const int64_t count : figures.counts()) total += count;
  return total;
}

}  // namespace

std::optional<double> Quantile(const v1::LatencyFigures& before, const v1::LatencyFigures& after,
                               double share) {
  // A service that has had nothing to count yet gives no classes.
  const auto counted = [&](int i) {
    return after.counts(i) - (i < before.counts_size() ? before.counts(i) : 0);
  };
  int64_t total = 0;
  for (int i = 0; i < after.counts_size(); ++i) total += counted(i);
  if (total <= 0) return std::nullopt;
  const double wanted = share * static_cast<double>(total);
  double below = 0;
  for (int i = 0; i < after.bounds_seconds_size(); ++i) {
    const auto here = static_cast<double>(counted(i));
    if (here > 0 && below + here >= wanted) {
      const double low = i == 0 ? 0 : after.bounds_seconds(i - 1);
      return low + (after.bounds_seconds(i) - low) * (wanted - below) / here;
    }
    below += here;
  }
  return after.bounds_seconds_size() == 0
             ? std::nullopt
             : std::optional(after.bounds_seconds(after.bounds_seconds_size() - 1));
}

std::optional<Rates> RatesBetween(const v1::GetStatusResponse& before,
                                  const v1::GetStatusResponse& after) {
  const v1::Figures& a = before.figures();
  const v1::Figures& b = after.figures();
  Rates rates;
  rates.over = ToAbsl(b.at()) - ToAbsl(a.at());
  if (rates.over <= absl::ZeroDuration() ||
      ToAbsl(before.started_at()) != ToAbsl(after.started_at())) {
    return std::nullopt;
  }
  const auto rate = [&](int64_t from, int64_t to) {
    return static_cast<double>(std::max<int64_t>(to - from, 0)) / absl::ToDoubleSeconds(rates.over);
  };
  rates.accepted = rate(a.intake().accepted_total(), b.intake().accepted_total());
  rates.refused = rate(a.intake().refused_total(), b.intake().refused_total());
  rates.commits = rate(Total(a.ledger().commits()), Total(b.ledger().commits()));
  rates.told = rate(a.streams().told_total(), b.streams().told_total());
  rates.delivered =
      rate(a.subscriptions().deliveries_total(), b.subscriptions().deliveries_total());
  rates.route_alerts = rate(a.routes().told_total(), b.routes().told_total());
  rates.intake_p50 = Quantile(a.intake().latency(), b.intake().latency(), 0.50);
  rates.intake_p99 = Quantile(a.intake().latency(), b.intake().latency(), 0.99);
  rates.commit_p50 = Quantile(a.ledger().commits(), b.ledger().commits(), 0.50);
  rates.commit_p99 = Quantile(a.ledger().commits(), b.ledger().commits(), 0.99);
  rates.wake_p99 = Quantile(a.streams().wake(), b.streams().wake(), 0.99);
  return rates;
}

}  // namespace supervision::cli
