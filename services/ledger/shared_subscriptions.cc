#include "services/ledger/shared_subscriptions.h"

#include <algorithm>
#include <array>
#include <tuple>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "services/domain/error.h"
#include "services/ledger/damage.h"
#include "services/ledger/scripts.h"
#include "services/ledger/share_members.h"
#include "services/ledger/sharing_codec.h"
#include "services/ledger/subscription_codec.h"
#include "services/ledger/subscriptions.h"

namespace supervision::ledger {
namespace {

using domain::MakeError;
using domain::Reason;
using What = ShareStep::What;
using Kind = ShareAnswer::Kind;

constexpr std::array<const char*, 8> kWords = {"claim",  "ack",  "extend", "reject",
                                               "return", "bury", "skip",   "clean"};
// What is settled behind the place may be this many times what may be under way.
constexpr int kBeyondFactor = 8;

std::string Millis(absl::Duration duration) {
  return std::to_string(absl::ToInt64Milliseconds(duration));
}

std::string EntryText(const EntryKey& entry) {
  return absl::StrCat(entry.first, ":", entry.second);
}

std::optional<EntryKey> EntryOf(absl::string_view text) {
  const std::vector<absl::string_view> words = absl::StrSplit(text, ':');
  EntryKey entry;
  if (words.size() != 2 || !absl::SimpleAtoi(words[0], &entry.first) ||
      !absl::SimpleAtoi(words[1], &entry.second)) {
    return std::nullopt;
  }
  return entry;
}

// The header of a call that only acts for an owner: it is no member and knows no place.
std::vector<std::string> HeaderOfAnOwner(int max_in_flight) {
  const std::string most = std::to_string(max_in_flight);
  return {"",  "0", "0",  "",  "",
          "",  "",  "",   "0", "1",
          "0", "0", most, "0", std::to_string(kMostDeadLetters),
          ""};
}

void AddStep(const ShareStep& step, absl::Time now, std::vector<std::string>* arguments) {
  arguments->emplace_back(kWords[static_cast<size_t>(step.what)]);
  arguments->push_back(EntryText(step.entry));
  switch (step.what) {
    case What::kReject:
      arguments->insert(arguments->end(),
                        {step.token, EncodeReason(step.reason), Millis(step.delay)});
      return;
    case What::kReturn:
      arguments->insert(arguments->end(),
                        {step.token, EncodeReason(step.reason), step.uncounted ? "1" : ""});
      return;
    case What::kBury: {
      DeadLetter letter = step.letter;
      letter.died_at = now;
      arguments->insert(arguments->end(),
                        {letter.id, EncodeDeadLetter(letter), step.unconditionally ? "1" : ""});
      return;
    }
    default:
      arguments->insert(arguments->end(), {step.token, "", ""});
      return;
  }
}

ShareAnswer AnswerOf(const redis::Reply& reply) {
  ShareAnswer answer;
  const auto number = [&](size_t i) {
    return i < reply.elements.size() ? reply.elements[i].integer : 0;
  };
  const int64_t kind = number(0);
  if (kind < 0 || kind > static_cast<int64_t>(Kind::kExhausted)) return answer;
  answer.kind = static_cast<Kind>(kind);
  if (answer.kind == Kind::kElsewhere || answer.kind == Kind::kWaits) {
    answer.wait = absl::Milliseconds(number(1));
  } else {
    answer.attempts = static_cast<int>(number(1));
  }
  if (answer.kind == Kind::kExhausted && reply.elements.size() == 4) {
    answer.first_at = absl::FromUnixMillis(number(2));
    answer.reason = DecodeReason(reply.elements[3].text);
  }
  return answer;
}

absl::StatusOr<ShareResult> ResultOf(const redis::Result& result, size_t steps, int partitions) {
  if (!result.ok()) return result.failure().ToStatus();
  const std::vector<redis::Reply>& words = result.reply().elements;
  if (words.empty() || words[0].elements.empty()) return MakeError(Reason::kInternal);
  const std::vector<redis::Reply>& header = words[0].elements;
  const int64_t status = header[0].integer;
  ShareResult shared;
  if (status < 0 || status > static_cast<int64_t>(ShareResult::Status::kExclusive)) return shared;
  shared.status = static_cast<ShareResult::Status>(status);
  if (header.size() != 6) return shared;
  std::optional<Place> place = DecodeSharedPlace(header[2].text, partitions);
  if (!place.has_value()) return MakeError(Reason::kSubscriptionDamaged);
  shared.place = *std::move(place);
  shared.taken = header[3].integer;
  shared.dead_letters = header[5].integer;
  if (shared.status == ShareResult::Status::kRebased) return shared;
  if (words.size() != steps + 1) return MakeError(Reason::kInternal);
  for (size_t i = 1; i < words.size(); ++i) shared.answers.push_back(AnswerOf(words[i]));
  return shared;
}

}  // namespace

std::vector<std::string> SharedSubscriptions::KeysOf(const SubscriptionKey& key) const {
  return context_->keys.SharedSubscription(Subscriptions::DigestOf(key));
}

void SharedSubscriptions::Share(ShareUpdate update, absl::Duration alive_for,
                                const std::string& replica, absl::Duration timeout,
                                Callback<ShareResult> callback) {
  const Subscription::Connection connection{
      replica, absl::FromUnixMillis(absl::ToUnixMillis(context_->clock->Now())), "", 0};
  if (update.connections.has_value()) {
    for (Subscription::Connection& one : *update.connections) one.replica = replica;
  }
  const SharingRules& rules = update.rules;
  std::vector<std::string> arguments = {
      update.member,
      update.leaves ? "0" : Millis(alive_for),
      std::to_string(update.consumers),
      EncodeConnection(connection),
      std::to_string(update.version),
      absl::StrJoin(update.epochs, ","),
      EncodeSharedPlace(update.known),
      update.place.has_value() ? EncodeSharedPlace(*update.place) : "",
      Millis(rules.lease),
      std::to_string(rules.max_attempts),
      Millis(rules.min_delay),
      Millis(rules.max_delay),
      std::to_string(rules.max_in_flight),
      std::to_string(kBeyondFactor * rules.max_in_flight),
      std::to_string(kMostDeadLetters),
      update.connections.has_value() ? EncodeConsumers(*update.connections) : ""};
  for (const ShareStep& step : update.steps) AddStep(step, context_->clock->Now(), &arguments);
  context_->RunAdmitted(ShareScript(), KeysOf(update.key), arguments, timeout,
                        [steps = update.steps.size(), partitions = context_->descriptor.partitions,
                         callback = std::move(callback)](const redis::Result& result) {
                          callback(ResultOf(result, steps, partitions));
                        });
}

void SharedSubscriptions::Look(const SubscriptionKey& key, absl::Duration timeout,
                               Callback<ShareState> callback) {
  const std::vector<std::string> keys = KeysOf(key);
  context_->read->SendAll(
      {{"TIME"},
       {"HGETALL", keys[1]},
       {"HGETALL", keys[2]},
       {"HLEN", keys[3]},
       {"HGETALL", keys[4]},
       {"HGET", keys[0], "h"},
       // Behind what lies beyond it: that is given up only once the place has passed it, so that
       // the two together never make more of what is left than there is.
       {"HGET", keys[0], "q"}},
      timeout,
      [partitions = context_->descriptor.partitions,
       callback = std::move(callback)](const std::vector<redis::Result>& results) {
        for (const redis::Result& result : results) {
          if (!result.ok()) return callback(FailureOf(result, Reason::kSubscriptionDamaged));
        }
        const redis::Reply& place = results[6].reply();
        if (place.is_nil()) return callback(MakeError(Reason::kSubscriptionNotFound));
        std::optional<Place> common = DecodeSharedPlace(place.text, partitions);
        if (!common.has_value()) return callback(MakeError(Reason::kSubscriptionDamaged));
        const int64_t now = MillisOf(results[0].reply());
        ShareState state;
        state.place = *std::move(common);
        const std::vector<redis::Reply>& taken = results[1].reply().elements;
        for (size_t i = 0; i + 1 < taken.size(); i += 2) {
          const std::optional<EntryKey> entry = EntryOf(taken[i].text);
          const std::vector<absl::string_view> words =
              absl::StrSplit(absl::string_view(taken[i + 1].text), absl::MaxSplits(':', 2));
          int64_t until = 0;
          if (!entry.has_value() || words.size() < 2 || !absl::SimpleAtoi(words[1], &until)) {
            continue;
          }
          const bool leased = words[0] == "L" && until > now;
          (leased ? state.handed_over : state.waiting).push_back(*entry);
        }
        const std::vector<redis::Reply>& beyond = results[2].reply().elements;
        for (size_t i = 0; i + 1 < beyond.size(); i += 2) {
          if (const auto entry = EntryOf(beyond[i].text)) state.beyond.push_back(*entry);
        }
        state.dead_letters = results[3].reply().integer;
        const ShareMembers members = MembersOf(results[4].reply(), now);
        state.members = members.replicas;
        state.consumers = members.consumers;
        if (!absl::SimpleAtoi(results[5].reply().text, &state.redeliveries)) state.redeliveries = 0;
        callback(std::move(state));
      });
}

void SharedSubscriptions::Rebase(const SubscriptionKey& key, const Place& known, const Place& place,
                                 const std::optional<DeadLetter>& gap, absl::Duration timeout,
                                 Callback<bool> callback) {
  const std::vector<std::string> keys = KeysOf(key);
  context_->RunAdmitted(
      RebaseScript(), {keys[0], keys[1], keys[2], keys[3]},
      {EncodeSharedPlace(known), EncodeSharedPlace(place), gap.has_value() ? gap->id : "",
       gap.has_value() ? EncodeDeadLetter(*gap) : "", std::to_string(kMostDeadLetters)},
      timeout, [callback = std::move(callback)](const redis::Result& result) {
        if (!result.ok()) return callback(result.failure().ToStatus());
        const std::vector<redis::Reply>& words = result.reply().elements;
        switch (words.empty() ? -1 : words[0].integer) {
          case 0:
            return callback(true);
          case 1:
            return callback(false);
          case 3:
            return callback(MakeError(Reason::kSubscriptionNotFound));
          case 4:
            return callback(MakeError(Reason::kSubscriptionDamaged));
          case 6:
            return callback(MakeError(Reason::kDeadLettersFull));
          default:
            return callback(MakeError(Reason::kInternal));
        }
      });
}

void SharedSubscriptions::ListLetters(const SubscriptionKey& key, absl::Duration timeout,
                                      Callback<DeadLetters> callback) {
  const std::string redis_key = KeysOf(key)[3];
  context_->read->Send(
      {"HGETALL", redis_key}, timeout,
      [this, redis_key, callback = std::move(callback)](const redis::Result& result) {
        if (!result.ok()) return callback(FailureOf(result, Reason::kSubscriptionDamaged));
        const std::vector<redis::Reply>& words = result.reply().elements;
        DeadLetters all;
        for (size_t i = 0; i + 1 < words.size(); i += 2) {
          std::optional<DeadLetter> letter = DecodeDeadLetter(words[i].text, words[i + 1].text);
          if (letter.has_value()) {
            all.letters.push_back(*std::move(letter));
          } else {
            context_->log->Error("ledger.dead_letter_damaged",
                                 {{"key", redis_key}, {"letter", words[i].text}});
            all.damaged.push_back(words[i].text);
          }
        }
        std::sort(all.letters.begin(), all.letters.end(),
                  [](const DeadLetter& a, const DeadLetter& b) {
                    return std::tie(a.died_at, a.id) < std::tie(b.died_at, b.id);
                  });
        callback(std::move(all));
      });
}

void SharedSubscriptions::Act(const SubscriptionKey& key, LetterAction action, int max_in_flight,
                              const std::vector<DeadLetter>& letters, absl::Duration timeout,
                              Callback<std::vector<LetterResult>> callback) {
  std::vector<std::string> arguments = HeaderOfAnOwner(max_in_flight);
  for (const DeadLetter& letter : letters) {
    arguments.insert(arguments.end(), {action == LetterAction::kReplay ? "replay" : "drop",
                                       EntryText(letter.entry), letter.id, "", ""});
  }
  context_->RunAdmitted(
      ShareScript(), KeysOf(key), arguments, timeout,
      [count = letters.size(), callback = std::move(callback)](const redis::Result& result) {
        if (!result.ok()) return callback(result.failure().ToStatus());
        const std::vector<redis::Reply>& words = result.reply().elements;
        if (words.size() != count + 1) {
          const bool status_only = words.size() == 1 && words[0].elements.size() == 1;
          const int64_t status = status_only ? words[0].elements[0].integer : -1;
          return callback(MakeError(status == 3   ? Reason::kSubscriptionNotFound
                                    : status == 4 ? Reason::kSubscriptionDamaged
                                                  : Reason::kInternal));
        }
        std::vector<LetterResult> done;
        for (size_t i = 1; i < words.size(); ++i) {
          const int64_t answer = words[i].elements.empty() ? 0 : words[i].elements[0].integer;
          done.push_back(answer == 1   ? LetterResult::kDone
                         : answer == 5 ? LetterResult::kWindow
                         : answer == 8 ? LetterResult::kHistoryGone
                                       : LetterResult::kNotFound);
        }
        callback(std::move(done));
      });
}

}  // namespace supervision::ledger
