#pragma once

#include <set>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "supervision/v1/alert_service.pb.h"

namespace supervision::cli {

// Where a monitor is: the newest cursor, and what was told since it, so that what comes again, from
// another stream or after a break in the middle of a message, is told once. Kept in a file between
// runs. JSON; replaced as a whole.
class CursorFile {
 public:
  // An empty path: it is known for this run only.
  explicit CursorFile(std::string path) : path_(std::move(path)) {}

  // Reads the file; OK when there is none yet. UNAVAILABLE: it is there and cannot be read;
  // DATA_LOSS: it is something else. Both in two languages, with the path and a remedy.
  absl::Status Load();
  const std::string& cursor() const { return cursor_; }

  // Whether this update was told before, behind the cursor.
  bool WasTold(const v1::AlertUpdate& update) const;
  // Notes one as told. Nothing is written yet.
  void Told(const v1::AlertUpdate& update);
  // A message is dealt with: its updates lie before this cursor. What else was told does not yet:
  // the first message of a stream, for instance, only repeats where it begins.
  void MoveTo(const std::string& cursor,
              const google::protobuf::RepeatedPtrField<v1::AlertUpdate>& updates);
  // Nothing that was told until now can come again.
  void ForgetTold();
  // Writes the file where there is something new; without a path OK.
  absl::Status Save();

 private:
  using Key = std::pair<std::string, uint32_t>;  // alert id, version
  static Key KeyOf(const v1::AlertUpdate& update);

  const std::string path_;
  std::string cursor_;
  std::set<Key> told_;
  bool changed_ = false;
};

}  // namespace supervision::cli
