#include "tests/support/temp_dir.h"

#include <stdlib.h>

#include <cstdio>
#include <filesystem>
#include <system_error>

namespace supervision::testing {

TempDir::TempDir() {
  char path[] = "/tmp/sv-XXXXXX";
  if (mkdtemp(path) == nullptr) {
    std::perror("mkdtemp");
    std::abort();
  }
  path_ = path;
}

TempDir::~TempDir() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace supervision::testing
