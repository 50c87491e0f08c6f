#include "services/classification/disguise.h"

#include <utf8proc.h>

#include <cstdint>
#include <string_view>
#include <vector>

#include "services/classification/normaliser.h"
#include "services/classification/utf8.h"

// Two sweeps, the second only where a digit stands before a look-alike: what is too much is
// dropped, then look-alikes are read as digits. In one sweep a look-alike behind something that
// will be dropped ("5〇·〇1") would not know its digit.
//
// Invariants that make a second pass idle: what is dropped has a Han character on both sides, so
// dropping it brings no two marks together and only lengthens runs of Han; what becomes a digit is
// Han no longer, so nothing more can be dropped beside it; a line is measured by what is kept of
// it, which is what a second pass sees.

namespace supervision::classification {
namespace {

constexpr std::u32string_view kSeparators = U".*-_|/~^+\n";
constexpr std::u32string_view kMiddleDots = U"·•・‧∙⋅";
constexpr std::u32string_view kRepeatable = U"!?.,;:~-*=_#。、—";
constexpr std::u32string_view kZeros = U"oОоΟο〇零";  // Latin, Cyrillic, Greek, Chinese

bool IsDigit(char32_t c) { return c >= '0' && c <= '9'; }
// Whether `c` combines with what stands before it.
bool IsMark(char32_t c) {
  const utf8proc_category_t category = utf8proc_category(static_cast<int32_t>(c));
  return category == UTF8PROC_CATEGORY_MN || category == UTF8PROC_CATEGORY_MC ||
         category == UTF8PROC_CATEGORY_ME;
}
bool Holds(std::u32string_view set, char32_t c) { return set.find(c) != std::u32string_view::npos; }

// The digit that a look-alike stands for between digits; 0 when `c` is none.
char32_t LooksLike(char32_t c) {
  if (c == 'i') {
    return '1';
  }
  return Holds(kZeros, c) ? U'0' : 0;
}

class Undoer {
 public:
  Undoer(size_t from, NormalisedText* text) : text_(*text), from_(from), to_(from) {}

  void Run() {
    if (FindFirst()) {
      Drop();
    }
    if (look_alike_ != kNone) {
      ReadDigits();
    }
  }

 private:
  static constexpr size_t kNone = SIZE_MAX;

  // Moves to the first character that is dropped: most texts have none. False when there is none.
  bool FindFirst() {
    const std::vector<char32_t>& points = text_.points;
    size_t line = from_;  // where it begins
    for (at_ = from_; at_ < points.size(); ++at_) {
      const char32_t c = points[at_];
      if (c >= 0x3400 && c != U'零') {
        continue;
      }
      for (size_t i = 0; i < 3; ++i) {
        raw_[i] = at_ - from_ > i ? points[at_ - 1 - i] : 0;
      }
      before_ = raw_[0];
      line_ = at_ - line;
      if (Dropped(c)) {
        return true;
      }
      Notice(c, at_);
      line = c == '\n' ? at_ + 1 : line;
    }
    return false;
  }

  // From the first that is dropped.
  void Drop() {
    to_ = at_;
    for (; at_ < text_.points.size(); ++at_) {
      const char32_t c = text_.points[at_];
      const bool ordinary = c >= 0x3400 && c != U'零';  // Han, which nearly all is
      if (ordinary || !Dropped(c)) {
        Notice(c, to_);
        Keep(c);
      }
      raw_[2] = raw_[1];
      raw_[1] = raw_[0];
      raw_[0] = c;
    }
    Cut();
  }

  // From the first look-alike behind a digit.
  void ReadDigits() {
    at_ = to_ = look_alike_;
    before_ = text_.points[at_ - 1];
    for (; at_ < text_.points.size(); ++at_) {
      Keep(Meant(text_.points[at_]));
    }
    Cut();
  }

  // Remembers the first look-alike behind a digit, which will be character `place`.
  void Notice(char32_t c, size_t place) {
    if (look_alike_ == kNone && IsDigit(before_) && LooksLike(c) != 0) {
      look_alike_ = place;
    }
  }

  char32_t Ahead(size_t steps) const {
    return at_ + steps < text_.points.size() ? text_.points[at_ + steps] : 0;
  }

  bool Dropped(char32_t c) const {
    const char32_t next = Ahead(1);
    if (IsHan(raw_[0]) && IsHan(next)) {
      const bool every_character =
          (raw_[1] == c && IsHan(raw_[2])) || (Ahead(2) == c && IsHan(Ahead(3)));
      if (Holds(kMiddleDots, c) || (every_character && Holds(kSeparators, c)) ||
          (c == '\n' && line_ > kLongestHeading)) {
        return true;
      }
    }
    return c == raw_[0] && c == raw_[1] && c == raw_[2] && Holds(kRepeatable, c) && !IsMark(next);
  }

  // What `c` stands for: a look-alike of a digit, with only such up to the next digit. Where those
  // end is looked for once, or a long run of them would be read again for each.
  char32_t Meant(char32_t c) {
    const char32_t digit = LooksLike(c);
    if (digit == 0 || !IsDigit(before_)) {
      return c;
    }
    if (run_end_ <= at_) {
      run_end_ = at_ + 1;
      while (LooksLike(Ahead(run_end_ - at_)) != 0) {
        ++run_end_;
      }
    }
    return IsDigit(Ahead(run_end_ - at_)) ? digit : c;
  }

  void Keep(char32_t c) {
    before_ = c;
    line_ = c == '\n' ? 0 : line_ + 1;
    if (bytes_ == kNone && to_ == at_ && c == text_.points[at_]) {
      ++to_;
    } else {
      Move(c);
    }
  }

  // Writes `c` in the place of what character at_ was, behind what is kept.
  void Move(char32_t c) {
    if (bytes_ == kNone) {
      bytes_ = text_.offsets[to_];
    }
    const uint32_t source = text_.offsets[at_];
    const uint32_t begin = text_.begin[source];
    const uint32_t end = text_.end[source];
    text_.points[to_] = c;
    text_.offsets[to_] = static_cast<uint32_t>(bytes_);
    const size_t size = EncodeUtf8(c, encoded_);
    for (size_t i = 0; i < size; ++i, ++bytes_) {
      text_.text[bytes_] = encoded_[i];
      text_.begin[bytes_] = begin;
      text_.end[bytes_] = end;
    }
    ++to_;
  }

  void Cut() {
    if (bytes_ == kNone && to_ == text_.points.size()) {
      return;
    }
    const size_t bytes = bytes_ == kNone ? text_.offsets[to_] : bytes_;
    text_.points.resize(to_);
    text_.offsets.resize(to_);
    text_.text.resize(bytes);
    text_.begin.resize(bytes);
    text_.end.resize(bytes);
    bytes_ = kNone;
  }

  NormalisedText& text_;
  const size_t from_;
  size_t to_;                  // characters that are kept
  size_t at_ = 0;              // the character looked at
  size_t bytes_ = kNone;       // what the kept ones take, once something has changed
  size_t look_alike_ = kNone;  // the first behind a digit
  size_t run_end_ = 0;         // behind the look-alikes at at_, once they matter
  size_t line_ = 0;            // characters kept since the last line feed
  char32_t before_ = 0;        // the last that was kept
  char32_t raw_[3] = {};       // the last three, as they were
  char encoded_[kLongestUtf8] = {};
};

}  // namespace

void UndoDisguise(size_t from, NormalisedText* text) { Undoer(from, text).Run(); }

}  // namespace supervision::classification
