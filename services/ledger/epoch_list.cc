#include "services/ledger/epoch_list.h"

#include <charconv>

namespace supervision::ledger {
namespace {

// The number that `*text` begins with, taken off together with the `end` behind it (0: the end of
// the text).
std::optional<int64_t> TakeNumber(std::string_view* text) {
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
  if (error != std::errc()) return std::nullopt;
  text->remove_prefix(static_cast<size_t>(end - text->data()));
  return number;
}

}  // namespace

std::optional<EpochList> EpochList::Parse(std::string_view text) {
  EpochList list;
  if (text.empty()) return list;
  list.epochs_.clear();
  while (true) {
    const std::optional<int64_t> number = TakeNumber(&text);
    if (!number.has_value() || text.empty() || text.front() != ':') return std::nullopt;
    text.remove_prefix(1);
    const std::optional<int64_t> first = TakeNumber(&text);
    const int64_t previous = list.epochs_.empty() ? 0 : list.epochs_.back().number;
    if (!first.has_value() || *first < 1 || *number <= previous) return std::nullopt;
    list.epochs_.push_back({*number, *first});
    if (text.empty()) return list;
    if (text.front() != ',') return std::nullopt;
    text.remove_prefix(1);
  }
}

std::string EpochList::ToText() const {
  std::string text;
  for (const Epoch& epoch : epochs_) {
    if (!text.empty()) text += ',';
    text += std::to_string(epoch.number) + ':' + std::to_string(epoch.first);
  }
  return text;
}

std::optional<int64_t> EpochList::LostFrom(int64_t epoch, int64_t position) const {
  std::optional<int64_t> lost;
  for (const Epoch& later : epochs_) {
    if (later.number > epoch && later.first <= position && (!lost || later.first < *lost)) {
      lost = later.first;
    }
  }
  return lost;
}

}  // namespace supervision::ledger
