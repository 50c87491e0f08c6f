#pragma once

#include <string>
#include <vector>

namespace supervision::classification {

// A clue with the class that a person gave it: what a model learns from and is judged by. Class
// names are free, so that any labelled set can be used; the shipped model's are the codes of the
// catalogue. Plain values.
struct LabelledClue {
  std::string id;
  std::string title;
  std::string content;
  std::string label;                     // name of the class
  std::string secondary;                 // second reading, or empty
  std::string risk;                      // "LOW", "MEDIUM", "HIGH", or empty
  std::vector<std::string> accept;       // classes that count as right; empty: only `label`
  std::vector<std::string> accept_risk;  // risks that count as right; empty: only `risk`
  std::vector<std::string> problem_codes;
};

}  // namespace supervision::classification
