#include "services/config/tokens_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

namespace supervision::config {
namespace {

constexpr mode_t kMode = 0640;  // the service's group reads, nobody else
constexpr absl::Duration kLookAgain = absl::Milliseconds(20);

constexpr int kMostLinks = 40;  // as the kernel follows

// Where a link leads, also to a file that is yet to be made: replicas share the file behind it, and
// an exchange of the link would keep from them what is written. A circle of links is left to
// open().
std::string Followed(std::filesystem::path path) {
  std::error_code error;
  for (int i = 0; i < kMostLinks && std::filesystem::is_symlink(path, error); ++i) {
    path = path.parent_path() / std::filesystem::read_symlink(path, error);
  }
  return path.string();
}

absl::Status CannotWrite(const std::string& path) {
  return absl::PermissionDeniedError(
      absl::StrCat(path, " cannot be written: ", std::strerror(errno),
                   "; run the command as root or as the owner of the file"));
}

// Those of `path`, or of `otherwise` while there is none.
void KeepOwner(int file, const std::string& path, const std::string& otherwise) {
  struct stat owner = {};
  if (stat(path.c_str(), &owner) != 0 && stat(otherwise.c_str(), &owner) != 0) return;
  if (fchown(file, owner.st_uid, owner.st_gid) == 0) return;
  // Only root gives files away; a member of the group can still let it read.
  if (fchown(file, static_cast<uid_t>(-1), owner.st_gid) != 0) return;
}

}  // namespace

absl::StatusOr<std::unique_ptr<TokensFile>> TokensFile::Open(const std::string& named,
                                                             const std::string& principals,
                                                             absl::Duration patience) {
  const std::string path = Followed(named);
  // The folder, since the file itself is exchanged.
  const std::string parent = std::filesystem::path(path).parent_path().string();
  const std::string folder = parent.empty() ? "." : parent;
  const int lock = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (lock < 0) {
    return absl::NotFoundError(absl::StrCat(
        "the folder ", folder, " of the tokens cannot be opened: ", std::strerror(errno),
        "; give the right --config"));
  }
  std::unique_ptr<TokensFile> file(new TokensFile(path, principals, lock));
  const absl::Time deadline = absl::Now() + patience;
  while (flock(lock, LOCK_EX | LOCK_NB) != 0) {
    if (absl::Now() >= deadline) {
      return absl::UnavailableError(absl::StrCat(
          path, " is being changed by another command; run this one again when that has ended"));
    }
    absl::SleepFor(kLookAgain);
  }
  auto tokens = LoadTokens(path);
  if (!tokens.ok()) return tokens.status();
  file->tokens_ = *std::move(tokens);
  return file;
}

TokensFile::~TokensFile() { close(lock_); }

absl::Status TokensFile::Save() const {
  const std::string beside = path_ + ".new";
  const std::string text = TokensText(tokens_);
  // What cannot be read again would keep every later change from the service.
  if (const auto read = ParseTokens(text, path_); !read.ok()) return read.status();
  const int file =
      open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (file < 0) return CannotWrite(path_);
  KeepOwner(file, path_, principals_);
  bool written = fchmod(file, kMode) == 0 &&
                 write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
                 fsync(file) == 0;
  written = close(file) == 0 && written;
  if (written && std::rename(beside.c_str(), path_.c_str()) == 0) return absl::OkStatus();
  return CannotWrite(path_);
}

}  // namespace supervision::config
