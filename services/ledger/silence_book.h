#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/time/time.h"
#include "services/base/mutex.h"
#include "services/domain/silence_index.h"

namespace supervision::ledger {

// The silences that this process knows to be active, ready to be asked. Whoever makes a version of
// an alert takes the index as it then is. Thread-safe.
class SilenceBook {
 public:
  std::shared_ptr<const domain::SilenceIndex> index() const;

  // Takes what was read of some silences, those that have ended too, and forgets what has ended by
  // `now`. `anew`: these are all. Called by one thread. With so many silences that an index of them
  // takes long to make, it is made at a later call, so that a rush of changes does not hold up that
  // thread.
  void Learn(std::vector<domain::Silence> silences, bool anew, absl::Time now);

  size_t ActiveAt(absl::Time now) const;

  // Adds to an alert as it stands the marks of the silences that hide it `now`, and says whether
  // one of them hides it from `principal`.
  bool Consider(std::string_view principal, absl::Time now, domain::Alert* alert) const;

 private:
  // Of the thread that calls Learn.
  absl::flat_hash_map<std::string, domain::SilencePtr> known_;
  bool changed_ = false;  // known_, since the index was made
  absl::Time not_before_ = absl::InfinitePast();

  mutable base::Mutex mutex_;
  std::shared_ptr<const domain::SilenceIndex> index_ ABSL_GUARDED_BY(mutex_) =
      std::make_shared<const domain::SilenceIndex>();
};

}  // namespace supervision::ledger
