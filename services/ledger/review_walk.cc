#include "services/ledger/review_walk.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "services/domain/standing.h"
#include "services/ledger/claim.h"
#include "services/ledger/codec.h"
#include "services/ledger/damage.h"
#include "services/ledger/review_token.h"
#include "services/ledger/walk.h"

namespace supervision::ledger {
namespace {

constexpr int64_t kDayMicros = int64_t{24} * 3600 * 1'000'000;
constexpr int64_t kZoneMicros = int64_t{8} * 3600 * 1'000'000;  // UTC+8

int64_t DayOf(int64_t order) { return (order + kZoneMicros) / kDayMicros; }
int64_t StartOf(int64_t day) { return day * kDayMicros - kZoneMicros; }

// One queue of one partition, being walked upwards.
struct Source : WalkSource {
  int doubt = 0;
  std::string from;  // where the next fetch begins, as ZRANGEBYSCORE takes it
};

// Less is sooner.
auto Sooner(const Source& source) {
  const int64_t order = source.candidates.front().order;
  return std::tuple(DayOf(order), -source.doubt, order, source.partition);
}

class ReviewWalk : public std::enable_shared_from_this<ReviewWalk> {
 public:
  ReviewWalk(Context* context, ReviewQuery query, ReviewPlace place, Deadline deadline,
             Ledger::Callback<ReviewPage> callback)
      : context_(context),
        query_(std::move(query)),
        place_(place),
        deadline_(deadline),
        callback_(std::move(callback)),
        page_size_(std::clamp(query_.page_size, 1, kMostPageSize)),
        budget_(page_size_) {
    while (kReviewOrder[gravity_] != place_.risk) ++gravity_;
    Open();
  }

  void Fetch() {
    FetchDry(
        context_, deadline_.left(), &sources_,
        [this](Source* source) {
          return redis::Command{
              "ZRANGEBYSCORE", source->key, source->from, "+inf",
              "WITHSCORES",    "LIMIT",     "0",          std::to_string(budget_.chunk())};
        },
        [chunk = budget_.chunk()](redis::Reply reply, Source* source) {
          const std::optional<int64_t> last = TakeScored(std::move(reply), chunk, source);
          if (last.has_value()) source->from = "(" + std::to_string(*last);
        },
        [self = shared_from_this()](const absl::Status& status) {
          if (!status.ok()) return self->callback_(status);
          self->Merge();
        });
  }

 private:
  struct Next {
    ReviewPlace place;
    std::string clue_id;
  };

  // The queues of the present gravity, from the place on.
  void Open() {
    sources_.clear();
    for (int p = 0; p < context_->descriptor.partitions; ++p) {
      for (int doubt = domain::kLeastDoubt; doubt <= domain::kMostDoubt; ++doubt) {
        Source source;
        source.partition = p;
        source.doubt = doubt;
        source.key = context_->keys.ReviewQueue(p, kReviewOrder[gravity_], doubt);
        source.from = From(source);
        sources_.push_back(std::move(source));
      }
    }
  }

  std::string From(const Source& source) const {
    if (place_.order == 0 || place_.risk != kReviewOrder[gravity_]) return "-inf";
    const int64_t day = DayOf(place_.order);
    if (source.doubt > place_.doubt) return std::to_string(StartOf(day + 1));
    if (source.doubt < place_.doubt) return std::to_string(StartOf(day));
    return (source.partition > place_.partition ? "" : "(") + std::to_string(place_.order);
  }

  // Takes what is certain to come next and reads it.
  void Merge() {
    std::vector<Next> batch;
    const int room = budget_.room();
    while (static_cast<int>(batch.size()) < room) {
      Source* const soonest = Soonest(
          &sources_, [](const Source& a, const Source& b) { return Sooner(a) < Sooner(b); });
      if (soonest == nullptr) break;
      WalkCandidate candidate = TakeFirst(soonest);
      const ClueRef clue{soonest->partition, std::move(candidate.member)};
      batch.push_back(
          {{kReviewOrder[gravity_], soonest->doubt, candidate.order, soonest->partition},
           clue.ToText()});
    }
    budget_.LookAt(batch.size());
    if (batch.empty()) return NextGravity();
    std::vector<redis::Command> commands;
    for (const Next& next : batch) {
      commands.push_back({"HMGET", KeyOfMember(*context_, next.clue_id), "l", kClaimField});
    }
    context_->read->SendAll(
        std::move(commands), deadline_.left(),
        [self = shared_from_this(), batch](const std::vector<redis::Result>& results) {
          self->Look(batch, results);
        });
  }

  void NextGravity() {
    ++gravity_;
    if (gravity_ == kReviewOrder.size() || kReviewOrder[gravity_] < query_.filter.min_risk) {
      return callback_(std::move(page_));
    }
    Open();
    Fetch();
  }

  void Look(const std::vector<Next>& batch, const std::vector<redis::Result>& results) {
    for (size_t i = 0; i < batch.size(); ++i) {
      if (!IsAnswered(results[i])) return callback_(results[i].failure().ToStatus());
      place_ = batch[i].place;
      if (!results[i].ok()) {
        NameDamaged(*context_, batch[i].clue_id);
        continue;
      }
      const std::vector<redis::Reply>& fields = results[i].reply().elements;
      if (fields.size() != 2 || fields[0].is_nil()) continue;
      std::optional<ClueSummary> summary = DecodeSummary(fields[0].text, batch[i].clue_id);
      if (!summary.has_value()) {
        NameDamaged(*context_, batch[i].clue_id);
        continue;
      }
      ReviewItem item;
      item.claim = ParseClaim(fields[1].text);
      if (item.claim.has_value() && item.claim->until <= context_->clock->Now()) item.claim.reset();
      item.clue = *std::move(summary);
      if (!Wanted(item)) continue;
      item.etag = EtagOf(context_->descriptor.secret, item.clue.clue_id, item.clue.version);
      page_.items.push_back(std::move(item));
      if (static_cast<int>(page_.items.size()) == page_size_) return Stop();
    }
    if (budget_.spent()) return Stop();
    budget_.Grow();
    Fetch();
  }

  bool Wanted(const ReviewItem& item) const {
    // It has just left the queue.
    if (!WaitsForReview(item.clue)) return false;
    const bool free = !item.claim.has_value();
    if (query_.claims == ReviewQuery::Claims::kFree && !free) return false;
    if (query_.claims == ReviewQuery::Claims::kMine &&
        (free || item.claim->holder != query_.caller)) {
      return false;
    }
    const domain::Facets& facets = item.clue.alert.facets;
    return domain::Sees(query_.scope, facets) && domain::Matches(query_.filter, facets);
  }

  void Stop() {
    page_.next_page_token = EncodeReviewToken(context_->descriptor, query_, place_);
    callback_(std::move(page_));
  }

  Context* const context_;
  const ReviewQuery query_;
  ReviewPlace place_;
  const Deadline deadline_;
  const Ledger::Callback<ReviewPage> callback_;
  const int page_size_;
  WalkBudget budget_;
  size_t gravity_ = 0;  // index into kReviewOrder
  std::vector<Source> sources_;
  ReviewPage page_;
};

}  // namespace

void WalkReviewQueue(Context* context, ReviewQuery query, Deadline deadline,
                     Ledger::Callback<ReviewPage> callback) {
  absl::StatusOr<ReviewPlace> place = DecodeReviewToken(context->descriptor, query);
  if (!place.ok()) {
    return context->loop->Post([callback, status = place.status()] { callback(status); });
  }
  std::make_shared<ReviewWalk>(context, std::move(query), *place, deadline, std::move(callback))
      ->Fetch();
}

}  // namespace supervision::ledger
