#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/time/time.h"

namespace supervision::server {

// Tells when files may have changed: by inotify on every folder that the paths lead through, so
// that a file written in place, one renamed into place, a whole folder exchanged, and a symbolic
// link that is pointed elsewhere (as Kubernetes does with ..data) are all seen. It may tell of
// changes that are none, never of their contents.
//
// One thread uses it; Wake() may come from any.
class FileWatch {
 public:
  FileWatch();
  ~FileWatch();
  FileWatch(const FileWatch&) = delete;
  FileWatch& operator=(const FileWatch&) = delete;

  // From now on watches `paths` as they lie at this moment. Called again after every change, since
  // links and folders may have moved. False when inotify cannot (its limits are reached, or the
  // file system has none): the caller has to look by itself now and then.
  bool Watch(const std::vector<std::string>& paths);

  enum class Event { kNothing, kChanged, kWoken };
  // Waits at most `patience`.
  Event Wait(absl::Duration patience);

  // Ends a Wait, or the next one.
  void Wake();

 private:
  bool AddPath(const std::string& path);
  bool AddName(const std::string& folder, const std::string& name);
  bool Drain();  // reads what inotify tells; whether any of it matters

  int notify_ = -1;
  int wake_ = -1;
  std::map<std::string, int> folders_;          // watched, by path
  std::map<int, std::set<std::string>> names_;  // which names in each matter; "" for all
};

}  // namespace supervision::server
