#include "services/classification/pattern.h"

#include <charconv>

#include "absl/strings/str_cat.h"

namespace supervision::classification {
namespace {

constexpr size_t kMostAlternatives = 512;
constexpr int kDeepest = 4;  // alternatives in alternatives
constexpr std::string_view kGap = "…";

class Parser {
 public:
  Parser(std::string_view text, std::string* error) : text_(text), error_(error) {}

  std::vector<Segment> Parse() {
    while (at_ < text_.size() && error_->empty()) {
      ParseNext();
    }
    FinishPhrase();
    if (error_->empty() && segments_.empty()) {
      *error_ = "the pattern is empty; write the words that it looks for";
    } else if (error_->empty() && gap_ > 0) {
      *error_ = "the pattern ends with a gap; write what must follow \"…\" or drop it";
    }
    return error_->empty() ? std::move(segments_) : std::vector<Segment>{};
  }

 private:
  bool Looking(std::string_view word) const { return text_.substr(at_, word.size()) == word; }

  void ParseNext() {
    if (Looking(kGap)) {
      FinishPhrase();
      if (segments_.empty()) {
        *error_ = "the pattern begins with a gap; write what must stand before \"…\" or drop it";
      }
      ++gap_;
      at_ += kGap.size();
    } else if (text_[at_] == '{') {
      ParseAlternatives();
    } else if (text_[at_] == '$') {
      ParseLexicon();
    } else if (text_[at_] == '<') {
      ParseReference();
    } else if (text_[at_] == '}' || text_[at_] == '|' || text_[at_] == '>') {
      *error_ = absl::StrCat("\"", std::string(1, text_[at_]),
                             "\" stands alone; write alternatives as {甲|乙} and references as "
                             "<persons:5>");
    } else {
      AppendToAll(text_.substr(at_, 1));
      ++at_;
    }
  }

  void AppendToAll(std::string_view piece) {
    if (phrases_.empty()) {
      phrases_.emplace_back();
    }
    for (std::string& phrase : phrases_) {
      phrase.append(piece);
    }
  }

  // {甲|乙}, `at_` on the bracket; alternatives may hold alternatives.
  std::vector<std::string> ReadAlternatives(int depth) {
    std::vector<std::string> all;
    std::vector<std::string> current(1);
    for (++at_; at_ < text_.size() && error_->empty();) {
      if (text_[at_] == '}' || text_[at_] == '|') {
        all.insert(all.end(), current.begin(), current.end());
        current.assign(1, "");
        if (text_[at_++] == '}') {
          return all;
        }
      } else if (text_[at_] == '{') {
        if (depth == kDeepest) {
          *error_ = "alternatives stand too deep in each other; write rows of their own";
          break;
        }
        current = Multiply(current, ReadAlternatives(depth + 1));
      } else if (text_[at_] == '$' || text_[at_] == '<' || Looking(kGap)) {
        *error_ = "alternatives hold only words; write other patterns as rows of their own";
      } else {
        for (std::string& phrase : current) {
          phrase.push_back(text_[at_]);
        }
        ++at_;
      }
    }
    if (error_->empty()) {
      *error_ = "\"{\" is not closed; write alternatives as {甲|乙}";
    }
    return {};
  }

  std::vector<std::string> Multiply(const std::vector<std::string>& heads,
                                    const std::vector<std::string>& tails) {
    std::vector<std::string> product;
    if (heads.size() * tails.size() > kMostAlternatives) {
      *error_ = absl::StrCat("the alternatives multiply to more than ", kMostAlternatives,
                             " phrases; split the pattern or put a gap between its parts");
      return product;
    }
    for (const std::string& head : heads) {
      for (const std::string& tail : tails) {
        product.push_back(head + tail);
      }
    }
    return product;
  }

  void ParseAlternatives() {
    if (phrases_.empty()) {
      phrases_.emplace_back();
    }
    phrases_ = Multiply(phrases_, ReadAlternatives(1));
  }

  void ParseLexicon() {
    FinishPhrase();
    const size_t from = ++at_;
    while (at_ < text_.size() && ((text_[at_] >= 'A' && text_[at_] <= 'Z') || text_[at_] == '_' ||
                                  (text_[at_] >= '0' && text_[at_] <= '9'))) {
      ++at_;
    }
    Segment segment;
    segment.lexicon = std::string(text_.substr(from, at_ - from));
    if (segment.lexicon.empty()) {
      *error_ = "\"$\" without a name; write $NAME of a lexicon in capital letters";
      return;
    }
    Add(std::move(segment));
  }

  void ParseReference() {
    FinishPhrase();
    const size_t close = text_.find('>', at_);
    if (close == std::string_view::npos) {
      *error_ = "\"<\" is not closed; write a reference as <persons:5>";
      return;
    }
    std::string_view inside = text_.substr(at_ + 1, close - at_ - 1);
    ReferenceTest test;
    if (const size_t colon = inside.find(':'); colon != std::string_view::npos) {
      const std::string_view least = inside.substr(colon + 1);
      const auto parsed = std::from_chars(least.data(), least.data() + least.size(), test.least);
      if (parsed.ec != std::errc() || parsed.ptr != least.data() + least.size()) {
        *error_ = "the least value of a reference must be a whole number, as in <persons:5>";
        return;
      }
      inside = inside.substr(0, colon);
    }
    const std::optional<ReferenceType> type = ReferenceTypeFromName(inside);
    if (!type.has_value()) {
      *error_ = absl::StrCat("\"", std::string(inside), "\" is no type of reference; known are ");
      for (size_t i = 0; i < kReferenceTypes; ++i) {
        absl::StrAppend(error_, i == 0 ? "" : ", ",
                        std::string(Name(static_cast<ReferenceType>(i))));
      }
      return;
    }
    test.type = *type;
    Segment segment;
    segment.reference = test;
    Add(std::move(segment));
    at_ = close + 1;
  }

  void FinishPhrase() {
    if (phrases_.empty()) {
      return;
    }
    Segment segment;
    segment.phrases = std::move(phrases_);
    phrases_.clear();
    Add(std::move(segment));
  }

  void Add(Segment segment) {
    segment.join = gap_ == 0 ? Join::kBeside : gap_ == 1 ? Join::kSameSentence : Join::kNearby;
    gap_ = 0;
    segments_.push_back(std::move(segment));
  }

  const std::string_view text_;
  std::string* const error_;
  size_t at_ = 0;
  int gap_ = 0;
  std::vector<std::string> phrases_;
  std::vector<Segment> segments_;
};

}  // namespace

std::vector<Segment> ParsePattern(std::string_view text, std::string* error) {
  error->clear();
  return Parser(text, error).Parse();
}

}  // namespace supervision::classification
