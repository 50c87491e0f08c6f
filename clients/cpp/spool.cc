#include "clients/cpp/spool.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "clients/cpp/error.h"
#include "clients/cpp/local_error.h"
#include "clients/cpp/request_id.h"
#include "clients/cpp/spool_file.h"
#include "google/protobuf/util/message_differencer.h"

namespace supervision::client {
namespace {

// The service takes 20,000 characters and references; what is far beyond that is a mistake.
constexpr size_t kMaxClueBytes = 4 << 20;

absl::Status Damaged() {
  return LocalError(absl::StatusCode::kDataLoss,
                    "What was stored of this clue is damaged. Submit it anew, then drop this one.",
                    "该线索的暂存内容已损坏。请重新提交，然后删除此条。");
}

// The protobuf of the service, and ours when it is read again, takes no other text.
absl::Status NotUtf8() {
  return LocalError(
      absl::StatusCode::kInvalidArgument,
      "A text of the clue is not UTF-8 (GBK, perhaps); nothing was stored. Convert "
      "it to UTF-8, then submit again.",
      "线索中有文本不是 UTF-8 编码（可能是 GBK），未存入。请转换为 UTF-8 后重新提交。");
}

absl::Status NotRefused(const std::string& request_id) {
  return LocalError(absl::StatusCode::kNotFound,
                    absl::StrCat("No refused clue has the request_id ", request_id, "."),
                    absl::StrCat("没有 request_id 为 ", request_id, " 的被拒线索。"));
}

// Whether this stored error is what Damaged() says: of the service's own the reason is known.
bool SaysDamaged(const absl::Status& error) {
  return absl::IsDataLoss(error) && ErrorOf(error).reason.empty();
}

// The error that was stored with a refused clue.
absl::Status ErrorFromBytes(const std::string& bytes) {
  google::rpc::Status error;
  return error.ParseFromString(bytes) && error.code() != 0 ? ToAbslStatus(error) : Damaged();
}

// A full disk in words of ours; what has such words already stays as it is.
absl::Status Explain(const absl::Status& status, const std::string& path) {
  if (!absl::IsResourceExhausted(status) || !ErrorOf(status).chinese.empty()) {
    return status;
  }
  return LocalError(absl::StatusCode::kResourceExhausted,
                    absl::StrCat("The disk of the spool ", path,
                                 " is full; nothing was stored. Make room, then submit again."),
                    absl::StrCat("暂存文件 ", path, " 所在磁盘已满，未存入。请清理后重新提交。"));
}

absl::Status IdUsed(const std::string& request_id) {
  return LocalError(absl::StatusCode::kAlreadyExists,
                    absl::StrCat("Another clue waits in the spool under the request_id ",
                                 request_id, ". Use a new one for a new clue."),
                    absl::StrCat("暂存文件中已有另一条线索使用 request_id ", request_id,
                                 "，请为新线索使用新的 request_id。"));
}

}  // namespace

struct Spool::Storage {
  SpoolLock lock;  // outlives the database
  sqlite::Database database;
};

absl::StatusOr<std::unique_ptr<Spool>> Spool::Open(const SpoolOptions& options) {
  auto storage = std::make_unique<Storage>();
  if (!options.read_only) {
    auto lock = SpoolLock::Take(options.path);
    if (!lock.ok()) return lock.status();
    storage->lock = *std::move(lock);
  }
  auto file = options.read_only
                  ? OpenSpoolFileToRead(options.path)
                  : OpenSpoolFile(options.path, options.sync == SpoolSync::kPowerLoss);
  if (!file.ok()) return file.status();
  storage->database = std::move(file->database);
  return std::unique_ptr<Spool>(
      new Spool(options, std::move(storage), std::move(file->repaired_from)));
}

Spool::Spool(SpoolOptions options, std::unique_ptr<Storage> storage, std::string repaired_from)
    : options_(std::move(options)),
      repaired_from_(std::move(repaired_from)),
      storage_(std::move(storage)) {}

Spool::~Spool() = default;

absl::StatusOr<std::string> Spool::Add(v1::StreamCluesRequest clue) {
  std::vector<v1::StreamCluesRequest> clues;
  clues.push_back(std::move(clue));
  auto ids = AddAll(std::move(clues));
  if (!ids.ok()) return ids.status();
  return std::move(ids->front());
}

absl::StatusOr<std::vector<std::string>> Spool::AddAll(std::vector<v1::StreamCluesRequest> clues) {
  std::vector<std::string> ids;
  base::MutexLock lock(&mutex_);
  sqlite::Transaction transaction(&storage_->database);
  absl::Status status = transaction.begun();
  for (auto& clue : clues) {
    if (!status.ok()) break;
    if (clue.request_id().empty()) clue.set_request_id(NewRequestId());
    status = Insert(clue);
    ids.push_back(clue.request_id());
  }
  if (status.ok()) status = CheckRoom();
  if (status.ok()) status = transaction.Commit();
  if (!status.ok()) return Explain(status, options_.path);
  return ids;
}

absl::Status Spool::Insert(const v1::StreamCluesRequest& clue) {
  sqlite::Database& database = storage_->database;
  auto known = database.Prepare("SELECT clue FROM waiting WHERE request_id = ?");
  if (!known.ok()) return known.status();
  const absl::StatusOr<bool> found = known->BindText(1, clue.request_id()).Step();
  if (!found.ok()) return found.status();
  if (*found) {
    v1::StreamCluesRequest other;
    const bool same = other.ParseFromString(known->Bytes(0)) &&
                      google::protobuf::util::MessageDifferencer::Equals(other, clue);
    return same ? absl::OkStatus() : IdUsed(clue.request_id());
  }
  auto replaced = database.Prepare("DELETE FROM refused WHERE request_id = ?");
  if (!replaced.ok()) return replaced.status();
  if (absl::Status status = replaced->BindText(1, clue.request_id()).Run(); !status.ok()) {
    return status;
  }
  const std::string bytes = clue.SerializeAsString();
  if (bytes.size() > kMaxClueBytes) {
    return LocalError(absl::StatusCode::kInvalidArgument,
                      "The clue is larger than 4 MiB. Give files by reference.",
                      "线索超过 4 MiB。附件请以引用方式提交。");
  }
  if (!v1::StreamCluesRequest().ParseFromString(bytes)) return NotUtf8();
  const std::string digest = SpoolDigest(bytes);
  auto insert = database.Prepare(
      "INSERT INTO waiting (request_id, spooled_at, bytes, digest, clue) VALUES (?, ?, ?, ?, ?)");
  if (!insert.ok()) return insert.status();
  return insert->BindText(1, clue.request_id())
      .Bind(2, absl::ToUnixMillis(absl::Now()))
      .Bind(3, static_cast<int64_t>(bytes.size()))
      .BindBlob(4, digest)
      .BindBlob(5, bytes)
      .Run();
}

absl::Status Spool::CheckRoom() {
  const auto status = Count();
  if (!status.ok()) return status.status();
  const int64_t clues = status->waiting + status->refused;
  if (clues <= options_.max_clues && status->bytes <= options_.max_bytes) return absl::OkStatus();
  constexpr int64_t kMegabyte = 1 << 20;
  return LocalError(
      absl::StatusCode::kResourceExhausted,
      absl::StrCat("The spool ", options_.path, " is full (", options_.max_clues, " clues or ",
                   options_.max_bytes / kMegabyte, " MiB at most, ", status->refused,
                   " of them refused); nothing was stored. Hand clues over, drop refused ones, or "
                   "allow more, then submit again."),
      absl::StrCat("暂存文件 ", options_.path, " 已满（最多 ", options_.max_clues, " 条或 ",
                   options_.max_bytes / kMegabyte, " MiB，其中被拒 ", status->refused,
                   " 条），未存入。请先移交线索、清理被拒线索或提高上限，再重新提交。"));
}

absl::StatusOr<std::vector<SpooledClue>> Spool::Oldest(int64_t after, size_t limit,
                                                       std::vector<RefusedClue>* damaged) {
  std::vector<SpooledClue> clues;
  std::vector<std::pair<int64_t, std::string>> unreadable;  // sequence, request_id
  {
    base::MutexLock lock(&mutex_);
    auto rows = storage_->database.Prepare(
        "SELECT sequence, spooled_at, digest, clue, request_id FROM waiting WHERE sequence > ? "
        "ORDER BY sequence LIMIT ?");
    if (!rows.ok()) return rows.status();
    rows->Bind(1, after).Bind(2, static_cast<int64_t>(limit));
    absl::StatusOr<bool> row = rows->Step();
    for (; row.ok() && *row; row = rows->Step()) {
      SpooledClue clue;
      clue.sequence = rows->Int(0);
      clue.spooled_at = absl::FromUnixMillis(rows->Int(1));
      const std::string bytes = rows->Bytes(3);
      if (SpoolDigest(bytes) == rows->Bytes(2) && clue.clue.ParseFromString(bytes)) {
        clues.push_back(std::move(clue));
      } else {
        unreadable.emplace_back(clue.sequence, rows->Bytes(4));
      }
    }
    if (!row.ok()) return row.status();
  }
  if (options_.read_only) return clues;
  for (const auto& [sequence, request_id] : unreadable) {
    if (absl::Status status = Refuse(sequence, Damaged()); !status.ok()) return status;
    if (damaged == nullptr) continue;
    RefusedClue& told = damaged->emplace_back();
    told.clue.set_request_id(request_id);
    told.error = Damaged();
    told.refused_at = absl::Now();
  }
  // Only damaged ones: there may be sound ones behind them.
  if (clues.empty() && !unreadable.empty()) return Oldest(unreadable.back().first, limit, damaged);
  return clues;
}

absl::Status Spool::Settle(const std::vector<int64_t>& sequences) {
  if (sequences.empty()) return absl::OkStatus();
  base::MutexLock lock(&mutex_);
  sqlite::Transaction transaction(&storage_->database);
  if (!transaction.begun().ok()) return transaction.begun();
  auto remove = storage_->database.Prepare("DELETE FROM waiting WHERE sequence = ?");
  if (!remove.ok()) return remove.status();
  for (const int64_t sequence : sequences) {
    if (absl::Status status = remove->Bind(1, sequence).Run(); !status.ok()) return status;
  }
  return transaction.Commit();
}

absl::Status Spool::Refuse(int64_t sequence, const absl::Status& error) {
  const std::string bytes = ToRpcStatus(error).SerializeAsString();
  base::MutexLock lock(&mutex_);
  sqlite::Transaction transaction(&storage_->database);
  if (!transaction.begun().ok()) return transaction.begun();
  auto insert = storage_->database.Prepare(
      "INSERT INTO refused (request_id, refused_at, bytes, error, clue) "
      "SELECT request_id, ?, bytes, ?, clue FROM waiting WHERE sequence = ?");
  auto remove = storage_->database.Prepare("DELETE FROM waiting WHERE sequence = ?");
  if (!insert.ok()) return insert.status();
  if (!remove.ok()) return remove.status();
  absl::Status status =
      insert->Bind(1, absl::ToUnixMillis(absl::Now())).BindBlob(2, bytes).Bind(3, sequence).Run();
  if (status.ok()) status = remove->Bind(1, sequence).Run();
  return status.ok() ? transaction.Commit() : status;
}

absl::StatusOr<std::vector<RefusedClue>> Spool::Refused(size_t limit) {
  std::vector<RefusedClue> clues;
  base::MutexLock lock(&mutex_);
  auto rows = storage_->database.Prepare(
      "SELECT request_id, refused_at, error, clue FROM refused ORDER BY sequence LIMIT ?");
  if (!rows.ok()) return rows.status();
  rows->Bind(1, static_cast<int64_t>(limit));
  absl::StatusOr<bool> row = rows->Step();
  for (; row.ok() && *row; row = rows->Step()) {
    RefusedClue clue;
    // Of a damaged clue at least its id is told.
    if (!clue.clue.ParseFromString(rows->Bytes(3))) clue.clue.Clear();
    clue.clue.set_request_id(rows->Bytes(0));
    clue.refused_at = absl::FromUnixMillis(rows->Int(1));
    clue.error = ErrorFromBytes(rows->Bytes(2));
    clues.push_back(std::move(clue));
  }
  if (!row.ok()) return row.status();
  return clues;
}

absl::Status Spool::Retry(const std::string& request_id) {
  v1::StreamCluesRequest clue;
  base::MutexLock lock(&mutex_);
  sqlite::Transaction transaction(&storage_->database);
  if (!transaction.begun().ok()) return transaction.begun();
  auto read = storage_->database.Prepare("SELECT clue, error FROM refused WHERE request_id = ?");
  if (!read.ok()) return read.status();
  const absl::StatusOr<bool> found = read->BindText(1, request_id).Step();
  if (!found.ok()) return found.status();
  if (!*found) return NotRefused(request_id);
  // Bytes that have changed may well be a message still, of another text.
  if (SaysDamaged(ErrorFromBytes(read->Bytes(1))) || !clue.ParseFromString(read->Bytes(0))) {
    return Damaged();
  }
  read->Reset();
  // Insert() forgets the refused one.
  const absl::Status status = Insert(clue);
  return status.ok() ? transaction.Commit() : status;
}

absl::Status Spool::Drop(const std::string& request_id) {
  base::MutexLock lock(&mutex_);
  auto remove = storage_->database.Prepare("DELETE FROM refused WHERE request_id = ? RETURNING 1");
  if (!remove.ok()) return remove.status();
  const absl::StatusOr<bool> found = remove->BindText(1, request_id).Step();
  if (!found.ok()) return found.status();
  return *found ? remove->Run() : NotRefused(request_id);
}

absl::StatusOr<SpoolStatus> Spool::Status() {
  base::MutexLock lock(&mutex_);
  return Count();
}

absl::StatusOr<SpoolStatus> Spool::Count() {
  auto row = storage_->database.Prepare(
      "SELECT waiting, refused, bytes, "
      "(SELECT spooled_at FROM waiting ORDER BY sequence LIMIT 1) FROM totals");
  if (!row.ok()) return row.status();
  if (const absl::StatusOr<bool> found = row->Step(); !found.ok()) return found.status();
  SpoolStatus status;
  status.waiting = row->Int(0);
  status.refused = row->Int(1);
  status.bytes = row->Int(2);
  if (status.waiting > 0) status.oldest = absl::FromUnixMillis(row->Int(3));
  return status;
}

}  // namespace supervision::client
