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

void CheckHistory(Context* context, Evidence evidence, absl::Duration timeout,
                  std::function<void(absl::StatusOr<std::vector<PartitionMeta>>)> callback) {
  struct Progress {
    int open = 0;
    absl::Status status;
  };
  auto progress = std::make_shared<Progress>();
  progress->open = context->descriptor.partitions;
  for (int partition = 0; partition < context->descriptor.partitions; ++partition) {
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
        });
  }
}

}  // namespace supervision::ledger
