#pragma once

#include <string>
#include <vector>

namespace supervision::server {

// Tells by place, size and times (who may read a file is a change too) whether files have changed,
// through links (as Kubernetes turns them), and only when they have rested from one look to the
// next: who writes several files, or a long one, is not read in the middle. Files that never rest
// are taken as they are at the third look: a token that is revoked while others are issued each
// second has to end too. For one thread.
class FileTimes {
 public:
  // As they are now counts as known: made before the files are read for the first time, so that no
  // change falls between the two.
  explicit FileTimes(std::vector<std::string> paths);

  // Whether they are otherwise than when it was last true (or at the start), and as they were at
  // the look before, or have not rested for three looks.
  bool Changed();

  // Whether they were at the last look as when Changed was last true (or at the start).
  bool Rest() const { return seen_ == known_; }

 private:
  std::string Now() const;

  std::vector<std::string> paths_;
  std::string known_;
  std::string seen_;
  int restless_ = 0;  // looks in a row at which they were otherwise than at the one before
};

}  // namespace supervision::server
