#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "services/classification/references.h"

namespace supervision::classification {

// The little language of patterns in rule files:
//
//   超期扣押              these characters, after normalisation
//   {超期|超时限}扣押     either of them; an empty alternative makes a part optional
//   扣押…未退还           the second after the first, in one sentence, within the rule's gap
//   承诺……没有下文       the same across sentences, within three times the gap
//   $ORGAN…不管           one of a lexicon's phrases
//   <persons:30>          a reference; a number is its least value
//
// A lexicon or a reference beside a phrase without a gap means: directly beside it.

struct ReferenceTest {
  ReferenceType type = ReferenceType::kCourtOther;
  int64_t least = 0;
};

// What stands between a segment and the one before it.
enum class Join : uint8_t { kBeside, kSameSentence, kNearby };

// One part of a pattern: exactly one of the three is given.
struct Segment {
  Join join = Join::kBeside;         // meaningless for the first
  std::vector<std::string> phrases;  // all alternatives, not yet normalised
  std::string lexicon;
  std::optional<ReferenceTest> reference;
};

// Parses `text`. On a mistake the result is empty and `error` says what is wrong and the remedy.
std::vector<Segment> ParsePattern(std::string_view text, std::string* error);

}  // namespace supervision::classification
