#include "services/ledger/reviews.h"

#include <algorithm>
#include <array>
#include <utility>

#include "services/domain/error.h"
#include "services/domain/standing.h"
#include "services/ledger/claim.h"
#include "services/ledger/codec.h"
#include "services/ledger/damage.h"
#include "services/ledger/review_walk.h"
#include "services/ledger/scripts.h"

namespace supervision::ledger {
namespace {

using domain::MakeError;
using domain::Reason;

// Whole texts are in a page of corrections: with those of its last clue it must fit one message.
constexpr int kMostCorrections = 32;
// How often a claim is tried while the clue changes under it.
constexpr int kClaimTries = 3;

// The numbers of claim.lua.
enum class ClaimDecision : int64_t { kDone = 0, kHeld = 1, kMoved = 2, kWrongType = 3 };

}  // namespace

void Reviews::ListQueue(ReviewQuery query, absl::Duration timeout,
                        Ledger::Callback<ReviewPage> callback) {
  WalkReviewQueue(context_, std::move(query), Deadline(timeout), std::move(callback));
}

void Reviews::Claim(ClaimRequest request, absl::Duration timeout,
                    Ledger::Callback<ReviewItem> callback) {
  SetClaim(std::move(request), true, Deadline(timeout), std::move(callback), kClaimTries);
}

void Reviews::Release(ClaimRequest request, absl::Duration timeout,
                      Ledger::Callback<ReviewItem> callback) {
  SetClaim(std::move(request), false, Deadline(timeout), std::move(callback), kClaimTries);
}

void Reviews::SetClaim(ClaimRequest request, bool take, Deadline deadline,
                       Ledger::Callback<ReviewItem> callback, int tries) {
  const std::optional<ClueRef> clue = ParseClueId(request.clue_id, context_->descriptor.partitions);
  if (!clue.has_value()) {
    return context_->loop->Post([callback] { callback(MakeError(Reason::kClueNotFound)); });
  }
  redis::Command read = {"HMGET", context_->keys.Clue(*clue), "v", "l", kClaimField};
  context_->read->Send(
      std::move(read), deadline.left(),
      [this, request = std::move(request), take, deadline, callback,
       tries](const redis::Result& head) {
        if (!head.ok()) return callback(head.failure().ToStatus());
        const std::vector<redis::Reply>& fields = head.reply().elements;
        if (fields.size() != 3 || fields[0].is_nil()) {
          return callback(MakeError(Reason::kClueNotFound));
        }
        ReviewItem item;
        std::optional<ClueSummary> summary = DecodeSummary(fields[1].text, request.clue_id);
        if (!summary.has_value()) return callback(MakeError(Reason::kInternal));
        // Who holds a clue that has left his view may give it back all the same.
        const std::optional<ledger::Claim> held = ParseClaim(fields[2].text);
        const bool gives_back = !take && held.has_value() && held->holder == request.holder;
        if (!gives_back && !domain::Sees(request.scope, summary->alert.facets)) {
          return callback(MakeError(Reason::kClueNotFound));
        }
        if (take && !WaitsForReview(*summary)) {
          return callback(MakeError(Reason::kReviewNotNeeded));
        }
        item.clue = *std::move(summary);
        item.etag = EtagOf(context_->descriptor.secret, request.clue_id, item.clue.version);
        RunClaim(request, take, std::move(item), deadline, callback, tries);
      });
}

void Reviews::RunClaim(const ClaimRequest& request, bool take, ReviewItem item, Deadline deadline,
                       const Ledger::Callback<ReviewItem>& callback, int tries) {
  const absl::Time now = context_->clock->Now();
  // As it is kept: in milliseconds.
  const absl::Time until = absl::FromUnixMillis(absl::ToUnixMillis(now + request.lease));
  if (take) item.claim = ledger::Claim{request.holder, until};
  const std::vector<std::string> arguments = {
      request.holder, std::to_string(absl::ToUnixMillis(now)),
      take ? std::to_string(absl::ToUnixMillis(until)) : "0", std::to_string(item.clue.version)};
  const ClueRef clue = *ParseClueId(request.clue_id, context_->descriptor.partitions);
  context_->RunAdmitted(
      ClaimScript(), {context_->keys.Clue(clue)}, arguments, deadline.left(),
      [this, request, take, item = std::move(item), deadline, callback,
       tries](const redis::Result& result) {
        if (!result.ok()) return callback(result.failure().ToStatus());
        const std::vector<redis::Reply>& words = result.reply().elements;
        const auto decision =
            words.empty() ? ClaimDecision::kWrongType : ClaimDecision(words[0].integer);
        if (decision == ClaimDecision::kDone) return callback(item);
        if (decision == ClaimDecision::kMoved) {
          // The caller named no version: what it asks is asked of the clue as it is now.
          if (tries > 1) return SetClaim(request, take, deadline, callback, tries - 1);
          return callback(MakeError(Reason::kEtagMismatch));
        }
        const std::optional<ledger::Claim> held =
            words.size() == 2 ? ParseClaim(words[1].text) : std::nullopt;
        callback(held.has_value() ? ClaimedError(*held) : MakeError(Reason::kInternal));
      });
}

void Reviews::ListCorrections(ListQuery query, absl::Duration timeout,
                              Ledger::Callback<CorrectionPage> callback) {
  query.kind = ListQuery::Kind::kCorrections;
  query.page_size = std::clamp(query.page_size, 1, kMostCorrections);
  const Deadline deadline(timeout);
  lister_->List(std::move(query), timeout,
                [this, deadline, callback](absl::StatusOr<ListPage> page) {
                  if (!page.ok()) return callback(page.status());
                  if (!page->clues.empty()) return ReadWords(*std::move(page), deadline, callback);
                  CorrectionPage empty;
                  empty.next_page_token = std::move(page->next_page_token);
                  callback(std::move(empty));
                });
}

// Each word stands in the version that it made; the newest tells whether it still holds.
void Reviews::ReadWords(ListPage page, Deadline deadline,
                        const Ledger::Callback<CorrectionPage>& callback) {
  std::vector<redis::Command> commands;
  for (ClueSummary& clue : page.clues) {
    if (clue.corrections.empty()) clue.corrections.push_back(clue.version);  // of an older ledger
    const ClueRef ref = *ParseClueId(clue.clue_id, context_->descriptor.partitions);
    redis::Command& command = commands.emplace_back();
    command = {"HMGET", context_->keys.Clue(ref), "s:" + std::to_string(clue.version)};
    for (size_t i = clue.corrections.size(); i-- > 0;) {
      command.push_back("s:" + std::to_string(clue.corrections[i]));
    }
  }
  context_->read->SendAll(
      std::move(commands), deadline.left(),
      [this, page = std::move(page), callback](const std::vector<redis::Result>& results) mutable {
        CorrectionPage answer;
        answer.next_page_token = std::move(page.next_page_token);
        for (size_t i = 0; i < results.size(); ++i) {
          if (!IsAnswered(results[i])) return callback(results[i].failure().ToStatus());
          if (results[i].ok()) {
            AddWords(page.clues[i], results[i].reply().elements, &answer);
          } else {
            NameDamaged(page.clues[i].clue_id, page.clues[i].version);
          }
        }
        callback(std::move(answer));
      });
}

// `stored`: the clue's newest version, then those that persons' words made. What is damaged is left
// out: of a clue whose newest version is, every word, since none tells how secret it is now.
void Reviews::AddWords(const ClueSummary& summary, const std::vector<redis::Reply>& stored,
                       CorrectionPage* page) {
  std::optional<VersionRecord> newest;
  for (size_t i = 0; i < stored.size(); ++i) {
    std::optional<VersionRecord> version;
    if (!stored[i].is_nil()) version = DecodeVersion(stored[i].text, summary.clue_id);
    if (!version.has_value()) {
      if (i == 0) return NameDamaged(summary.clue_id, summary.version);
      NameDamaged(summary.clue_id, *(summary.corrections.rbegin() + static_cast<int64_t>(i) - 1));
      continue;
    }
    if (i == 0) {
      newest = std::move(version);
      continue;
    }
    if (!domain::CorrectedByPerson(version->clue)) continue;
    CorrectedClue& word = page->corrections.emplace_back();
    word.state = summary.state;
    word.confidentiality =
        std::max(newest->clue.content.confidentiality, version->clue.content.confidentiality);
    word.superseded = !domain::CorrectedByPerson(newest->clue) ||
                      newest->clue.correction->clue_version != version->clue.version;
    word.clue = std::move(version->clue);
  }
}

void Reviews::NameDamaged(const std::string& clue_id, uint32_t version) {
  context_->log->Error("ledger.version_damaged",
                       {{"clue", clue_id}, {"version", int64_t{version}}});
}

// ---- Gauges

void Reviews::Start() {
  if (!stopped_) return;
  stopped_ = false;
  Measure();
}

void Reviews::Stop() {
  stopped_ = true;
  timer_.reset();
}

void Reviews::Measure() {
  if (stopped_) return;
  std::vector<redis::Command> commands;
  std::vector<domain::Risk> risks;
  for (int p = 0; p < context_->descriptor.partitions; ++p) {
    for (const domain::Risk risk : kReviewOrder) {
      for (int doubt = domain::kLeastDoubt; doubt <= domain::kMostDoubt; ++doubt) {
        const std::string key = context_->keys.ReviewQueue(p, risk, doubt);
        commands.push_back({"ZCARD", key});
        commands.push_back({"ZRANGE", key, "0", "0", "WITHSCORES"});
        risks.push_back(risk);
      }
    }
  }
  context_->read->SendAll(
      std::move(commands), context_->options->command_timeout,
      [this, risks = std::move(risks)](const std::vector<redis::Result>& results) {
        if (stopped_) return;
        timer_ =
            context_->loop->RunAfter(context_->options->review_interval, [this] { Measure(); });
        std::array<int64_t, kReviewOrder.size()> waiting{};
        int64_t oldest = 0;
        for (size_t i = 0; i < risks.size(); ++i) {
          if (!results[2 * i].ok() || !results[2 * i + 1].ok()) return;
          waiting[static_cast<size_t>(risks[i])] += results[2 * i].reply().integer;
          const std::vector<redis::Reply>& first = results[2 * i + 1].reply().elements;
          if (first.size() != 2) continue;
          const auto order = static_cast<int64_t>(std::strtod(first[1].text.c_str(), nullptr));
          oldest = oldest == 0 ? order : std::min(oldest, order);
        }
        for (const domain::Risk risk : kReviewOrder) {
          context_->metrics->ReviewWaiting(risk).Set(
              static_cast<double>(waiting[static_cast<size_t>(risk)]));
        }
        const absl::Duration age = context_->clock->Now() - absl::FromUnixMicros(oldest);
        context_->metrics->review_oldest_seconds.Set(
            oldest == 0 ? 0 : std::max(absl::ToDoubleSeconds(age), 0.0));
      });
}

}  // namespace supervision::ledger
