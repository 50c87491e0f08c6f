#pragma once

#include <string>
#include <vector>

namespace supervision::cli {

// Columns of text for a terminal, aligned also where characters are two columns wide.
class Table {
 public:
  explicit Table(std::vector<std::string> head) { Add(std::move(head)); }

  // A row, as many cells as the head; longer cells than `kWidest` columns are shortened.
  void Add(std::vector<std::string> row);

  // The head and all rows, a line each, without spaces at the end of a line.
  std::string Text() const;

 private:
  static constexpr size_t kWidest = 60;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace supervision::cli
