#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/classification/matcher.h"
#include "services/classification/utf8.h"

namespace supervision::classification {
namespace {

constexpr uint32_t kTwice = 2;
constexpr uint32_t kOften = 4;
constexpr char32_t kLeastHan = 0x3400;
constexpr size_t kLongestZone = 60;  // characters; a longer one is no title and no closing sentence

// The keys of a count: one for each value up to the greatest that is told apart.
template <size_t kMost>
class CountKeys {
 public:
  explicit CountKeys(std::string_view name) {
    for (size_t i = 0; i <= kMost; ++i) {
      keys_[i] = SignalKey(SignalKind::kCue, absl::StrCat(std::string(name), i));
    }
  }
  FeatureKey Of(size_t count) const { return keys_[std::min(count, kMost)]; }

 private:
  std::array<FeatureKey, kMost + 1> keys_;
};

struct ShapeKeys {
  CountKeys<30> length{"LENGTH:"};
  CountKeys<12> sentences{"SENTENCES:"};
  CountKeys<3> questions{"QUESTIONS:"};
  CountKeys<3> exclamations{"EXCLAMATIONS:"};
  CountKeys<6> numbers{"NUMBERS:"};
  CountKeys<1> title_asks{"TITLE_ASKS:"};
  CountKeys<1> names_work{"NAMES_WORK:"};
  CountKeys<1> quotes{"QUOTES:"};
};

const ShapeKeys& Shape() {
  static const ShapeKeys keys;
  return keys;
}

bool IsDigit(char32_t point) { return point >= U'0' && point <= U'9'; }

// Digits and numerals, each with whether it is a number by itself. 一 is one only beside others, as
// it stands in 一直, 万 in 万一, 百 in 百姓.
struct Numeral {
  char32_t point = 0;
  bool always = false;
};

// A table without lists: one look tells what a character is.
class Numerals {
 public:
  constexpr Numerals() {
    for (const char32_t point : std::u32string_view(U"0123456789二三四五六七八九十两几〇")) {
      cells_[CellOf(point)] = {point, true};
    }
    for (const char32_t point : std::u32string_view(U"一百千万零")) {
      cells_[CellOf(point)] = {point, false};
    }
  }

  // Whether `point` is one, and then whether it is a number by itself.
  constexpr std::pair<bool, bool> Find(char32_t point) const {
    const Numeral& cell = cells_[CellOf(point)];
    const bool found = cell.point == point;
    return {found, found & cell.always};
  }
  constexpr size_t count() const {
    return static_cast<size_t>(std::count_if(cells_.begin(), cells_.end(),
                                             [](const Numeral& cell) { return cell.point != 0; }));
  }

 private:
  static constexpr size_t CellOf(char32_t point) { return (point * 0x9D7CD4F7U) >> 26; }

  std::array<Numeral, 64> cells_;
};

constexpr Numerals kNumerals;
static_assert(kNumerals.count() == 27, "two numerals share a cell: choose another factor");

}  // namespace

void Matcher::Describe(Features* features) {
  features->Clear();
  bool in_number = false;
  const size_t points = text_.points.size();
  features->characters.resize(points);  // cut to what is written
  features->offsets.resize(points + 1);
  char32_t* const characters = features->characters.data();
  uint32_t* const offsets = features->offsets.data();
  size_t count = 0;
  for (size_t i = 0; i < points; ++i) {
    const char32_t point = text_.points[i];
    const auto [numeral, always] = kNumerals.Find(point);
    if (numeral && in_number) {
      continue;
    }
    in_number = always || (numeral && i + 1 < points && kNumerals.Find(text_.points[i + 1]).first);
    offsets[count] = text_.offsets[i];
    characters[count++] = in_number ? U'0' : point;
  }
  offsets[count] = text_.offsets[points];
  features->characters.resize(count);
  features->offsets.resize(count + 1);

  DescribeCues(features);
  for (const RuleMatch& match : matches_) {
    const RuleState& state = rules_[match.rule];
    features->signals.push_back({index_.rule_keys[match.rule], state.match.begin, state.match.end});
  }
  DescribeBlame(features);
  DescribeShape(features);
  DescribeZones(features);
}

uint32_t Matcher::LastSentence() const {
  auto last = static_cast<uint32_t>(sentence_ends_.size());
  if (!sentence_ends_.empty() && sentence_ends_.back() + 3 >= text_.text.size()) {
    --last;  // nothing stands behind the last full stop
  }
  return last;
}

void Matcher::DescribeCues(Features* features) {
  const uint32_t last_sentence = LastSentence();
  for (const Cue& cue : index_.cues) {
    if (!entered_.Holds(cue.atom)) continue;
    const auto [begin, past] = HitsOf(cue.atom);
    const auto add = [&](FeatureKey key, const Hit& hit) {
      features->signals.push_back({key, hit.begin, hit.end});
    };
    uint32_t count = 0;  // in the content, none counted within another
    uint32_t counted_to = 0;
    bool title = false;
    bool first = false;
    bool last = false;
    add(cue.anywhere, ordered_[begin]);
    for (uint32_t i = begin; i < past; ++i) {
      const Hit& hit = ordered_[i];
      if (hit.begin < content_at_) {
        if (!title) add(cue.title, hit);
        title = true;
        continue;
      }
      if (hit.begin >= counted_to) {
        ++count;
        counted_to = hit.end;
        if (count == kTwice) add(cue.twice, hit);
        if (count == kOften) add(cue.often, hit);
      }
      if (hit.sentence == first_sentence_ && !first) {
        add(cue.first_sentence, hit);
        first = true;
      }
      if (hit.sentence == last_sentence && !last) {
        add(cue.last_sentence, hit);
        last = true;
      }
    }
  }
}

void Matcher::DescribeShape(Features* features) const {
  size_t questions = 0;
  size_t exclamations = 0;
  size_t numbers = 0;
  bool title_asks = false;
  bool names_work = false;
  bool quotes = false;
  char32_t before = 0;
  const std::u32string_view characters = features->characters;
  const uint32_t* const offsets = features->offsets.data();
  size_t i = 0;
  for (; i < characters.size() && offsets[i] < content_at_; ++i) {
    title_asks |= characters[i] == U'?' || characters[i] == U'吗';
  }
  const size_t length = characters.size() - i;
  for (; i < characters.size(); ++i) {
    char32_t point = characters[i];
    if (point >= kLeastHan) {  // nearly all: nothing that is counted here
      before = point;
      continue;
    }
    // Of numbers, those in digits: 三 is also a word.
    if (point == U'0') point = static_cast<unsigned char>(text_.text[offsets[i]]);
    questions += point == U'?';
    exclamations += point == U'!';
    numbers += IsDigit(point) && !IsDigit(before);
    names_work |= point == U'《';
    quotes |= point == U'“' || point == U'「' || point == U'"';
    before = point;
  }
  const ShapeKeys& shape = Shape();
  const auto add = [&](FeatureKey key) { features->signals.push_back({key, 0, 0}); };
  add(shape.length.Of(static_cast<size_t>(2 * std::log2(1.0 + static_cast<double>(length)))));
  add(shape.sentences.Of(sentence_ends_.size()));
  add(shape.questions.Of(questions));
  add(shape.exclamations.Of(exclamations));
  add(shape.numbers.Of(numbers));
  add(shape.title_asks.Of(title_asks ? 1 : 0));
  add(shape.names_work.Of(names_work ? 1 : 0));
  add(shape.quotes.Of(quotes ? 1 : 0));
}

// Characters of the title and of the last sentence; of the title, which is short, pairs too.
void Matcher::DescribeZones(Features* features) const {
  const auto place = [&](uint32_t byte) {
    return static_cast<size_t>(
        std::lower_bound(features->offsets.begin(), features->offsets.end(), byte) -
        features->offsets.begin());
  };
  const auto add = [&](Zone zone, size_t first, size_t end) {
    for (size_t i = std::max(first, end - std::min(end, kLongestZone)); i < end; ++i) {
      features->signals.push_back(
          {ZoneKey(zone, features->characters[i]), features->offsets[i], features->offsets[i + 1]});
    }
  };
  const size_t title_end = place(title_bytes_);
  add(Zone::kTitle, 0, title_end);
  for (size_t i = 1; i < std::min(title_end, kLongestZone); ++i) {
    const FeatureKey pair =
        static_cast<FeatureKey>(features->characters[i - 1]) << 21 | features->characters[i];
    features->signals.push_back(
        {ZoneKey(Zone::kTitle, pair), features->offsets[i - 1], features->offsets[i + 1]});
  }
  const uint32_t last = LastSentence();
  const uint32_t from = last == 0 ? 0 : sentence_ends_[last - 1];
  add(Zone::kEnd, place(std::max(from, content_at_)), features->characters.size());
}

}  // namespace supervision::classification
