#include "services/config/problems.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"

namespace supervision::config {
namespace {

// The path of what contains `path`; "" for a field of the root.
std::string_view Parent(std::string_view path) {
  const size_t cut = path.find_last_of(".[");
  return cut == std::string_view::npos ? std::string_view() : path.substr(0, cut);
}

// Whether `path` is `outer` or lies inside it.
bool IsWithin(std::string_view path, std::string_view outer) {
  if (!path.starts_with(outer)) return false;
  return path.size() == outer.size() || path[outer.size()] == '.' || path[outer.size()] == '[';
}

}  // namespace

Position SourceMap::Find(std::string_view path) const {
  for (std::string_view at = path;; at = Parent(at)) {
    if (const auto found = positions_.find(at); found != positions_.end()) return found->second;
    if (at.empty()) return {};
  }
}

void Problems::Add(const SourceMap& source, std::string_view path, std::string text) {
  for (const Entry& entry : entries_) {
    if (!entry.path.empty() && entry.file == source.file() && IsWithin(path, entry.path)) return;
  }
  entries_.push_back({source.file(), source.Find(path), std::string(path), std::move(text)});
}

void Problems::AddAt(std::string_view file, Position position, std::string text) {
  entries_.push_back({std::string(file), position, "", std::move(text)});
}

absl::Status Problems::ToStatus() const {
  if (entries_.empty()) return absl::OkStatus();
  std::vector<const Entry*> sorted;
  for (const Entry& entry : entries_) sorted.push_back(&entry);
  std::stable_sort(sorted.begin(), sorted.end(), [](const Entry* a, const Entry* b) {
    return std::tie(a->file, a->position.line, a->position.column) <
           std::tie(b->file, b->position.line, b->position.column);
  });
  std::string message;
  for (size_t i = 0; i < sorted.size() && i < kMaxTold; ++i) {
    const Entry& entry = *sorted[i];
    if (i > 0) message.push_back('\n');
    message.append(entry.file);
    if (entry.position.line > 0) {
      absl::StrAppend(&message, ":", entry.position.line, ":", entry.position.column);
    }
    absl::StrAppend(&message, ": ", entry.text);
  }
  if (sorted.size() > kMaxTold) {
    absl::StrAppend(&message, "\nand ", sorted.size() - kMaxTold, " more");
  }
  return absl::InvalidArgumentError(message);
}

}  // namespace supervision::config
