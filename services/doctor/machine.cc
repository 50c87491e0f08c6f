#include "services/doctor/machine.h"

#include <fcntl.h>
#include <netdb.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "services/redis/data_directory.h"
#include "services/redis/embedded.h"
#include "services/server/file_limit.h"

namespace supervision::doctor {
namespace {

constexpr char kData[] = "data";
constexpr char kDisk[] = "disk";
constexpr char kFiles[] = "open files";
constexpr char kListen[] = "listen";
// What the witness of an external Redis may need.
constexpr uint64_t kWitnessBytes = uint64_t{16} << 20;

bool IsEmbedded(const config::ServerSettings& settings) {
  return settings.redis.kind == config::ServerSettings::Redis::Kind::kEmbedded;
}

// The nearest folder on the way to `path` that is there.
std::string NearestThere(const std::string& path) {
  std::error_code error;
  std::filesystem::path at = std::filesystem::absolute(path, error);
  while (!std::filesystem::exists(at, error) && at.has_parent_path() && at != at.parent_path()) {
    at = at.parent_path();
  }
  return at.string();
}

std::string MiB(uint64_t bytes) { return absl::StrCat(bytes >> 20, " MiB"); }

// The hard limit of open files of a process, to which the service raises its own; -1 when it cannot
// be seen.
int64_t FileLimitOf(int pid) {
  std::ifstream limits(absl::StrCat("/proc/", pid, "/limits"));
  constexpr std::string_view kName = "Max open files";
  for (std::string line; std::getline(limits, line);) {
    if (line.rfind(kName, 0) != 0) continue;
    char* end = nullptr;
    std::strtoll(line.c_str() + kName.size(), &end, 10);  // the soft limit
    return std::strtoll(end, nullptr, 10);
  }
  return -1;
}

// Zero when one could listen on "host:port"; an errno otherwise.
int TryToListen(const std::string& address) {
  const size_t colon = address.rfind(':');
  std::string host = address.substr(0, colon);
  if (host.size() > 2 && host.front() == '[') host = host.substr(1, host.size() - 2);
  addrinfo hints = {};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  if (getaddrinfo(host.c_str(), address.substr(colon + 1).c_str(), &hints, &found) != 0) {
    return EADDRNOTAVAIL;
  }
  const absl::Cleanup free_found = [found] { freeaddrinfo(found); };
  const int fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return errno;
  const absl::Cleanup close_fd = [fd] { close(fd); };
  const int on = 1;  // connections that have ended do not matter
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  return bind(fd, found->ai_addr, found->ai_addrlen) == 0 ? 0 : errno;
}

}  // namespace

void CheckDataDirectory(const config::ServerSettings& settings, Findings* findings) {
  const std::string& path = settings.redis.data_directory;
  const std::string setting = absl::StrCat("redis.data_directory ", path);
  struct stat about = {};
  if (stat(path.c_str(), &about) != 0) {
    const std::string there = NearestThere(path);
    if (access(there.c_str(), W_OK | X_OK) == 0) {
      return findings->Ok(kData, absl::StrCat(setting, " is made at the first start"));
    }
    return findings->Fail(kData, absl::StrCat(setting, " is not there and cannot be made in ",
                                              there, ": ", std::strerror(errno),
                                              "; make it and give it to the user of the service"));
  }
  if (!S_ISDIR(about.st_mode)) {
    return findings->Fail(kData, setting + " is no directory; choose another or remove it");
  }
  const int error = redis::TryToWrite(path);
  if (error != 0) {
    return findings->Fail(
        kData,
        absl::StrCat(setting, " cannot be written in: ", std::strerror(error),
                     error == ENOSPC ? "; make room on its disk"
                                     : "; give it to the user of the service, ask as that user, or "
                                       "name another directory"));
  }
  if (IsEmbedded(settings)) {
    // Root may everything; the service has a user of its own, to whom the directory was given.
    const bool is_given = geteuid() == 0 && about.st_uid != 0;
    const absl::Status may =
        redis::CheckFiles(path, is_given ? std::optional(about.st_uid) : std::nullopt);
    if (!may.ok()) return findings->Fail(kData, std::string(may.message()));
  }
  const int service = redis::ServiceOn(path);
  findings->Ok(
      kData,
      absl::StrCat(setting, " can be written in",
                   service == 0 ? "" : absl::StrCat("; a service runs on it, process ", service)));
}

void CheckDisk(const config::ServerSettings& settings, Findings* findings) {
  const std::string& path = settings.redis.data_directory;
  const uint64_t free = redis::FreeBytes(NearestThere(path));
  const uint64_t least =
      IsEmbedded(settings) ? static_cast<uint64_t>(settings.redis.min_free_disk) : kWitnessBytes;
  const uint64_t kept = IsEmbedded(settings) ? redis::AppendOnlyBytes(path) : 0;
  const std::string room = absl::StrCat(MiB(free), " are free on the disk of redis.data_directory");
  if (free < least) {
    return findings->Fail(kDisk, absl::StrCat(room, ", less than ",
                                              IsEmbedded(settings) ? "redis.min_free_disk, " : "",
                                              MiB(least), ": clues are refused; make room"));
  }
  const uint64_t again = IsEmbedded(settings) ? redis::FreeAgainBytes(least) : least;
  if (free < again) {
    return findings->Warn(
        kDisk, absl::StrCat(room,
                            ", less than an eighth more than redis.min_free_disk: a service "
                            "whose disk was full refuses clues until ",
                            MiB(again), " are; make room"));
  }
  if (free < least + kept) {
    return findings->Warn(kDisk, absl::StrCat(room, "; the append-only file has ", MiB(kept),
                                              " and is written anew beside itself: make room for "
                                              "as much again"));
  }
  findings->Ok(kDisk, room);
}

void CheckDescriptors(const config::ServerSettings& settings, Findings* findings) {
  const int service = redis::ServiceOn(settings.redis.data_directory);
  int64_t limit = service == 0 ? -1 : FileLimitOf(service);
  const bool of_the_service = limit >= 0;
  if (!of_the_service) {
    rlimit own = {};
    getrlimit(RLIMIT_NOFILE, &own);
    limit = own.rlim_max == RLIM_INFINITY ? INT64_MAX : static_cast<int64_t>(own.rlim_max);
  }
  const int streams = settings.alerting.max_streams;
  const std::string said =
      absl::StrCat(limit, of_the_service ? " for the service that runs" : " for who asks here",
                   "; alerting.max_streams ", streams, " needs ", server::DescriptorsFor(streams));
  if (limit >= server::DescriptorsFor(streams)) return findings->Ok(kFiles, said);
  findings->Warn(kFiles,
                 said + ": raise LimitNOFILE of the unit (or ulimit -n), or lower the setting");
}

void CheckPorts(const config::ServerSettings& settings, Findings* findings) {
  if (redis::ServiceOn(settings.redis.data_directory) != 0) return;  // they are its own
  for (const auto& [setting, address] : {std::pair{"listen.grpc ", settings.listen.grpc},
                                         std::pair{"listen.metrics ", settings.listen.metrics}}) {
    if (address == "off" || address.rfind("unix:", 0) == 0) continue;
    const int error = TryToListen(address);
    if (error == 0) {
      findings->Ok(kListen, absl::StrCat(setting, address, " is free"));
    } else if (error == EADDRINUSE && !IsEmbedded(settings)) {
      findings->Warn(kListen, absl::StrCat(setting, address,
                                           " is taken: by the service if it runs now, otherwise by "
                                           "another program (ss -ltnp shows it)"));
    } else if (error == EADDRINUSE) {
      findings->Fail(kListen, absl::StrCat(setting, address,
                                           " is taken by another program (ss -ltnp shows it); end "
                                           "that, or set another address"));
    } else {
      findings->Fail(
          kListen, absl::StrCat(setting, address, " cannot be listened on: ", std::strerror(error),
                                "; set an address of this machine, and a port from 1024 "
                                "on where the service is not root"));
    }
  }
}

}  // namespace supervision::doctor
