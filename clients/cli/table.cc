#include "clients/cli/table.h"

#include <algorithm>
#include <utility>

#include "clients/cli/terminal.h"

namespace supervision::cli {

void Table::Add(std::vector<std::string> row) {
  for (std::string& cell : row) cell = Shortened(Printable(cell), kWidest);
  rows_.push_back(std::move(row));
}

std::string Table::Text() const {
  std::vector<size_t> widths;
  for (const auto& row : rows_) {
    widths.resize(std::max(widths.size(), row.size()));
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], WidthOf(row[i]));
  }
  std::string text;
  for (const auto& row : rows_) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i) line += Padded(row[i], widths[i]) + "  ";
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

}  // namespace supervision::cli
