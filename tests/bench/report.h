#pragma once

#include <string>
#include <vector>

#include "absl/time/time.h"

namespace supervision::bench {

// One figure beside what it is measured against.
struct Figure {
  std::string key;   // of the JSON
  std::string what;  // for the table
  double value = 0;
  std::string unit;    // "/s", "ms", "KiB", "x", "%"
  std::string target;  // ">= 0.40", "<= 10", or empty
};

// Collects figures and prints them as a table or as one JSON object.
class Report {
 public:
  void Add(Figure figure);
  void Add(const std::string& key, const std::string& what, double value, const std::string& unit,
           const std::string& target = "");
  std::string Table() const;
  std::string Json() const;

 private:
  std::vector<Figure> figures_;
};

}  // namespace supervision::bench
