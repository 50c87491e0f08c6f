#include "services/rpc/figures.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <string_view>
#include <utility>

#include "services/rpc/convert_time.h"

namespace supervision::rpc {
namespace {

constexpr size_t kMostOwners = 50;

class Page {
 public:
  explicit Page(const std::vector<prometheus::MetricFamily>& families) {
    for (const prometheus::MetricFamily& family : families) families_[family.name] = &family;
  }

  // Over all labels.
  int64_t Sum(std::string_view name) const {
    double sum = 0;
    for (const prometheus::ClientMetric& metric : MetricsOf(name)) sum += ValueOf(name, metric);
    return std::llround(sum);
  }

  // By a label.
  std::map<std::string, double> By(std::string_view name, std::string_view label) const {
    std::map<std::string, double> values;
    for (const prometheus::ClientMetric& metric : MetricsOf(name)) {
      for (const auto& one : metric.label) {
        if (one.name == label) values[one.value] += ValueOf(name, metric);
      }
    }
    return values;
  }

  v1::LatencyFigures Latency(std::string_view name) const {
    v1::LatencyFigures figures;
    for (const prometheus::ClientMetric& metric : MetricsOf(name)) {
      const auto& classes = metric.histogram.bucket;
      uint64_t below = 0;
      for (size_t i = 0; i < classes.size(); ++i) {
        const int index = static_cast<int>(i);
        if (figures.counts_size() == index) {
          figures.add_counts(0);
          if (i + 1 < classes.size()) figures.add_bounds_seconds(classes[i].upper_bound);
        }
        figures.set_counts(index, figures.counts(index) +
                                      static_cast<int64_t>(classes[i].cumulative_count - below));
        below = classes[i].cumulative_count;
      }
    }
    return figures;
  }

 private:
  const std::vector<prometheus::ClientMetric>& MetricsOf(std::string_view name) const {
    static const std::vector<prometheus::ClientMetric> kNone;
    const auto found = families_.find(name);
    return found == families_.end() ? kNone : found->second->metric;
  }
  double ValueOf(std::string_view name, const prometheus::ClientMetric& metric) const {
    return families_.find(name)->second->type == prometheus::MetricType::Counter
               ? metric.counter.value
               : metric.gauge.value;
  }

  std::map<std::string, const prometheus::MetricFamily*, std::less<>> families_;
};

void CopyOwners(const Page& page,
                const std::map<std::string, alerting::OwnerConnections>& connected,
                v1::SubscriptionFigures* proto) {
  std::map<std::string, v1::OwnerFigures> owners;
  for (const auto& [owner, connections] : connected) {
    owners[owner].set_connections(static_cast<int64_t>(connections.count));
    owners[owner].set_unacknowledged_alerts(static_cast<int64_t>(connections.unacknowledged));
  }
  for (const auto& [owner, entries] : page.By("supervision_subscription_behind_entries", "owner")) {
    // Of all others nothing is to be said while there are none.
    if (owner == "*" && entries == 0) continue;
    owners[owner].set_behind_entries(std::llround(entries));
  }
  for (const auto& [owner, age] :
       page.By("supervision_subscription_oldest_unread_seconds", "owner")) {
    const auto found = owners.find(owner);
    if (found == owners.end() || !found->second.has_behind_entries()) continue;
    *found->second.mutable_oldest_unread() = ToProto(absl::Seconds(age));
  }
  std::vector<std::string> order;
  order.reserve(owners.size());
  for (const auto& [owner, figures] : owners) order.push_back(owner);
  std::stable_sort(order.begin(), order.end(), [&owners](const auto& a, const auto& b) {
    const auto open = [&owners](const std::string& owner) {
      return owners[owner].behind_entries() + owners[owner].unacknowledged_alerts();
    };
    return open(a) > open(b);
  });
  if (order.size() > kMostOwners) order.resize(kMostOwners);
  for (const std::string& owner : order) {
    owners[owner].set_owner(owner);
    *proto->add_owners() = std::move(owners[owner]);
  }
}

}  // namespace

v1::Figures FiguresOf(const std::vector<prometheus::MetricFamily>& metrics,
                      const std::map<std::string, alerting::OwnerConnections>& owners,
                      absl::Time now) {
  const Page page(metrics);
  v1::Figures figures;
  *figures.mutable_at() = ToProto(now);

  v1::IntakeFigures* const intake = figures.mutable_intake();
  intake->set_accepted_total(page.Sum("supervision_clues_total"));
  intake->set_refused_total(page.Sum("supervision_intake_refused_total"));
  intake->set_under_way_clues(page.Sum("supervision_intake_under_way_clues"));
  intake->set_under_way_bytes(page.Sum("supervision_intake_under_way_bytes"));
  *intake->mutable_latency() = page.Latency("supervision_intake_seconds");

  v1::LedgerFigures* const ledger = figures.mutable_ledger();
  ledger->set_queued_changes(page.Sum("supervision_ledger_queued_changes"));
  ledger->set_queued_bytes(page.Sum("supervision_ledger_queued_bytes"));
  *ledger->mutable_commits() = page.Latency("supervision_ledger_commit_seconds");
  ledger->set_tail_lag_entries(page.Sum("supervision_ledger_tail_lag_entries"));
  ledger->set_review_waiting_clues(page.Sum("supervision_ledger_review_waiting_clues"));
  ledger->set_silences_active(page.Sum("supervision_ledger_silences_active"));

  v1::StreamFigures* const streams = figures.mutable_streams();
  streams->set_open(page.Sum("supervision_alert_streams"));
  streams->set_catching_up(page.Sum("supervision_alert_streams_catching_up"));
  streams->set_parked(page.Sum("supervision_alert_streams_parked"));
  streams->set_parkings_total(page.Sum("supervision_alert_stream_parkings_total"));
  streams->set_told_total(page.Sum("supervision_alerts_told_total"));
  streams->set_messages_total(page.Sum("supervision_alert_messages_total"));
  *streams->mutable_wake() = page.Latency("supervision_alert_wake_seconds");

  v1::SubscriptionFigures* const subscriptions = figures.mutable_subscriptions();
  subscriptions->set_connections(page.Sum("supervision_subscription_connections"));
  subscriptions->set_unacknowledged_alerts(
      page.Sum("supervision_subscription_unacknowledged_alerts"));
  subscriptions->set_deliveries_total(page.Sum("supervision_subscription_deliveries_total"));
  subscriptions->set_takeovers_total(page.Sum("supervision_subscription_takeovers_total"));
  CopyOwners(page, owners, subscriptions);

  v1::RouteFigures* const routes = figures.mutable_routes();
  routes->set_holding(page.Sum("supervision_routes_holding") > 0);
  routes->set_groups(page.Sum("supervision_route_groups"));
  routes->set_waiting_alerts(page.Sum("supervision_route_alerts_waiting"));
  routes->set_told_total(page.Sum("supervision_route_alerts_total"));
  return figures;
}

}  // namespace supervision::rpc
