#include "services/domain/passages.h"

#include <algorithm>
#include <optional>
#include <string_view>

namespace supervision::domain {
namespace {

// Where each code point of a text begins, and the text's end behind the last.
std::vector<size_t> CodePointStarts(std::string_view text) {
  std::vector<size_t> starts;
  starts.reserve(text.size() + 1);
  for (size_t at = 0; at < text.size(); ++at) {
    const bool continues = (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80;
    if (!continues) starts.push_back(at);
  }
  starts.push_back(text.size());
  return starts;
}

bool EndsClause(std::string_view code_point) {
  static constexpr std::string_view kNarrow = "\n\r\t.,;!?";
  static constexpr std::string_view kWide[] = {"。", "，", "；", "！", "？", "："};
  if (code_point.size() == 1) return kNarrow.find(code_point[0]) != std::string_view::npos;
  // Asked of every code point around a passage: nearly all are Han and end here.
  if (code_point[0] != kWide[0][0] && code_point[0] != kWide[1][0]) return false;
  return std::find(std::begin(kWide), std::end(kWide), code_point) != std::end(kWide);
}

// A text with its code points counted once, however many spans point into it.
class Text {
 public:
  explicit Text(std::string_view text) : text_(text), starts_(CodePointStarts(text)) {}

  // The clause around [begin, end) of code points; nothing when that is not a piece of the text.
  std::optional<std::string_view> Clause(size_t begin, size_t end) const {
    const size_t size = starts_.size() - 1;
    if (begin >= end || end > size) return std::nullopt;
    end = std::min(end, begin + kMaxPassageCodePoints);
    size_t first = begin;
    size_t last = end;
    // Half of the room that is left goes before the span, so that neither side takes all of it.
    const size_t earliest = begin - std::min(begin, (kMaxPassageCodePoints - (end - begin)) / 2);
    while (first > earliest && !EndsClause(At(first - 1))) --first;
    while (last < size && last - first < kMaxPassageCodePoints && !EndsClause(At(last))) ++last;
    return Slice(first, last);
  }

 private:
  std::string_view Slice(size_t first, size_t last) const {
    return text_.substr(starts_[first], starts_[last] - starts_[first]);
  }
  std::string_view At(size_t index) const { return Slice(index, index + 1); }

  const std::string_view text_;
  const std::vector<size_t> starts_;
};

}  // namespace

std::vector<std::string> Passages(const ClueContent& content,
                                  const std::vector<EvidenceSpan>& spans) {
  std::vector<std::string> passages;
  std::optional<Text> title;
  std::optional<Text> body;
  for (const EvidenceSpan& span : spans) {
    if (passages.size() == kMaxPassages) break;
    std::optional<Text>& text = span.part == TextPart::kTitle ? title : body;
    if (!text.has_value()) {
      text.emplace(span.part == TextPart::kTitle ? content.title : content.content);
    }
    const std::optional<std::string_view> clause = text->Clause(span.begin, span.end);
    if (!clause.has_value()) continue;
    const bool known = std::any_of(passages.begin(), passages.end(), [&](const std::string& other) {
      return other.find(*clause) != std::string::npos;
    });
    if (!known) passages.emplace_back(*clause);
  }
  return passages;
}

}  // namespace supervision::domain
