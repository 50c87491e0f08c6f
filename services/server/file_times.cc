#include "services/server/file_times.h"

#include <sys/stat.h>

#include <utility>

#include "absl/strings/str_cat.h"

namespace supervision::server {
namespace {

constexpr int kMostRestless = 3;

}  // namespace

FileTimes::FileTimes(std::vector<std::string> paths)
    : paths_(std::move(paths)), known_(Now()), seen_(known_) {}

bool FileTimes::Changed() {
  std::string now = Now();
  restless_ = now == seen_ ? 0 : restless_ + 1;
  seen_ = std::move(now);
  if (seen_ == known_ || (restless_ > 0 && restless_ < kMostRestless)) return false;
  restless_ = 0;
  known_ = seen_;
  return true;
}

std::string FileTimes::Now() const {
  std::string text;
  for (const std::string& path : paths_) {
    struct stat about = {};
    if (path.empty() || stat(path.c_str(), &about) != 0) {
      text += "none\n";
      continue;
    }
    absl::StrAppend(&text, about.st_dev, " ", about.st_ino, " ", about.st_size, " ",
                    about.st_mtim.tv_sec, ".", about.st_mtim.tv_nsec, " ", about.st_ctim.tv_sec,
                    ".", about.st_ctim.tv_nsec, "\n");
  }
  return text;
}

}  // namespace supervision::server
