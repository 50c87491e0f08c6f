#include "services/ledger/epochs.h"

#include <memory>
#include <utility>

#include "services/domain/error.h"
#include "services/ledger/scripts.h"

namespace supervision::ledger {

void ReadMetas(Context* context, redis::Client* client, absl::Duration timeout,
               std::function<void(absl::StatusOr<std::vector<PartitionMeta>>)> callback) {
  const bool with_told = context->options->replicas > 0;
  const int partitions = context->descriptor.partitions;
  std::vector<redis::Command> commands;
  for (int partition = 0; partition < partitions; ++partition) {
    // What is confirmed is asked first: it is then never beyond the end that is read behind it.
    if (with_told) commands.push_back(ReadTold(context->keys, partition));
    commands.push_back(ReadMeta(context->keys, partition));
  }
  client->SendAll(
      std::move(commands), timeout,
      [context, with_told, partitions, callback](std::vector<redis::Result> results) {
        std::vector<PartitionMeta> metas;
        for (const redis::Result& result : results) {
          if (!result.ok()) return callback(result.failure().ToStatus());
        }
        const int step = with_told ? 2 : 1;
        for (int partition = 0; partition < partitions; ++partition) {
          const redis::Result* const told = with_told ? &results[partition * step] : nullptr;
          std::optional<PartitionMeta> meta = ParseMeta(results[partition * step + step - 1], told);
          if (!meta.has_value()) {
            context->log->Error("ledger.meta_damaged", {{"partition", int64_t{partition}}});
            return callback(domain::MakeError(domain::Reason::kInternal));
          }
          context->Learn(partition, *meta);
          metas.push_back(*std::move(meta));
        }
        callback(std::move(metas));
      });
}

bool IsBeyond(const Board::Witness& place, const PartitionMeta& meta) {
  return place.epoch > meta.epochs.current() ||
         (place.epoch == meta.epochs.current() && place.position > meta.end);
}

namespace {

// The partitions of which it says that something may be lost; the script looks again.
std::vector<int> Doubtful(const std::vector<PartitionMeta>& metas, const Evidence& evidence) {
  std::vector<int> doubtful;
  for (size_t p = 0; p < metas.size(); ++p) {
    const PartitionMeta& meta = metas[p];
    const Board::Witness witness =
        evidence.witnesses.empty() ? Board::Witness() : evidence.witnesses[p];
    const bool new_sign = !evidence.sign.empty() && evidence.sign != meta.sign;
    if (IsBeyond(witness, meta) || new_sign) doubtful.push_back(static_cast<int>(p));
  }
  return doubtful;
}

}  // namespace

void CheckHistory(Context* context, Evidence evidence, absl::Duration timeout,
                  redis::Client::ConnectionNumber on,
                  std::function<void(absl::StatusOr<std::vector<PartitionMeta>>)> callback) {
  const auto judge = [context, evidence = std::move(evidence), timeout, on,
                      callback](const absl::StatusOr<std::vector<PartitionMeta>>& metas) {
    if (!metas.ok()) return callback(metas.status());
    const std::vector<int> doubtful = Doubtful(*metas, evidence);
    if (doubtful.empty()) return callback(*metas);
    struct Progress {
      size_t open = 0;
      absl::Status status;
    };
    auto progress = std::make_shared<Progress>();
    progress->open = doubtful.size();
    for (const int partition : doubtful) {
      const Board::Witness witness =
          evidence.witnesses.empty() ? Board::Witness() : evidence.witnesses[partition];
      context->commit->Run(
          EpochScript(), {context->keys.Meta(partition), context->keys.Told(partition)},
          {std::to_string(witness.epoch), std::to_string(witness.position), evidence.sign}, timeout,
          [context, progress, timeout, callback](const redis::Result& result) {
            if (!result.ok()) progress->status = result.failure().ToStatus();
            if (--progress->open > 0) return;
            if (!progress->status.ok()) return callback(progress->status);
            ReadMetas(context, context->commit, timeout, callback);
          },
          on);
    }
  };
  ReadMetas(context, context->commit, timeout, judge);
}

}  // namespace supervision::ledger
