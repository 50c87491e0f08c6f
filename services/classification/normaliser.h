#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"

namespace supervision::classification {

// A text made comparable, with the way back. `text` is UTF-8; byte i of it came from the code
// points [begin[i], end[i]) of the original. Both offsets never decrease within one original. The
// same text again by character: points[k] is written from byte offsets[k] on. Made to be reused: a
// cleared one keeps its memory.
struct NormalisedText {
  std::string text;
  std::vector<uint32_t> begin;
  std::vector<uint32_t> end;
  std::vector<char32_t> points;
  std::vector<uint32_t> offsets;
  std::vector<char32_t> cluster;  // characters that combine, while Append runs

  void Clear() {
    text.clear();
    begin.clear();
    end.clear();
    points.clear();
    offsets.clear();
  }
};

// Brings different writings of one text together: NFKC (so full-width becomes half-width),
// traditional characters to simplified ones, ASCII to lower case; zero-width and other ignorable
// characters are dropped; control characters count as spaces; runs of white space become one space,
// or one line feed when they hold one; spaces beside a Han character are dropped. At most
// kMaxMarks combining marks of a character are kept. Bytes that are not UTF-8 become U+FFFD. What
// hides words and numbers is undone (disguise.h): "2O23", "强.制.拆", lines broken within a word.
//
// Normalising twice changes nothing more. The time is linear in the text; the result has at most
// kMaxGrowth bytes a byte of the original. Immutable once made: any number of threads may use one.
class Normaliser {
 public:
  static constexpr int kMaxMarks = 8;
  static constexpr size_t kMaxGrowth = 12;

  // Reads OpenCC's tables once; NOT_FOUND with the package to install when they are missing.
  static absl::StatusOr<std::unique_ptr<Normaliser>> Create();

  // Appends the normal form of `original` to `out`, with offsets that count from the start of
  // `original`. What stood in `out` before has no influence.
  void Append(std::string_view original, NormalisedText* out) const;

  std::string Normalise(std::string_view original) const;

 private:
  class Writer;
  Normaliser() = default;

  absl::Status LoadSimplified();
  void BuildPlain();
  char32_t Fold(char32_t point) const;
  bool JoinsPrevious(char32_t point) const;
  char32_t Plain(char32_t point) const { return point < plain_.size() ? plain_[point] : 0; }
  void AppendCluster(const std::vector<char32_t>& points, size_t first, Writer* writer) const;

  absl::flat_hash_map<char32_t, char32_t> simplified_;  // traditional to simplified, closed
  // For code points of the basic plane that become exactly one character, whatever follows that is
  // plain too: that character, of that plane as well; else 0.
  std::vector<char16_t> plain_;
};

}  // namespace supervision::classification
