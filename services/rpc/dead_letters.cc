// SubscriptionService: what consumers of shared subscriptions could not deal with.
#include <algorithm>
#include <set>
#include <utility>

#include "services/domain/error.h"
#include "services/rpc/convert_time.h"
#include "services/rpc/parse.h"
#include "services/rpc/subscription_proto.h"
#include "services/rpc/subscription_service.h"

namespace supervision::rpc {
namespace {

using domain::MakeError;
using domain::Reason;
using ledger::DeadLetter;
using ledger::DeadLetters;
using ledger::LetterAction;
using ledger::LetterResult;
using security::Method;

constexpr int kDefaultPageSize = 50;
constexpr int kMaxPageSize = 500;
constexpr int kMaxIds = 500;
constexpr size_t kMaxIdBytes = 64;

void ValidateSelection(bool given, const v1::DeadLetterSelection& selection,
                       Violations* violations) {
  if (!given) {
    violations->push_back({"selection", "is missing; name letters, or leave ids empty for all",
                           "缺少选择；请填写死信编号，ids 留空表示全部"});
  }
  if (selection.ids_size() > kMaxIds) {
    violations->push_back({"selection.ids", "has more than 500; make several calls",
                           "单次超过 500 条；请分多次调用"});
  }
}

// The letters of a selection; DEAD_LETTER_NOT_FOUND when one is not there. Those that are damaged
// can be dropped, by their ids or with all others; DEAD_LETTER_DAMAGED where one is to be replayed.
absl::StatusOr<std::vector<DeadLetter>> Select(DeadLetters found, LetterAction action,
                                               const v1::DeadLetterSelection& selection) {
  std::set<std::string> wanted(selection.ids().begin(), selection.ids().end());
  const bool all = wanted.empty();
  std::vector<DeadLetter> selected;
  for (DeadLetter& letter : found.letters) {
    if (all || wanted.erase(letter.id) > 0) selected.push_back(std::move(letter));
  }
  bool impossible = false;
  for (std::string& id : found.damaged) {
    if (!all && wanted.erase(id) == 0) continue;
    impossible = impossible || (action == LetterAction::kReplay && !all);
    if (action == LetterAction::kDrop) selected.emplace_back().id = std::move(id);
  }
  if (!wanted.empty()) return MakeError(Reason::kDeadLetterNotFound);
  if (impossible) return MakeError(Reason::kDeadLetterDamaged);
  return selected;
}

v1::DeadLetter ToProto(const DeadLetter& letter) {
  v1::DeadLetter proto;
  proto.set_id(letter.id);
  proto.set_alert_id(letter.alert_id);
  proto.set_alert_version(letter.alert_version);
  proto.set_reason(letter.reason);
  proto.set_attempts(letter.attempts);
  if (letter.attempts > 0) *proto.mutable_first_handed_over_at() = rpc::ToProto(letter.first_at);
  *proto.mutable_died_at() = rpc::ToProto(letter.died_at);
  return proto;
}

}  // namespace

// A page of letters, whose alerts are asked for one after the other: what the caller may not see
// any more has neither an id nor anybody's words.
struct SubscriptionService::LetterPage {
  UnaryCall* call = nullptr;
  Caller caller;
  ledger::Deadline deadline{absl::ZeroDuration()};  // of all reads together
  std::vector<DeadLetter> letters;
  size_t next = 0;
  v1::ListDeadLettersResponse answer;
};

void SubscriptionService::FindLetters(
    const ledger::SubscriptionKey& key, const ledger::Deadline& deadline,
    ledger::Ledger::Callback<std::pair<ledger::Subscription, DeadLetters>> callback) {
  desk_.Get(
      key, deadline.left(),
      [this, key, deadline, callback](absl::StatusOr<ledger::Subscription> found) {
        if (!found.ok()) return callback(found.status());
        if (!found->sharing.has_value()) {
          return callback(MakeError(Reason::kWrongSubscriptionMode));
        }
        sharing_.ListLetters(
            key, deadline.left(),
            [found = *std::move(found), callback](absl::StatusOr<DeadLetters> letters) mutable {
              if (!letters.ok()) return callback(letters.status());
              callback(std::make_pair(std::move(found), *std::move(letters)));
            });
      });
}

grpc::ServerUnaryReactor* SubscriptionService::ListDeadLetters(Context* context, const Bytes* bytes,
                                                               Bytes* response) {
  auto* const call = new UnaryCall(edge_, Method::kListDeadLetters, context, response);
  const std::optional<Caller> caller = call->Enter();
  v1::ListDeadLettersRequest request;
  Violations violations;
  if (!caller || !call->Parse(*bytes, &request, &violations)) return call;
  ValidateSubscriptionName(request.subscription(), "subscription", &violations);
  if (request.page_size() < 0 || request.page_size() > kMaxPageSize) {
    violations.push_back({"page_size", "is out of range; write 1 to 500, or 0 for 50",
                          "每页条数超出范围；应为 1 至 500，0 表示 50"});
  }
  if (request.page_token().size() > kMaxIdBytes) {
    violations.push_back({"page_token", "is no token; pass next_page_token of the page before",
                          "分页标记有误；请原样传回上一页的 next_page_token"});
  }
  if (!call->Accept(std::move(violations))) return call;
  const auto page = std::make_shared<LetterPage>();
  page->call = call;
  page->caller = *caller;
  page->deadline = ledger::Deadline(caller->timeout);
  const auto size =
      static_cast<size_t>(request.page_size() == 0 ? kDefaultPageSize : request.page_size());
  FindLetters({caller->principal->id, request.subscription()}, page->deadline,
              [this, page, size, token = request.page_token()](auto found) {
                if (!found.ok()) return page->call->Fail(found.status());
                std::vector<DeadLetter>& letters = found->second.letters;
                auto from = letters.begin();
                if (!token.empty()) {
                  // The letter behind which the list goes on; one that is gone begins anew.
                  from = std::find_if(letters.begin(), letters.end(),
                                      [&](const DeadLetter& one) { return one.id == token; });
                  from = from == letters.end() ? letters.begin() : from + 1;
                }
                const size_t left = static_cast<size_t>(letters.end() - from);
                const auto to = from + static_cast<ptrdiff_t>(std::min(size, left));
                if (to != letters.end()) page->answer.set_next_page_token((to - 1)->id);
                page->letters.assign(from, to);
                AddLetters(page);
              });
  return call;
}

void SubscriptionService::AddLetters(const std::shared_ptr<LetterPage>& page) {
  while (page->next < page->letters.size()) {
    const DeadLetter& letter = page->letters[page->next];
    if (!letter.alert_id.empty()) break;
    *page->answer.add_dead_letters() = ToProto(letter);
    ++page->next;
  }
  if (page->next == page->letters.size()) return page->call->Answer(page->answer);
  ledger_->GetAlert(page->letters[page->next].alert_id, page->caller.scope, page->deadline.left(),
                    [this, page](const absl::StatusOr<domain::Alert>& alert) {
                      DeadLetter& letter = page->letters[page->next++];
                      if (!alert.ok()) {
                        if (!domain::HasReason(alert.status(), Reason::kAlertNotFound)) {
                          return page->call->Fail(alert.status());
                        }
                        letter.alert_id.clear();
                        letter.alert_version = 0;
                        letter.reason.clear();
                      }
                      *page->answer.add_dead_letters() = ToProto(letter);
                      AddLetters(page);
                    });
}

// Only what the log still has can be handed over again.
struct SubscriptionService::Replay {
  UnaryCall* call = nullptr;
  ledger::Deadline deadline{absl::ZeroDuration()};  // of all steps together
  ledger::Subscription subscription;
  std::vector<DeadLetter> letters;
  std::vector<DeadLetter> there;
  size_t next = 0;
  int gone = 0;
};

grpc::ServerUnaryReactor* SubscriptionService::ReplayDeadLetters(Context* context,
                                                                 const Bytes* bytes,
                                                                 Bytes* response) {
  auto* const call = new UnaryCall(edge_, Method::kReplayDeadLetters, context, response);
  const std::optional<Caller> caller = call->Enter();
  v1::ReplayDeadLettersRequest request;
  Violations violations;
  if (!caller || !MayChange(call, *caller)) return call;
  if (!call->Parse(*bytes, &request, &violations)) return call;
  ValidateSubscriptionName(request.subscription(), "subscription", &violations);
  ValidateSelection(request.has_selection(), request.selection(), &violations);
  if (!call->Accept(std::move(violations))) return call;
  const ledger::Deadline deadline(caller->timeout);
  FindLetters({caller->principal->id, request.subscription()}, deadline,
              [this, call, deadline, selection = request.selection()](auto found) {
                if (!found.ok()) return call->Fail(found.status());
                auto selected = Select(std::move(found->second), LetterAction::kReplay, selection);
                if (!selected.ok()) return call->Fail(selected.status());
                const auto replay = std::make_shared<Replay>();
                replay->call = call;
                replay->deadline = deadline;
                replay->subscription = std::move(found->first);
                replay->letters = *std::move(selected);
                LookForHistory(replay);
              });
  return call;
}

void SubscriptionService::LookForHistory(const std::shared_ptr<Replay>& replay) {
  while (replay->next < replay->letters.size() &&
         replay->letters[replay->next].alert_version == 0) {
    ++replay->gone;
    ++replay->next;
  }
  if (replay->next == replay->letters.size()) return ReplayAll(replay);
  const DeadLetter& letter = replay->letters[replay->next];
  ledger_->ReadLog(letter.entry.first, letter.epoch, letter.entry.second - 1, 1, 1,
                   replay->deadline.left(),
                   [this, replay](const absl::StatusOr<ledger::LogPage>& page) {
                     DeadLetter& one = replay->letters[replay->next++];
                     if (page.ok()) {
                       replay->there.push_back(std::move(one));
                     } else if (domain::HasReason(page.status(), Reason::kCursorTrimmed) ||
                                domain::HasReason(page.status(), Reason::kHistoryLost)) {
                       ++replay->gone;
                     } else {
                       return replay->call->Fail(page.status());
                     }
                     LookForHistory(replay);
                   });
}

void SubscriptionService::ReplayAll(const std::shared_ptr<Replay>& replay) {
  const auto answer = [replay](const std::vector<LetterResult>& results) {
    v1::ReplayDeadLettersResponse response;
    response.set_history_gone(replay->gone);
    for (const LetterResult result : results) {
      if (result == LetterResult::kDone) response.set_replayed(response.replayed() + 1);
      if (result == LetterResult::kWindow) response.set_left(response.left() + 1);
      if (result == LetterResult::kHistoryGone) {
        response.set_history_gone(response.history_gone() + 1);
      }
    }
    replay->call->Answer(response);
  };
  if (replay->there.empty()) return answer({});
  // Whoever has gone is not to find letters handed over that it was told nothing of.
  if (replay->call->Cancelled()) return replay->call->Fail(absl::CancelledError());
  sharing_.Act(replay->subscription.key, LetterAction::kReplay,
               replay->subscription.sharing->max_in_flight, replay->there, replay->deadline.left(),
               [replay, answer](absl::StatusOr<std::vector<LetterResult>> results) {
                 if (!results.ok()) return replay->call->Fail(results.status());
                 answer(*results);
               });
}

grpc::ServerUnaryReactor* SubscriptionService::DropDeadLetters(Context* context, const Bytes* bytes,
                                                               Bytes* response) {
  auto* const call = new UnaryCall(edge_, Method::kDropDeadLetters, context, response);
  const std::optional<Caller> caller = call->Enter();
  v1::DropDeadLettersRequest request;
  Violations violations;
  if (!caller || !MayChange(call, *caller)) return call;
  if (!call->Parse(*bytes, &request, &violations)) return call;
  ValidateSubscriptionName(request.subscription(), "subscription", &violations);
  ValidateSelection(request.has_selection(), request.selection(), &violations);
  if (!call->Accept(std::move(violations))) return call;
  const ledger::Deadline deadline(caller->timeout);
  FindLetters({caller->principal->id, request.subscription()}, deadline,
              [this, call, deadline, selection = request.selection()](auto found) {
                if (!found.ok()) return call->Fail(found.status());
                auto selected = Select(std::move(found->second), LetterAction::kDrop, selection);
                if (!selected.ok()) return call->Fail(selected.status());
                if (selected->empty()) return call->Answer(v1::DropDeadLettersResponse());
                sharing_.Act(found->first.key, LetterAction::kDrop,
                             found->first.sharing->max_in_flight, *std::move(selected),
                             deadline.left(),
                             [call](absl::StatusOr<std::vector<LetterResult>> results) {
                               if (!results.ok()) return call->Fail(results.status());
                               v1::DropDeadLettersResponse answer;
                               answer.set_dropped(static_cast<int32_t>(std::count(
                                   results->begin(), results->end(), LetterResult::kDone)));
                               call->Answer(answer);
                             });
              });
  return call;
}

}  // namespace supervision::rpc
