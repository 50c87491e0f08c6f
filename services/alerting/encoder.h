#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "services/domain/alert.h"
#include "services/domain/visibility.h"

namespace supervision::alerting {

// Bytes that many streams send: made once, shared, never changed.
using SharedBytes = std::shared_ptr<const std::string>;

// Why a stream is ended from this side though nothing is wrong.
enum class EndingReason : uint8_t { kDraining, kAge, kSubscriptionChanged, kClientDone };

// What a client is told about its stream, which goes on.
enum class Notice : uint8_t { kThrottled, kResumed, kSnapshotComplete };

// Turns what a stream tells into pieces of a message; a message is the pieces one behind the other
// (a serialised protobuf message is the concatenation of its fields). rpc/ implements it, so that
// alerting knows no API message. Thread-safe, without state.
class AlertEncoder {
 public:
  virtual ~AlertEncoder() = default;
  virtual SharedBytes EncodeAlert(const domain::Alert& alert,
                                  domain::Projection projection) const = 0;
  virtual SharedBytes EncodeLeft(std::string_view alert_id, uint32_t version) const = 0;
  virtual SharedBytes EncodeCursor(std::string_view cursor) const = 0;
  virtual SharedBytes EncodeNotice(Notice notice) const = 0;
  virtual SharedBytes EncodeEnding(EndingReason reason, absl::Duration retry_after) const = 0;
};

}  // namespace supervision::alerting
