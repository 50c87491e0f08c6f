#include "services/ledger/lister.h"

#include <algorithm>
#include <deque>
#include <utility>

#include "services/domain/error.h"
#include "services/ledger/codec.h"

namespace supervision::ledger {
namespace {

constexpr int kMostCandidates = 1000;  // of one page
constexpr int kFirstChunk = 64;        // candidates read at once; doubled up to the most
constexpr int kMostChunk = 256;
constexpr int kMostPageSize = 500;

// One index of one partition, being walked downwards.
struct Source {
  int partition = 0;
  std::string key;
  bool exhausted = false;     // Redis has no more below what was fetched
  int64_t fetched_below = 0;  // order key below which the next fetch goes on; 0: from the top
  struct Candidate {
    int64_t order;
    std::string member;
  };
  std::deque<Candidate> candidates;
};

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
        chunk_(std::clamp(page_size_ + 1, kFirstChunk, kMostChunk)) {
    for (int p = 0; p < context_->descriptor.partitions; ++p) {
      if (place_[p] == kExhausted) continue;
      for (std::string& key : ChooseIndexes(context_->keys, p, query_)) {
        Source source;
        source.partition = p;
        source.key = std::move(key);
        source.fetched_below = place_[p];
        sources_.push_back(std::move(source));
      }
    }
  }

  void Fetch() {
    std::vector<redis::Command> commands;
    std::vector<Source*> asked;
    for (Source& source : sources_) {
      if (source.exhausted || !source.candidates.empty()) continue;
      asked.push_back(&source);
      commands.push_back({"ZREVRANGEBYSCORE", source.key, UpperBound(source), LowerBound(),
                          "WITHSCORES", "LIMIT", "0", std::to_string(chunk_)});
    }
    if (commands.empty()) return Merge();
    context_->read->SendAll(std::move(commands), deadline_.left(),
                            [self = shared_from_this(), asked](std::vector<redis::Result> results) {
                              for (size_t i = 0; i < results.size(); ++i) {
                                if (!results[i].ok())
                                  return self->callback_(results[i].failure().ToStatus());
                                self->Take(std::move(results[i].reply()), asked[i]);
                              }
                              self->Merge();
                            });
  }

 private:
  struct Next {
    int partition;
    int64_t order;
    std::string clue_id;
  };

  std::string UpperBound(const Source& source) const {
    // Received before a moment: order keys are microseconds of acceptance.
    const int64_t before =
        query_.received_before.has_value() ? absl::ToUnixMicros(*query_.received_before) : 0;
    const int64_t below = source.fetched_below;
    if (below == kFromTop && !query_.received_before.has_value()) return "+inf";
    if (below == kFromTop) return "(" + std::to_string(before);
    return "(" +
           std::to_string(query_.received_before.has_value() ? std::min(below, before) : below);
  }
  std::string LowerBound() const {
    return query_.received_from.has_value()
               ? std::to_string(absl::ToUnixMicros(*query_.received_from))
               : "-inf";
  }

  void Take(redis::Reply reply, Source* source) {
    std::vector<redis::Reply>& words = reply.elements;
    for (size_t i = 0; i + 1 < words.size(); i += 2) {
      const auto order = static_cast<int64_t>(std::strtod(words[i + 1].text.c_str(), nullptr));
      source->candidates.push_back({order, std::move(words[i].text)});
      source->fetched_below = order;
    }
    source->exhausted = words.size() < 2 * static_cast<size_t>(chunk_);
  }

  // Takes what is certain to come next: the newest candidate of all, for as long as no source that
  // could have a newer one has to be asked first.
  void Merge() {
    std::vector<Next> batch;
    const int room = std::min(chunk_, kMostCandidates - looked_at_);
    while (static_cast<int>(batch.size()) < room) {
      Source* newest = nullptr;
      bool must_fetch = false;
      for (Source& source : sources_) {
        if (source.candidates.empty()) {
          must_fetch = must_fetch || !source.exhausted;
        } else if (newest == nullptr ||
                   source.candidates.front().order > newest->candidates.front().order) {
          newest = &source;
        }
      }
      if (must_fetch || newest == nullptr) break;
      Source::Candidate candidate = std::move(newest->candidates.front());
      newest->candidates.pop_front();
      const ClueRef clue{newest->partition, std::move(candidate.member)};
      batch.push_back({newest->partition, candidate.order, clue.ToText()});
    }
    looked_at_ += static_cast<int>(batch.size());
    if (batch.empty()) return Finish();
    std::vector<redis::Command> commands;
    for (const Next& next : batch) {
      const std::optional<ClueRef> clue =
          ParseClueId(next.clue_id, context_->descriptor.partitions);
      // A member that is no id of ours reads a key that does not exist, and is passed over.
      commands.push_back({"HGET", clue.has_value() ? context_->keys.Clue(*clue) : "", "l"});
    }
    context_->read->SendAll(
        std::move(commands), deadline_.left(),
        [self = shared_from_this(), batch](const std::vector<redis::Result>& results) {
          self->Look(batch, results);
        });
  }

  void Look(const std::vector<Next>& batch, const std::vector<redis::Result>& results) {
    for (size_t i = 0; i < batch.size(); ++i) {
      if (!results[i].ok()) return callback_(results[i].failure().ToStatus());
      place_[batch[i].partition] = last_order_ = batch[i].order;
      std::optional<ClueSummary> summary = DecodeSummary(results[i].reply().text, batch[i].clue_id);
      if (results[i].reply().is_nil() || !summary.has_value()) {
        context_->log->Error("ledger.summary_damaged", {{"clue", batch[i].clue_id}});
        continue;
      }
      if (!Wanted(*summary)) continue;
      page_.clues.push_back(*std::move(summary));
      if (static_cast<int>(page_.clues.size()) == page_size_) return Finish(i + 1 < batch.size());
    }
    if (looked_at_ >= kMostCandidates) return Finish();
    chunk_ = std::min(2 * chunk_, kMostChunk);
    Fetch();
  }

  bool Wanted(const ClueSummary& summary) const {
    const domain::Facets& facets = summary.alert.facets;
    if (query_.kind == ListQuery::Kind::kAlerts && summary.alert.version == 0) return false;
    if (!query_.partner.empty() && facets.partner != query_.partner) return false;
    if (query_.state != domain::ClueState::kUnspecified && summary.state != query_.state) {
      return false;
    }
    return domain::Sees(query_.scope, facets) && domain::Matches(query_.filter, facets);
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
  const Deadline deadline_;
  const Ledger::Callback<ListPage> callback_;
  const int page_size_;
  int chunk_;
  int looked_at_ = 0;
  int64_t last_order_ = 0;  // of the last candidate looked at
  std::vector<Source> sources_;
  ListPage page_;
};

}  // namespace

std::vector<std::string> ChooseIndexes(const Keys& keys, int partition, const ListQuery& query) {
  const domain::Filter& filter = query.filter;
  // The rarest first: one organ, one partner, one region; then classes, of which a few are walked
  // together; then gravity.
  if (!filter.unit.empty()) return {keys.Unit(partition, filter.unit)};
  const std::string& partner = query.partner.empty() ? query.scope.partner : query.partner;
  if (filter.region_prefix.size() >= kRegionDigits) {
    return {keys.Region(partition, filter.region_prefix)};
  }
  if (!partner.empty()) return {keys.Partner(partition, partner)};
  std::vector<std::string> indexes;
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
