// What acknowledging costs: one consumer of a subscription of its own, and several of a shared one.
#include <grpcpp/grpcpp.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "supervision/v1/subscription_service.grpc.pb.h"
#include "tests/bench/ready.h"
#include "tests/bench/requests.h"
#include "tests/bench/scenarios.h"
#include "tests/bench/waiting.h"

namespace supervision::bench {
namespace {

constexpr int64_t kAlerts = 40'000;
constexpr int kMostInFlight = 10'000;  // as a window, and of all consumers of a share
constexpr int kSingles = 500;          // acknowledged in one message
constexpr absl::Duration kPatience = absl::Minutes(2);

// One way to read a subscription to its end.
struct Way {
  const char* subscription;
  int consumers = 1;
  bool shared = false;
  bool singly = false;  // a shared one always
};

std::unique_ptr<grpc::ClientContext> NewContext() {
  auto context = std::make_unique<grpc::ClientContext>();
  context->AddMetadata("authorization", absl::StrCat("Bearer ", kMonitorToken));
  context->set_deadline(std::chrono::system_clock::now() + absl::ToChronoMinutes(kPatience));
  return context;
}

bool Create(const Bench& bench, const Way& way) {
  v1::CreateSubscriptionRequest request;
  v1::Subscription* const subscription = request.mutable_subscription();
  subscription->set_name(way.subscription);
  if (way.shared) {
    subscription->set_mode(v1::SUBSCRIPTION_MODE_SHARED);
    subscription->mutable_sharing()->set_max_in_flight(kMostInFlight);
  }
  v1::CreateSubscriptionResponse created;
  return v1::SubscriptionService::NewStub(
             grpc::CreateChannel(bench.service, grpc::InsecureChannelCredentials()))
      ->CreateSubscription(NewContext().get(), request, &created)
      .ok();
}

// Acknowledges what it is told until its call is cancelled, and adds up what is kept.
void Consume(const Bench& bench, const Way& way, int number, grpc::ClientContext* context,
             std::atomic<int64_t>* kept) {
  grpc::ChannelArguments arguments;
  arguments.SetInt("bench.consumer", number);  // a connection of its own
  const auto stub = v1::SubscriptionService::NewStub(
      grpc::CreateCustomChannel(bench.service, grpc::InsecureChannelCredentials(), arguments));
  const auto stream = stub->ConsumeAlerts(context);
  v1::ConsumeAlertsRequest open;
  open.mutable_open()->set_subscription(way.subscription);
  open.mutable_open()->set_share(way.shared);
  open.mutable_open()->mutable_window()->set_alerts(kMostInFlight / way.consumers);
  stream->Write(open);
  v1::ConsumeAlertsResponse message;
  uint64_t through = 0;
  while (stream->Read(&message)) {
    if (way.shared) {
      *kept += message.kept().deliveries_size();
    } else if (message.kept().through() > through) {
      *kept += static_cast<int64_t>(message.kept().through() - through);
      through = message.kept().through();
    }
    const uint64_t end = message.first_delivery() + static_cast<uint64_t>(message.updates_size());
    v1::ConsumeAlertsRequest request;
    if (!way.singly && message.updates_size() > 0) {
      request.mutable_acknowledge()->set_through(end - 1);
      stream->Write(request);
      continue;
    }
    for (uint64_t delivery = message.first_delivery(); delivery < end; ++delivery) {
      request.mutable_acknowledge()->add_deliveries(delivery);
      if (request.acknowledge().deliveries_size() < kSingles && delivery + 1 < end) continue;
      stream->Write(request);
      request.Clear();
    }
  }
  stream->Finish();
}

// Alerts a second that are told, acknowledged and kept; nothing when that did not come to an end.
std::optional<double> PerSecond(const Bench& bench, const Way& way) {
  std::vector<std::unique_ptr<grpc::ClientContext>> contexts;
  std::vector<std::thread> consumers;
  std::atomic<int64_t> kept = 0;
  const absl::Time begun = absl::Now();
  for (int i = 0; i < way.consumers; ++i) {
    contexts.push_back(NewContext());
    consumers.emplace_back(Consume, std::cref(bench), std::cref(way), i, contexts.back().get(),
                           &kept);
  }
  const bool all = WaitForCount(kept, kAlerts, kPatience);
  const absl::Duration took = absl::Now() - begun;
  for (const auto& context : contexts) context->TryCancel();
  for (std::thread& consumer : consumers) consumer.join();
  if (!all) return std::nullopt;
  return static_cast<double>(kAlerts) / absl::ToDoubleSeconds(took);
}

}  // namespace

void MeasureAcknowledgements(const Bench& bench, Report* report) {
  const Way together{.subscription = "bench"};
  const Way singly{.subscription = "bench-singly", .singly = true};
  if (!Create(bench, together) || !Create(bench, singly)) return;
  if (!FillLedger(bench.service, kAlerts)) return;
  if (const auto rate = PerSecond(bench, together)) {
    report->Add("acknowledged_per_second",
                "alerts of one subscription told, acknowledged up to the newest and kept", *rate,
                "/s");
  }
  if (const auto rate = PerSecond(bench, singly)) {
    report->Add("acknowledged_singly_per_second",
                "alerts of one subscription told, acknowledged one by one and kept", *rate, "/s");
  }
}

void MeasureSharing(const Bench& bench, Report* report) {
  const Way exclusive{.subscription = "sharing-reference", .singly = true};
  const Way by_one{.subscription = "sharing-1", .consumers = 1, .shared = true, .singly = true};
  const Way by_eight{.subscription = "sharing-8", .consumers = 8, .shared = true, .singly = true};
  for (const Way& way : {exclusive, by_one, by_eight}) {
    if (!Create(bench, way)) return;
  }
  if (!FillLedger(bench.service, kAlerts)) return;
  const auto reference = PerSecond(bench, exclusive);
  const auto one = PerSecond(bench, by_one);
  const auto eight = PerSecond(bench, by_eight);
  if (!reference.has_value() || !one.has_value() || !eight.has_value()) return;
  report->Add("exclusive_acknowledged_per_second",
              "alerts of an exclusive subscription acknowledged one by one and kept", *reference,
              "/s");
  report->Add("shared_by_1_acknowledged_per_second",
              "the same of a shared subscription with one consumer", *one, "/s");
  report->Add("shared_by_8_acknowledged_per_second",
              "the same of a shared subscription with eight consumers", *eight, "/s");
  report->Add("shared_by_1_vs_exclusive", "shared by one / exclusive", *one / *reference, "x");
  report->Add("shared_by_8_vs_exclusive", "shared by eight / exclusive", *eight / *reference, "x");
}

}  // namespace supervision::bench
