#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "services/classification/matcher.h"
#include "services/classification/utf8.h"

namespace supervision::classification {
namespace {

constexpr uint32_t kTwice = 2;
constexpr uint32_t kOften = 4;
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

}  // namespace

void Matcher::Describe(Features* features) {
  features->Clear();
  bool in_number = false;
  for (size_t i = 0; i < text_.points.size(); ++i) {
    const char32_t point = text_.points[i];
    const bool digit = IsDigit(point);
    if (!digit || !in_number) {
      features->offsets.push_back(text_.offsets[i]);
      features->characters.push_back(digit ? U'0' : point);
    }
    in_number = digit;
  }
  features->offsets.push_back(text_.offsets[text_.points.size()]);

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
    const auto [begin, past] = HitsOf(cue.atom);
    if (begin == past) continue;
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
  size_t length = 0;
  bool title_asks = false;
  bool names_work = false;
  bool quotes = false;
  char32_t before = 0;
  for (size_t i = 0; i < features->characters.size(); ++i) {
    const char32_t point = features->characters[i];
    if (features->offsets[i] < content_at_) {
      title_asks |= point == U'?' || point == U'吗';
      continue;
    }
    ++length;
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
