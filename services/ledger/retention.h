#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "services/ledger/context.h"

namespace supervision::ledger {

// Trims the logs by age and by bytes, piece by piece, each piece with its gap record in the same
// script. Of several replicas the one that holds a partition's lease does it. What replicas have
// not confirmed is never trimmed. On the loop's thread.
class Retention {
 public:
  explicit Retention(Context* context);

  void Start();  // a round now and then one each interval
  void Stop();

 private:
  // The trimming of one partition: lease, the first entry that is young enough, then pieces.
  struct Round;

  void RunRound(int partition);
  void ReadMetaOf(int partition, std::function<void(const std::optional<PartitionMeta>&)> use);
  void FindAge(const std::shared_ptr<Round>& round);
  void Trim(const std::shared_ptr<Round>& round);
  void Next(int partition);

  Context* const context_;
  const std::string holder_;
  bool stopped_ = true;
  std::unique_ptr<redis::Loop::Timer> timer_;
};

}  // namespace supervision::ledger
