#include "services/redis/append_only_file.h"

#include <algorithm>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "services/redis/program.h"

namespace supervision::redis {
namespace {

constexpr char kCheck[] = "redis-check-aof";
// What Redis writes at once: the changes of one turn of its loop, a few scripts of ours.
constexpr uint64_t kLargestWrite = 64 << 20;

// The last file is the one that is written: "… ok_up_to=497, ok_up_to_line=119, diff=301".
uint64_t UnfinishedBytes(std::string_view output) {
  constexpr std::string_view kMark = "diff=";
  const size_t at = output.rfind(kMark);
  if (at == std::string_view::npos) return 0;
  const std::string_view rest = output.substr(at + kMark.size());
  const size_t digits = std::min(rest.find_first_not_of("0123456789"), rest.size());
  uint64_t bytes = 0;
  return absl::SimpleAtoi(absl::string_view(rest.data(), digits), &bytes) ? bytes : UINT64_MAX;
}

absl::Status Damaged(const std::string& manifest, const std::string& why) {
  return absl::FailedPreconditionError(absl::StrCat(
      "the append-only file ", manifest, " is damaged, and not only in its last write: ", why,
      "; copy the directory, then restore a backup, or cut the file with ", kCheck,
      " --fix and lose what lies behind the damage"));
}

}  // namespace

bool EndsInTheMiddle(std::string_view last_words) {
  return last_words.find("Unexpected end of file reading the append only file") !=
         std::string_view::npos;
}

absl::StatusOr<uint64_t> CutUnfinishedWrite(const std::string& redis_server,
                                            const std::string& data_directory) {
  const std::string manifest =
      absl::StrCat(data_directory, "/appendonlydir/appendonly.aof.manifest");
  const absl::StatusOr<ProgramEnd> found = RunToEnd(redis_server, {kCheck, manifest});
  if (!found.ok()) return found.status();
  if (found->ok()) return 0;
  const uint64_t bytes = UnfinishedBytes(found->output);
  if (bytes == 0 || bytes > kLargestWrite) {
    return Damaged(manifest, absl::StrCat(bytes, " bytes cannot be read"));
  }
  const absl::StatusOr<ProgramEnd> cut = RunToEnd(redis_server, {kCheck, "--fix", manifest}, "y\n");
  if (!cut.ok()) return cut.status();
  if (!cut->ok()) return Damaged(manifest, absl::StrCat(kCheck, " ", cut->how));
  return bytes;
}

}  // namespace supervision::redis
