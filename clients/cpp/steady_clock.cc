#include "clients/cpp/steady_clock.h"

#include <chrono>

namespace supervision::client {
namespace {

class Steady final : public base::Clock {
 public:
  absl::Time Now() const override {
    return absl::UnixEpoch() +
           absl::FromChrono(std::chrono::steady_clock::now().time_since_epoch());
  }
};

}  // namespace

const base::Clock* SteadyClock() {
  static const Steady* const clock = new Steady;
  return clock;
}

}  // namespace supervision::client
