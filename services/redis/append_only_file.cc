#include "services/redis/append_only_file.h"

#include <algorithm>
#include <filesystem>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "services/redis/program.h"

namespace supervision::redis {
namespace {

constexpr char kCheck[] = "redis-check-aof";
// What Redis writes at once: the changes of one turn of its loop, a few scripts of ours.
constexpr uint64_t kLargestWrite = 64 << 20;
constexpr char kFolder[] = "/appendonlydir/";
constexpr std::string_view kFilePrefix = "appendonly.aof.";
constexpr std::string_view kBaseSuffix = ".base.rdb";

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

bool Has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

// The last file that the words name; empty when they name none.
std::string_view NamedFile(std::string_view words) {
  const size_t at = words.rfind(kFilePrefix);
  if (at == std::string_view::npos) return {};
  words = words.substr(at);
  words = words.substr(0, words.find_first_of(": \n|"));
  return words;
}

// The file that holds what was there when the files were last written anew; of several the last.
std::string BaseFile(const std::string& folder) {
  std::string found;
  std::error_code error;
  for (std::filesystem::directory_iterator it(folder, error), end; !error && it != end;
       it.increment(error)) {
    const std::string name = it->path().filename().string();
    if (name.ends_with(kBaseSuffix)) found = std::max(found, name);
  }
  return found;
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

std::string WhyUnreadable(std::string_view last_words, const std::string& data_directory) {
  const std::string folder = data_directory + kFolder;
  const bool missing = Has(last_words, "Unable to obtain the AOF file");
  // Of a base file that ends too early Redis says this, and not which it is.
  const bool base = Has(last_words, "Short read or OOM loading DB") ||
                    Has(last_words, "Internal error in RDB reading");
  if (!missing && !base && !Has(last_words, "reading the append only file")) return "";
  const std::string name = base ? BaseFile(folder) : std::string(NamedFile(last_words));
  const std::string file = folder + name;
  if (missing || name.ends_with(kBaseSuffix)) {
    return absl::StrCat(file, missing ? " is missing" : " is damaged",
                        "; copy the directory, then put the file back from a copy of yours, or "
                        "restore a backup (supervisionctl restore)");
  }
  return absl::StrCat(file,
                      " is damaged, and not only in its last write; copy the directory, then "
                      "restore a backup (supervisionctl restore), or cut the file with ",
                      kCheck, " --fix and lose what lies behind the damage");
}

absl::StatusOr<uint64_t> CutUnfinishedWrite(const std::string& redis_server,
                                            const std::string& data_directory) {
  const std::string manifest =
      absl::StrCat(data_directory, "/appendonlydir/appendonly.aof.manifest");
  const absl::StatusOr<ProgramEnd> found = RunToEnd(redis_server, {kCheck, manifest});
  if (!found.ok()) return found.status();
  if (found->ok()) return 0;
  if (!found->exited()) {
    return absl::UnavailableError(absl::StrCat(
        manifest, " could not be checked and may be whole: ", kCheck, " ", found->how));
  }
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
