#pragma once

#include <cstdint>
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
// LOW, is found by GetSilence and ends by itself or by a supervisor's word, or when the matter is
// HIGH no longer or the member has left it. Made once, whoever asks for it again. On the loop's
// thread.
class Hushing {
 public:
  using WatchersOf = std::function<std::vector<std::string>(const domain::Facets&)>;

  // `ledger` outlives it; see Follower::Options.
  Hushing(ledger::Ledger* ledger, WatchersOf watchers_of)
      : desk_(ledger), watchers_of_(std::move(watchers_of)) {}

  enum class Result : uint8_t {
    kMade = 0,
    kMadeBefore = 1,
    kRefused = 2,  // nobody to be silent to, too many silences, or the alert is gone
    kEnded = 3,    // or there was none
  };
  // What the hush says. An error: it is not known whether it was made, or has ended.
  void Make(const Hush& hush, absl::Time now, absl::Duration timeout,
            ledger::Ledger::Callback<Result> callback);

 private:
  void End(const Hush& hush, absl::Duration timeout, ledger::Ledger::Callback<Result> callback);

  ledger::SilenceDesk desk_;
  const WatchersOf watchers_of_;
};

}  // namespace supervision::combining
