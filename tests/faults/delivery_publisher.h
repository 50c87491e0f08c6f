#pragma once

#include <functional>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "tests/faults/delivery_calls.h"
#include "tests/faults/delivery_client.h"
#include "tests/faults/delivery_oracle.h"
#include "tests/faults/lane_regions.h"

namespace supervision::faults {

// The partner of a schedule: submits clues of the lane's regions, revises and withdraws them, one
// call behind the other, and writes down what there is to be told of. For one thread.
class DeliveryPublisher {
 public:
  struct Callbacks {
    std::function<void()> before;                             // each call
    std::function<void(const std::string& what)> on_changed;  // "revised", "withdrawn"
    std::function<void(const std::string& problem)> on_problem;
  };
  // `name` is of the records, and of the unit that the clues are about.
  DeliveryPublisher(DeliveryCalls* calls, const Regions& regions, std::string name,
                    std::mt19937* random, Callbacks callbacks)
      : calls_(calls),
        regions_(regions),
        name_(std::move(name)),
        random_(random),
        callbacks_(std::move(callbacks)) {}

  // A new clue.
  void Publish(const std::string& region);
  // Whatever comes, so often.
  void PublishSome(int count);

  const std::vector<Published>& published() const { return published_; }
  const DeliveryClient::Published& counts() const { return counts_; }

 private:
  struct Clue {
    std::string record;
    std::string region;
    v1::ClueReceipt receipt;  // of the newest version
  };

  void Revise();
  void Withdraw();
  v1::SubmitClueRequest RequestOf(const Clue& clue) const;
  std::string AnyRegion();
  int Draw(int below) { return static_cast<int>((*random_)() % static_cast<uint32_t>(below)); }
  // Whether a call was answered; then it is written down with the clue as it is now.
  bool Take(absl::StatusOr<v1::ClueReceipt> receipt, Clue* clue, std::optional<std::string> before,
            bool withdrawn = false);

  DeliveryCalls* const calls_;
  const Regions& regions_;
  const std::string name_;
  std::mt19937* const random_;
  const Callbacks callbacks_;
  std::vector<Published> published_;
  DeliveryClient::Published counts_;
  std::vector<Clue> revisable_;
};

}  // namespace supervision::faults
