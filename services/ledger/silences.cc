#include "services/ledger/silences.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "services/base/hash.h"
#include "services/base/hex.h"
#include "services/domain/error.h"
#include "services/ledger/scripts.h"
#include "services/ledger/sealed_text.h"

namespace supervision::ledger {
namespace {

using domain::MakeError;
using domain::Reason;

constexpr absl::Duration kKeepEnded = absl::Hours(24 * 180);
constexpr size_t kMostLookedAt = 2000;  // by one page of a list
constexpr size_t kIdBytes = 16;
// How often a change is tried while others change the silence.
constexpr int kChangeTries = 3;
constexpr std::string_view kTokenPurpose = "silences";

// As silence.lua answers.
absl::Status Refusal(int64_t answer) {
  switch (answer) {
    case 1:
      return MakeError(Reason::kEtagMismatch);
    case 2:
    case 3:
      return MakeError(Reason::kTooManySilences);
    case 4:
      return MakeError(Reason::kSilenceNotFound);
    default:
      return MakeError(Reason::kInternal);
  }
}

void Add(std::string_view value, std::string* text) {
  *text += std::to_string(value.size());
  *text += ':';
  *text += value;
}

// Everything that a caller decided but when it asked: an end that was given as a duration differs a
// little in a repeat.
std::string DigestOf(const domain::Silence& silence) {
  std::string text = domain::ViewKey({}, silence.matcher);
  Add(silence.alert_id, &text);
  Add(silence.reason, &text);
  for (const std::string& receiver : silence.receivers) Add(receiver, &text);
  return base::Prefix(base::Sha256(text), kIdBytes);
}

// Each author has request_ids of its own.
std::string NewId(const std::string& secret, const std::string& author,
                  const std::string& request_id) {
  if (request_id.empty()) return "s" + base::HexEncode(base::RandomBytes(kIdBytes));
  std::string text = "silence;";
  Add(author, &text);
  Add(request_id, &text);
  return "s" + base::HexEncode(base::Prefix(base::HmacSha256(secret, text), kIdBytes));
}

absl::Time Micros(absl::Time time) { return absl::FromUnixMicros(absl::ToUnixMicros(time)); }

}  // namespace

void Silences::Create(SilenceDraft draft, SilenceQuota quota, absl::Duration timeout,
                      Callback<domain::Silence> callback) {
  SilenceRecord record;
  record.silence = std::move(draft.silence);
  domain::Silence& silence = record.silence;
  silence.id = NewId(context_->descriptor.secret, silence.author, draft.request_id);
  silence.scope = draft.scope;
  silence.created_at = Micros(context_->clock->Now());
  silence.ends_at = Micros(silence.ends_at);
  record.request_digest = DigestOf(silence);
  const std::string digest = record.request_digest;
  const std::string id = silence.id;
  const Deadline deadline(timeout);
  Put(std::move(record), "", quota, deadline,
      [this, id, digest, deadline, callback](absl::StatusOr<domain::Silence> made) {
        if (made.ok() || !domain::HasReason(made.status(), Reason::kEtagMismatch)) {
          return callback(std::move(made));
        }
        AnswerAgain(id, digest, deadline, callback);  // it was made before
      });
}

void Silences::Repeat(const SilenceDraft& draft, Deadline deadline,
                      Callback<domain::Silence> callback) {
  AnswerAgain(NewId(context_->descriptor.secret, draft.silence.author, draft.request_id),
              DigestOf(draft.silence), deadline, std::move(callback));
}

void Silences::AnswerAgain(const std::string& id, const std::string& digest, Deadline deadline,
                           Callback<domain::Silence> callback) {
  Read(id, deadline, [digest, callback = std::move(callback)](absl::StatusOr<Found> found) {
    if (!found.ok()) return callback(found.status());
    if (found->record.request_digest != digest) {
      return callback(MakeError(Reason::kIdempotencyKeyReused));
    }
    callback(std::move(found->record.silence));
  });
}

void Silences::Put(SilenceRecord record, const std::string& expected, SilenceQuota quota,
                   Deadline deadline, Callback<domain::Silence> callback) {
  const domain::Silence& silence = record.silence;
  const Keys& keys = context_->keys;
  std::vector<std::string> arguments = {silence.id,
                                        EncodeSilence(record, expected),
                                        std::to_string(absl::ToUnixMillis(silence.ends_at)),
                                        expected,
                                        std::to_string(quota.of_author),
                                        std::to_string(quota.of_all),
                                        std::to_string(absl::ToInt64Milliseconds(kKeepEnded))};
  context_->RunAdmitted(
      SilenceScript(),
      {keys.Silences(), keys.SilenceRevisions(), keys.SilenceEnds(),
       keys.SilencesOf(Keys::Digest("owner;" + silence.author))},
      arguments, deadline.left(),
      [this, silence, callback = std::move(callback)](const redis::Result& result) {
        if (!result.ok()) return callback(result.failure().ToStatus());
        const std::vector<redis::Reply>& words = result.reply().elements;
        if (words.empty() || words[0].integer != 0) {
          return callback(Refusal(words.empty() ? -1 : words[0].integer));
        }
        context_->silences->Learn({silence}, false, context_->clock->Now());
        callback(silence);
      });
}

void Silences::Read(const std::string& id, Deadline deadline, Callback<Found> callback) {
  context_->read->Send({"HGET", context_->keys.Silences(), id}, deadline.left(),
                       [callback = std::move(callback)](const redis::Result& result) {
                         if (!result.ok()) return callback(result.failure().ToStatus());
                         if (result.reply().is_nil()) {
                           return callback(MakeError(Reason::kSilenceNotFound));
                         }
                         std::optional<SilenceRecord> record = DecodeSilence(result.reply().text);
                         if (!record.has_value()) return callback(MakeError(Reason::kInternal));
                         callback(Found{*std::move(record), result.reply().text});
                       });
}

void Silences::Get(const std::string& id, SilenceDesk::MayRead may_read, absl::Duration timeout,
                   Callback<domain::Silence> callback) {
  Read(id, Deadline(timeout), [may_read, callback](absl::StatusOr<Found> found) {
    if (!found.ok()) return callback(found.status());
    if (!may_read(found->record.silence)) return callback(MakeError(Reason::kSilenceNotFound));
    callback(std::move(found->record.silence));
  });
}

void Silences::Change(SilenceChange change, absl::Duration timeout,
                      Callback<domain::Silence> callback) {
  if (!change.request_id.empty()) {
    change.id = NewId(context_->descriptor.secret, change.by, change.request_id);
  }
  ChangeNow(std::move(change), Deadline(timeout), std::move(callback), kChangeTries);
}

void Silences::ChangeNow(SilenceChange change, Deadline deadline,
                         Callback<domain::Silence> callback, int tries) {
  const std::string id = change.id;
  Read(id, deadline,
       [this, change = std::move(change), deadline, callback,
        tries](absl::StatusOr<Found> found) mutable {
         if (!found.ok()) return callback(found.status());
         domain::Silence& silence = found->record.silence;
         if (!change.may(silence)) return callback(MakeError(Reason::kSilenceNotFound));
         const absl::Time now = Micros(context_->clock->Now());
         const bool ended = silence.ends_at <= now;
         if (change.ends_at.has_value()) {
           if (ended) return callback(MakeError(Reason::kSilenceEnded));
           if (*change.ends_at <= silence.ends_at) return callback(std::move(silence));
           silence.ends_at = Micros(*change.ends_at);
         } else {
           if (ended) return callback(std::move(silence));
           silence.ends_at = now;
           silence.ended_by = change.by;
         }
         Put(std::move(found->record), found->bytes, {}, deadline,
             [this, change = std::move(change), deadline, callback,
              tries](absl::StatusOr<domain::Silence> changed) mutable {
               // The caller named no version: what it asks is asked of the silence as it is now.
               if (tries > 1 && domain::HasReason(changed.status(), Reason::kEtagMismatch)) {
                 return ChangeNow(std::move(change), deadline, callback, tries - 1);
               }
               callback(std::move(changed));
             });
       });
}

void Silences::List(SilenceQuery query, absl::Duration timeout, Callback<SilencePage> callback) {
  ListPlace place;
  if (!query.page_token.empty()) {
    const std::optional<Unsealed> token =
        Unseal(context_->descriptor.secret, kTokenPurpose, query.page_token);
    const size_t comma = token.has_value() ? token->bytes.find(',') : std::string::npos;
    if (comma == std::string::npos || !token->genuine) {
      return context_->loop->Post([callback] { callback(MakeError(Reason::kPageTokenInvalid)); });
    }
    place.from = token->bytes.substr(0, comma);
    place.behind = token->bytes.substr(comma + 1);
  }
  const absl::Time now = context_->clock->Now();
  place.until = query.ended_too ? "-inf" : "(" + std::to_string(absl::ToUnixMillis(now));
  ReadEnds(std::move(query), std::move(place), kMostLookedAt, Deadline(timeout),
           std::move(callback));
}

// Those that end together have one score in Redis, so that the place may lie behind as many of them
// as are read: then more are, from their first on, since what changes meanwhile moves them.
void Silences::ReadEnds(SilenceQuery query, ListPlace place, size_t most, Deadline deadline,
                        Callback<SilencePage> callback) {
  redis::Command read = {"ZREVRANGEBYSCORE",
                         context_->keys.SilenceEnds(),
                         place.from,
                         place.until,
                         "WITHSCORES",
                         "LIMIT",
                         "0",
                         std::to_string(most)};
  context_->read->Send(std::move(read), deadline.left(),
                       [this, query = std::move(query), place = std::move(place), most, deadline,
                        callback = std::move(callback)](const redis::Result& result) mutable {
                         if (!result.ok()) return callback(result.failure().ToStatus());
                         const std::vector<redis::Reply>& found = result.reply().elements;
                         const bool all = found.size() < 2 * most;
                         std::vector<Ending> candidates;
                         for (size_t i = 0; i + 1 < found.size(); i += 2) {
                           // Ids that end together come in descending order.
                           if (found[i + 1].text == place.from && found[i].text >= place.behind)
                             continue;
                           candidates.push_back({found[i].text, found[i + 1].text});
                         }
                         if (candidates.empty()) {
                           if (all) return callback(SilencePage());
                           return ReadEnds(std::move(query), std::move(place), 2 * most, deadline,
                                           std::move(callback));
                         }
                         const bool more = !all || candidates.size() > kMostLookedAt;
                         if (candidates.size() > kMostLookedAt) candidates.resize(kMostLookedAt);
                         ReadListed(std::move(query), std::move(candidates), more, deadline,
                                    std::move(callback));
                       });
}

// `more`: behind these there are others.
void Silences::ReadListed(SilenceQuery query, std::vector<Ending> candidates, bool more,
                          Deadline deadline, Callback<SilencePage> callback) {
  redis::Command read = {"HMGET", context_->keys.Silences()};
  for (const Ending& candidate : candidates) read.push_back(candidate.id);
  context_->read->Send(
      std::move(read), deadline.left(),
      [this, query = std::move(query), candidates = std::move(candidates), more,
       callback = std::move(callback)](const redis::Result& records) {
        if (!records.ok()) return callback(records.failure().ToStatus());
        SilencePage page;
        const std::vector<redis::Reply>& bytes = records.reply().elements;
        size_t next = 0;
        for (; next < bytes.size() && next < candidates.size() &&
               static_cast<int>(page.silences.size()) < query.page_size;
             ++next) {
          if (bytes[next].is_nil()) continue;
          std::optional<SilenceRecord> record = DecodeSilence(bytes[next].text);
          if (!record.has_value()) {
            context_->log->Error("ledger.silence_damaged", {{"silence", candidates[next].id}});
          } else if (query.may_read(record->silence)) {
            page.silences.push_back(std::move(record->silence));
          }
        }
        if (more || next < candidates.size()) {
          const Ending& last = candidates[next - 1];
          page.next_page_token =
              Seal(context_->descriptor.secret, kTokenPurpose, last.end + "," + last.id);
        }
        callback(std::move(page));
      });
}

}  // namespace supervision::ledger
