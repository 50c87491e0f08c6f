// How a process learns of the silences that others have made.

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "services/ledger/silences.h"

namespace supervision::ledger {
namespace {

constexpr absl::Duration kLookEvery = absl::Milliseconds(500);
constexpr size_t kAtOnce = 1000;

}  // namespace

void Silences::Start() {
  if (!stopped_) return;
  stopped_ = false;
  LookLater();
}

void Silences::Stop() {
  stopped_ = true;
  timer_.reset();
}

void Silences::LookLater() {
  if (stopped_) return;
  timer_ = context_->loop->RunAfter(kLookEvery,
                                    [this] { Load([this](const absl::Status&) { LookLater(); }); });
}

// Asks for what came behind the newest revision that is known, and whether that revision is still
// there: where it is not, Redis has lost some, and everything is read anew.
void Silences::Load(std::function<void(absl::Status)> callback) {
  if (last_id_.empty()) {
    anew_ = true;
    return ReadChanges(std::move(callback));
  }
  context_->read->Send(
      {"ZSCORE", context_->keys.SilenceRevisions(), last_id_}, context_->options->command_timeout,
      [this, callback = std::move(callback)](const redis::Result& result) mutable {
        if (!result.ok()) return callback(result.failure().ToStatus());
        if (result.reply().is_nil() ||
            std::strtoll(result.reply().text.c_str(), nullptr, 10) < last_revision_) {
          anew_ = true;
          last_revision_ = 0;
        }
        ReadChanges(std::move(callback));
      });
}

void Silences::ReadChanges(std::function<void(absl::Status)> callback) {
  context_->read->Send(
      {"ZRANGEBYSCORE", context_->keys.SilenceRevisions(), "(" + std::to_string(last_revision_),
       "+inf", "WITHSCORES", "LIMIT", "0", std::to_string(kAtOnce)},
      context_->options->command_timeout,
      [this, callback = std::move(callback)](const redis::Result& result) mutable {
        if (!result.ok()) return callback(result.failure().ToStatus());
        TakeChanges(result.reply(), std::move(callback));
      });
}

// `ids`, each with its revision.
void Silences::TakeChanges(const redis::Reply& ids, std::function<void(absl::Status)> callback) {
  const size_t count = ids.elements.size() / 2;
  if (count == 0) {
    const absl::Time now = context_->clock->Now();
    context_->silences->Learn({}, anew_, now);
    if (anew_ && last_revision_ == 0) last_id_.clear();
    anew_ = false;
    context_->metrics->silences.Set(static_cast<double>(context_->silences->ActiveAt(now)));
    return callback(absl::OkStatus());
  }
  redis::Command read = {"HMGET", context_->keys.Silences()};
  for (size_t i = 0; i < count; ++i) read.push_back(ids.elements[2 * i].text);
  const std::vector<std::string> read_ids(read.begin() + 2, read.end());
  const std::string last_id = ids.elements[2 * count - 2].text;
  const int64_t revision = std::strtoll(ids.elements[2 * count - 1].text.c_str(), nullptr, 10);
  context_->read->Send(
      std::move(read), context_->options->command_timeout,
      [this, read_ids, last_id, revision,
       callback = std::move(callback)](const redis::Result& result) mutable {
        if (!result.ok()) return callback(result.failure().ToStatus());
        std::vector<domain::Silence> silences;
        const std::vector<redis::Reply>& found = result.reply().elements;
        for (size_t i = 0; i < found.size() && i < read_ids.size(); ++i) {
          const redis::Reply& bytes = found[i];
          if (bytes.is_nil()) continue;
          if (std::optional<SilenceRecord> record = DecodeSilence(bytes.text)) {
            silences.push_back(std::move(record->silence));
          } else {
            context_->log->Error("ledger.silence_damaged", {{"silence", read_ids[i]}});
          }
        }
        context_->silences->Learn(std::move(silences), anew_, context_->clock->Now());
        anew_ = false;
        last_id_ = last_id;
        last_revision_ = revision;
        ReadChanges(std::move(callback));
      });
}

}  // namespace supervision::ledger
