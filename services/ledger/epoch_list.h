#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace supervision::ledger {

// The epochs of a partition: each begins at a position, and what an earlier epoch had from that
// position on is lost. A new one is opened only when history was lost or may have been, so the
// list stays short. The first is always epoch 1 from position 1.
class EpochList {
 public:
  EpochList() = default;
  // Of "1:1,2:501"; empty text: a partition that has never lost anything.
  static std::optional<EpochList> Parse(std::string_view text);
  std::string ToText() const;

  int64_t current() const { return epochs_.back().number; }
  int64_t current_first() const { return epochs_.back().first; }

  // The first position of the history that `epoch` had up to `position` and that was lost since;
  // nothing when all of it still stands.
  std::optional<int64_t> LostFrom(int64_t epoch, int64_t position) const;

  bool operator==(const EpochList&) const = default;

 private:
  struct Epoch {
    int64_t number;
    int64_t first;
    bool operator==(const Epoch&) const = default;
  };
  std::vector<Epoch> epochs_ = {{1, 1}};
};

}  // namespace supervision::ledger
