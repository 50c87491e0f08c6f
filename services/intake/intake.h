#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "prometheus/registry.h"
#include "services/base/clock.h"
#include "services/classification/classifier_slot.h"
#include "services/intake/shadow.h"
#include "services/intake/validation.h"
#include "services/ledger/ledger.h"

namespace supervision::intake {

// The way of a clue from a partner into the ledger: validate, sort, commit. It neither knows gRPC
// nor waits: the ledger's callback answers.
//
// Admission: at most Options::max_concurrent changes and max_bytes of them are under way; what is
// beyond is refused at once with OVERLOADED and a retry delay, before it is parsed or sorted
// (Admit, called by the edge with the size of the raw request).
//
// Thread-safe. Each callback runs exactly once, on the ledger's loop thread or, when the request is
// refused, inside the call.
class Intake {
 public:
  struct Options {
    size_t max_concurrent = 8192;
    size_t max_bytes = 128 << 20;
    absl::Duration retry_delay = absl::Milliseconds(500);
    Shadow* shadow = nullptr;  // compares what was submitted or revised; null: nobody does
  };
  // All outlive the intake.
  Intake(ledger::Ledger* ledger, const classification::ClassifierSlot* classifiers,
         const RegionTable* regions, const base::Clock* clock, prometheus::Registry* metrics,
         Options options);
  ~Intake();

  // Room for one request under way; gives it back when destroyed, also after the intake is gone.
  // Moves with the request.
  class Ticket;
  absl::StatusOr<std::unique_ptr<Ticket>> Admit(size_t bytes, size_t clues = 1);

  using Callback = std::function<void(absl::StatusOr<ledger::Receipt>)>;

  // `violations` are what the edge already found (a date that does not exist, text that is not
  // UTF-8); `path` as in validation.h. With validate_only the receipt has a verdict and nothing
  // else.
  struct SubmitRequest {
    std::string partner;
    std::string request_id;
    domain::ClueContent content;
    Violations violations;
    std::string path;  // of the message that holds request_id and clue: "" or "items[7]"
    bool validate_only = false;
    bool backfill = false;  // history: alerts nobody
    std::string trace_parent;
  };
  void Submit(SubmitRequest request, absl::Duration timeout, Callback callback);

  struct ReviseRequest {
    std::string partner;
    std::string request_id;
    std::string clue_id;
    std::string etag;
    domain::ClueContent content;
    Violations violations;
    std::string trace_parent;
  };
  void Revise(ReviseRequest request, absl::Duration timeout, Callback callback);

  struct WithdrawRequest {
    std::string partner;
    std::string request_id;
    std::string clue_id;
    std::string etag;
    std::string reason;
    Violations violations;
    std::string trace_parent;
  };
  void Withdraw(WithdrawRequest request, absl::Duration timeout, Callback callback);

 private:
  class Core;
  std::shared_ptr<Core> core_;
};

class Intake::Ticket {
 public:
  ~Ticket();
  Ticket(const Ticket&) = delete;
  Ticket& operator=(const Ticket&) = delete;

 private:
  friend class Core;
  Ticket(std::shared_ptr<Core> core, size_t bytes, size_t clues);
  const std::shared_ptr<Core> core_;
  const size_t bytes_;
  const size_t clues_;
};

}  // namespace supervision::intake
