#pragma once

#include "absl/types/span.h"
#include "services/alerting/delivery_book.h"
#include "services/alerting/encoder.h"
#include "services/ledger/types.h"

namespace supervision::alerting {

// Who answers for each alert of a stream: a named subscription. The session asks it how much may be
// sent and tells it what is, so live and replayed alerts go one way for all streams.
//
// Called by whichever thread drives the session, one call at a time, never under a lock; it must
// not call the session.
class Receiver {
 public:
  virtual ~Receiver() = default;
  virtual DeliveryBook::Room room() = 0;
  // It needs no alert of this entry: it had it before.
  virtual bool Acknowledged(int partition, int64_t position) = 0;
  // It has something to say though no alert has come.
  virtual bool HasNews() = 0;
  // A message with `deliveries` is about to be sent; with it all up to `place` has been looked at.
  // What is to be put into the message beside; null: nothing.
  virtual SharedBytes OnMessage(absl::Span<const Delivery> deliveries,
                                const ledger::Place& place) = 0;
};

}  // namespace supervision::alerting
