#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/base/mutex.h"
#include "supervision/v1/clue_service.pb.h"

namespace supervision::client {

// What a stored clue has survived when Add returns.
enum class SpoolSync : uint8_t {
  kPowerLoss,    // also a loss of power: the file is synchronised for every Add
  kProcessDeath  // the end of the process in any way; a loss of power may take the last seconds
};

// Where a Spool lies and how large it may become.
struct SpoolOptions {
  // Beside it lie FILE-wal, FILE-shm and FILE.lock. On a local disk: the lock of a network file
  // system cannot be trusted.
  std::string path;
  // Both count the clues that wait and those that were refused. The file itself is somewhat larger.
  int64_t max_clues = 100'000;
  int64_t max_bytes = int64_t{256} << 20;
  SpoolSync sync = SpoolSync::kPowerLoss;
  // Only looks, also while another process has the spool open; what changes it fails.
  bool read_only = false;
};

// A clue that waits to be handed over.
struct SpooledClue {
  int64_t sequence = 0;  // oldest first
  v1::StreamCluesRequest clue;
  absl::Time spooled_at;
};

// A clue that the service does not take as it is.
struct RefusedClue {
  v1::StreamCluesRequest clue;
  absl::Status error;  // see ErrorOf
  absl::Time refused_at;
};

// How full a spool is.
struct SpoolStatus {
  int64_t waiting = 0;
  int64_t refused = 0;
  int64_t bytes = 0;                           // of both
  absl::Time oldest = absl::InfiniteFuture();  // when the oldest that waits was stored
};

// Clues on their way to the service, in one file that survives the end of the process by kill -9,
// at any moment. A clue gets its request_id when it is stored and keeps it, so that handing it over
// again after a crash stores nothing twice. Submitter empties it.
//
// One process at a time has a spool open (others may look, read_only). A damaged end of the file
// costs what was being written; a file that is damaged elsewhere is put aside and what can be read
// of it is kept (see repaired_from). The file holds the text of clues: it is made for its owner
// only.
//
// Thread-safe; the calls block on the disk. Errors are local: RESOURCE_EXHAUSTED when it is full,
// and nothing is stored then.
class Spool {
 public:
  // FAILED_PRECONDITION: another process has it open, or it was written by a newer version.
  // INVALID_ARGUMENT: the file is something else. NOT_FOUND: read_only, and there is none.
  static absl::StatusOr<std::unique_ptr<Spool>> Open(const SpoolOptions& options);
  ~Spool();
  Spool(const Spool&) = delete;
  Spool& operator=(const Spool&) = delete;

  // Stores a clue and returns its request_id, a new one where it has none. The same clue under the
  // same request_id is stored once; another clue under it is refused with ALREADY_EXISTS. A clue
  // that was refused is replaced by the one that has its request_id. INVALID_ARGUMENT: a text is
  // not UTF-8, or the clue is larger than 4 MiB.
  absl::StatusOr<std::string> Add(v1::StreamCluesRequest clue);
  // All of them or none, with one synchronisation: the request_ids in the same order.
  absl::StatusOr<std::vector<std::string>> AddAll(std::vector<v1::StreamCluesRequest> clues);

  // Clues that wait, oldest first, behind `after` (0: from the first): at most `limit` of them. One
  // that is damaged on the disk is put among the refused instead; `damaged`, where given, is told
  // of it, with its request_id and no text.
  absl::StatusOr<std::vector<SpooledClue>> Oldest(int64_t after, size_t limit,
                                                  std::vector<RefusedClue>* damaged = nullptr);
  // Forgets clues that the service has.
  absl::Status Settle(const std::vector<int64_t>& sequences);
  // Puts a clue that waits among the refused ones, with the reason.
  absl::Status Refuse(int64_t sequence, const absl::Status& error);

  // The refused clues, oldest first, at most `limit`.
  absl::StatusOr<std::vector<RefusedClue>> Refused(size_t limit);
  // Lets a refused clue wait again, behind all others; Submitter::Flush, or the next Submit, has it
  // handed over. NOT_FOUND: none has this request_id.
  // DATA_LOSS: it is among the refused since what was stored of it is damaged.
  absl::Status Retry(const std::string& request_id);
  // Forgets a refused clue. NOT_FOUND: none has this request_id.
  absl::Status Drop(const std::string& request_id);

  absl::StatusOr<SpoolStatus> Status();

  // Where the damaged file was put that this spool was read from; empty: it was sound.
  const std::string& repaired_from() const { return repaired_from_; }
  const std::string& path() const { return options_.path; }

 private:
  struct Storage;
  Spool(SpoolOptions options, std::unique_ptr<Storage> storage, std::string repaired_from);

  absl::Status Insert(const v1::StreamCluesRequest& clue) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status CheckRoom() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::StatusOr<SpoolStatus> Count() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const SpoolOptions options_;
  const std::string repaired_from_;
  base::Mutex mutex_;
  const std::unique_ptr<Storage> storage_ ABSL_PT_GUARDED_BY(mutex_);
};

}  // namespace supervision::client
