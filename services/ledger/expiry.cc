#include "services/ledger/expiry.h"

#include <string>
#include <utility>
#include <vector>

namespace supervision::ledger {
namespace {

// At most this many of a partition at once; the others follow an interval later.
constexpr int kAtOnce = 200;
constexpr size_t kCommands = 3;  // of each partition

}  // namespace

void Expiry::Start() {
  if (!stopped_) return;
  stopped_ = false;
  Look();
}

void Expiry::Stop() {
  stopped_ = true;
  timer_.reset();
}

void Expiry::Look() {
  const Keys& keys = context_->keys;
  const std::string now = std::to_string(absl::ToUnixMicros(context_->clock->Now()));
  const int partitions = context_->descriptor.partitions;
  std::vector<redis::Command> commands;
  for (int p = 0; p < partitions; ++p) {
    commands.push_back(
        {"ZRANGEBYSCORE", keys.Due(p), "-inf", now, "LIMIT", "0", std::to_string(kAtOnce)});
    for (const domain::AlertState state :
         {domain::AlertState::kAcknowledged, domain::AlertState::kResolved}) {
      commands.push_back({"ZCARD", keys.Later(p, keys.State(p, state))});
    }
  }
  context_->read->SendAll(
      std::move(commands), context_->options->command_timeout,
      [this, partitions](const std::vector<redis::Result>& results) {
        if (stopped_) return;
        timer_ = context_->loop->RunAfter(context_->options->expiry_interval, [this] { Look(); });
        int64_t acknowledged = 0;
        int64_t resolved = 0;
        for (int p = 0; p < partitions; ++p) {
          const redis::Result* const answers = &results[kCommands * static_cast<size_t>(p)];
          if (!answers[0].ok() || !answers[1].ok() || !answers[2].ok()) return;
          acknowledged += answers[1].reply().integer;
          resolved += answers[2].reply().integer;
          for (const redis::Reply& member : answers[0].reply().elements) {
            steps_->Expire({p, member.text}, Deadline(context_->options->command_timeout));
          }
        }
        context_->metrics->alerts_acknowledged.Set(static_cast<double>(acknowledged));
        context_->metrics->alerts_resolved.Set(static_cast<double>(resolved));
      });
}

}  // namespace supervision::ledger
