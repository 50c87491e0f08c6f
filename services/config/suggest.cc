#include "services/config/suggest.h"

#include <algorithm>
#include <numeric>

#include "absl/strings/str_cat.h"

namespace supervision::config {
namespace {

constexpr size_t kMaxShown = 60;  // bytes of a word that a message quotes
constexpr size_t kMaxListed = 400;

// How many single-character changes turn `a` into `b`.
size_t Distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row[b.size()];
}

}  // namespace

std::string Nearest(std::string_view word, const std::vector<std::string>& known) {
  if (word.size() > kMaxShown) return "";
  std::string nearest;
  size_t least = kMaxShown;
  for (const std::string& candidate : known) {
    const size_t distance = Distance(word, candidate);
    const size_t near = std::max<size_t>(1, std::max(word.size(), candidate.size()) / 3);
    if (distance <= near && distance < least) {
      least = distance;
      nearest = candidate;
    }
  }
  return nearest;
}

std::string Suggest(std::string_view word, const std::vector<std::string>& known) {
  const std::string nearest = Nearest(word, known);
  if (!nearest.empty()) return absl::StrCat("did you mean '", nearest, "'?");
  std::string text = "write one of ";
  for (size_t i = 0; i < known.size(); ++i) {
    if (text.size() > kMaxListed) return text + ", …";
    absl::StrAppend(&text, i == 0 ? "" : ", ", known[i]);
  }
  return text;
}

std::string Quote(std::string_view word) {
  std::string text = "'";
  for (const char c : word) {
    // A sequence of UTF-8 is never cut: only before a byte that begins one.
    const bool begins = (static_cast<unsigned char>(c) & 0xC0) != 0x80;
    if (begins && text.size() > kMaxShown) return text + "…'";
    const auto byte = static_cast<unsigned char>(c);
    text.push_back(byte < 0x20 || byte == 0x7F ? '?' : c);
  }
  return text + "'";
}

}  // namespace supervision::config
