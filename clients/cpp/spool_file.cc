#include "clients/cpp/spool_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "clients/cpp/local_error.h"
#include "services/base/hash.h"

namespace supervision::client {
namespace {

using sqlite::Database;
using sqlite::Statement;

// Marks the file as a spool, so that no other database is taken for one: "SVSP".
constexpr int64_t kApplicationId = 0x53565350;
constexpr int64_t kSchemaVersion = 1;
constexpr mode_t kOwnerOnly = S_IRUSR | S_IWUSR;

// `bytes` stands before the clue, so that it is read without it. The totals follow every change by
// triggers: they are right in any transaction, and cost no count.
constexpr char kSchema[] = R"(
BEGIN;
CREATE TABLE waiting (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT,
  request_id TEXT NOT NULL UNIQUE,
  spooled_at INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  digest BLOB NOT NULL,
  clue BLOB NOT NULL);
CREATE TABLE refused (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT,
  request_id TEXT NOT NULL UNIQUE,
  refused_at INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  error BLOB NOT NULL,
  clue BLOB NOT NULL);
CREATE TABLE totals (waiting INTEGER NOT NULL, refused INTEGER NOT NULL, bytes INTEGER NOT NULL);
INSERT INTO totals VALUES (0, 0, 0);
CREATE TRIGGER waiting_added AFTER INSERT ON waiting BEGIN
  UPDATE totals SET waiting = waiting + 1, bytes = bytes + NEW.bytes; END;
CREATE TRIGGER waiting_removed AFTER DELETE ON waiting BEGIN
  UPDATE totals SET waiting = waiting - 1, bytes = bytes - OLD.bytes; END;
CREATE TRIGGER refused_added AFTER INSERT ON refused BEGIN
  UPDATE totals SET refused = refused + 1, bytes = bytes + NEW.bytes; END;
CREATE TRIGGER refused_removed AFTER DELETE ON refused BEGIN
  UPDATE totals SET refused = refused - 1, bytes = bytes - OLD.bytes; END;
)";

bool Exists(const std::string& path) { return access(path.c_str(), F_OK) == 0; }

absl::Status CannotOpen(const std::string& path, const std::string& why) {
  return LocalError(absl::StatusCode::kInvalidArgument,
                    absl::StrCat("Cannot open the spool ", path, ": ", why, "."),
                    absl::StrCat("无法打开暂存文件 ", path, "：", why, "。"));
}

absl::Status NoSpool(const std::string& path) {
  return LocalError(
      absl::StatusCode::kInvalidArgument,
      absl::StrCat(path, " is not a spool. Name another file, or move this one away."),
      absl::StrCat(path, " 不是暂存文件。请换一个文件名，或移走该文件。"));
}

// OK: it is a spool of a schema that we know, or still empty.
absl::Status CheckKind(Database& database, const std::string& path) {
  const auto application = database.Int("PRAGMA application_id");
  // A file without a readable head may be anything: it is left alone.
  if (absl::IsDataLoss(application.status())) return NoSpool(path);
  if (!application.ok()) return CannotOpen(path, application.status().ToString());
  const auto tables = database.Int("SELECT count(*) FROM sqlite_master");
  if (*application != kApplicationId && tables.ok() && *tables == 0) return absl::OkStatus();
  if (*application != kApplicationId) return NoSpool(path);
  const auto version = database.Int("PRAGMA user_version");
  if (version.ok() && *version > kSchemaVersion) {
    return LocalError(
        absl::StatusCode::kFailedPrecondition,
        absl::StrCat("The spool ", path, " was written by a newer version. Use that version."),
        absl::StrCat("暂存文件 ", path, " 由更新的版本写入，请使用该版本。"));
  }
  return absl::OkStatus();
}

// Also for a file that is still empty. DATA_LOSS: damaged.
absl::Status Prepare(Database& database, bool survive_power_loss) {
  absl::Status status =
      database.Run(absl::StrCat("PRAGMA journal_mode = WAL;"
                                "PRAGMA synchronous = ",
                                survive_power_loss ? "FULL" : "NORMAL",
                                ";"
                                // What was handed over does not stay readable in unused pages.
                                "PRAGMA secure_delete = ON;"
                                "PRAGMA journal_size_limit = 16777216;"));
  if (!status.ok()) return status;
  const auto tables = database.Int("SELECT count(*) FROM sqlite_master");
  if (!tables.ok()) return tables.status();
  if (*tables > 0) {
    const auto check = database.Text("PRAGMA quick_check(1)");
    if (!check.ok()) return check.status();
    return *check == "ok" ? absl::OkStatus() : absl::DataLossError(*check);
  }
  return database.Run(absl::StrCat(kSchema, "PRAGMA application_id = ", kApplicationId,
                                   "; PRAGMA user_version = ", kSchemaVersion, "; COMMIT;"));
}

absl::StatusOr<Database> Make(const std::string& path, bool survive_power_loss) {
  const int descriptor = open(path.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, kOwnerOnly);
  if (descriptor < 0) return CannotOpen(path, std::strerror(errno));
  close(descriptor);
  auto database = Database::Open(path, /*read_only=*/false);
  if (!database.ok()) return database.status();
  if (absl::Status status = Prepare(*database, survive_power_loss); !status.ok()) return status;
  return database;
}

// DATA_LOSS: it is a spool, but damaged.
absl::Status OpenSound(const std::string& path, bool survive_power_loss, Database* result) {
  auto database = Database::Open(path, /*read_only=*/false);
  if (!database.ok()) return CannotOpen(path, std::string(database.status().message()));
  if (absl::Status kind = CheckKind(*database, path); !kind.ok()) return kind;
  const absl::Status prepared = Prepare(*database, survive_power_loss);
  if (absl::IsDataLoss(prepared)) return prepared;
  if (!prepared.ok()) return CannotOpen(path, std::string(prepared.message()));
  *result = *std::move(database);
  return absl::OkStatus();
}

// One row: `read` has the place as its only value, `write` takes the row as it was read.
absl::StatusOr<int64_t> CopyRow(Statement& read, Statement& write, int64_t place, int columns) {
  read.Reset().Bind(1, place);
  const absl::StatusOr<bool> row = read.Step();
  if (!row.ok()) return row.status();
  if (!*row) return 0;
  const int64_t sequence = read.Int(0);
  std::string values[3];
  write.Reset().Bind(1, sequence).Bind(3, read.Int(2)).Bind(4, read.Int(3));
  const int kBlobs[] = {1, 4, 5};
  for (int i = 0; i < 3; ++i) values[i] = read.Bytes(kBlobs[i]);
  write.BindText(2, values[0]).BindBlob(5, values[1]).BindBlob(columns, values[2]);
  // A row that comes twice, or with columns that make no sense, is left out.
  write.Run().IgnoreError();
  return sequence;
}

// Copies what can be read of a table: forward to the damage, then backward to it.
absl::Status CopyTable(Database& from, Database& to, const std::string& table,
                       const std::string& columns) {
  constexpr int kColumns = 6;
  constexpr int64_t kBeyond = INT64_MAX;
  auto write =
      to.Prepare(absl::StrCat("INSERT INTO ", table, " (", columns, ") VALUES (?, ?, ?, ?, ?, ?)"));
  if (!write.ok()) return write.status();
  for (const bool forward : {true, false}) {
    auto read = from.Prepare(
        absl::StrCat("SELECT ", columns, " FROM ", table, " WHERE sequence ",
                     forward ? "> ? ORDER BY sequence" : "< ? ORDER BY sequence DESC", " LIMIT 1"));
    if (!read.ok()) continue;  // not even the schema can be read
    absl::StatusOr<int64_t> place = forward ? 0 : kBeyond;
    do {
      place = CopyRow(*read, *write, *place, kColumns);
    } while (place.ok() && *place != 0);
    if (place.ok()) return absl::OkStatus();
  }
  return absl::OkStatus();
}

// Beside the spool while it is repaired: complete as soon as the damaged file has its other name.
std::string RescuePath(const std::string& path) { return path + ".rescue"; }

// Puts the damaged file aside and a new one with what can be read of it in its place. Its name
// afterwards.
absl::StatusOr<std::string> Repair(const std::string& path) {
  const std::string rescue = RescuePath(path);
  for (const char* suffix : {"", "-wal", "-shm"}) std::remove((rescue + suffix).c_str());
  {
    auto from = Database::Open(path, /*read_only=*/false);
    auto to = Make(rescue, /*survive_power_loss=*/true);
    if (!from.ok()) return from.status();
    if (!to.ok()) return to.status();
    sqlite::Transaction transaction(&*to);
    absl::Status status = transaction.begun();
    if (status.ok()) {
      status =
          CopyTable(*from, *to, "waiting", "sequence, request_id, spooled_at, bytes, digest, clue");
    }
    if (status.ok()) {
      status =
          CopyTable(*from, *to, "refused", "sequence, request_id, refused_at, bytes, error, clue");
    }
    if (status.ok()) status = transaction.Commit();
    // One file, so that one rename puts it in place.
    if (status.ok()) status = to->Run("PRAGMA wal_checkpoint(TRUNCATE)");
    if (!status.ok()) return status;
  }
  std::string aside = absl::StrCat(path, ".damaged-", absl::ToUnixSeconds(absl::Now()));
  for (int i = 1; Exists(aside); ++i) absl::StrAppend(&aside, "-", i);
  if (std::rename(path.c_str(), aside.c_str()) != 0) {
    return CannotOpen(path, std::strerror(errno));
  }
  std::rename((path + "-wal").c_str(), (aside + "-wal").c_str());
  std::remove((path + "-shm").c_str());
  if (std::rename(rescue.c_str(), path.c_str()) != 0) {
    return CannotOpen(path, std::strerror(errno));
  }
  return aside;
}

}  // namespace

absl::StatusOr<SpoolLock> SpoolLock::Take(const std::string& spool_path) {
  const std::string path = spool_path + ".lock";
  SpoolLock lock;
  lock.descriptor_ = open(path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, kOwnerOnly);
  if (lock.descriptor_ < 0) return CannotOpen(spool_path, std::strerror(errno));
  if (flock(lock.descriptor_, LOCK_EX | LOCK_NB) != 0) {
    char holder[32] = {};
    const ssize_t length = pread(lock.descriptor_, holder, sizeof(holder) - 1, 0);
    const int process = length > 0 ? std::atoi(holder) : 0;
    return LocalError(
        absl::StatusCode::kFailedPrecondition,
        absl::StrCat("The spool ", spool_path, " is in use by process ", process,
                     ". One process at a time may write it: wait for it, or use another file."),
        absl::StrCat("暂存文件 ", spool_path, " 正被进程 ", process,
                     " 使用。同一时间只允许一个进程写入：请等待其结束，或换一个文件。"));
  }
  const std::string self = absl::StrCat(getpid(), "\n");
  if (ftruncate(lock.descriptor_, 0) != 0 ||
      pwrite(lock.descriptor_, self.data(), self.size(), 0) < 0) {
    return CannotOpen(spool_path, std::strerror(errno));
  }
  return lock;
}

SpoolLock::SpoolLock(SpoolLock&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)) {}

SpoolLock& SpoolLock::operator=(SpoolLock&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

SpoolLock::~SpoolLock() {
  if (descriptor_ >= 0) close(descriptor_);
}

absl::StatusOr<SpoolFile> OpenSpoolFile(const std::string& path, bool survive_power_loss) {
  SpoolFile file;
  if (!Exists(path) && Exists(RescuePath(path))) {
    // A repair ended before its last step. The log is that of the damaged file, and the rescue is
    // whole without one.
    std::remove((path + "-wal").c_str());
    std::remove((path + "-shm").c_str());
    std::rename(RescuePath(path).c_str(), path.c_str());
  }
  if (!Exists(path)) {
    auto made = Make(path, survive_power_loss);
    if (!made.ok()) return made.status();
    file.database = *std::move(made);
    return file;
  }
  absl::Status opened = OpenSound(path, survive_power_loss, &file.database);
  if (absl::IsDataLoss(opened)) {
    auto aside = Repair(path);
    if (!aside.ok()) return CannotOpen(path, std::string(aside.status().message()));
    file.repaired_from = *std::move(aside);
    opened = OpenSound(path, survive_power_loss, &file.database);
  }
  if (!opened.ok()) return opened;
  return file;
}

absl::StatusOr<SpoolFile> OpenSpoolFileToRead(const std::string& path) {
  if (!Exists(path)) {
    return LocalError(absl::StatusCode::kNotFound, absl::StrCat("There is no spool ", path, "."),
                      absl::StrCat("没有暂存文件 ", path, "。"));
  }
  auto database = Database::Open(path, /*read_only=*/true);
  if (!database.ok()) return CannotOpen(path, database.status().ToString());
  if (absl::Status kind = CheckKind(*database, path); !kind.ok()) return kind;
  return SpoolFile{*std::move(database), ""};
}

std::string SpoolDigest(const std::string& bytes) {
  constexpr size_t kBytes = 16;
  return std::string(base::Prefix(base::Sha256(bytes), kBytes));
}

}  // namespace supervision::client
