#pragma once

#include <atomic>
#include <deque>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/time/time.h"
#include "prometheus/counter.h"
#include "prometheus/gauge.h"
#include "prometheus/registry.h"
#include "services/base/clock.h"
#include "services/base/mutex.h"
#include "services/classification/classifier_slot.h"
#include "services/domain/standing.h"

namespace supervision::intake {

// A clue that the candidate set sorts otherwise than the live one did. No text: the verdicts are
// without their evidence.
struct ShadowDifference {
  std::string clue_id;
  uint32_t clue_version = 0;
  absl::Time at;
  domain::Difference differs;
  domain::Verdict live;
  domain::Verdict candidate;
};

struct ShadowCounts {
  uint64_t compared = 0;
  uint64_t differing = 0;  // in anything
  uint64_t scenario = 0;
  uint64_t risk = 0;
  uint64_t review = 0;
  uint64_t dropped = 0;  // there was no room in the queue
};

// Has a candidate set sort a share of the clues that were accepted, on a thread of its own behind a
// bounded queue, and keeps what it sees otherwise. The answer never waits: where the queue is full,
// the clue is left out and counted.
//
// Thread-safe.
class Shadow {
 public:
  struct Options {
    int percent = 10;  // of the accepted clues
    size_t max_queued = 1024;
    size_t keep = 200;  // newest differences
  };
  // All outlive the shadow. While `candidate` is empty nothing is taken.
  Shadow(const classification::ClassifierSlot* candidate, const base::Clock* clock,
         prometheus::Registry* metrics, Options options);
  ~Shadow();  // stops; what still waits is left out

  // A copy of a clue that is compared once it has been accepted.
  struct Sample {
    domain::ClueContent content;
    domain::Verdict live;
    std::string clue_id;
    uint32_t clue_version = 0;
  };
  // Null when it is not this clue's turn, there is no candidate, or there is no room.
  std::shared_ptr<Sample> Take(const domain::ClueContent& content, const domain::Verdict& live);
  void Offer(std::shared_ptr<Sample> sample);

  void Stop();  // safe to call twice

  ShadowCounts counts() const;
  // The newest first, at most `most`.
  std::vector<ShadowDifference> Latest(size_t most) const;

 private:
  struct Metrics {
    prometheus::Counter* compared;
    prometheus::Counter* scenario;
    prometheus::Counter* risk;
    prometheus::Counter* review;
    prometheus::Counter* dropped;
    prometheus::Gauge* queued;
  };
  void Run();
  void Compare(const Sample& sample);

  const classification::ClassifierSlot* const candidate_;
  const base::Clock* const clock_;
  const Options options_;
  Metrics metrics_;
  std::atomic<uint64_t> turn_{0};

  mutable base::Mutex mutex_;
  base::CondVar changed_;
  bool stop_ ABSL_GUARDED_BY(mutex_) = false;
  std::deque<std::shared_ptr<Sample>> queue_ ABSL_GUARDED_BY(mutex_);
  std::deque<ShadowDifference> latest_ ABSL_GUARDED_BY(mutex_);  // the newest first
  ShadowCounts counts_ ABSL_GUARDED_BY(mutex_);
  std::thread thread_;
};

}  // namespace supervision::intake
