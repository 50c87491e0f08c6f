#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "services/base/huge_pages.h"

namespace supervision::classification {

// Finds every place of some thousand literals in a text, in one pass over its characters. A tree of
// the literals' characters whose nodes lie in a hash table, so that a step reads one line of it:
// made for texts that come alone, when what was read for the text before has left the caches.
// Immutable once made.
class LiteralTable {
 public:
  struct Hit {
    uint32_t begin = 0;  // characters
    uint32_t end = 0;
    uint32_t literal = 0;
  };
  // The memory of one scan, made to be reused with any table.
  struct Workspace {
    std::vector<Hit> found;
    std::vector<uint32_t> starts;  // for each end of a hit, where the hits begin that end there
  };

  // Literals are numbered in the order given. Each is valid UTF-8, not empty, and given once.
  explicit LiteralTable(const std::vector<std::string>& literals);

  size_t size() const { return literals_; }

  // Every place of every literal in `text`, to `hits`, in the order of their ends. Of those that
  // end together the long ones (more than eight bytes) come first, by number; then the others,
  // longest first. Which of several phrases an author's rule shows as evidence rests on this order.
  void Find(std::span<const char32_t> text, Workspace* workspace, std::vector<Hit>* hits) const;

 private:
  // What lies in a place of the table: the character that led here and the place it led from.
  struct Node {
    uint64_t key = kFree;
    uint32_t literal = 0;    // 1 + number of the literal that ends here, kLong with it; 0: none
    uint32_t followers = 0;  // a set with the characters that lead further
  };
  static constexpr uint64_t kFree = UINT64_MAX;  // no literal ends there, and nothing follows

  size_t HomeOf(uint64_t key) const;
  size_t Find(size_t home, uint64_t key) const;
  size_t Collect(std::span<const char32_t> text, std::vector<Hit>* found) const;

  size_t literals_ = 0;
  base::HugeVector<Node> nodes_;  // open addressing
  size_t mask_ = 0;
};

}  // namespace supervision::classification
