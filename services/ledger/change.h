#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "services/domain/silence_index.h"
#include "services/ledger/codec.h"
#include "services/ledger/descriptor.h"
#include "services/ledger/ids.h"
#include "services/ledger/keys.h"
#include "services/ledger/types.h"

namespace supervision::ledger {

// One change, encoded and ready to be committed by script. Made by the caller's thread, so that
// the loop only concatenates.
struct Change {
  // The numbers are those of commit.lua.
  enum class Kind : uint8_t { kProbe = 0, kCreate = 1, kRevise = 2, kWithdraw = 3, kStep = 4 };
  Kind kind = Kind::kProbe;
  ClueRef clue;
  std::string clue_key;
  std::string request_id;
  std::string digest;              // tells the same request from another under the same request_id
  bool of_alert = false;           // a step of the alert's life, or the probe of one
  uint32_t expected = 0;           // sum of the clue's version and its alert's steps
  int64_t order = 0;               // of a create: proposed order key, microseconds
  std::string due;                 // of any other: when the acknowledgement ends; see commit.lua
  std::vector<std::string> join;   // indexes; of a change that is no create: those of later comers
  std::vector<std::string> enter;  // sorted sets, such as the review queue
  std::vector<std::string> leave;
  std::string version;    // StoredClue; of a step StoredAlertChange
  std::string summary;    // StoredSummary
  std::string event;      // StoredEvent
  std::string claim;      // what becomes of a reviewer's claim; see commit.lua
  bool silenced = false;  // somebody is not told of it
  Receipt receipt;        // once it is accepted

  size_t bytes() const { return version.size() + summary.size() + event.size() + 512; }
};

// `silences`: those that decide from whom the alert's version is hidden; here and below.
Change MakeCreate(const Descriptor& ledger, const Keys& keys, const domain::SilenceIndex& silences,
                  Submission submission, absl::Time now);

// What a change of a clue starts from: the clue as it was read.
struct Current {
  VersionRecord version;
  ClueSummary summary;
  uint32_t steps = 0;  // of the alert's life
  std::string stored_version;
  std::string stored_summary;
  std::string stored_claim = {};  // empty: none
};
// Whether a person had found something about an earlier text, and nobody has looked since a
// revision put the clue before them again: neither a further revision nor the system ends that.
bool AwaitsPerson(const Current& current);
Change MakeRevision(const Descriptor& ledger, const Keys& keys,
                    const domain::SilenceIndex& silences, Revision revision, const Current& current,
                    absl::Time now);
Change MakeCorrection(const Descriptor& ledger, const Keys& keys,
                      const domain::SilenceIndex& silences, CorrectionRequest request,
                      const Current& current, absl::Time now);
Change MakeWithdrawal(const Descriptor& ledger, const Keys& keys,
                      const domain::SilenceIndex& silences, Withdrawal withdrawal,
                      const Current& current, absl::Time now);

// What a step of an alert's life starts from.
struct CurrentAlert {
  ClueSummary summary;
  uint32_t steps = 0;
  std::string stored_summary;
};
// The step that has made `after` of the alert of `current`.
Change MakeStep(const Keys& keys, const domain::SilenceIndex& silences, const ClueRef& clue,
                const AlertStepRequest& request, domain::Alert after, CurrentAlert current);

// Version `version` of an alert that a route raised, in the record `record`, which is `before` now.
// It is no change of commit.lua but of derive.lua.
Change MakeDerived(const Keys& keys, const domain::SilenceIndex& silences, const ClueRef& record,
                   domain::Alert alert, const std::optional<CurrentAlert>& before, uint32_t version,
                   absl::Time now);

// A change that can only repeat the answer of an earlier request.
Change MakeProbe(const Keys& keys, const ClueRef& clue, std::string request_id, std::string digest);

std::string DigestOf(const Submission& submission);
std::string DigestOf(const Revision& revision);
std::string DigestOf(const Withdrawal& withdrawal);
std::string DigestOf(const CorrectionRequest& request);
std::string DigestOf(const AlertStepRequest& request);

// Under which a correction's request_id is kept: no partner's and no other author's is the same.
std::string RequestKeyOf(const CorrectionRequest& request);
// The same for a step of an alert's life.
std::string RequestKeyOf(const AlertStepRequest& request);

// The receipt of a version that is in the ledger.
Receipt ReceiptOf(const Descriptor& ledger, VersionRecord record);
// The receipt of a step that is in the ledger.
Receipt ReceiptOf(const std::string& clue_id, AlertChange change);

}  // namespace supervision::ledger
