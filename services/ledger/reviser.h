#pragma once

#include <functional>
#include <string>

#include "services/ledger/committer.h"
#include "services/ledger/context.h"

namespace supervision::ledger {

// Revisions, corrections and withdrawals: reads the clue as it stands, decides whether it may
// change, and commits a new version that the script accepts only while the clue is still the one
// that was read. On the loop's thread.
class Reviser {
 public:
  Reviser(Context* context, Committer* committer) : context_(context), committer_(committer) {}

  void Revise(Revision revision, Deadline deadline, Committer::Callback callback);
  void Withdraw(Withdrawal withdrawal, Deadline deadline, Committer::Callback callback);
  // Refused while another reviewer holds the clue, and to the system once a person has decided.
  void Correct(CorrectionRequest correction, Deadline deadline, Committer::Callback callback);
  // What the same request was answered; CLUE_NOT_FOUND when it was not made. Changes nothing.
  void Repeat(const Submission& submission, Deadline deadline, Committer::Callback callback);
  void Repeat(const Revision& revision, Deadline deadline, Committer::Callback callback);

 private:
  struct Request {
    std::string request_id;
    std::string clue_id;
    std::string etag;
    std::string digest;
    std::string partner;       // of a partner's change: only its own clues
    std::string author;        // of a correction
    domain::Scope scope = {};  // of a correction's author
    bool repeat_only = false;  // only its first answer is asked for; then nothing is made
  };
  using Make = std::function<absl::StatusOr<Change>(const Current&)>;

  // `tries`: how often it may begin, because a step of the alert's life or a claim came between.
  void Begin(Request request, Deadline deadline, Make make, Committer::Callback callback,
             int tries = 3);
  absl::Status MayChange(const Request& request, const ClueSummary& summary,
                         const redis::Reply& claim) const;
  void OnHead(const Request& request, const ClueRef& clue, Deadline deadline, const Make& make,
              const Committer::Callback& callback, int tries, const redis::Result& head);

  Context* const context_;
  Committer* const committer_;
};

}  // namespace supervision::ledger
