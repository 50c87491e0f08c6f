#include "tests/bench/report.h"

#include <cstdio>
#include <cstdlib>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"

namespace supervision::bench {
namespace {

// "met" or "MISSED" for a target of the form ">= 0.4" or "<= 10".
std::string Judge(const Figure& figure) {
  absl::string_view target = figure.target;
  if (absl::ConsumePrefix(&target, ">= ")) {
    return figure.value >= std::strtod(std::string(target).c_str(), nullptr) ? "met" : "MISSED";
  }
  if (absl::ConsumePrefix(&target, "<= ")) {
    return figure.value <= std::strtod(std::string(target).c_str(), nullptr) ? "met" : "MISSED";
  }
  return "";
}

std::string Number(double value) {
  if (value >= 1000) return absl::StrFormat("%.0f", value);
  if (value >= 10) return absl::StrFormat("%.1f", value);
  return absl::StrFormat("%.3f", value);
}

}  // namespace

void Report::Add(Figure figure) { figures_.push_back(std::move(figure)); }

void Report::Add(const std::string& key, const std::string& what, double value,
                 const std::string& unit, const std::string& target) {
  Add({key, what, value, unit, target});
  std::fprintf(stderr, "  %s: %s %s\n", what.c_str(), Number(value).c_str(), unit.c_str());
}

std::string Report::Table() const {
  std::string table = absl::StrFormat("%-62s %12s %-5s %-10s\n", "figure", "value", "", "target");
  for (const Figure& figure : figures_) {
    absl::StrAppendFormat(&table, "%-62s %12s %-5s %-10s %s\n", figure.what, Number(figure.value),
                          figure.unit, figure.target, Judge(figure));
  }
  return table;
}

std::string Report::Json() const {
  std::string json = "{\n";
  for (size_t i = 0; i < figures_.size(); ++i) {
    absl::StrAppendFormat(&json, "  \"%s\": %.6g%s\n", figures_[i].key, figures_[i].value,
                          i + 1 < figures_.size() ? "," : "");
  }
  return json + "}\n";
}

}  // namespace supervision::bench
