#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "clients/cpp/sqlite.h"

namespace supervision::client {

// The right to be the only one that writes a spool: a lock on FILE.lock that ends with the process.
class SpoolLock {
 public:
  // FAILED_PRECONDITION names the process that holds it.
  static absl::StatusOr<SpoolLock> Take(const std::string& spool_path);
  SpoolLock() = default;
  SpoolLock(SpoolLock&& other) noexcept;
  SpoolLock& operator=(SpoolLock&& other) noexcept;
  ~SpoolLock();

 private:
  int descriptor_ = -1;
};

// An open spool file of the present schema.
struct SpoolFile {
  sqlite::Database database;
  std::string repaired_from;  // the damaged file that it was read from; empty: it was sound
};

// Opens the file, makes it when it is not there, and repairs it: what can be read of a damaged one
// goes into a new one, and the damaged one is put aside. The caller holds the lock.
absl::StatusOr<SpoolFile> OpenSpoolFile(const std::string& path, bool survive_power_loss);
// Opens it to look only, as it is.
absl::StatusOr<SpoolFile> OpenSpoolFileToRead(const std::string& path);

// What tells a damaged clue: part of a digest over its bytes.
std::string SpoolDigest(const std::string& bytes);

}  // namespace supervision::client
