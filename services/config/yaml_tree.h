#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "services/config/problems.h"

namespace supervision::config {

struct YamlEntry;

// What a YAML file holds, before it is compared with a schema.
struct YamlNode {
  enum class Kind { kNull, kScalar, kList, kMap };
  Kind kind = Kind::kNull;
  Position position;
  std::string scalar;
  bool quoted = false;  // the scalar was quoted or a block, so it is text and no number
  std::vector<YamlNode> items;
  // In the order of the file; keys are scalars, and may stand twice.
  std::vector<YamlEntry> entries;
};

// One key of a map and what stands under it. A struct of its own, since a std::pair of the
// incomplete YamlNode is nothing that clang can build.
struct YamlEntry {
  YamlNode key;
  YamlNode value;
};

// Limits that keep a hostile or mistaken file from costing more than it should.
inline constexpr size_t kMaxYamlBytes = 4 << 20;
inline constexpr int kMaxYamlDepth = 32;
inline constexpr size_t kMaxYamlNodes = 400'000;

// Parses one document. Anchors, aliases and tags are refused: nothing of ours needs them, and
// aliases can make a small file huge. Returns false, with the reason in `problems`, when the text
// is no such document; an empty text is a null. Never throws.
bool ParseYaml(std::string_view text, std::string_view file, YamlNode* root, Problems* problems);

}  // namespace supervision::config
