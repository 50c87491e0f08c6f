#include "services/ledger/derived.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "services/domain/error.h"
#include "services/ledger/change.h"
#include "services/ledger/scripts.h"
#include "services/ledger/subscription_codec.h"

namespace supervision::ledger {
namespace {

using domain::MakeError;
using domain::Reason;

// Where routes live: what combines clues of several partitions needs one home.
constexpr int kHome = 0;
// People may take steps faster than we read and write, but not this often.
constexpr int kMostTries = 8;
// The numbers of derive.lua that DeriveResult does not have.
constexpr int64_t kMoved = 3;
// No id of a route has an '@'.
constexpr char kKeptAt[] = "@";

// "id:micros,id:micros": small, and read by people too.
std::string EncodeStarts(const RouteState& state) {
  std::string text = absl::StrCat(kKeptAt, ":", absl::ToUnixMicros(state.kept_at));
  for (const auto& [route, start] : state.starts) {
    absl::StrAppend(&text, ",", route, ":", absl::ToUnixMicros(start));
  }
  return text;
}

void DecodeStarts(const std::string& text, RouteState* state) {
  for (const absl::string_view entry : absl::StrSplit(text, ',', absl::SkipEmpty())) {
    const std::pair<std::string, std::string> parts =
        absl::StrSplit(entry, absl::MaxSplits(':', 1));
    int64_t micros = 0;
    if (!absl::SimpleAtoi(parts.second, &micros)) continue;
    const absl::Time time = absl::FromUnixMicros(micros);
    if (parts.first == kKeptAt) {
      state->kept_at = time;
    } else {
      state->starts[parts.first] = time;
    }
  }
}

std::string EncodePlace(const RouteState& state) {
  if (!state.place.has_value()) return "";
  Progress progress;
  progress.place = *state.place;
  return EncodeProgress(progress);
}

// What a script's reply says; nothing when the record has moved.
std::optional<absl::StatusOr<DeriveResult>> Read(const redis::Result& result) {
  if (!result.ok()) return result.failure().ToStatus();
  const std::vector<redis::Reply>& words = result.reply().elements;
  if (words.empty()) return MakeError(Reason::kInternal);
  if (words[0].integer == kMoved) return std::nullopt;
  if (words[0].integer > kMoved) return MakeError(Reason::kInternal);
  return static_cast<DeriveResult>(words[0].integer);
}

}  // namespace

struct Derived::Telling {
  int64_t fence = 0;
  DerivedAlert alert;
  ClueRef record;
  std::string place;
  std::string starts;
  Deadline deadline;
  Ledger::Callback<DeriveResult> callback;
  int tries = 0;
};

void Derived::Take(const std::string& holder, absl::Duration lease, Deadline deadline,
                   Ledger::Callback<RouteLease> callback) {
  context_->RunAdmitted(LeaseScript(), {context_->keys.RouteLease()},
                        {holder, std::to_string(absl::ToInt64Milliseconds(lease))}, deadline.left(),
                        [this, deadline, callback](const redis::Result& leased) {
                          if (!leased.ok()) return callback(leased.failure().ToStatus());
                          RouteLease taken;
                          taken.fence = leased.reply().integer;
                          if (taken.fence == 0) return callback(taken);
                          context_->read->Send(
                              {"HMGET", context_->keys.RouteState(), "p", "s"}, deadline.left(),
                              [this, taken, callback](const redis::Result& found) mutable {
                                if (!found.ok()) return callback(found.failure().ToStatus());
                                const std::vector<redis::Reply>& fields = found.reply().elements;
                                if (fields.size() != 2)
                                  return callback(MakeError(Reason::kInternal));
                                if (!fields[0].is_nil()) {
                                  const std::optional<Progress> progress = DecodeProgress(
                                      fields[0].text, context_->descriptor.partitions);
                                  if (progress.has_value()) taken.state.place = progress->place;
                                }
                                DecodeStarts(fields[1].text, &taken.state);
                                callback(std::move(taken));
                              });
                        });
}

void Derived::Keep(int64_t fence, const RouteState& state, Deadline deadline,
                   Ledger::Callback<DeriveResult> callback) {
  context_->RunAdmitted(DeriveScript(), {context_->keys.RouteLease(), context_->keys.RouteState()},
                        {std::to_string(fence), EncodePlace(state), EncodeStarts(state)},
                        deadline.left(), [callback](const redis::Result& result) {
                          callback(Read(result).value_or(MakeError(Reason::kInternal)));
                        });
}

void Derived::Tell(int64_t fence, DerivedAlert alert, std::optional<RouteState> state,
                   Deadline deadline, Ledger::Callback<DeriveResult> callback) {
  auto telling = std::make_shared<Telling>(
      Telling{fence, std::move(alert), {}, "", "", deadline, std::move(callback)});
  const std::string& known = telling->alert.record;
  if (known.empty()) {
    telling->record = DerivedRef(context_->descriptor.secret, kHome,
                                 telling->alert.alert.group->digest, telling->alert.trigger);
  } else if (const auto record = ParseClueId(known, context_->descriptor.partitions)) {
    telling->record = *record;
  } else {
    return telling->callback(MakeError(Reason::kInternal));
  }
  if (state.has_value()) {
    telling->place = EncodePlace(*state);
    telling->starts = EncodeStarts(*state);
  }
  Try(telling);
}

void Derived::Try(const std::shared_ptr<Telling>& telling) {
  if (++telling->tries > kMostTries) return telling->callback(MakeError(Reason::kInternal));
  context_->read->Send({"HMGET", context_->keys.Clue(telling->record), "l", "h"},
                       telling->deadline.left(),
                       [this, telling](const redis::Result& head) { Write(telling, head); });
}

void Derived::Write(const std::shared_ptr<Telling>& telling, const redis::Result& head) {
  if (!head.ok()) return telling->callback(head.failure().ToStatus());
  const std::vector<redis::Reply>& fields = head.reply().elements;
  if (fields.size() != 2) return telling->callback(MakeError(Reason::kInternal));
  std::optional<CurrentAlert> before;
  if (!fields[0].is_nil()) {
    std::optional<ClueSummary> summary = DecodeSummary(fields[0].text, telling->record.ToText());
    if (!summary.has_value()) return telling->callback(MakeError(Reason::kInternal));
    before = CurrentAlert{*std::move(summary), 0, fields[0].text};
  }
  const Change change =
      MakeDerived(context_->keys, *context_->silences->index(), telling->record,
                  telling->alert.alert, before, telling->alert.version, context_->clock->Now());
  const Keys& keys = context_->keys;
  const int p = telling->record.partition;
  std::vector<std::string> all = {keys.RouteLease(), keys.RouteState(), keys.Meta(p),
                                  keys.Log(p),       keys.Due(p),       change.clue_key};
  all.insert(all.end(), change.enter.begin(), change.enter.end());
  all.insert(all.end(), change.leave.begin(), change.leave.end());
  context_->RunAdmitted(
      DeriveScript(), all,
      {std::to_string(telling->fence), telling->place, telling->starts,
       std::to_string(telling->alert.version - 1), fields[1].is_nil() ? "0" : fields[1].text,
       std::to_string(change.order), change.clue.bytes, change.summary, change.event,
       std::to_string(change.enter.size()), change.due},
      telling->deadline.left(), [this, telling, p](const redis::Result& result) {
        std::optional<absl::StatusOr<DeriveResult>> read = Read(result);
        if (!read.has_value()) return Try(telling);
        if (read->ok() && **read == DeriveResult::kDone) committer_->ConfirmSoon(p);
        telling->callback(*std::move(read));
      });
}

}  // namespace supervision::ledger
