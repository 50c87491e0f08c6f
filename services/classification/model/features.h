#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace supervision::classification {

// Names a feature. The key of an n-gram is its characters, 21 bits each, so no two share one; that
// of a signal is a hash with the highest bit set.
using FeatureKey = uint64_t;

// What a signal rests on; it decides how much one counts beside the n-grams. Who is blamed for what
// counts as a rule does.
enum class SignalKind : uint8_t { kCue = 0, kRule = 1 };

// The key of the signal called `name`: "A:CUE_TOLD", "R:ENF.PENALTY".
FeatureKey SignalKey(SignalKind kind, std::string_view name);

// Parts of a text where words weigh more than elsewhere: what a letter is about stands in its
// title, what it wants at its end.
enum class Zone : uint8_t { kTitle = 1, kEnd = 2 };

// The key of the signal that the n-gram `gram` stands in `zone`; counts as a cue.
FeatureKey ZoneKey(Zone zone, FeatureKey gram);

bool IsSignal(FeatureKey key);
SignalKind KindOf(FeatureKey key);

// What a model sees of a text: its characters, and signals that rest on rules, cues and its shape.
// Filled by Matcher::Describe; made to be reused.
class Features {
 public:
  static constexpr size_t kLongestGram = 3;

  struct Signal {
    FeatureKey key = 0;
    uint32_t begin = 0;  // bytes of the normalised text; begin == end: the text as a whole
    uint32_t end = 0;
  };

  // The normalised text as code points: title, a line feed, content; a number in digits or Han
  // numerals (12, 十二, 三) is one '0', as it is its being there that tells. Place i began at byte
  // offsets[i]; one offset more than characters.
  std::u32string characters;
  std::vector<uint32_t> offsets;
  std::vector<Signal> signals;  // a key may come twice; it counts once

  void Clear() {
    characters.clear();
    offsets.clear();
    signals.clear();
  }

  // Calls `visit(key, first, last)` for n-grams of 1 to kLongestGram characters, from left to
  // right; [first, last) are places. When it returns false, the longer ones from `first` are passed
  // over.
  template <typename Visit>
  void ForEachGram(Visit&& visit) const {
    for (size_t first = 0; first < characters.size(); ++first) {
      FeatureKey key = 0;
      const size_t most = std::min(first + kLongestGram, characters.size());
      for (size_t last = first; last < most; ++last) {
        key = key << 21 | characters[last];
        if (!visit(key, first, last + 1)) {
          break;
        }
      }
    }
  }
};

}  // namespace supervision::classification
