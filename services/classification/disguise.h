#pragma once

#include <cstddef>

namespace supervision::classification {

struct NormalisedText;

// Undoes what hides a word or number from the rules, in the part of `text` that begins with its
// character `from`. Only where nothing else is likely to be meant:
//   - "2O23", "1零5": a round letter or a Chinese zero between digits is 0, an i there is 1;
//   - "强.制.拆", "处\n罚\n款": one mark after each single Han character is no punctuation; a
//   middle
//     dot between two Han characters never is;
//   - a line that was broken within a sentence: a line feed between two Han characters, behind a
//     line too long for a heading;
//   - "！！！！！！": of one mark at most kMostRepeats in a row.
// Never lengthens the text; doing it twice changes nothing more. Linear time.
void UndoDisguise(size_t from, NormalisedText* text);

inline constexpr size_t kMostRepeats = 3;
inline constexpr size_t kLongestHeading = 24;  // characters

}  // namespace supervision::classification
