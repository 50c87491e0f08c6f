#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "services/redis/reply.h"

struct redisReader;

namespace supervision::redis {

// Appends one command in Redis' protocol: an array of byte strings.
void AppendCommand(const std::vector<std::string>& command, std::string* out);
void AppendArrayHeader(size_t elements, std::string* out);
void AppendBulk(std::string_view bytes, std::string* out);

// Takes bytes as they come from the wire, gives whole replies in order (hiredis' redisReader; the
// values are built by our own functions, so each is allocated once). Of hiredis only the reader is
// used: its asynchronous context aborts the process when a reply comes that nobody asked for, moves
// its whole output buffer after each partial write, and resolves host names on the loop's thread.
//
// Not thread-safe.
class ReplyReader {
 public:
  ReplyReader();
  ~ReplyReader();
  ReplyReader(const ReplyReader&) = delete;
  ReplyReader& operator=(const ReplyReader&) = delete;

  // False when the bytes cannot be kept; Next() then returns the error.
  bool Feed(std::string_view bytes);

  // The next whole reply; nothing while it is incomplete. An error means that the stream is not
  // Redis' protocol; it stays.
  absl::StatusOr<std::optional<Reply>> Next();

 private:
  redisReader* const reader_;
};

}  // namespace supervision::redis
