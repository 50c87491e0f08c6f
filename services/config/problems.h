#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"

namespace supervision::config {

// A place in a file, counted from 1; line 0: the file as a whole.
struct Position {
  int line = 0;
  int column = 0;
  bool operator==(const Position&) const = default;
};

// Where each field of a message stood in its file, so that checks of meaning can name the line.
// A field's path is written "rules[3].phrases[0].text"; a map's entry is "names.zh".
class SourceMap {
 public:
  const std::string& file() const { return file_; }
  void set_file(std::string_view file) { file_ = file; }

  void Record(std::string path, Position position) { positions_[std::move(path)] = position; }

  // Whether the file gave this field a value (or an empty list or section).
  bool Has(std::string_view path) const { return positions_.find(path) != positions_.end(); }

  // The place of `path`, or of the nearest thing around it that stands in the file.
  Position Find(std::string_view path) const;

 private:
  std::string file_;
  std::map<std::string, Position, std::less<>> positions_;
};

// Collects every mistake of one or several files, to be told all at once.
class Problems {
 public:
  // `text` says what is wrong and what to write instead. Of several mistakes about one path, or
  // about something inside it, only the first is kept: what follows from a mistake is not told.
  void Add(const SourceMap& source, std::string_view path, std::string text);

  // A mistake at a place that has no path (syntax, an unknown key).
  void AddAt(std::string_view file, Position position, std::string text);

  bool empty() const { return entries_.empty(); }
  size_t size() const { return entries_.size(); }

  // OK, or INVALID_ARGUMENT with a line "file:line:column: text" for each, in the order of files
  // and lines; after kMaxTold of them "and N more".
  absl::Status ToStatus() const;

  static constexpr size_t kMaxTold = 100;

 private:
  struct Entry {
    std::string file;
    Position position;
    std::string path;  // empty: none
    std::string text;
  };
  std::vector<Entry> entries_;
};

}  // namespace supervision::config
