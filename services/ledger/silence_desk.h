#pragma once

#include <functional>
#include <string>
#include <vector>

#include "services/domain/silence.h"
#include "services/ledger/ledger.h"

namespace supervision::ledger {

// A silence to be made; its id, its times in full and what it may hide are found by the ledger.
struct SilenceDraft {
  domain::Silence silence;
  std::string request_id;  // empty: a repeat makes another
  domain::Scope scope;     // what the caller sees
  // Of one that names its alert: it hides nothing graver, though the alert be so.
  domain::Risk at_most = domain::Risk::kHigh;
};

// How many silences may be active at a time.
struct SilenceQuota {
  int of_author = 1000;
  int of_all = 10'000;
};

// An earlier or later end for a silence.
struct SilenceChange {
  std::string id;
  std::string by;                                   // id of the principal
  std::string request_id;                           // with no id: of the draft that `by` had made
  std::function<bool(const domain::Silence&)> may;  // nothing is changed, or told, unless it may
  std::optional<absl::Time> ends_at;                // nothing: now
};

struct SilenceQuery {
  std::function<bool(const domain::Silence&)> may_read;
  bool ended_too = false;
  int page_size = 50;
  std::string page_token;
};

struct SilencePage {
  std::vector<domain::Silence> silences;  // the latest end first
  std::string next_page_token;            // empty: no more
};

// Silences, as others use them: a part of the ledger's face. `ledger` outlives it.
//
// Thread-safe; callbacks, errors and timeouts as the ledger's. SILENCE_NOT_FOUND for one that is
// not there, or that the caller may not read.
class SilenceDesk {
 public:
  template <typename T>
  using Callback = Ledger::Callback<T>;
  using MayRead = std::function<bool(const domain::Silence&)>;

  explicit SilenceDesk(Ledger* ledger);

  // ALERT_NOT_FOUND when it names an alert outside draft.scope, unless it is a repeat;
  // TOO_MANY_SILENCES;
  // IDEMPOTENCY_KEY_REUSED. It counts on this replica at once.
  void Create(SilenceDraft draft, SilenceQuota quota, absl::Duration timeout,
              Callback<domain::Silence> callback);
  // Of a draft that cannot be made any more: the silence that it made when that was asked for
  // first, else `why`. IDEMPOTENCY_KEY_REUSED.
  void Repeat(SilenceDraft draft, absl::Status why, absl::Duration timeout,
              Callback<domain::Silence> callback);
  // SILENCE_ENDED when one that has ended is to be extended. Ending it again changes nothing. A new
  // end before the old one changes nothing either.
  void Change(SilenceChange change, absl::Duration timeout, Callback<domain::Silence> callback);
  void Get(std::string id, MayRead may_read, absl::Duration timeout,
           Callback<domain::Silence> callback);
  // PAGE_TOKEN_INVALID. Looks at a bounded number of silences.
  void List(SilenceQuery query, absl::Duration timeout, Callback<SilencePage> callback);

  // An alert as it stands, with the marks of its version alone: by these every stream and replay
  // decides, whatever has become of the silences since. ALERT_NOT_FOUND.
  void GetAlertAsTold(std::string alert_id, domain::Scope scope, absl::Duration timeout,
                      Callback<domain::Alert> callback);
  // Adds to an alert as it stands the marks of the silences that hide it now, and says whether one
  // of them hides it from `principal`.
  bool Consider(const std::string& principal, domain::Alert* alert) const;
  // The silences that are active now, as this replica knows them.
  std::vector<std::shared_ptr<const domain::Silence>> Active() const;

 private:
  const std::shared_ptr<Ledger::Core> core_;
};

}  // namespace supervision::ledger
