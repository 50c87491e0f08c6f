#pragma once

#include <string>

namespace supervision::testing {

// A fresh directory with a short path (a unix socket's fits), removed with all in it at the end.
class TempDir {
 public:
  TempDir();
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace supervision::testing
