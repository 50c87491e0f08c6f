#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace supervision::redis {

// Whether these words of a redis-server, as it ended at its start, say that its append-only file
// ends in the middle of a write.
bool EndsInTheMiddle(std::string_view last_words);

// What an operator is told when a redis-server ended at its start with these words since it cannot
// read its append-only files in `data_directory`: which of them, and what to do. Empty when the
// words speak of something else.
std::string WhyUnreadable(std::string_view last_words, const std::string& data_directory);

// Takes an unfinished write off the end of the append-only file in `data_directory`, with all of
// its transaction, and gives how many bytes that were; nobody was answered before the last of them
// was written. No redis-server may run on the directory. `redis_server` is the program, which is
// redis-check-aof too when it is called so.
//
// Redis has a setting that does this while it loads (aof-load-truncated), but Redis 7.0.15 only
// takes the last command off and leaves the MULTI before it open: what is written behind that is
// part of the unfinished transaction at the next start, and what was acknowledged may be lost.
//
// FailedPrecondition with what to do when more would be lost than one write holds: then the file is
// damaged elsewhere, and only a person may decide.
absl::StatusOr<uint64_t> CutUnfinishedWrite(const std::string& redis_server,
                                            const std::string& data_directory);

}  // namespace supervision::redis
