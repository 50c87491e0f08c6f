#include "services/ledger/lister.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "services/domain/error.h"
#include "services/domain/implied.h"
#include "services/ledger/codec.h"
#include "services/ledger/damage.h"
#include "services/ledger/walk.h"

namespace supervision::ledger {
namespace {

constexpr int kFirstBlocks = 16;  // entries of a stream read at once, before their size is known
constexpr size_t kOrderBytes = 8;
constexpr size_t kEntryBytes = kOrderBytes + 16;

// One index of one partition, being walked downwards.
struct Source : WalkSource {
  bool later = false;         // the sorted set of those that got the facet later
  int64_t fetched_below = 0;  // order key below which the next fetch goes on; 0: from the top
  int asked = 0;              // how many entries the last fetch wanted
  int blocks = kFirstBlocks;  // how many the next one wants of a stream
};

int64_t OrderOf(std::string_view entry) {
  uint64_t order = 0;
  for (size_t i = 0; i < kOrderBytes; ++i) order = order << 8 | static_cast<uint8_t>(entry[i]);
  return static_cast<int64_t>(order);
}

// One call of List: fetch a chunk from each source that ran dry, merge what is certain to be next,
// read those summaries, and again until the page is done.
class Walk : public std::enable_shared_from_this<Walk> {
 public:
  Walk(Context* context, ListQuery query, ListPlace place, Deadline deadline,
       Ledger::Callback<ListPage> callback)
      : context_(context),
        query_(std::move(query)),
        place_(std::move(place)),
        deadline_(deadline),
        callback_(std::move(callback)),
        page_size_(std::clamp(query_.page_size, 1, kMostPageSize)),
        budget_(page_size_ + 1),
        taken_(context->descriptor.partitions, 0) {
    for (int p = 0; p < context_->descriptor.partitions; ++p) {
      if (place_[p] == kExhausted) continue;
      for (const std::string& key : ChooseIndexes(context_->keys, p, query_)) {
        for (const bool later : {false, true}) {
          Source source;
          source.partition = p;
          source.key = later ? context_->keys.Later(p, key) : key;
          source.later = later;
          source.fetched_below = place_[p];
          sources_.push_back(std::move(source));
        }
      }
    }
  }

  void Fetch() {
    FetchDry(
        context_, deadline_.left(), &sources_, [this](Source* source) { return Ask(source); },
        [this](redis::Reply reply, Source* source) { Take(std::move(reply), source); },
        [self = shared_from_this()](const absl::Status& status) {
          if (!status.ok()) return self->callback_(status);
          self->Merge();
        });
  }

 private:
  struct Next {
    int partition;
    int64_t order;
    std::string clue_id;
  };

  // The order key that what `source` is asked for stays below.
  int64_t Below(const Source& source) const {
    int64_t below = std::numeric_limits<int64_t>::max();
    if (source.fetched_below != kFromTop) below = source.fetched_below;
    // Received before a moment: order keys are microseconds of acceptance.
    if (query_.received_before.has_value()) {
      below = std::min(below, absl::ToUnixMicros(*query_.received_before));
    }
    return below;
  }
  int64_t Lowest() const {
    return query_.received_from.has_value() ? absl::ToUnixMicros(*query_.received_from) : 0;
  }

  redis::Command Ask(Source* source) const {
    const std::string most = std::to_string(std::max<int64_t>(Below(*source) - 1, 0));
    if (source->later) {
      source->asked = budget_.chunk();
      return {"ZREVRANGEBYSCORE", source->key, most, std::to_string(Lowest()),
              "WITHSCORES",       "LIMIT",     "0",  std::to_string(source->asked)};
    }
    // An entry is named by its first clue, so the one that holds the bound begins at or below it.
    source->asked = source->blocks;
    return {"XREVRANGE", source->key, most, "-", "COUNT", std::to_string(source->blocks)};
  }

  void Take(redis::Reply reply, Source* source) {
    if (!source->later) return TakeBlocks(reply, source);
    const std::optional<int64_t> last = TakeScored(std::move(reply), source->asked, source);
    if (last.has_value()) source->fetched_below = *last;
  }

  // [[id, ["b", entries]], ...], the newest block first, the oldest entry first in each.
  void TakeBlocks(const redis::Reply& reply, Source* source) {
    const int64_t below = Below(*source);
    size_t entries = 0;
    source->exhausted = reply.elements.size() < static_cast<size_t>(source->asked);
    for (const redis::Reply& block : reply.elements) {
      if (block.elements.size() != 2 || block.elements[1].elements.size() != 2) continue;
      source->fetched_below = std::strtoll(block.elements[0].text.c_str(), nullptr, 10);
      const std::string_view bytes = block.elements[1].elements[1].text;
      for (size_t at = bytes.size() / kEntryBytes * kEntryBytes; at > 0; at -= kEntryBytes) {
        const std::string_view entry = bytes.substr(at - kEntryBytes, kEntryBytes);
        const int64_t order = OrderOf(entry);
        ++entries;
        if (order >= below) continue;
        if (order < Lowest()) {
          source->exhausted = true;
          return;
        }
        source->candidates.push_back({order, std::string(entry.substr(kOrderBytes))});
      }
    }
    const size_t each = reply.elements.empty() ? 1 : entries / reply.elements.size() + 1;
    source->blocks = std::max(1, budget_.chunk() / static_cast<int>(each));
  }

  // Takes what is certain to come next: the newest candidate of all, for as long as no source that
  // could have a newer one has to be asked first.
  void Merge() {
    std::vector<Next> batch;
    const int room = budget_.room();
    while (static_cast<int>(batch.size()) < room) {
      Source* const newest = Soonest(&sources_, [](const Source& a, const Source& b) {
        return a.candidates.front().order > b.candidates.front().order;
      });
      if (newest == nullptr) break;
      WalkCandidate candidate = TakeFirst(newest);
      // A clue that lost a facet and got it again is in both its indexes, or in two that are
      // walked.
      if (candidate.order == taken_[newest->partition]) continue;
      taken_[newest->partition] = candidate.order;
      const ClueRef clue{newest->partition, std::move(candidate.member)};
      batch.push_back({newest->partition, candidate.order, clue.ToText()});
    }
    budget_.LookAt(batch.size());
    if (batch.empty()) return Finish();
    std::vector<redis::Command> commands;
    for (const Next& next : batch) {
      commands.push_back({"HGET", KeyOfMember(*context_, next.clue_id), "l"});
    }
    context_->read->SendAll(
        std::move(commands), deadline_.left(),
        [self = shared_from_this(), batch](const std::vector<redis::Result>& results) {
          self->Look(batch, results);
        });
  }

  void Look(const std::vector<Next>& batch, const std::vector<redis::Result>& results) {
    for (size_t i = 0; i < batch.size(); ++i) {
      if (!IsAnswered(results[i])) return callback_(results[i].failure().ToStatus());
      place_[batch[i].partition] = last_order_ = batch[i].order;
      std::optional<ClueSummary> summary;
      if (results[i].ok() && !results[i].reply().is_nil()) {
        summary = DecodeSummary(results[i].reply().text, batch[i].clue_id);
      }
      if (!summary.has_value()) {
        NameDamaged(*context_, batch[i].clue_id);
        continue;
      }
      // Who answers for an alert is none of a partner's business, so no condition may tell it.
      if (!query_.scope.partner.empty()) summary->alert.facets.owner.clear();
      if (!Wanted(*summary)) continue;
      if (query_.kind == ListQuery::Kind::kAlerts &&
          context_->silences->Consider(query_.hidden_from, now_, &summary->alert)) {
        continue;
      }
      filled_ += Fills(*summary);
      page_.clues.push_back(*std::move(summary));
      if (filled_ >= page_size_) return Finish(i + 1 < batch.size());
    }
    if (budget_.spent()) return Finish();
    budget_.Grow();
    Fetch();
  }

  bool Wanted(const ClueSummary& summary) const {
    const domain::Facets& facets = summary.alert.facets;
    const bool of_alerts = query_.kind == ListQuery::Kind::kAlerts;
    if (of_alerts ? summary.alert.version == 0 : summary.alert.group != nullptr) return false;
    if (!query_.partner.empty() && facets.partner != query_.partner) return false;
    if (query_.state != domain::ClueState::kUnspecified && summary.state != query_.state) {
      return false;
    }
    return domain::Sees(query_.scope, facets) && domain::Matches(query_.filter, facets);
  }

  int Fills(const ClueSummary& summary) const {
    if (query_.kind != ListQuery::Kind::kCorrections) return 1;
    return std::max(1, static_cast<int>(summary.corrections.size()));
  }

  // `more`: something was taken from a source and not looked at.
  void Finish(bool more = false) {
    for (int p = 0; p < context_->descriptor.partitions; ++p) {
      bool left = more;
      for (const Source& source : sources_) {
        if (source.partition == p && !(source.exhausted && source.candidates.empty())) left = true;
      }
      if (!left) {
        place_[p] = kExhausted;
      } else if (place_[p] == kFromTop && last_order_ > 0) {
        // Nothing of this partition has come yet, so all that it has is not newer than the last
        // clue looked at; what arrives from now on is, and belongs to no later page.
        place_[p] = last_order_ + 1;
      }
    }
    const bool all = std::all_of(place_.begin(), place_.end(),
                                 [](int64_t below) { return below == kExhausted; });
    if (!all) page_.next_page_token = EncodePageToken(context_->descriptor, query_, place_);
    callback_(std::move(page_));
  }

  Context* const context_;
  const ListQuery query_;
  ListPlace place_;
  const absl::Time now_ = context_->clock->Now();
  const Deadline deadline_;
  const Ledger::Callback<ListPage> callback_;
  const int page_size_;
  WalkBudget budget_;
  int filled_ = 0;              // of the page
  int64_t last_order_ = 0;      // of the last candidate looked at
  std::vector<int64_t> taken_;  // of each partition, the order key of the last candidate taken
  std::vector<Source> sources_;
  ListPage page_;
};

}  // namespace

std::vector<std::string> ChooseIndexes(const Keys& keys, int partition, const ListQuery& query) {
  if (query.kind == ListQuery::Kind::kCorrections) return {keys.Corrected(partition)};
  // A partner sees only its own whatever it asks for: of another's index, empty pages, tokens and
  // the time that they take would tell how much lies there.
  if (!query.scope.partner.empty()) return {keys.Partner(partition, query.scope.partner)};
  const domain::Implied filter = domain::ImpliedBy(query.filter);
  // The rarest first: one organ, one owner, one region, one partner; then states, and classes, of
  // which a few are walked together; then gravity. Open alerts have no index: nearly all begin so.
  if (!filter.unit.empty()) return {keys.Unit(partition, filter.unit)};
  if (!filter.owner.empty()) return {keys.Owner(partition, filter.owner)};
  if (filter.region_prefix.size() >= kRegionDigits) {
    return {keys.Region(partition, filter.region_prefix)};
  }
  const std::string& partner = query.partner.empty() ? filter.partner : query.partner;
  if (!partner.empty()) return {keys.Partner(partition, partner)};
  std::vector<std::string> indexes;
  if (filter.states.any() && !filter.states.test(static_cast<size_t>(domain::AlertState::kOpen)) &&
      !filter.states.test(static_cast<size_t>(domain::AlertState::kUnspecified))) {
    for (const domain::AlertState state :
         {domain::AlertState::kAcknowledged, domain::AlertState::kResolved}) {
      if (filter.states.test(static_cast<size_t>(state))) {
        indexes.push_back(keys.State(partition, state));
      }
    }
    return indexes;
  }
  if (filter.scenarios.any()) {
    for (const domain::Scenario scenario : domain::kScenarios) {
      if (filter.scenarios.test(static_cast<size_t>(scenario))) {
        indexes.push_back(keys.Scenario(partition, scenario));
      }
    }
    return indexes;
  }
  if (filter.min_risk >= domain::Risk::kMedium) {
    for (const domain::Risk risk : {domain::Risk::kMedium, domain::Risk::kHigh}) {
      if (risk >= filter.min_risk) indexes.push_back(keys.Risk(partition, risk));
    }
    return indexes;
  }
  return {keys.All(partition)};
}

void Lister::List(ListQuery query, absl::Duration timeout, Ledger::Callback<ListPage> callback) {
  absl::StatusOr<ListPlace> place = DecodePageToken(context_->descriptor, query);
  if (!place.ok()) {
    return context_->loop->Post([callback, status = place.status()] { callback(status); });
  }
  std::make_shared<Walk>(context_, std::move(query), *std::move(place), Deadline(timeout),
                         std::move(callback))
      ->Fetch();
}

}  // namespace supervision::ledger
