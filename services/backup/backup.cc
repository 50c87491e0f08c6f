#include "services/backup/backup.h"

#include "absl/time/time.h"
#include "services/ledger/restore_mark.h"
#include "services/redis/data_directory.h"
#include "services/redis/snapshot.h"

namespace supervision::backup {

absl::StatusOr<int64_t> Take(const std::string& data_directory, const std::string& file) {
  return redis::TakeSnapshot(data_directory, file);
}

absl::StatusOr<std::string> Restore(const std::string& data_directory, const std::string& file,
                                    bool replace) {
  constexpr absl::Duration kOrphan = absl::Seconds(30);
  const auto directory = redis::DataDirectory::Lock(data_directory, kOrphan);
  if (!directory.ok()) return directory.status();
  const absl::Status staged = redis::StageSnapshot(file, **directory, replace);
  if (!staged.ok()) return staged;
  // Before the data: cut short in between, it costs an epoch that was not needed, and the other way
  // round a loss that nobody is told of.
  const absl::Status marked = ledger::RestoreMark((*directory)->path()).Write();
  if (!marked.ok()) {
    redis::DropStaged(**directory);
    return marked;
  }
  return redis::PutInPlace(**directory);
}

}  // namespace supervision::backup
