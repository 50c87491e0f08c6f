#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"

namespace supervision::redis {

// A reply of Redis as an owned value; nothing of hiredis leaves this folder.
struct Reply {
  enum class Type : uint8_t { kNil, kStatus, kError, kInteger, kString, kArray };
  Type type = Type::kNil;
  int64_t integer = 0;          // kInteger
  std::string text;             // kStatus, kError, kString (any bytes)
  std::vector<Reply> elements;  // kArray

  bool is_nil() const { return type == Type::kNil; }
  bool is_error() const { return type == Type::kError; }
  bool is_array() const { return type == Type::kArray; }
};

// Why a command failed, as far as a caller acts differently on it. One table (failure.cc) maps each
// kind to the domain::Reason that a client is told and to what the connection does about it.
enum class FailureKind : uint8_t {
  kNotSent,         // the command never left: it certainly had no effect
  kOutcomeUnknown,  // it left, but the answer was lost or late: ask again by request_id
  kOverloaded,      // the queue is full; not sent
  kOutOfMemory,     // OOM: refused before anything was written
  kDiskFull,        // MISCONF: Redis cannot persist
  kReadOnly,        // READONLY, MASTERDOWN: a demoted or cut-off primary; the connection is renewed
  kLoading,         // LOADING: Redis is reading its file
  kBusy,            // BUSY: a script runs too long
  kNoScript,        // NOSCRIPT even after the script was loaded again
  kNotAllowed,      // NOAUTH, WRONGPASS, NOPERM
  kNoReplicas,      // NOREPLICAS
  kMoving,          // MOVED, ASK, TRYAGAIN, CLUSTERDOWN: a slot is moving; a pause, never a loss
  kWrongType,       // WRONGTYPE: a key is not what it should be
  kCommand,         // any other error reply: a mistake of ours
};

struct Failure {
  FailureKind kind = FailureKind::kCommand;
  std::string text;  // Redis' own words, for logs only; empty when it said nothing

  // The status for clients: the reason of the kind's row, with a retry delay where that helps.
  absl::Status ToStatus() const;
};

// What came of a command: a reply that is no error, or a failure.
class Result {
 public:
  Result(Reply reply) : ok_(true), reply_(std::move(reply)) {}           // NOLINT: implicit
  Result(Failure failure) : ok_(false), failure_(std::move(failure)) {}  // NOLINT: implicit
  bool ok() const { return ok_; }
  const Reply& reply() const { return reply_; }  // REQUIRES: ok()
  Reply& reply() { return reply_; }
  const Failure& failure() const { return failure_; }  // REQUIRES: !ok()

 private:
  bool ok_;
  Reply reply_;
  Failure failure_;
};

}  // namespace supervision::redis
