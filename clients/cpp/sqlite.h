#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace supervision::client::sqlite {

// One prepared statement. Values are bound from 1 and read from 0. What is bound must live until
// the statement is stepped.
class Statement {
 public:
  Statement() = default;

  Statement& Bind(int index, int64_t value);
  Statement& BindText(int index, std::string_view text);
  Statement& BindBlob(int index, std::string_view bytes);

  // True: a row is there. False: done.
  absl::StatusOr<bool> Step();
  // For statements without rows.
  absl::Status Run();
  // Ready for the next values.
  Statement& Reset();

  int64_t Int(int column) const { return sqlite3_column_int64(statement_.get(), column); }
  std::string Bytes(int column) const;

 private:
  friend class Database;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

// A connection to a database file. Not thread-safe. Errors: DATA_LOSS when the file is damaged or
// is no database, RESOURCE_EXHAUSTED when the disk is full, UNAVAILABLE when another holds it,
// INTERNAL otherwise, with SQLite's own words.
class Database {
 public:
  // The file must exist.
  static absl::StatusOr<Database> Open(const std::string& path, bool read_only);

  absl::StatusOr<Statement> Prepare(std::string_view sql);
  // Statements without values or rows of interest.
  absl::Status Run(const std::string& sql);
  // The first value of the first row.
  absl::StatusOr<int64_t> Int(std::string_view sql);
  absl::StatusOr<std::string> Text(std::string_view sql);
  int64_t last_inserted() const { return sqlite3_last_insert_rowid(database_.get()); }

 private:
  struct Close {
    void operator()(sqlite3* database) const { sqlite3_close_v2(database); }
  };
  std::unique_ptr<sqlite3, Close> database_;
};

// A transaction that is undone unless it is committed.
class Transaction {
 public:
  explicit Transaction(Database* database)
      : database_(database), begun_(database->Run("BEGIN IMMEDIATE")) {}
  ~Transaction() {
    if (begun_.ok() && !over_) database_->Run("ROLLBACK").IgnoreError();
  }
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  const absl::Status& begun() const { return begun_; }
  absl::Status Commit() {
    const absl::Status status = database_->Run("COMMIT");
    over_ = status.ok();
    return status;
  }

 private:
  Database* const database_;
  const absl::Status begun_;
  bool over_ = false;
};

}  // namespace supervision::client::sqlite
