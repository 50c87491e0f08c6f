#include "services/ledger/tail.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "services/ledger/epochs.h"
#include "services/ledger/reader.h"

namespace supervision::ledger {
namespace {

constexpr absl::Duration kBlock = absl::Seconds(2);
// A read may stand behind another that blocks: twice kBlock.
constexpr absl::Duration kPatience = absl::Seconds(4);
constexpr absl::Duration kRetryDelay = absl::Milliseconds(50);
constexpr int kMostEntries = 256;  // of one read and partition
// While so many entries wait for replicas nothing more is read: memory stays bounded.
constexpr size_t kMostHeld = 8192;

}  // namespace

Tail::Tail(Context* context)
    : context_(context),
      with_told_(context->options->replicas > 0),
      lanes_(static_cast<size_t>(context->descriptor.partitions)) {
  for (int p = 0; p < context->descriptor.partitions; ++p) {
    logs_[context->keys.Log(p)] = p;
    tolds_[context->keys.Told(p)] = p;
  }
}

void Tail::Resume() {
  ++generation_;
  running_ = true;
  Check();
}

void Tail::Pause() {
  ++generation_;
  running_ = false;
  retry_timer_.reset();
  recheck_timer_.reset();
}

void Tail::Recheck() {
  // The read under way may block for a while; it stays valid, and what the new epoch took away
  // cannot be in it. The check is queued behind it on the same connection, so another one asks.
  if (!running_) return;
  ReadMetas(context_, context_->read, context_->options->command_timeout,
            [this, generation = generation_](const absl::StatusOr<std::vector<PartitionMeta>>& m) {
              if (!running_ || generation != generation_) return;
              if (!m.ok()) return RecheckLater();  // nobody else will ask
              ++generation_;  // the places of the read under way may be wrong now
              OnMetas(*m);
            });
}

void Tail::Stop() { Pause(); }

void Tail::Check() {
  ReadMetas(context_, context_->tail, context_->options->command_timeout,
            [this, generation = generation_](const absl::StatusOr<std::vector<PartitionMeta>>& m) {
              if (!running_ || generation != generation_) return;
              if (!m.ok()) return RetryLater();
              OnMetas(*m);
            });
}

void Tail::Place(const std::vector<PartitionMeta>& metas) {
  for (int p = 0; p < context_->descriptor.partitions; ++p) {
    Lane& lane = lanes_[p];
    if (lane.placed) continue;
    lane.placed = true;
    lane.position = metas[p].confirmed;
    lane.epoch = metas[p].epochs.current();
  }
}

void Tail::OnMetas(const std::vector<PartitionMeta>& metas) {
  Place(metas);
  for (int p = 0; p < context_->descriptor.partitions; ++p) {
    const PartitionMeta& meta = metas[p];
    Lane& lane = lanes_[p];
    if (meta.epochs.current() > lane.epoch) {
      // The lowest first position of all epochs that are new to us.
      const int64_t first = *meta.epochs.LostFrom(lane.epoch, std::numeric_limits<int64_t>::max());
      lane.epoch = meta.epochs.current();
      lane.position = std::min(lane.position, first - 1);
      while (!lane.held.empty() && lane.held.back()->position >= first) lane.held.pop_back();
      lane.told = 0;
      if (observer_ != nullptr) observer_->OnNewEpoch(p, lane.epoch, first);
    }
    // What was read and never confirmed may vanish without anybody having been told of it.
    lane.position = std::min(lane.position, meta.end);
    while (!lane.held.empty() && lane.held.back()->position > lane.position) lane.held.pop_back();
    if (lane.position + 1 < meta.earliest) {
      context_->log->Error("ledger.tail_was_overtaken_by_trimming",
                           {{"partition", int64_t{p}}, {"earliest", meta.earliest}});
      lane.position = meta.earliest - 1;
      lane.held.clear();
    }
    lane.told = std::max(lane.told, meta.confirmed);
    Release(p);
  }
  Read();
}

void Tail::Read() {
  redis::Command command = {"XREAD",
                            "COUNT",
                            std::to_string(kMostEntries),
                            "BLOCK",
                            std::to_string(absl::ToInt64Milliseconds(kBlock)),
                            "STREAMS"};
  std::vector<std::string> ids;
  for (int p = 0; p < context_->descriptor.partitions; ++p) {
    const Lane& lane = lanes_[p];
    if (lane.held.size() < kMostHeld) {
      command.push_back(context_->keys.Log(p));
      ids.push_back(std::to_string(lane.position) + "-0");
    }
    if (with_told_) {
      command.push_back(context_->keys.Told(p));
      ids.push_back(std::to_string(lane.told) + "-0");
    }
  }
  command.insert(command.end(), ids.begin(), ids.end());
  context_->tail->Send(std::move(command), kPatience + context_->options->command_timeout,
                       [this, generation = generation_](redis::Result result) {
                         if (running_ && generation == generation_) OnRead(std::move(result));
                       });
}

void Tail::OnRead(redis::Result result) {
  if (!result.ok()) return RetryLater();
  // What is confirmed first: then the entries behind it can be handed on at once.
  for (const redis::Reply& stream : result.reply().elements) {
    if (stream.elements.size() != 2 || stream.elements[1].elements.empty()) continue;
    const auto told = tolds_.find(stream.elements[0].text);
    if (told == tolds_.end()) continue;
    const redis::Reply& newest = stream.elements[1].elements.back();
    const std::optional<int64_t> position =
        newest.elements.empty() ? std::nullopt : ParsePosition(newest.elements[0].text);
    Lane& lane = lanes_[told->second];
    if (position.has_value()) lane.told = std::max(lane.told, *position);
    if (position.has_value()) context_->board->Confirm(told->second, *position);
    Release(told->second);
  }
  for (const redis::Reply& stream : result.reply().elements) {
    if (stream.elements.size() != 2) continue;
    const auto log = logs_.find(stream.elements[0].text);
    if (log != logs_.end()) TakeEntries(log->second, stream.elements[1]);
  }
  ReportLag();
  Read();
}

void Tail::TakeEntries(int partition, const redis::Reply& elements) {
  Lane& lane = lanes_[partition];
  for (const redis::Reply& element : elements.elements) {
    LogEntryPtr entry = ReadEntry(context_, partition, element);
    if (entry == nullptr) {
      context_->log->Error("ledger.log_entry_malformed", {{"partition", int64_t{partition}}});
      continue;
    }
    if (entry->position != lane.position + 1) {
      // Trimmed while we were slow, or someone else wrote into the log: it is said, and the
      // observer sees it by the positions.
      context_->log->Error("ledger.log_has_a_hole",
                           {{"partition", int64_t{partition}}, {"position", lane.position + 1}});
    }
    lane.position = entry->position;
    lane.held.push_back(std::move(entry));
  }
  context_->board->LearnEnd(partition, lane.position);
  Release(partition);
}

void Tail::Release(int partition) {
  Lane& lane = lanes_[partition];
  std::vector<LogEntryPtr> entries;
  while (!lane.held.empty() && (!with_told_ || lane.held.front()->position <= lane.told)) {
    entries.push_back(std::move(lane.held.front()));
    lane.held.pop_front();
  }
  if (entries.empty()) return;
  // What a monitor is told may never be missing later.
  context_->board->Acknowledge(partition, lane.epoch, entries.back()->position);
  context_->metrics->told_entries.Increment(static_cast<double>(entries.size()));
  if (observer_ != nullptr) observer_->OnEntries(partition, entries);
}

void Tail::RetryLater() {
  retry_timer_ = context_->loop->RunAfter(kRetryDelay, [this] {
    if (running_) Resume();
  });
}

void Tail::RecheckLater() {
  recheck_timer_ = context_->loop->RunAfter(kRetryDelay, [this] { Recheck(); });
}

void Tail::ReportLag() {
  int64_t lag = 0;
  for (int p = 0; p < context_->descriptor.partitions; ++p) {
    const Lane& lane = lanes_[p];
    const int64_t behind = context_->board->state(p).end - lane.position;
    lag += std::max<int64_t>(behind, 0) + static_cast<int64_t>(lane.held.size());
  }
  context_->metrics->tail_lag_entries.Set(static_cast<double>(lag));
}

}  // namespace supervision::ledger
