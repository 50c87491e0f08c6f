#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "services/ledger/context.h"
#include "services/ledger/ids.h"

namespace supervision::ledger {

// What walks over several indexes share. A page is put together from *sources*, one index of one
// partition each, which are in order by themselves: those that ran dry are asked for a chunk
// (FetchDry), what is certain to come next is taken (Soonest), the clues behind it are read and
// looked at, and again until the page is full or its budget is spent. All of it runs on the loop.

inline constexpr int kMostPageSize = 500;

struct WalkCandidate {
  int64_t order;
  std::string member;
};

// A walk adds to it how its index is asked.
struct WalkSource {
  int partition = 0;
  std::string key;
  bool exhausted = false;  // Redis has no more than what was fetched
  std::deque<WalkCandidate> candidates;
};

// How much one page may read.
class WalkBudget {
 public:
  explicit WalkBudget(int first_chunk) : chunk_(std::clamp(first_chunk, kFirstChunk, kMostChunk)) {}

  int chunk() const { return chunk_; }  // candidates read at once
  int room() const { return std::min(chunk_, kMostCandidates - looked_at_); }
  bool spent() const { return looked_at_ >= kMostCandidates; }
  void LookAt(size_t candidates) { looked_at_ += static_cast<int>(candidates); }
  void Grow() { chunk_ = std::min(2 * chunk_, kMostChunk); }

 private:
  static constexpr int kMostCandidates = 1000;
  static constexpr int kFirstChunk = 64;
  static constexpr int kMostChunk = 256;
  int chunk_;
  int looked_at_ = 0;
};

// Asks each source that has no candidate and may have more: `ask(source)` makes the command,
// `take(reply, source)` what comes of it. Then `done(status)`; at once when none has to be asked.
// `done` keeps alive what `sources` lie in.
template <typename Source, typename Ask, typename Take, typename Done>
void FetchDry(Context* context, absl::Duration timeout, std::vector<Source>* sources, Ask ask,
              Take take, Done done) {
  std::vector<redis::Command> commands;
  std::vector<Source*> asked;
  for (Source& source : *sources) {
    if (source.exhausted || !source.candidates.empty()) continue;
    asked.push_back(&source);
    commands.push_back(ask(&source));
  }
  if (commands.empty()) return done(absl::OkStatus());
  context->read->SendAll(std::move(commands), timeout,
                         [asked, take, done](std::vector<redis::Result> results) {
                           for (size_t i = 0; i < results.size(); ++i) {
                             if (!results[i].ok()) return done(results[i].failure().ToStatus());
                             take(std::move(results[i].reply()), asked[i]);
                           }
                           done(absl::OkStatus());
                         });
}

// Takes the reply of a range WITHSCORES that was asked for `chunk` members. Returns the order of
// the last of them, nothing for none.
inline std::optional<int64_t> TakeScored(redis::Reply reply, int chunk, WalkSource* source) {
  std::optional<int64_t> last;
  std::vector<redis::Reply>& words = reply.elements;
  for (size_t i = 0; i + 1 < words.size(); i += 2) {
    last = static_cast<int64_t>(std::strtod(words[i + 1].text.c_str(), nullptr));
    source->candidates.push_back({*last, std::move(words[i].text)});
  }
  source->exhausted = words.size() < 2 * static_cast<size_t>(chunk);
  return last;
}

// The source whose first candidate is sooner than all others' by `sooner(a, b)`. Null when there is
// none, and when one that may have something sooner has to be asked first.
template <typename Source, typename Sooner>
Source* Soonest(std::vector<Source>* sources, Sooner sooner) {
  Source* soonest = nullptr;
  for (Source& source : *sources) {
    if (source.candidates.empty()) {
      if (!source.exhausted) return nullptr;
    } else if (soonest == nullptr || sooner(source, *soonest)) {
      soonest = &source;
    }
  }
  return soonest;
}

inline WalkCandidate TakeFirst(WalkSource* source) {
  WalkCandidate candidate = std::move(source->candidates.front());
  source->candidates.pop_front();
  return candidate;
}

// A clue whose summary is damaged is left out of what is walked; see damage.h.
inline void NameDamaged(const Context& context, const std::string& clue_id) {
  context.log->Error("ledger.summary_damaged", {{"clue", clue_id}});
}

// The key of a clue that an index names. A member that is no id of ours gives one that does not
// exist, so that it is read as nothing and passed over.
inline std::string KeyOfMember(const Context& context, const std::string& clue_id) {
  const std::optional<ClueRef> clue = ParseClueId(clue_id, context.descriptor.partitions);
  return clue.has_value() ? context.keys.Clue(*clue) : "";
}

}  // namespace supervision::ledger
