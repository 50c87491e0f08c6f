#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "services/alerting/delivery_book.h"
#include "services/alerting/encoder.h"
#include "services/domain/reason.h"

namespace supervision::alerting {

// What a message of a subscription has beside the alerts and the cursor.
struct Caption {
  struct Gap {
    domain::Reason reason = domain::Reason::kCursorTrimmed;  // or kHistoryLost
    uint64_t delivery = 0;
    std::string resume_cursor;  // from where the stream goes on
  };
  uint64_t first_delivery = 0;  // of the message's alerts; 0: it has none
  std::optional<DeliveryBook::Receipt> kept;
  std::optional<Gap> gap;
  // Of shared subscriptions.
  std::vector<int> attempts;       // one for each of the alerts
  std::vector<uint64_t> refusals;  // deliveries whose leases had ended
  bool halted = false;             // the dead letters are full
};

// Makes the piece of a message that has a caption; see AlertEncoder. Thread-safe, without state.
class CaptionEncoder {
 public:
  virtual ~CaptionEncoder() = default;
  virtual SharedBytes EncodeCaption(const Caption& caption) const = 0;
};

}  // namespace supervision::alerting
