#include "services/redis/snapshot.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <system_error>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "services/redis/program.h"

namespace supervision::redis {
namespace {

namespace fs = std::filesystem;

// The names that Redis 7 gives its append-only file: a folder with a list of its parts.
constexpr char kFolder[] = "appendonlydir";
constexpr char kBase[] = "appendonly.aof.1.base.rdb";
constexpr char kManifest[] = "appendonly.aof.manifest";
constexpr char kManifestText[] = "file appendonly.aof.1.base.rdb seq 1 type b\n";

absl::Status Failed(const std::string& what, int error) {
  return absl::FailedPreconditionError(absl::StrCat(what, ": ", std::strerror(error)));
}

// On disk, not only in the kernel's memory; for files and folders.
absl::Status Synchronise(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return Failed(absl::StrCat("cannot open ", path), errno);
  const absl::Cleanup close_fd = [fd] { close(fd); };
  // EINVAL: a folder of a file system that knows no such thing, as network shares have them.
  if (fsync(fd) != 0 && errno != EINVAL) {
    return Failed(absl::StrCat("cannot synchronise ", path), errno);
  }
  return absl::OkStatus();
}

std::string FolderIn(const DataDirectory& directory) {
  return absl::StrCat(directory.path(), "/", kFolder);
}
std::string StagedIn(const DataDirectory& directory) {
  return absl::StrCat(FolderIn(directory), ".new");
}

absl::Status CheckSnapshot(const std::string& file) {
  if (access(file.c_str(), R_OK) != 0) return Failed(absl::StrCat("cannot read ", file), errno);
  const absl::StatusOr<std::string> checked = RunProgram("redis-check-rdb", {file});
  if (checked.ok()) return absl::OkStatus();
  const std::string said(checked.status().message());
  if (absl::IsFailedPrecondition(checked.status())) {
    return absl::FailedPreconditionError(
        absl::StrCat(file, " is no whole copy of a Redis; use another backup: ", said));
  }
  // Nothing is known of the file: a good backup must not be given up for it.
  const std::string hint =
      absl::IsAborted(checked.status())
          ? "; signal 9 is mostly too little memory: the check holds the largest key whole, which "
            "is a partition's log of up to ledger.log_bytes; give it 3 GiB and try again"
          : "";
  return absl::UnavailableError(
      absl::StrCat(file, " could not be checked and may be whole: ", said, hint));
}

// Gives a file its name, and replaces nothing that has come meanwhile; false with errno otherwise.
// Some file systems have no hard links (exFAT, network shares), others do not know the flag.
bool GiveName(const std::string& from, const std::string& to) {
  if (renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) return true;
  if (errno == EEXIST) return false;
  if (link(from.c_str(), to.c_str()) == 0) return unlink(from.c_str()) == 0;
  if (errno == EEXIST) return false;
  const int fd = open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (fd < 0) return false;
  close(fd);
  if (rename(from.c_str(), to.c_str()) == 0) return true;
  const int error = errno;
  unlink(to.c_str());
  errno = error;
  return false;
}

std::string FolderOf(const std::string& file) {
  const fs::path parent = fs::path(file).parent_path();
  return parent.empty() ? "." : parent.string();
}

}  // namespace

absl::StatusOr<int64_t> TakeSnapshot(const std::string& data_directory, const std::string& file) {
  std::error_code error;
  if (fs::exists(file, error)) {
    return absl::AlreadyExistsError(
        absl::StrCat(file, " exists; a backup replaces no other: name a new file"));
  }
  if (!fs::is_directory(FolderOf(file), error)) {
    return absl::FailedPreconditionError(absl::StrCat(
        "the folder ", FolderOf(file), " of the backup does not exist; make it first"));
  }
  const std::string partial = absl::StrCat(file, ".partial");
  const absl::Cleanup remove_partial = [&partial] { unlink(partial.c_str()); };
  const absl::StatusOr<std::string> taken =
      RunProgram("redis-cli", {"-s", SocketOf(data_directory), "--rdb", partial});
  if (!taken.ok()) {
    return absl::FailedPreconditionError(
        absl::StrCat("cannot read from the Redis of ", data_directory,
                     "; is the service running there, and is this its user? ",
                     std::string(taken.status().message())));
  }
  if (const absl::Status checked = CheckSnapshot(partial); !checked.ok()) return checked;
  if (const absl::Status done = Synchronise(partial); !done.ok()) return done;
  if (!GiveName(partial, file)) return Failed(absl::StrCat("cannot make ", file), errno);
  if (const absl::Status done = Synchronise(FolderOf(file)); !done.ok()) return done;
  return static_cast<int64_t>(fs::file_size(file, error));
}

namespace {

// 0, or the errno of what failed. std::filesystem's calls a disk that fills up an input/output
// error, as a broken one.
int CopyFile(const std::string& from, const std::string& to) {
  const int in = open(from.c_str(), O_RDONLY | O_CLOEXEC);
  if (in < 0) return errno;
  const absl::Cleanup close_in = [in] { close(in); };
  const int out = open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (out < 0) return errno;
  const absl::Cleanup close_out = [out] { close(out); };
  std::string buffer(size_t{1} << 20, '\0');
  while (true) {
    const ssize_t got = read(in, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return got == 0 ? 0 : errno;
    for (ssize_t done = 0; done < got;) {
      const ssize_t put = write(out, buffer.data() + done, static_cast<size_t>(got - done));
      if (put < 0 && errno != EINTR) return errno;
      done += std::max(put, ssize_t{0});
    }
  }
}

// The folder that Redis starts from, of the snapshot `file`.
absl::Status Fill(const std::string& folder, const std::string& file) {
  std::error_code error;
  fs::permissions(folder, fs::perms::owner_all, error);
  const std::string base = absl::StrCat(folder, "/", kBase);
  // Its mode is its own: backups are often kept read-only.
  if (const int failed = CopyFile(file, base); failed != 0) {
    return Failed(absl::StrCat("cannot copy ", file, " to ", base), failed);
  }
  const std::string manifest = absl::StrCat(folder, "/", kManifest);
  std::ofstream text(manifest);
  text << kManifestText;
  text.close();
  if (!text.good()) return Failed(absl::StrCat("cannot write ", manifest), errno);
  for (const std::string& path : {base, manifest, folder}) {
    if (const absl::Status done = Synchronise(path); !done.ok()) return done;
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status StageSnapshot(const std::string& file, const DataDirectory& directory, bool replace) {
  std::error_code error;
  if (!replace && fs::exists(FolderIn(directory), error)) {
    return absl::AlreadyExistsError(absl::StrCat(
        directory.path(), " holds data; say --replace to put it aside, or name another directory"));
  }
  if (const absl::Status checked = CheckSnapshot(file); !checked.ok()) return checked;
  const std::string staged = StagedIn(directory);
  fs::remove_all(staged, error);  // of a restore that was cut short
  if (!fs::create_directory(staged, error)) {
    return Failed(absl::StrCat("cannot make ", staged), error.value());
  }
  const absl::Status filled = Fill(staged, file);
  // Half a copy would take the room that the old data need.
  if (!filled.ok()) fs::remove_all(staged, error);
  return filled;
}

void DropStaged(const DataDirectory& directory) {
  std::error_code ignored;
  fs::remove_all(StagedIn(directory), ignored);
}

absl::StatusOr<std::string> PutInPlace(const DataDirectory& directory) {
  const std::string folder = FolderIn(directory);
  std::error_code error;
  std::string aside;
  if (fs::exists(folder, error)) {
    aside = absl::StrCat(folder, ".before-",
                         absl::FormatTime("%Y%m%dT%H%M%E3SZ", absl::Now(), absl::UTCTimeZone()));
    fs::rename(folder, aside, error);
    if (error) return Failed(absl::StrCat("cannot put ", folder, " aside"), error.value());
  }
  fs::rename(StagedIn(directory), folder, error);
  if (error)
    return Failed(absl::StrCat("cannot put the backup in place as ", folder), error.value());
  if (const absl::Status done = Synchronise(directory.path()); !done.ok()) return done;
  return aside;
}

}  // namespace supervision::redis
