#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace supervision::classification {

// Larger values mean no more: what is read never overflows.
inline constexpr int64_t kGreatest = 1'000'000'000;

inline bool IsDigit(char32_t c) { return c >= '0' && c <= '9'; }

// What a Han numeral stands for, 0 to 9; -1: it is none.
int ChineseDigit(char32_t c);

// What the digits before it count: 十, 百, 千, 万, 亿; 0: it is no unit.
int64_t ChineseUnit(char32_t c);

// A number that is read: `whole` + `part` / `parts`.
struct Number {
  int64_t whole = 0;
  int64_t part = 0;
  int64_t parts = 1;

  // 3.6258 times 10,000 is 36258: the fraction is kept until the last unit is known.
  void Multiply(int64_t unit) {
    whole = std::min(whole, kGreatest) * unit + part * unit / parts;
    part = part * unit % parts;
  }
};

// Reads digits with units from `at`, as "3.6258万", "1.2千万" or "3万5千"; moves `at` behind them.
Number ReadDigits(std::u32string_view text, size_t* at);

// Reads a Chinese number from `at`; moves `at` behind it.
int64_t ReadChinese(std::u32string_view text, size_t* at);

}  // namespace supervision::classification
