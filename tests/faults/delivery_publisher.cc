#include "tests/faults/delivery_publisher.h"

#include <array>
#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "tests/faults/workers.h"

namespace supervision::faults {
namespace {

// "c", two hexadecimal digits of the partition, and the rest.
int PartitionOf(const std::string& clue_id) {
  return static_cast<int>(std::strtol(clue_id.substr(1, 2).c_str(), nullptr, 16));
}

}  // namespace

v1::SubmitClueRequest DeliveryPublisher::RequestOf(const Clue& clue) const {
  v1::SubmitClueRequest request = MakeRequest(clue.record);
  request.mutable_clue()->set_region_code(clue.region);
  request.mutable_clue()->mutable_reported_unit()->set_name(name_);
  return request;
}

bool DeliveryPublisher::Take(absl::StatusOr<v1::ClueReceipt> receipt, Clue* clue,
                             std::optional<std::string> before, bool withdrawn) {
  if (!receipt.ok()) {
    callbacks_.on_problem(std::string(receipt.status().message()));
    return false;
  }
  clue->receipt = *std::move(receipt);
  const std::string& id = clue->receipt.clue_id();
  published_.push_back(
      {{id, clue->receipt.version()}, PartitionOf(id), clue->region, std::move(before), withdrawn});
  counts_.answered = published_.size();
  return true;
}

void DeliveryPublisher::Publish(const std::string& region) {
  callbacks_.before();
  Clue clue;
  clue.record = absl::StrCat(name_, "-", published_.size());
  clue.region = region;
  ++counts_.begun;
  if (Take(calls_->Submit(RequestOf(clue)), &clue, std::nullopt)) {
    revisable_.push_back(std::move(clue));
  }
}

// A new version of one of the clues, as often as not of another region: whoever saw it and does
// not see the new one is told that it has left.
void DeliveryPublisher::Revise() {
  if (revisable_.empty()) return;
  callbacks_.before();
  Clue& clue = revisable_[static_cast<size_t>(Draw(static_cast<int>(revisable_.size())))];
  const std::string before = clue.region;
  if (Draw(4) > 0) clue.region = AnyRegion();
  v1::ReviseClueRequest request;
  *request.mutable_clue() = RequestOf(clue).clue();
  request.set_request_id(absl::StrCat("revision-", clue.record, "-", clue.receipt.version()));
  request.set_clue_id(clue.receipt.clue_id());
  request.set_etag(clue.receipt.etag());
  request.mutable_clue()->set_title(absl::StrCat("夜间强制拆除，补充", clue.receipt.version()));
  ++counts_.begun;
  if (Take(calls_->Revise(request), &clue, before)) callbacks_.on_changed("revised");
}

// Takes one of the clues back: whoever saw it is told so, and nobody else.
void DeliveryPublisher::Withdraw() {
  if (revisable_.empty()) return;
  callbacks_.before();
  const auto clue = revisable_.begin() + Draw(static_cast<int>(revisable_.size()));
  v1::WithdrawClueRequest request;
  request.set_request_id(absl::StrCat("withdrawal-", clue->record));
  request.set_clue_id(clue->receipt.clue_id());
  request.set_etag(clue->receipt.etag());
  request.set_reason("重复登记");
  ++counts_.begun;
  if (Take(calls_->Withdraw(request), &*clue, clue->region, true)) {
    callbacks_.on_changed("withdrawn");
  }
  revisable_.erase(clue);
}

std::string DeliveryPublisher::AnyRegion() {
  const std::array<const char*, 5> regions = {regions_.core, regions_.near, regions_.far,
                                              regions_.core, kNobodys};
  return regions[static_cast<size_t>(Draw(5))];
}

void DeliveryPublisher::PublishSome(int count) {
  for (int i = 0; i < count; ++i) {
    switch (Draw(8)) {
      case 0:
      case 1:
        Revise();
        break;
      case 2:
        Withdraw();
        break;
      default:
        Publish(AnyRegion());
    }
  }
}

}  // namespace supervision::faults
