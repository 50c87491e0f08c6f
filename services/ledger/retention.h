#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "services/ledger/context.h"
#include "services/ledger/subscription_watch.h"

namespace supervision::ledger {

// Trims the logs by age and by bytes, piece by piece, each piece with its gap record in the same
// script. Of several replicas the one that holds a partition's lease does it. What replicas have
// not confirmed is never trimmed. On the loop's thread.
class Retention {
 public:
  // After each round the holder of partition 0's lease has `watch` look at the subscriptions.
  Retention(Context* context, SubscriptionWatch* watch);

  void Start();  // a round now and then one each interval
  void Stop();

 private:
  // The trimming of one partition: lease, the first entry that is young enough, then pieces.
  struct Round;

  void RunRound(int partition);
  void ReadMetaOf(int partition, std::function<void(const std::optional<PartitionMeta>&)> use);
  void Trim(const std::shared_ptr<Round>& round);
  void Next(int partition);
  void RunRoundLater();

  Context* const context_;
  SubscriptionWatch* const watch_;
  const std::string holder_;
  bool stopped_ = true;
  bool leads_ = false;  // holds the lease of partition 0
  std::unique_ptr<redis::Loop::Timer> timer_;
};

}  // namespace supervision::ledger
