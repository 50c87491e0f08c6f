// Where things stand in the text last matched: what an explanation points at.
#include <algorithm>
#include <string_view>

#include "services/classification/matcher.h"
#include "services/classification/utf8.h"

namespace supervision::classification {
namespace {

// What stands before the name of an organ rather than in it.
constexpr std::u32string_view kPartsName =
    U"被把由向对和与及说去到在让叫找是经给请问告的了我你他她这那有";
constexpr std::u32string_view kPauses = U",;:?!，；：？！\n";
constexpr std::u32string_view kMarks = U" \n,.;:!?，。、；：！？“”\"'()（）《》「」…-";

}  // namespace

RuleMatch Matcher::PlaceOf(uint32_t begin, uint32_t end) const {
  RuleMatch place;
  if (begin < title_bytes_) {
    end = std::min(end, title_bytes_);
  } else {
    begin = std::max(begin, content_at_);
  }
  if (begin >= end) {
    return place;
  }
  place.part = begin < content_at_ ? domain::TextPart::kTitle : domain::TextPart::kContent;
  place.begin = text_.begin[begin];
  place.end = text_.end[end - 1];
  return place;
}

std::vector<Matcher::Bytes> Matcher::CueHits(size_t cue) {
  std::vector<Bytes> hits;
  const auto [begin, past] = HitsOf(index_.cues[cue].atom);
  for (uint32_t i = begin; i < past; ++i) {
    if (ordered_[i].begin < ordered_[i].end) {
      hits.push_back({ordered_[i].begin, ordered_[i].end});
    }
  }
  std::sort(hits.begin(), hits.end(), [](const Bytes& a, const Bytes& b) {
    return a.begin != b.begin ? a.begin < b.begin : a.end > b.end;
  });
  return hits;
}

Matcher::Bytes Matcher::NameBefore(uint32_t end, size_t most) const {
  const auto past = std::lower_bound(text_.offsets.begin(), text_.offsets.end(), end);
  auto i = static_cast<size_t>(past - text_.offsets.begin());
  Bytes name{end, end};
  for (; i > 0 && most > 0 && IsHan(text_.points[i - 1]); --i, --most) {
    if (kPartsName.find(text_.points[i - 1]) != std::u32string_view::npos) break;
    name.begin = text_.offsets[i - 1];
  }
  return name;
}

Matcher::Bytes Matcher::Trimmed(Bytes bytes) const {
  const auto place = [&](uint32_t byte) {
    return static_cast<size_t>(std::lower_bound(text_.offsets.begin(), text_.offsets.end(), byte) -
                               text_.offsets.begin());
  };
  const auto mark = [](char32_t point) { return kMarks.find(point) != std::u32string_view::npos; };
  size_t begin = place(bytes.begin);
  size_t end = place(bytes.end);
  while (begin < end && mark(text_.points[begin])) ++begin;
  while (begin < end && mark(text_.points[end - 1])) --end;
  return {text_.offsets[begin], text_.offsets[end]};
}

std::vector<Matcher::Bytes> Matcher::Sentences() const {
  std::vector<Bytes> sentences;
  uint32_t begin = 0;
  const auto add = [&](uint32_t end) {
    const Bytes sentence = Trimmed({begin, end});
    if (sentence.begin < sentence.end) {
      sentences.push_back(sentence);
    }
    begin = end;
  };
  for (const uint32_t end : sentence_ends_) {
    add(end);
  }
  add(static_cast<uint32_t>(text_.text.size()));
  return sentences;
}

std::vector<Matcher::Bytes> Matcher::Clauses() const {
  std::vector<Bytes> clauses;
  for (const Bytes& sentence : Sentences()) {
    uint32_t begin = sentence.begin;
    const auto add = [&](uint32_t end) {
      const Bytes clause = Trimmed({begin, end});
      if (clause.begin < clause.end) clauses.push_back(clause);
      begin = end;
    };
    const auto first = std::lower_bound(text_.offsets.begin(), text_.offsets.end(), sentence.begin);
    for (auto i = static_cast<size_t>(first - text_.offsets.begin());
         text_.offsets[i] < sentence.end; ++i) {
      if (kPauses.find(text_.points[i]) != std::u32string_view::npos) add(text_.offsets[i]);
    }
    add(sentence.end);
  }
  return clauses;
}

}  // namespace supervision::classification
