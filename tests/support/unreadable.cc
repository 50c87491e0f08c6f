#include "tests/support/unreadable.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdarg>
#include <cstring>

#include "services/base/mutex.h"

namespace supervision::testing {
namespace {

base::Mutex mutex;
std::string unreadable;  // empty: every file can be read

void Set(const std::string& part) {
  base::MutexLock lock(&mutex);
  unreadable = part;
}
bool Is(const char* path) {
  base::MutexLock lock(&mutex);
  return !unreadable.empty() && std::strstr(path, unreadable.c_str()) != nullptr;
}

}  // namespace

Unreadable::Unreadable(const std::string& part) { Set(part); }
Unreadable::~Unreadable() { Set(""); }

}  // namespace supervision::testing

// Stands before the C library's: a program's own symbols come first.
extern "C" int open(const char* path, int flags, ...) {
  mode_t mode = 0;
  if ((flags & O_CREAT) != 0) {
    va_list rest;
    va_start(rest, flags);
    mode = va_arg(rest, mode_t);
    va_end(rest);
  }
  if (supervision::testing::Is(path)) {
    errno = EIO;
    return -1;
  }
  return static_cast<int>(syscall(SYS_openat, AT_FDCWD, path, flags, mode));
}
