#include "services/server/file_watch.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <deque>
#include <filesystem>

namespace supervision::server {
namespace {

constexpr uint32_t kEvents = IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO |
                             IN_DELETE_SELF | IN_MOVE_SELF | IN_ATTRIB | IN_ONLYDIR;
constexpr int kMostLinks = 40;  // as the kernel has it
constexpr char kEveryName[] = "";

}  // namespace

FileWatch::FileWatch()
    : notify_(inotify_init1(IN_NONBLOCK | IN_CLOEXEC)),
      wake_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {}

FileWatch::~FileWatch() {
  if (notify_ >= 0) close(notify_);
  if (wake_ >= 0) close(wake_);
}

bool FileWatch::Watch(const std::vector<std::string>& paths) {
  if (notify_ < 0) return false;
  for (const auto& [folder, watch] : folders_) inotify_rm_watch(notify_, watch);
  folders_.clear();
  names_.clear();
  bool complete = true;
  for (const std::string& path : paths) complete = AddPath(path) && complete;
  return complete;
}

// Every name on the way is watched in its folder, and a link's target is a way of its own.
bool FileWatch::AddPath(const std::string& path) {
  namespace fs = std::filesystem;
  std::error_code error;
  std::deque<fs::path> parts;
  const fs::path whole = fs::absolute(path, error).lexically_normal();
  for (const fs::path& part : whole.relative_path()) parts.push_back(part);
  fs::path at = "/";
  int links = 0;
  bool complete = true;
  while (!parts.empty()) {
    const fs::path part = parts.front();
    parts.pop_front();
    if (part.empty() || part == ".") continue;
    if (part == "..") {
      at = at.parent_path();
      continue;
    }
    complete = AddName(at.string(), part.string()) && complete;
    const fs::path next = at / part;
    if (!fs::is_symlink(next, error)) {
      if (!fs::exists(next, error)) return complete;  // its folder tells when it comes
      at = next;
      continue;
    }
    const fs::path target = fs::read_symlink(next, error);
    if (error || ++links > kMostLinks) return false;
    if (target.is_absolute()) at = "/";
    const fs::path relative = target.relative_path();
    std::vector<fs::path> way(relative.begin(), relative.end());
    for (auto step = way.rbegin(); step != way.rend(); ++step) parts.push_front(*step);
  }
  if (fs::is_directory(at, error)) complete = AddName(at.string(), kEveryName) && complete;
  return complete;
}

bool FileWatch::AddName(const std::string& folder, const std::string& name) {
  auto found = folders_.find(folder);
  if (found == folders_.end()) {
    const int watch = inotify_add_watch(notify_, folder.c_str(), kEvents);
    if (watch < 0) return false;
    found = folders_.emplace(folder, watch).first;
  }
  names_[found->second].insert(name);
  return true;
}

FileWatch::Event FileWatch::Wait(absl::Duration patience) {
  const absl::Duration bounded = std::clamp(patience, absl::ZeroDuration(), absl::Hours(1));
  std::array<pollfd, 2> wanted = {pollfd{wake_, POLLIN, 0}, pollfd{notify_, POLLIN, 0}};
  // Rounded up, so that a wait of less than a millisecond is no busy loop.
  const int millis = static_cast<int>(absl::ToInt64Milliseconds(bounded + absl::Microseconds(999)));
  if (poll(wanted.data(), wanted.size(), millis) <= 0) return Event::kNothing;
  if ((wanted[0].revents & POLLIN) != 0) {
    uint64_t count = 0;
    static_cast<void>(!read(wake_, &count, sizeof(count)));
    return Event::kWoken;
  }
  return Drain() ? Event::kChanged : Event::kNothing;
}

bool FileWatch::Drain() {
  alignas(inotify_event) std::array<char, 16384> buffer;
  bool matters = false;
  for (ssize_t got = 0; (got = read(notify_, buffer.data(), buffer.size())) > 0;) {
    for (ssize_t place = 0; place < got;) {
      inotify_event event;
      std::memcpy(&event, buffer.data() + place, sizeof(event));
      const char* const text = buffer.data() + place + sizeof(event);
      const std::string name = event.len > 0 ? text : "";
      place += static_cast<ssize_t>(sizeof(event) + event.len);
      const auto names = names_.find(event.wd);
      if ((event.mask & IN_Q_OVERFLOW) != 0) matters = true;
      if (names == names_.end() || (event.mask & IN_IGNORED) != 0) continue;
      // An event without a name is about the folder itself.
      matters = matters || name.empty() || names->second.count(kEveryName) > 0 ||
                names->second.count(name) > 0;
    }
  }
  return matters;
}

void FileWatch::Wake() {
  const uint64_t one = 1;
  static_cast<void>(!write(wake_, &one, sizeof(one)));
}

}  // namespace supervision::server
