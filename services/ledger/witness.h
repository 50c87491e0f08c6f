#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "services/ledger/board.h"

namespace supervision::ledger {

// What this process knows to have been acknowledged, kept beside the data: the proof, should Redis
// come back with less.
struct WitnessRecord {
  std::string ledger_id;  // 32 hexadecimal digits
  std::vector<Board::Witness> partitions;

  bool empty() const;  // nothing was ever acknowledged
};

// The witness file of one ledger in a directory. Small and local: it is read and written on the
// loop's thread. A file that is damaged (a power cut while it was written) counts as absent; what
// it would have told is then told by the next genuine cursor.
class WitnessFile {
 public:
  // An empty directory: nothing is kept.
  WitnessFile(std::string_view directory, std::string_view key_prefix);

  absl::StatusOr<std::optional<WitnessRecord>> Read() const;
  // Replaces the file as a whole. Does nothing when the record is the one written last.
  absl::Status Write(const WitnessRecord& record);

  const std::string& path() const { return path_; }

 private:
  std::string path_;
  std::string written_;
};

}  // namespace supervision::ledger
