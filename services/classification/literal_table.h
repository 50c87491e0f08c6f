#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace supervision::classification {

// Finds every place of some thousand literals in a text, in one pass over its characters. A tree of
// the literals' characters whose edges lie in a hash table: small, and made for texts that come
// alone, when what was read for the text before has left the caches. Immutable once made.
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
  static constexpr uint32_t kNone = 0;  // the node before all: of no literal, and nothing follows
  static constexpr size_t kBasicPlane = 0x10000;

  struct Node {
    uint32_t parent = 0;
    char32_t character = 0;
    uint32_t literal = 0;    // 1 + number of the literal that ends here, kLong with it; 0: none
    uint32_t followers = 0;  // a set with the characters that lead further
  };
  struct Edge {
    uint32_t tag = 0;
    uint32_t child = kNone;
  };

  void Grow(const std::vector<std::string>& literals);
  void BuildEdges();
  uint32_t Guess(uint32_t parent, char32_t character) const;
  uint32_t Confirm(uint32_t guess, uint32_t parent, char32_t character) const;
  uint32_t FindSlowly(uint32_t parent, char32_t character) const;
  void Prefetch(uint32_t parent, char32_t character) const;
  size_t Collect(std::span<const char32_t> text, std::vector<Hit>* found) const;

  size_t literals_ = 0;
  std::vector<uint16_t> first_;  // nodes of the first characters, of the basic plane
  std::vector<Node> nodes_;
  std::vector<Edge> edges_;  // open addressing; at most half full
  size_t mask_ = 0;
};

}  // namespace supervision::classification
