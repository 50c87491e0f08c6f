#pragma once

#include <string>
#include <vector>

namespace supervision::server {

// Tells by place, size and time whether files have changed, through links (as Kubernetes turns
// them), and only when they have rested from one look to the next: who writes several files, or a
// long one, is not read in the middle. For one thread.
class FileTimes {
 public:
  // As they are now counts as known.
  explicit FileTimes(std::vector<std::string> paths);

  // Whether they are otherwise than when it was last true (or at the start), and as they were at
  // the look before.
  bool Changed();

 private:
  std::string Now() const;

  const std::vector<std::string> paths_;
  std::string known_;
  std::string seen_;
};

}  // namespace supervision::server
