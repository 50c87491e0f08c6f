#pragma once

#include <memory>
#include <string>

#include "services/ledger/context.h"
#include "services/ledger/deadline.h"
#include "services/ledger/lister.h"

namespace supervision::ledger {

// What reviewers work with: the clues that wait, who has claimed them, and what was decided. A clue
// enters and leaves the queue in the commit that changes it (commit.lua); here the queue is only
// read. On the loop's thread.
class Reviews {
 public:
  Reviews(Context* context, Lister* lister) : context_(context), lister_(lister) {}

  // Gauges of the queue: now, and then once each interval.
  void Start();
  void Stop();

  void ListQueue(ReviewQuery query, absl::Duration timeout, Ledger::Callback<ReviewPage> callback);
  void Claim(ClaimRequest request, absl::Duration timeout, Ledger::Callback<ReviewItem> callback);
  void Release(ClaimRequest request, absl::Duration timeout, Ledger::Callback<ReviewItem> callback);
  void ListCorrections(ListQuery query, absl::Duration timeout,
                       Ledger::Callback<CorrectionPage> callback);

 private:
  void SetClaim(ClaimRequest request, bool take, Deadline deadline,
                Ledger::Callback<ReviewItem> callback, int tries);
  void RunClaim(const ClaimRequest& request, bool take, ReviewItem item, Deadline deadline,
                const Ledger::Callback<ReviewItem>& callback, int tries);
  void ReadWords(ListPage page, Deadline deadline,
                 const Ledger::Callback<CorrectionPage>& callback);
  void AddWords(const ClueSummary& summary, const std::vector<redis::Reply>& stored,
                CorrectionPage* page);
  void NameDamaged(const std::string& clue_id, uint32_t version);
  void Measure();

  Context* const context_;
  Lister* const lister_;
  bool stopped_ = true;
  std::unique_ptr<redis::Loop::Timer> timer_;
};

}  // namespace supervision::ledger
