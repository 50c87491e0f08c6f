#pragma once

#include <vector>

#include "services/classification/catalogue.h"
#include "services/classification/classifier.h"
#include "services/classification/rules.h"
#include "services/domain/explanation.h"

namespace supervision::classification {

// Writes the sentences of an explanation, in Chinese and English, from what it holds already.
// They quote short passages of `input`, which is the caller's own text.
void WriteSentences(const Input& input, const Catalogue& catalogue,
                    const std::vector<Problem>& problems, float confidence,
                    domain::Explanation* explanation);

}  // namespace supervision::classification
