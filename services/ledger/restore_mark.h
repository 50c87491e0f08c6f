#pragma once

#include <string>

#include "absl/status/status.h"

namespace supervision::ledger {

// Says that the data beside it came from a backup: what was acknowledged after that backup may be
// missing, and only whoever was told of it could know. A service that finds the mark opens a new
// epoch in every partition, once, and takes the mark away: every cursor from behind the backup is
// told. A small file in the directory of the witness.
class RestoreMark {
 public:
  // An empty directory: there is no mark.
  explicit RestoreMark(const std::string& directory);

  // A new mark, synchronised.
  absl::Status Write() const;
  // A word that no other restore has; empty when there is no mark.
  std::string Read() const;
  void Remove() const;

 private:
  std::string path_;
};

}  // namespace supervision::ledger
