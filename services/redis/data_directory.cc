#include "services/redis/data_directory.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <system_error>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "services/redis/blocking_call.h"

namespace supervision::redis {
namespace {

constexpr char kSetting[] = "redis.data_directory ";  // begins the sentences about it
constexpr char kServiceLock[] = "service.lock";
constexpr char kRedisLock[] = "redis.lock";
constexpr char kSocket[] = "redis.sock";
constexpr char kSocketPathFile[] = "redis.socket-path";
constexpr char kAppendOnly[] = "/appendonlydir";
constexpr absl::Duration kLookAgain = absl::Milliseconds(20);
constexpr absl::Duration kAskAgain = absl::Seconds(1);

bool FitsASocket(const std::string& path) { return path.size() < sizeof(sockaddr_un::sun_path); }

absl::Status SystemError(const std::string& what) {
  return absl::FailedPreconditionError(absl::StrCat(what, ": ", std::strerror(errno)));
}

// Read-only, another's, or on a disk without room.
absl::Status CannotBe(const char* what, const std::string& path) {
  return SystemError(absl::StrCat(kSetting, path, " cannot be ", what,
                                  "; give it to the user of the service, or name another "
                                  "directory"));
}

// Makes `path` and what is missing above it, all 0700.
absl::Status MakeDirectory(const std::filesystem::path& path) {
  struct stat info;
  if (stat(path.c_str(), &info) == 0) {
    if (S_ISDIR(info.st_mode)) return absl::OkStatus();
    return absl::FailedPreconditionError(
        absl::StrCat(kSetting, path.string(), " is no directory; choose another or remove it"));
  }
  if (path.has_parent_path() && path.parent_path() != path) {
    if (const absl::Status made = MakeDirectory(path.parent_path()); !made.ok()) return made;
  }
  if (mkdir(path.c_str(), S_IRWXU) == 0 || errno == EEXIST) return absl::OkStatus();
  return CannotBe("made", path.string());
}

void WritePid(int fd, int pid) {
  const std::string text = absl::StrCat(pid, "\n");
  // The content only serves messages: a failure is no reason to stop.
  if (ftruncate(fd, 0) != 0 || pwrite(fd, text.data(), text.size(), 0) < 0) return;
}

std::string ReadLine(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

std::string Process(const std::string& lock_file) {
  const std::string pid = ReadLine(lock_file);
  return pid.empty() ? "unknown process" : absl::StrCat("process ", pid);
}

}  // namespace

std::string SocketOf(const std::string& path) {
  const std::string elsewhere = ReadLine(absl::StrCat(path, "/", kSocketPathFile));
  return elsewhere.empty() ? absl::StrCat(path, "/", kSocket) : elsewhere;
}

int ServiceOn(const std::string& path) {
  const std::string file = absl::StrCat(path, "/", kServiceLock);
  struct stat about = {};
  if (stat(file.c_str(), &about) != 0) return 0;
  // "5: FLOCK  ADVISORY  WRITE 4711 08:01:1234 0 EOF", the device in hexadecimal. Some file systems
  // give stat another device than they lock under: there the process must be the one of the file.
  const std::string inode = absl::StrCat(":", about.st_ino);
  const std::string device =
      absl::StrFormat("%02x:%02x", major(about.st_dev), minor(about.st_dev)) + inode;
  const std::string holder = ReadLine(file);
  std::ifstream locks("/proc/locks");
  for (std::string line; std::getline(locks, line);) {
    std::istringstream words(line);
    std::string number, kind, mode, access, pid, where;
    words >> number >> kind >> mode >> access >> pid >> where;
    if (kind == "FLOCK" && where.ends_with(inode) && (where == device || pid == holder)) {
      return std::atoi(pid.c_str());
    }
  }
  return 0;
}

uint64_t FreeBytes(const std::string& directory) {
  struct statvfs info;
  if (statvfs(directory.c_str(), &info) != 0) return UINT64_MAX;  // unknown is not full
  return static_cast<uint64_t>(info.f_bavail) * info.f_frsize;
}

uint64_t AppendOnlyBytes(const std::string& path) {
  uint64_t bytes = 0;
  std::error_code error;
  for (std::filesystem::directory_iterator it(path + kAppendOnly, error), end; !error && it != end;
       it.increment(error)) {
    std::error_code gone;  // a file that Redis has just removed
    const uintmax_t size = it->file_size(gone);
    if (!gone) bytes += size;
  }
  return bytes;
}

int TryToWrite(const std::string& directory) {
  std::string name = directory + "/try.XXXXXX";
  const int file = mkostemp(name.data(), O_CLOEXEC);
  if (file < 0) return errno;
  const std::string page(4096, 'x');
  int error = 0;
  if (write(file, page.data(), page.size()) != static_cast<ssize_t>(page.size()) ||
      fsync(file) != 0) {
    error = errno;
  }
  close(file);
  unlink(name.c_str());
  return error;
}

absl::Status CheckFiles(const std::string& path, std::optional<uid_t> owner) {
  std::vector<std::string> files = {path + "/redis.log", path + kAppendOnly};
  std::error_code unreadable;  // then the folder itself is told of
  for (std::filesystem::directory_iterator it(files.back(), unreadable), end;
       !unreadable && it != end; it.increment(unreadable)) {
    files.push_back(it->path().string());
  }
  for (const std::string& file : files) {
    struct stat about = {};
    if (stat(file.c_str(), &about) != 0) continue;  // none yet, or the folder was told of
    const int wanted = R_OK | W_OK | (S_ISDIR(about.st_mode) ? X_OK : 0);
    if (faccessat(AT_FDCWD, file.c_str(), wanted, AT_EACCESS) == 0 &&
        about.st_uid == owner.value_or(about.st_uid)) {
      continue;
    }
    return absl::FailedPreconditionError(absl::StrCat(
        kSetting, path, " has ", file,
        " of another user, which the service may not read and write; give all of it to the user of "
        "the service, for instance by chown -R --reference=",
        path, " ", path));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<DataDirectory>> DataDirectory::Lock(const std::string& path,
                                                                   absl::Duration orphan_timeout) {
  std::error_code error;
  const std::filesystem::path absolute = std::filesystem::absolute(path, error);
  if (error || path.empty()) {
    return absl::InvalidArgumentError("redis.data_directory names no directory");
  }
  std::string normal = absolute.lexically_normal().string();
  if (normal.size() > 1 && normal.back() == '/') normal.pop_back();
  if (const absl::Status made = MakeDirectory(normal); !made.ok()) return made;
  std::unique_ptr<DataDirectory> directory(new DataDirectory(std::move(normal)));
  if (const absl::Status locked = directory->LockService(); !locked.ok()) return locked;
  if (const absl::Status locked = directory->LockRedis(orphan_timeout); !locked.ok()) {
    return locked;
  }
  if (const absl::Status may = CheckFiles(directory->path()); !may.ok()) return may;
  if (const absl::Status chosen = directory->ChooseSocket(); !chosen.ok()) return chosen;
  return directory;
}

DataDirectory::~DataDirectory() {
  if (!private_directory_.empty()) {
    unlink(socket_path_.c_str());
    rmdir(private_directory_.c_str());
    unlink(File(kSocketPathFile).c_str());
  }
  if (redis_lock_ >= 0) close(redis_lock_);
  if (service_lock_ >= 0) close(service_lock_);
}

absl::Status DataDirectory::LockService() {
  service_lock_ = open(File(kServiceLock).c_str(), O_RDWR | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (service_lock_ < 0) return CannotBe("written in", path_);
  if (flock(service_lock_, LOCK_EX | LOCK_NB) != 0) {
    return absl::FailedPreconditionError(
        absl::StrCat(kSetting, path_, " is held by another service (", Process(File(kServiceLock)),
                     "); stop that one or choose another directory"));
  }
  WritePid(service_lock_, getpid());
  return absl::OkStatus();
}

absl::Status DataDirectory::LockRedis(absl::Duration orphan_timeout) {
  redis_lock_ = open(File(kRedisLock).c_str(), O_RDWR | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (redis_lock_ < 0) return CannotBe("written in", path_);
  const absl::Time deadline = absl::Now() + orphan_timeout;
  absl::Time ask = absl::InfinitePast();
  while (flock(redis_lock_, LOCK_EX | LOCK_NB) != 0) {
    if (absl::Now() >= deadline) {
      return absl::FailedPreconditionError(
          absl::StrCat("the redis-server of a service that was killed still holds ", kSetting,
                       path_, " and does not end (", Process(File(kRedisLock)),
                       "); end that process, then start again"));
    }
    if (absl::Now() >= ask) {
      // Its append-only file is complete, so nothing is saved beside it. It may be starting or
      // ending and not answer: asked again until the lock is free.
      CallAndWait(SocketOf(path_), {"SHUTDOWN", "NOSAVE"},
                  std::min(kAskAgain, deadline - absl::Now()))
          .IgnoreError();
      ask = absl::Now() + kAskAgain;
    }
    absl::SleepFor(kLookAgain);
  }
  return absl::OkStatus();
}

absl::Status DataDirectory::ChooseSocket() {
  // What a killed service left of its own.
  if (const std::string elsewhere = ReadLine(File(kSocketPathFile)); !elsewhere.empty()) {
    unlink(elsewhere.c_str());
    rmdir(std::filesystem::path(elsewhere).parent_path().c_str());
    unlink(File(kSocketPathFile).c_str());
  }
  socket_path_ = File(kSocket);
  if (FitsASocket(socket_path_)) return absl::OkStatus();
  char made[] = "/tmp/supervision-XXXXXX";  // short by intent; mkdtemp makes it 0700
  if (mkdtemp(made) == nullptr)
    return SystemError("cannot make a directory for the socket in /tmp");
  private_directory_ = made;
  socket_path_ = absl::StrCat(private_directory_, "/", kSocket);
  std::ofstream(File(kSocketPathFile)) << socket_path_ << "\n";
  return absl::OkStatus();
}

void DataDirectory::NoteRedis(int pid) { WritePid(redis_lock_, pid); }

}  // namespace supervision::redis
