#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "services/classification/evaluation/answer.h"

namespace supervision::classification {

// The answers that nobody accepts, at most `most`: first those that no person would have looked at,
// and among them the most confident, because these do the most harm. Places in `judged`.
std::vector<size_t> WorstCases(std::span<const Judged> judged, size_t most);

}  // namespace supervision::classification
