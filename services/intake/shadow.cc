#include "services/intake/shadow.h"

#include <algorithm>
#include <utility>

#include "services/base/give_way.h"
#include "services/observability/unlabelled.h"

namespace supervision::intake {

using observability::AddCounter;
using observability::AddGauge;

Shadow::Shadow(const classification::ClassifierSlot* candidate, const base::Clock* clock,
               prometheus::Registry* metrics, Options options)
    : candidate_(candidate), clock_(clock), options_(options) {
  metrics_.compared = &AddCounter(metrics, "supervision_shadow_compared_total",
                                  "Clues that the candidate set has sorted beside the live one.");
  auto& differences = prometheus::BuildCounter()
                          .Name("supervision_shadow_differences_total")
                          .Help("Clues that the candidate set sorted otherwise, by what differs.")
                          .Register(*metrics);
  metrics_.scenario = &differences.Add({{"kind", "scenario"}});
  metrics_.risk = &differences.Add({{"kind", "risk"}});
  metrics_.review = &differences.Add({{"kind", "review"}});
  metrics_.dropped = &AddCounter(metrics, "supervision_shadow_dropped_total",
                                 "Clues left out because the candidate set could not keep up.");
  metrics_.queued =
      &AddGauge(metrics, "supervision_shadow_queued", "Clues that wait for the candidate set.");
  thread_ = std::thread([this] { Run(); });
}

Shadow::~Shadow() { Stop(); }

void Shadow::Stop() {
  {
    base::MutexLock lock(&mutex_);
    stop_ = true;
    queue_.clear();
  }
  changed_.SignalAll();
  if (thread_.joinable()) thread_.join();
}

std::shared_ptr<Shadow::Sample> Shadow::Take(const domain::ClueContent& content,
                                             const domain::Verdict& live) {
  if (candidate_->Get() == nullptr) return nullptr;
  // Spread evenly: the n-th clue's turn comes when the share of n reaches the next whole number.
  const uint64_t n = turn_.fetch_add(1, std::memory_order_relaxed);
  const auto share = static_cast<uint64_t>(options_.percent);
  if ((n + 1) * share / 100 == n * share / 100) return nullptr;
  {
    base::MutexLock lock(&mutex_);
    if (stop_ || queue_.size() >= options_.max_queued) {
      ++counts_.dropped;
      metrics_.dropped->Increment();
      return nullptr;
    }
  }
  auto sample = std::make_shared<Sample>();
  sample->content = content;
  sample->live = live;
  sample->live.evidence.clear();
  return sample;
}

void Shadow::Offer(std::shared_ptr<Sample> sample) {
  base::MutexLock lock(&mutex_);
  if (stop_ || queue_.size() >= options_.max_queued) {
    ++counts_.dropped;
    metrics_.dropped->Increment();
    return;
  }
  queue_.push_back(std::move(sample));
  metrics_.queued->Set(static_cast<double>(queue_.size()));
  changed_.Signal();
}

void Shadow::Run() {
  base::GiveWay();
  while (true) {
    std::shared_ptr<Sample> sample;
    {
      base::MutexLock lock(&mutex_);
      while (!stop_ && queue_.empty()) changed_.Wait(&mutex_);
      if (stop_) return;
      sample = std::move(queue_.front());
      queue_.pop_front();
      metrics_.queued->Set(static_cast<double>(queue_.size()));
    }
    Compare(*sample);
  }
}

void Shadow::Compare(const Sample& sample) {
  const auto candidate = candidate_->Get();
  if (candidate == nullptr) return;
  const domain::ClueContent& content = sample.content;
  ShadowDifference difference;
  difference.candidate = candidate->Classify(
      {content.title, content.content, &content.instruments, content.persons_affected});
  difference.candidate.evidence.clear();
  difference.live = sample.live;
  difference.clue_id = sample.clue_id;
  difference.clue_version = sample.clue_version;
  difference.at = clock_->Now();
  const domain::Difference differs = domain::DifferenceOf(difference.live, difference.candidate);
  difference.differs = differs;
  metrics_.compared->Increment();
  if (differs.scenario) metrics_.scenario->Increment();
  if (differs.risk) metrics_.risk->Increment();
  if (differs.review) metrics_.review->Increment();
  base::MutexLock lock(&mutex_);
  ++counts_.compared;
  counts_.differing += differs.any() ? 1 : 0;
  counts_.scenario += differs.scenario ? 1 : 0;
  counts_.risk += differs.risk ? 1 : 0;
  counts_.review += differs.review ? 1 : 0;
  if (!differs.any()) return;
  latest_.push_front(std::move(difference));
  if (latest_.size() > options_.keep) latest_.pop_back();
}

ShadowCounts Shadow::counts() const {
  base::MutexLock lock(&mutex_);
  return counts_;
}

std::vector<ShadowDifference> Shadow::Latest(size_t most) const {
  base::MutexLock lock(&mutex_);
  const size_t count = std::min(most, latest_.size());
  return {latest_.begin(), latest_.begin() + static_cast<std::ptrdiff_t>(count)};
}

}  // namespace supervision::intake
