#include "clients/cli/pacer.h"

#include <algorithm>
#include <thread>

#include "clients/cpp/steady_clock.h"

namespace supervision::cli {

void Pacer::Wait() {
  const absl::Time now = client::SteadyNow();
  absl::Time mine = now;
  {
    base::MutexLock lock(&mutex_);
    mine = std::max(next_, now);
    next_ = mine + between_;
  }
  if (mine > now) std::this_thread::sleep_for(absl::ToChronoNanoseconds(mine - now));
}

}  // namespace supervision::cli
