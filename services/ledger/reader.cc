#include "services/ledger/reader.h"

#include <algorithm>
#include <utility>

#include "services/domain/alert_policy.h"
#include "services/domain/error.h"
#include "services/ledger/codec.h"
#include "services/ledger/cursor.h"
#include "services/ledger/deadline.h"
#include "services/ledger/history_walk.h"

namespace supervision::ledger {
namespace {

using domain::ErrorDetail;
using domain::MakeError;
using domain::Reason;

// Bounds of one read, whatever is asked for: one reply of Redis stays small.
constexpr int kMostEntries = 1000;
constexpr int64_t kUsualEntryBytes = 1024;

absl::Status NotFound() { return MakeError(Reason::kClueNotFound); }

}  // namespace

LogEntryPtr ReadEntry(Context* context, int partition, const redis::Reply& element) {
  if (!element.is_array() || element.elements.size() != 2) return nullptr;
  const std::optional<int64_t> position = ParsePosition(element.elements[0].text);
  const std::vector<redis::Reply>& fields = element.elements[1].elements;
  if (!position.has_value() || fields.size() < 2) return nullptr;
  auto entry = std::make_shared<LogEntry>();
  entry->partition = partition;
  entry->position = *position;
  entry->bytes = fields[1].text.size();
  std::optional<EventRecord> event = DecodeEvent(fields[1].text);
  if (event.has_value()) {
    entry->event.alert = std::move(event->summary.alert);
    entry->event.previous = std::move(event->previous);
  } else {
    context->log->Error("ledger.event_damaged",
                        {{"partition", int64_t{partition}}, {"position", *position}});
  }
  return entry;
}

void Reader::GetClue(const std::string& clue_id, domain::Scope scope, absl::Duration timeout,
                     Ledger::Callback<ClueRecord> callback) {
  const std::optional<ClueRef> clue = ParseClueId(clue_id, context_->descriptor.partitions);
  if (!clue.has_value()) {
    return context_->loop->Post([callback] { callback(NotFound()); });
  }
  const Deadline deadline(timeout);
  const std::string key = context_->keys.Clue(*clue);
  context_->read->Send(
      {"HMGET", key, "v", "l"}, timeout,
      [this, clue_id, key, scope = std::move(scope), deadline, callback](redis::Result head) {
        if (!head.ok()) return callback(head.failure().ToStatus());
        const std::vector<redis::Reply>& fields = head.reply().elements;
        if (fields.size() != 2 || fields[0].is_nil()) return callback(NotFound());
        std::optional<ClueSummary> summary = DecodeSummary(fields[1].text, clue_id);
        if (!summary.has_value()) return callback(MakeError(Reason::kInternal));
        if (!domain::Sees(scope, summary->alert.facets)) return callback(NotFound());
        // A version never changes once it is written, so it fits the summary read before.
        context_->read->Send(
            {"HGET", key, "s:" + fields[0].text}, deadline.left(),
            [this, clue_id, summary = *std::move(summary), callback](const redis::Result& body) {
              if (!body.ok()) return callback(body.failure().ToStatus());
              std::optional<VersionRecord> version = DecodeVersion(body.reply().text, clue_id);
              if (body.reply().is_nil() || !version.has_value()) {
                return callback(MakeError(Reason::kInternal));
              }
              ClueRecord record;
              record.clue = std::move(version->clue);
              record.etag = EtagOf(context_->descriptor.secret, clue_id, record.clue.version);
              if (summary.alert.version > 0) record.alert = summary.alert;
              callback(std::move(record));
            });
      });
}

void Reader::GetAlert(const std::string& alert_id, domain::Scope scope, absl::Duration timeout,
                      Ledger::Callback<domain::Alert> callback) {
  GetAlertAsTold(alert_id, std::move(scope), timeout,
                 [this, callback](absl::StatusOr<domain::Alert> alert) {
                   if (alert.ok()) {
                     context_->silences->Consider("", context_->clock->Now(), &*alert);
                   }
                   callback(std::move(alert));
                 });
}

void Reader::GetAlertAsTold(const std::string& alert_id, domain::Scope scope,
                            absl::Duration timeout, Ledger::Callback<domain::Alert> callback) {
  const std::string clue_id = domain::ClueIdOf(alert_id).value_or("");
  const std::optional<ClueRef> clue = ParseClueId(clue_id, context_->descriptor.partitions);
  if (!clue.has_value()) {
    return context_->loop->Post([callback] { callback(MakeError(Reason::kAlertNotFound)); });
  }
  context_->read->Send(
      {"HGET", context_->keys.Clue(*clue), "l"}, timeout,
      [clue_id, scope = std::move(scope), callback](const redis::Result& found) {
        if (!found.ok()) return callback(found.failure().ToStatus());
        if (found.reply().is_nil()) {
          return callback(MakeError(Reason::kAlertNotFound));
        }
        std::optional<ClueSummary> summary = DecodeSummary(found.reply().text, clue_id);
        if (!summary.has_value()) return callback(MakeError(Reason::kInternal));
        if (summary->alert.version == 0 || !domain::Sees(scope, summary->alert.facets)) {
          return callback(MakeError(Reason::kAlertNotFound));
        }
        callback(std::move(summary->alert));
      });
}

void Reader::ReadHistory(const std::string& clue_id, domain::Scope scope, absl::Duration timeout,
                         Ledger::Callback<History> callback) {
  const std::optional<ClueRef> clue = ParseClueId(clue_id, context_->descriptor.partitions);
  if (!clue.has_value()) {
    return context_->loop->Post([callback] { callback(NotFound()); });
  }
  const Deadline deadline(timeout);
  const std::string key = context_->keys.Clue(*clue);
  context_->read->Send(
      {"HGET", key, "l"}, timeout,
      [this, clue_id, key, scope = std::move(scope), deadline,
       callback](const redis::Result& head) {
        if (!head.ok()) return callback(head.failure().ToStatus());
        if (head.reply().is_nil()) return callback(NotFound());
        std::optional<ClueSummary> summary = DecodeSummary(head.reply().text, clue_id);
        if (!summary.has_value()) return callback(MakeError(Reason::kInternal));
        if (summary->alert.group != nullptr || !domain::Sees(scope, summary->alert.facets)) {
          return callback(NotFound());
        }
        const domain::Confidentiality today = summary->alert.facets.confidentiality;
        WalkHistory(
            context_->read, key, *summary, deadline,
            [scope, today, callback](absl::StatusOr<std::vector<WalkedVersion>> walked) {
              if (!walked.ok()) return callback(walked.status());
              History history;
              for (WalkedVersion& version : *walked) {
                if (!domain::Sees(scope, version.facets)) continue;
                history.versions.push_back(
                    {std::move(version.clue), std::max(version.facets.confidentiality, today)});
              }
              callback(std::move(history));
            });
      });
}

void Reader::ReadLog(const LogRequest& request, absl::Duration timeout,
                     Ledger::Callback<LogPage> callback) {
  if (request.partition < 0 || request.partition >= context_->descriptor.partitions ||
      request.after < 0) {
    return context_->loop->Post([callback] { callback(MakeError(Reason::kInternal)); });
  }
  const PartitionState state = context_->board->state(request.partition);
  const int64_t held = std::max<int64_t>(state.end - state.earliest + 1, 1);
  const int64_t usual = std::max<int64_t>(state.log_bytes / held, kUsualEntryBytes / 4);
  const int64_t fitting = static_cast<int64_t>(request.max_bytes) / usual + 1;
  const int64_t count =
      std::clamp<int64_t>(std::min<int64_t>(request.max_entries, fitting), 1, kMostEntries);
  // What is confirmed, or the end, is asked before the entries and the state behind them: so an
  // entry shown is always confirmed, and a page that lacks its first entry is explained by the
  // state, or by what was written after the entries were read.
  std::vector<redis::Command> commands;
  if (context_->options->replicas > 0) {
    commands.push_back(ReadTold(context_->keys, request.partition));
  } else {
    commands.push_back(ReadEnd(context_->keys, request.partition));
  }
  commands.push_back({"XRANGE", context_->keys.Log(request.partition),
                      std::to_string(request.after + 1) + "-0", "+", "COUNT",
                      std::to_string(count)});
  commands.push_back(ReadMeta(context_->keys, request.partition));
  context_->bulk->SendAll(std::move(commands), timeout,
                          [this, request, callback](std::vector<redis::Result> results) {
                            callback(MakePage(request, results[0], results[1], results[2]));
                          });
}

absl::StatusOr<LogPage> Reader::MakePage(const LogRequest& request, const redis::Result& before,
                                         const redis::Result& entries,
                                         const redis::Result& meta_result) {
  if (!entries.ok()) return entries.failure().ToStatus();
  if (!meta_result.ok()) return meta_result.failure().ToStatus();
  if (!before.ok()) return before.failure().ToStatus();
  const bool with_told = context_->options->replicas > 0;
  const std::optional<PartitionMeta> meta = ParseMeta(meta_result, with_told ? &before : nullptr);
  const std::optional<int64_t> was = with_told ? ParseTold(before) : ParseEnd(before);
  if (!meta.has_value() || !was.has_value()) return MakeError(Reason::kInternal);
  context_->Learn(request.partition, *meta);

  const std::optional<int64_t> lost = meta->epochs.LostFrom(request.epoch, request.after);
  if (lost.has_value()) {
    ErrorDetail detail;
    detail.reason = Reason::kHistoryLost;
    detail.metadata = {{"partition", std::to_string(request.partition)},
                       {"lost_from", std::to_string(*lost)},
                       {"lost_to", std::to_string(request.after)}};
    return MakeError(std::move(detail));
  }
  LogPage page;
  page.end = meta->confirmed;
  page.earliest = meta->earliest;
  size_t bytes = 0;
  for (const redis::Reply& element : entries.reply().elements) {
    LogEntryPtr entry = ReadEntry(context_, request.partition, element);
    if (entry == nullptr) return MakeError(Reason::kInternal);
    const int64_t expected = request.after + 1 + static_cast<int64_t>(page.entries.size());
    if (entry->position > meta->confirmed || entry->position != expected) break;
    bytes += entry->bytes;
    if (!page.entries.empty() && bytes > request.max_bytes) break;
    page.entries.push_back(std::move(entry));
  }
  if (!page.entries.empty() || request.after >= meta->confirmed) return page;
  if (request.after + 1 < meta->earliest) {
    ErrorDetail detail;
    detail.reason = Reason::kCursorTrimmed;
    detail.metadata = {{"partition", std::to_string(request.partition)},
                       {"earliest_position", std::to_string(meta->earliest)}};
    return MakeError(std::move(detail));
  }
  if (request.after >= *was) {  // all beyond was written when the entries had been read
    page.end = request.after;
    return page;
  }
  // Neither trimmed nor there: someone else has written into the ledger's keys.
  context_->log->Error("ledger.log_has_a_hole", {{"partition", int64_t{request.partition}},
                                                 {"position", request.after + 1}});
  return MakeError(Reason::kInternal);
}

}  // namespace supervision::ledger
