#pragma once

#include <memory>

#include "services/ledger/alert_steps.h"
#include "services/ledger/context.h"

namespace supervision::ledger {

// Opens alerts again when their acknowledgement is over, as a step that is told like any other: so
// the state of an alert is what the log says, and a stream that is read again tells the same. Every
// replica looks; the script lets one of them take the step. Late by at most an interval while the
// ledger can be written; what came due while it could not be is done at once afterwards. Also sets
// the gauges of states. On the loop's thread.
class Expiry {
 public:
  Expiry(Context* context, AlertSteps* steps) : context_(context), steps_(steps) {}

  void Start();
  void Stop();

 private:
  void Look();

  Context* const context_;
  AlertSteps* const steps_;
  bool stopped_ = true;
  std::unique_ptr<redis::Loop::Timer> timer_;
};

}  // namespace supervision::ledger
