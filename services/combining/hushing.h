#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "services/combining/matters.h"
#include "services/ledger/silence_desk.h"

namespace supervision::combining {

// Makes the silences by which a matter with a HIGH keeps its LOW members from those who see the
// matter's alert. Each is a silence as any other: it names its alert, hides nothing graver than
// LOW, is found by GetSilence and ends by itself or by a supervisor's word. Made once, whoever asks
// for it again. On the loop's thread.
class Hushing {
 public:
  using WatchersOf = std::function<std::vector<std::string>(const domain::Facets&)>;

  // `ledger` outlives it; see Follower::Options.
  Hushing(ledger::Ledger* ledger, WatchersOf watchers_of)
      : desk_(ledger), watchers_of_(std::move(watchers_of)) {}

  // False: there is nobody to be silent to, the alert is no longer there, or there are too many
  // silences. An error: it is not known whether it was made.
  void Make(const Hush& hush, absl::Time now, absl::Duration timeout,
            ledger::Ledger::Callback<bool> callback);

 private:
  ledger::SilenceDesk desk_;
  const WatchersOf watchers_of_;
};

}  // namespace supervision::combining
