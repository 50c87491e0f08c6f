#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "supervision/v1/delivery_service.grpc.pb.h"
#include "tests/integration/rpc/calls.h"

namespace supervision::testing {

// A real service that is asked why somebody is told of an alert, or not.
struct DeliveryAsking {
  explicit DeliveryAsking(TestServer::Options options = {}) : server_(std::move(options)) {}

  std::string AlertOf(int number) { return AlertOf(ValidRequest(number)); }
  std::string AlertOf(const v1::SubmitClueRequest& request) {
    const Submitted submitted = Submit(*clues_, request);
    EXPECT_TRUE(submitted.status.ok()) << submitted.status.error_message();
    return submitted.receipt.alert_id();
  }
  grpc::Status Ask(const v1::ExplainDeliveryRequest& request,
                   const std::string& token = kMonitorToken) {
    answer_.Clear();
    return stub_->ExplainDelivery(Context(token).get(), request, &answer_);
  }
  static v1::ExplainDeliveryRequest About(const std::string& alert_id) {
    v1::ExplainDeliveryRequest request;
    request.set_alert_id(alert_id);
    return request;
  }
  // "SCOPE PASSES", …
  std::vector<std::string> Steps() const {
    std::vector<std::string> steps;
    for (const v1::DeliveryStep& step : answer_.steps()) {
      steps.push_back(v1::DeliveryQuestion_Name(step.question()).substr(18) + " " +
                      v1::DeliveryOutcome_Name(step.outcome()).substr(17));
    }
    return steps;
  }

  TestServer server_;
  std::unique_ptr<ClueStub> clues_ = v1::ClueService::NewStub(server_.channel());
  std::unique_ptr<v1::DeliveryService::Stub> stub_ =
      v1::DeliveryService::NewStub(server_.channel());
  v1::ExplainDeliveryResponse answer_;
};

}  // namespace supervision::testing
