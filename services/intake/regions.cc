#include <algorithm>
#include <bitset>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "services/base/utf8.h"
#include "services/intake/validation.h"

namespace supervision::intake {
namespace {

constexpr size_t kCountyDigits = 6;
constexpr size_t kTownDigits = 9;
constexpr uint32_t kTownsInCounty = 1000;
constexpr size_t kMaxTold = 100;

// The number that `code` is when it is nothing but digits.
std::optional<uint32_t> ToNumber(std::string_view code) {
  if (code.size() != kCountyDigits && code.size() != kTownDigits) return std::nullopt;
  uint32_t number = 0;
  for (const char c : code) {
    if (c < '0' || c > '9') return std::nullopt;
    number = number * 10 + static_cast<uint32_t>(c - '0');
  }
  return number;
}

// The value of a comment "# name: value"; nothing when it is another comment.
std::optional<std::string_view> Header(std::string_view line, std::string_view name) {
  if (!line.starts_with("# ")) return std::nullopt;
  line.remove_prefix(2);
  if (!line.starts_with(name) || !line.substr(name.size()).starts_with(": ")) return std::nullopt;
  return line.substr(name.size() + 2);
}

class Mistakes {
 public:
  explicit Mistakes(std::string_view file) : file_(file) {}

  void Add(size_t line, std::string text) { told_.emplace_back(line, std::move(text)); }
  void AddForTheFile(std::string text) { Add(std::string::npos, std::move(text)); }

  absl::Status ToStatus() {
    if (told_.empty()) return absl::OkStatus();
    std::stable_sort(told_.begin(), told_.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    std::string message;
    for (size_t i = 0; i < told_.size() && i < kMaxTold; ++i) {
      absl::StrAppend(&message, i == 0 ? "" : "\n", file_);
      if (told_[i].first != std::string::npos) absl::StrAppend(&message, ":", told_[i].first);
      absl::StrAppend(&message, ": ", told_[i].second);
    }
    if (told_.size() > kMaxTold) {
      absl::StrAppend(&message, "\nand ", told_.size() - kMaxTold, " more");
    }
    return absl::InvalidArgumentError(message);
  }

 private:
  const std::string file_;
  std::vector<std::pair<size_t, std::string>> told_;  // by line
};

}  // namespace

// Counties by a bit each, towns sorted: both small enough to stay in the processor's caches.
struct RegionTable::Data {
  std::bitset<1'000'000> counties;
  std::vector<uint32_t> towns;
  size_t county_count = 0;
  std::string version;
  std::string source;
};

RegionTable::RegionTable(std::unique_ptr<Data> data) : data_(std::move(data)) {}
RegionTable::~RegionTable() = default;

absl::StatusOr<std::unique_ptr<RegionTable>> RegionTable::Parse(std::string_view text,
                                                                std::string_view file_name) {
  auto data = std::make_unique<Data>();
  Mistakes mistakes(file_name);
  std::vector<std::pair<uint32_t, size_t>> towns;  // with their lines
  size_t number = 0;
  while (!text.empty()) {
    ++number;
    const size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) continue;
    if (line[0] == '#') {
      if (const auto version = Header(line, "version")) data->version = *version;
      if (const auto source = Header(line, "source")) data->source = *source;
      continue;
    }
    const size_t tab = line.find('\t');
    const std::string_view code = line.substr(0, tab);
    const std::optional<uint32_t> value = ToNumber(code);
    if (!value.has_value()) {
      mistakes.Add(number, "the code is not 6 or 9 digits; write code<TAB>name");
    } else if (tab == std::string_view::npos || tab + 1 == line.size()) {
      mistakes.Add(number, "the name is missing; write code<TAB>name");
    } else if (!base::IsUtf8(line)) {
      mistakes.Add(number, "the name is not UTF-8; save the file as UTF-8");
    } else if (code.size() == kTownDigits) {
      towns.emplace_back(*value, number);
    } else if (data->counties.test(*value)) {
      mistakes.Add(number, "the code stands twice; delete one of the lines");
    } else {
      data->counties.set(*value);
      ++data->county_count;
    }
  }
  if (!std::is_sorted(towns.begin(), towns.end())) std::sort(towns.begin(), towns.end());
  data->towns.reserve(towns.size());
  for (const auto& [town, line] : towns) {
    if (!data->towns.empty() && data->towns.back() == town) {
      mistakes.Add(line, "the code stands twice; delete one of the lines");
    } else if (!data->counties.test(town / kTownsInCounty)) {
      mistakes.Add(line, "the town's county (the first 6 digits) is missing; add its line");
    }
    data->towns.push_back(town);
  }
  if (data->version.empty())
    mistakes.AddForTheFile("add a line '# version: …' that names the edition");
  if (data->source.empty())
    mistakes.AddForTheFile("add a line '# source: …' that says where it is from");
  if (data->county_count == 0)
    mistakes.AddForTheFile("there is no code of 6 digits; add code<TAB>name");
  if (absl::Status status = mistakes.ToStatus(); !status.ok()) return status;
  return std::unique_ptr<RegionTable>(new RegionTable(std::move(data)));
}

bool RegionTable::Contains(std::string_view code) const {
  const std::optional<uint32_t> value = ToNumber(code);
  if (!value.has_value()) return false;
  if (code.size() == kCountyDigits) return data_->counties.test(*value);
  return std::binary_search(data_->towns.begin(), data_->towns.end(), *value);
}

std::string_view RegionTable::version() const { return data_->version; }
std::string_view RegionTable::source() const { return data_->source; }
size_t RegionTable::size() const { return data_->county_count + data_->towns.size(); }

}  // namespace supervision::intake
