#include "services/ledger/retention.h"

#include <algorithm>
#include <utility>

#include "services/base/hash.h"
#include "services/base/hex.h"
#include "services/ledger/age_search.h"
#include "services/ledger/scripts.h"

namespace supervision::ledger {
namespace {

constexpr int kPieceEntries = 500;  // trimmed in one script call
constexpr size_t kHolderBytes = 16;
constexpr absl::Duration kLeastLease = absl::Seconds(10);

}  // namespace

struct Retention::Round {
  int partition = 0;
  int64_t fence = 0;
  int64_t first_young = 1;  // the first entry that is young enough
  int64_t last_allowed = 0;
};

Retention::Retention(Context* context, SubscriptionWatch* watch)
    : context_(context), watch_(watch), holder_(base::HexEncode(base::RandomBytes(kHolderBytes))) {}

void Retention::Start() {
  if (!stopped_) return;
  stopped_ = false;
  RunRound(0);
}

void Retention::Stop() {
  stopped_ = true;
  watch_->Stop();
  timer_.reset();
}

void Retention::Next(int partition) {
  if (stopped_) return;
  if (partition + 1 < context_->descriptor.partitions) return RunRound(partition + 1);
  if (leads_) return watch_->Look([this] { RunRoundLater(); });
  watch_->Rest();
  RunRoundLater();
}

void Retention::RunRoundLater() {
  if (stopped_) return;
  timer_ = context_->loop->RunAfter(context_->options->retention_interval, [this] { RunRound(0); });
}

void Retention::RunRound(int partition) {
  if (stopped_) return;
  auto round = std::make_shared<Round>();
  round->partition = partition;
  const absl::Duration lease = std::max(3 * context_->options->retention_interval, kLeastLease);
  context_->RunAdmitted(
      LeaseScript(), {context_->keys.Lease(partition)},
      {holder_, std::to_string(absl::ToInt64Milliseconds(lease))},
      context_->options->command_timeout, [this, round](const redis::Result& leased) {
        if (stopped_) return;
        if (!leased.ok()) {
          context_->log->Warning("ledger.trim_failed",
                                 {{"partition", int64_t{round->partition}},
                                  {"why", std::string_view(leased.failure().text)}});
        }
        round->fence = leased.ok() ? leased.reply().integer : 0;
        if (round->partition == 0) leads_ = round->fence != 0;
        if (round->fence == 0) return Next(round->partition);
        ReadMetaOf(round->partition, [this, round](const std::optional<PartitionMeta>& meta) {
          if (!meta.has_value()) return Next(round->partition);
          round->last_allowed = meta->confirmed;
          AgeSearch search;
          search.partition = round->partition;
          search.low = meta->earliest;
          search.high = meta->confirmed + 1;
          search.since = context_->clock->Now() - context_->options->log_age;
          FindFirstSince(context_, search, [this, round](std::optional<int64_t> young) {
            if (stopped_) return;
            if (!young.has_value()) return Next(round->partition);
            round->first_young = *young;
            Trim(round);
          });
        });
      });
}

void Retention::ReadMetaOf(int partition,
                           std::function<void(const std::optional<PartitionMeta>&)> use) {
  const bool with_told = context_->options->replicas > 0;
  std::vector<redis::Command> commands;
  if (with_told) commands.push_back(ReadTold(context_->keys, partition));
  commands.push_back(ReadMeta(context_->keys, partition));
  context_->read->SendAll(
      std::move(commands), context_->options->command_timeout,
      [this, partition, with_told, use](const std::vector<redis::Result>& results) {
        if (stopped_) return;
        const std::optional<PartitionMeta> meta =
            ParseMeta(results.back(), with_told ? &results[0] : nullptr);
        if (meta.has_value()) context_->Learn(partition, *meta);
        use(meta);
      });
}

void Retention::Trim(const std::shared_ptr<Round>& round) {
  const int p = round->partition;
  context_->RunAdmitted(
      TrimScript(), {context_->keys.Lease(p), context_->keys.Meta(p), context_->keys.Log(p)},
      {std::to_string(round->fence), std::to_string(round->first_young),
       std::to_string(context_->options->log_bytes), std::to_string(round->last_allowed),
       std::to_string(kPieceEntries), std::to_string(absl::ToUnixMicros(context_->clock->Now()))},
      context_->options->command_timeout, [this, round, p](const redis::Result& result) {
        if (stopped_) return;
        if (!result.ok() || result.reply().elements.size() != 3) {
          if (!result.ok()) {
            context_->log->Warning(
                "ledger.trim_failed",
                {{"partition", int64_t{p}}, {"why", std::string_view(result.failure().text)}});
          }
          return Next(p);
        }
        const int64_t trimmed = result.reply().elements[0].integer;
        if (trimmed <= 0) return Next(p);
        const int64_t first = result.reply().elements[1].integer;
        context_->metrics->trimmed_entries.Increment(static_cast<double>(trimmed));
        context_->log->Debug("ledger.trimmed", {{"partition", int64_t{p}},
                                                {"entries", trimmed},
                                                {"first", first},
                                                {"bytes", result.reply().elements[2].integer}});
        ReadMetaOf(p, [](const std::optional<PartitionMeta>&) {});  // for the figures
        Trim(round);
      });
}

}  // namespace supervision::ledger
