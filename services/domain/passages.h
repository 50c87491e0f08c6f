#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "services/domain/clue.h"

namespace supervision::domain {

inline constexpr size_t kMaxPassages = 3;
inline constexpr size_t kMaxPassageCodePoints = 60;

// What an alert quotes as its reasons: for the strongest spans, the clause of the original in which
// the span lies, cut to kMaxPassageCodePoints around it; each clause once, at most kMaxPassages.
// Every passage is a piece of the original, never altered. Spans that point outside the text are
// skipped.
std::vector<std::string> Passages(const ClueContent& content,
                                  const std::vector<EvidenceSpan>& spans);

}  // namespace supervision::domain
