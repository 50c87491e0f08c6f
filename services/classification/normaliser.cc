#include "services/classification/normaliser.h"

#include <utf8proc.h>

#include <opencc/opencc.h>
#include <algorithm>
#include <cstring>
#include <exception>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "services/classification/disguise.h"
#include "services/classification/utf8.h"

// How it works. The original is read into code points. Nearly all text that we see is "plain": each
// code point becomes one character by a table. Where a code point is not plain, or the next one is
// not, a cluster is taken: one code point and all that may combine with it. The cluster is
// decomposed (NFKD), folded (lower case, simplified), its marks capped and ordered, and composed
// again.
//
// Invariants that make the result stable under a second pass: folding happens before composition,
// so nothing new can compose later; the table of simplified characters is closed (its values map to
// themselves); a space before a mark is never dropped, so no mark moves to another character.

namespace supervision::classification {
namespace {

constexpr size_t kBasicPlane = 0x10000;
constexpr auto kDecompose = static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPAT |
                                                           UTF8PROC_DECOMPOSE | UTF8PROC_IGNORE);
constexpr auto kCompose = static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE);
constexpr size_t kLongestDecomposition = 32;  // U+FDFA has 18

bool IsMark(char32_t point) {
  const utf8proc_property_t* property = utf8proc_get_property(static_cast<int32_t>(point));
  return property->combining_class != 0 || property->category == UTF8PROC_CATEGORY_MN ||
         property->category == UTF8PROC_CATEGORY_MC || property->category == UTF8PROC_CATEGORY_ME;
}

int CombiningClass(char32_t point) {
  return utf8proc_get_property(static_cast<int32_t>(point))->combining_class;
}

bool IsVowelOrFinalJamo(char32_t point) { return point >= 0x1160 && point <= 0x11FF; }

bool IsLineFeed(char32_t point) { return point == '\n' || point == 0x2028 || point == 0x2029; }

// The digits of other scripts and those in circles that have no decomposition.
char32_t FoldDigit(char32_t point) {
  struct Range {
    char32_t from, to;
    char32_t digit;  // that `from` stands for
  };
  constexpr Range kRanges[] = {{0x0660, 0x0669, '0'}, {0x06F0, 0x06F9, '0'}, {0x24F5, 0x24FD, '1'},
                               {0x24FF, 0x24FF, '0'}, {0x2776, 0x277E, '1'}, {0x2780, 0x2788, '1'},
                               {0x278A, 0x2792, '1'}};
  for (const Range& range : kRanges) {
    if (point >= range.from && point <= range.to) {
      return range.digit + (point - range.from);
    }
  }
  return point;
}

// Decomposes one code point; returns the number of code points written, 0 for an ignorable one.
size_t Decompose(char32_t point, int32_t (&buffer)[kLongestDecomposition]) {
  int boundary = 0;
  const auto written = utf8proc_decompose_char(static_cast<int32_t>(point), buffer,
                                               kLongestDecomposition, kDecompose, &boundary);
  if (written < 0 || written > static_cast<utf8proc_ssize_t>(kLongestDecomposition)) {
    buffer[0] = static_cast<int32_t>(point);
    return 1;
  }
  return static_cast<size_t>(written);
}

}  // namespace

// Writes characters with their origin and settles white space. What it writes to is longer than
// what is written until Finish cuts it: growing once per text instead of once per character.
class Normaliser::Writer {
 public:
  // `expected` bytes are likely to be written.
  Writer(NormalisedText* out, size_t expected)
      : out_(out), at_(out->text.size()), number_(out->points.size()) {
    Resize(at_ + expected + kRoom, number_ + expected + kRoom);
  }

  void Finish() { Resize(at_, number_); }

  void Write(char32_t point, uint32_t begin, uint32_t end) {
    if (point == ' ' || point == '\n') {
      WriteSpace(point, begin, end);
      return;
    }
    const bool han = IsHan(point);
    if (pending_ != 0) {
      const bool dropped =
          pending_ == ' ' && (han || last_was_han_) && !(point >= 0x300 && IsMark(point));
      if (!dropped) {
        Put(pending_, pending_begin_, pending_end_);
      }
      pending_ = 0;
    }
    Put(point, begin, end);
    started_ = true;
    last_was_han_ = han;
  }

  // Nearly all of nearly every text: a run of characters of three bytes that stay three bytes and
  // are no space. `*point`, with its plain form, is the one before `*at`; it is written when the
  // one behind it is plain too, and so on. Much of this is Write, with everything in registers.
  void WriteRun(std::string_view original, const char16_t* plain_of, size_t* at, char32_t* point,
                char32_t* plain, uint32_t* number) {
    if (pending_ != 0 || *plain < kLeastOfRun) {
      return;
    }
    if (room_ - at_ < original.size() - *at + kRoom) {
      Resize(at_ + original.size() - *at + kRoom, number_ + original.size() - *at + kRoom);
    }
    const auto* const from = reinterpret_cast<const uint8_t*>(original.data());
    char* const text = text_;
    uint32_t* const begins = begin_;
    uint32_t* const ends = end_;
    char32_t* const points = points_;
    uint32_t* const offsets = offsets_;
    size_t read = *at;
    size_t to = at_;
    size_t written = number_;
    char32_t raw = *point;
    char32_t current = *plain;
    char32_t last = 0;
    uint32_t place = *number;
    while (current >= kLeastOfRun && original.size() - read >= 3) {
      const uint32_t lead = from[read];
      const uint32_t second = from[read + 1] ^ 0x80U;  // what a byte that follows carries, or more
      const uint32_t third = from[read + 2] ^ 0x80U;
      if (lead < 0xE1 || lead > 0xEF || lead == 0xED || (second | third) > 0x3F) {
        break;
      }
      const char32_t next = (lead & 0x0FU) << 12 | second << 6 | third;
      const char32_t next_plain = plain_of[next];
      if (next_plain == 0) {
        break;
      }
      points[written] = current;
      offsets[written++] = static_cast<uint32_t>(to);
      SetPlaces(begins + to, place);
      SetPlaces(ends + to, ++place);
      text[to] = static_cast<char>(0xE0 | current >> 12);
      text[to + 1] = static_cast<char>(0x80 | (current >> 6 & 0x3F));
      text[to + 2] = static_cast<char>(0x80 | (current & 0x3F));
      to += 3;
      read += 3;
      last = current;
      raw = next;
      current = next_plain;
    }
    if (last != 0) {
      started_ = true;
      last_was_han_ = IsHan(last);
    }
    at_ = to;
    number_ = written;
    *at = read;
    *point = raw;
    *plain = current;
    *number = place;
  }

 private:
  static constexpr char32_t kLeastOfRun = 0x2E80;    // where the scripts of East Asia begin
  static constexpr size_t kRoom = 2 * kLongestUtf8;  // there is always more of it than is written

  void WriteSpace(char32_t point, uint32_t begin, uint32_t end) {
    if (!started_) {
      return;
    }
    if (pending_ == 0) {
      pending_begin_ = begin;
    }
    pending_end_ = end;
    pending_ = (pending_ == '\n' || point == '\n') ? '\n' : ' ';
  }

  void Put(char32_t point, uint32_t begin, uint32_t end) {
    if (room_ - at_ < kRoom) {
      Resize(2 * room_, number_ + room_);
    }
    points_[number_] = point;
    offsets_[number_++] = static_cast<uint32_t>(at_);
    SetPlaces(begin_ + at_, begin);
    SetPlaces(end_ + at_, end);
    at_ += EncodeUtf8(point, text_ + at_);
  }

  // All four places, whatever the length: what is too much is written over, or cut off.
  static void SetPlaces(uint32_t* places, uint32_t value) {
    const uint32_t four[kLongestUtf8] = {value, value, value, value};
    std::memcpy(places, four, sizeof(four));
  }

  void Resize(size_t bytes, size_t points) {
    out_->text.resize(bytes);
    out_->begin.resize(bytes);
    out_->end.resize(bytes);
    out_->points.resize(points);
    out_->offsets.resize(points);
    room_ = bytes;
    text_ = out_->text.data();
    begin_ = out_->begin.data();
    end_ = out_->end.data();
    points_ = out_->points.data();
    offsets_ = out_->offsets.data();
  }

  NormalisedText* const out_;
  size_t at_;      // bytes that are written
  size_t number_;  // characters that are written
  size_t room_ = 0;
  char* text_ = nullptr;
  uint32_t* begin_ = nullptr;
  uint32_t* end_ = nullptr;
  char32_t* points_ = nullptr;
  uint32_t* offsets_ = nullptr;
  char32_t pending_ = 0;
  uint32_t pending_begin_ = 0;
  uint32_t pending_end_ = 0;
  bool started_ = false;
  bool last_was_han_ = false;
};

absl::StatusOr<std::unique_ptr<Normaliser>> Normaliser::Create() {
  std::unique_ptr<Normaliser> normaliser(new Normaliser);
  if (const absl::Status status = normaliser->LoadSimplified(); !status.ok()) {
    return status;
  }
  normaliser->BuildPlain();
  return normaliser;
}

absl::Status Normaliser::LoadSimplified() {
  // One conversion of every Han character on a line of its own: phrases never apply.
  // Those beyond the basic plane are too rare to stand in a rule.
  constexpr std::pair<char32_t, char32_t> kRanges[] = {{0x3400, 0x4DBF}, {0x4E00, 0x9FFF}};
  std::string lines;
  for (const auto& [from, to] : kRanges) {
    for (char32_t point = from; point <= to; ++point) {
      AppendUtf8(point, &lines);
      lines.push_back('\n');
    }
  }
  std::string converted;
  try {
    converted = opencc::SimpleConverter("t2s.json").Convert(lines);
  } catch (const std::exception& error) {
    return absl::NotFoundError(absl::StrCat("OpenCC's table t2s.json cannot be read (",
                                            error.what(), "); install the package libopencc-data"));
  }
  size_t at = 0;
  for (const auto& [from, to] : kRanges) {
    for (char32_t point = from; point <= to && at < converted.size(); ++point) {
      const char32_t simple = DecodeUtf8(converted, &at);
      if (simple != point) {
        simplified_.emplace(point, simple);
      }
      at = converted.find('\n', at);
      at = at == std::string::npos ? converted.size() : at + 1;
    }
  }
  if (simplified_.empty()) {
    return absl::NotFoundError(
        "OpenCC's table t2s.json converts nothing; install the package libopencc-data again");
  }
  for (auto& [point, simple] : simplified_) {  // close it: 甲 -> 乙 -> 丙 becomes 甲 -> 丙
    for (int step = 0; step < 4; ++step) {
      const auto next = simplified_.find(simple);
      if (next == simplified_.end()) {
        break;
      }
      simple = next->second;
    }
  }
  return absl::OkStatus();
}

char32_t Normaliser::Fold(char32_t point) const {
  if (point < 0x80) {
    if (point >= 'A' && point <= 'Z') {
      return point - 'A' + 'a';
    }
    if (point == '\r') {
      return '\n';
    }
    return (point < 0x20 || point == 0x7F) && point != '\n' ? U' ' : point;
  }
  if (IsLineFeed(point)) {
    return '\n';
  }
  if (point < 0xA0 || point == 0x1680) {
    return ' ';
  }
  if (IsHan(point)) {
    const auto found = simplified_.find(point);
    return found == simplified_.end() ? point : found->second;
  }
  return FoldDigit(point);
}

bool Normaliser::JoinsPrevious(char32_t point) const {
  if (Plain(point) != 0) {
    return false;
  }
  int32_t buffer[kLongestDecomposition];
  if (Decompose(point, buffer) == 0) {
    return true;
  }
  const char32_t first = static_cast<char32_t>(buffer[0]);
  return IsMark(first) || IsVowelOrFinalJamo(first);
}

void Normaliser::BuildPlain() {
  std::vector<char16_t> plain(kBasicPlane, 0);
  for (char32_t point = 0; point < kBasicPlane; ++point) {
    if (point >= 0xD800 && point <= 0xDFFF) {
      continue;
    }
    int32_t buffer[kLongestDecomposition];
    if (Decompose(point, buffer) != 1) {
      continue;
    }
    const char32_t only = static_cast<char32_t>(buffer[0]);
    const char32_t folded = Fold(only);
    if (!IsMark(only) && !(only >= 0x1100 && only <= 0x11FF) && folded < kBasicPlane) {
      plain[point] = static_cast<char16_t>(folded);
    }
  }
  plain_ = std::move(plain);
}

// `points` combine with the first of them, which is number `first` of the original.
void Normaliser::AppendCluster(const std::vector<char32_t>& points, size_t first,
                               Writer* writer) const {
  const size_t last = first + points.size();
  std::vector<int32_t> cluster;
  int marks = 0;
  for (const char32_t point : points) {
    int32_t buffer[kLongestDecomposition];
    const size_t size = Decompose(point, buffer);
    for (size_t k = 0; k < size; ++k) {
      const char32_t folded = Fold(static_cast<char32_t>(buffer[k]));
      marks = IsMark(folded) ? marks + 1 : 0;
      if (marks <= kMaxMarks) {
        cluster.push_back(static_cast<int32_t>(folded));
      }
    }
  }
  // Canonical order: marks between two characters of class 0 stand by rising class.
  for (auto begin = cluster.begin(); begin != cluster.end();) {
    if (CombiningClass(static_cast<char32_t>(*begin)) == 0) {
      ++begin;
      continue;
    }
    const auto end = std::find_if(begin, cluster.end(), [](int32_t point) {
      return CombiningClass(static_cast<char32_t>(point)) == 0;
    });
    std::stable_sort(begin, end, [](int32_t a, int32_t b) {
      return CombiningClass(static_cast<char32_t>(a)) < CombiningClass(static_cast<char32_t>(b));
    });
    begin = end;
  }
  const auto composed = utf8proc_normalize_utf32(
      cluster.data(), static_cast<utf8proc_ssize_t>(cluster.size()), kCompose);
  for (utf8proc_ssize_t i = 0; i < composed; ++i) {
    writer->Write(static_cast<char32_t>(cluster[static_cast<size_t>(i)]),
                  static_cast<uint32_t>(first), static_cast<uint32_t>(last));
  }
}

void Normaliser::Append(std::string_view original, NormalisedText* out) const {
  if (original.empty()) {
    return;
  }
  const size_t first = out->points.size();
  Writer writer(out, original.size());
  size_t at = 0;
  char32_t point = DecodeUtf8(original, &at);
  char32_t plain = Plain(point);
  for (uint32_t number = 0;; ++number) {
    writer.WriteRun(original, plain_.data(), &at, &point, &plain, &number);
    const bool last = at == original.size();
    char32_t next = last ? 0 : DecodeUtf8(original, &at);
    char32_t next_plain = last ? 0 : Plain(next);
    if (plain != 0 && (last || next_plain != 0)) {
      writer.Write(plain, number, number + 1);
      if (last) {
        break;
      }
    } else {
      std::vector<char32_t>& cluster = out->cluster;
      cluster.assign(1, point);
      bool more = !last;
      while (more && JoinsPrevious(next)) {
        cluster.push_back(next);
        more = at < original.size();
        next = more ? DecodeUtf8(original, &at) : 0;
      }
      AppendCluster(cluster, number, &writer);
      if (!more) {
        break;
      }
      number += static_cast<uint32_t>(cluster.size()) - 1;
      next_plain = Plain(next);
    }
    point = next;
    plain = next_plain;
  }
  writer.Finish();
  UndoDisguise(first, out);
}

std::string Normaliser::Normalise(std::string_view original) const {
  NormalisedText normalised;
  Append(original, &normalised);
  return std::move(normalised.text);
}

}  // namespace supervision::classification
