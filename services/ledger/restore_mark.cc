#include "services/ledger/restore_mark.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "services/base/hash.h"
#include "services/base/hex.h"

namespace supervision::ledger {
namespace {

constexpr char kName[] = "ledger-restored";
constexpr size_t kWordBytes = 16;

}  // namespace

RestoreMark::RestoreMark(const std::string& directory) {
  if (!directory.empty()) path_ = absl::StrCat(directory, "/", kName);
}

absl::Status RestoreMark::Write() const {
  const int fd = open(path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, S_IRUSR | S_IWUSR);
  const absl::Cleanup close_fd = [fd] { close(fd); };
  const std::string line =
      absl::StrCat("restored-", base::HexEncode(base::RandomBytes(kWordBytes)), "\n");
  if (fd < 0 || write(fd, line.data(), line.size()) != static_cast<ssize_t>(line.size()) ||
      fsync(fd) != 0) {
    return absl::FailedPreconditionError(
        absl::StrCat("cannot write ", path_, ": ", std::strerror(errno)));
  }
  return absl::OkStatus();
}

std::string RestoreMark::Read() const {
  std::string word;
  if (!path_.empty()) std::getline(std::ifstream(path_), word);
  return word;
}

void RestoreMark::Remove() const {
  if (!path_.empty()) unlink(path_.c_str());
}

}  // namespace supervision::ledger
