#pragma once

#include <string>

namespace supervision::testing {

// While it lives, open() of a file whose path has `part` in it fails with EIO, and nothing about
// the file changes: a disk or a mount that cannot be read for a moment. Our own code alone is
// concerned; libraries open files by other ways. One at a time.
class Unreadable {
 public:
  explicit Unreadable(const std::string& part);
  ~Unreadable();
  Unreadable(const Unreadable&) = delete;
  Unreadable& operator=(const Unreadable&) = delete;
};

}  // namespace supervision::testing
