#include "services/classification/numerals.h"

namespace supervision::classification {
namespace {

// Reads digits with an optional fraction from `at`; moves `at` behind them.
Number ReadDecimal(std::u32string_view text, size_t* at) {
  constexpr int64_t kFinest = 100'000'000;  // of 亿 the last that is one yuan
  Number number;
  const auto digit = [&](size_t i) { return i < text.size() && IsDigit(text[i]); };
  while (digit(*at) || (*at < text.size() && text[*at] == ',' && digit(*at + 1) && digit(*at + 2) &&
                        digit(*at + 3))) {
    if (text[*at] != ',' && number.whole < kGreatest) {
      number.whole = number.whole * 10 + (text[*at] - '0');
    }
    ++*at;
  }
  if (*at < text.size() && text[*at] == '.' && digit(*at + 1)) {
    for (++*at; digit(*at); ++*at) {
      if (number.parts < kFinest) {
        number.part = number.part * 10 + (text[*at] - '0');
        number.parts *= 10;
      }
    }
  }
  return number;
}

}  // namespace

int ChineseDigit(char32_t c) {
  switch (c) {
    case U'〇':
    case U'零':
      return 0;
    case U'一':
      return 1;
    case U'二':
    case U'两':
      return 2;
    case U'三':
    case U'几':  // "几十", "十几": at least three
    case U'数':
      return 3;
    case U'四':
      return 4;
    case U'五':
      return 5;
    case U'六':
      return 6;
    case U'七':
      return 7;
    case U'八':
      return 8;
    case U'九':
      return 9;
    default:
      return -1;
  }
}

int64_t ChineseUnit(char32_t c) {
  switch (c) {
    case U'十':
      return 10;
    case U'百':
      return 100;
    case U'千':
      return 1000;
    case U'万':
      return 10'000;
    case U'亿':
      return 100'000'000;
    default:
      return 0;
  }
}

Number ReadDigits(std::u32string_view text, size_t* at) {
  Number total;
  for (;;) {
    Number number = ReadDecimal(text, at);
    int64_t unit = 1;
    for (; *at < text.size() && ChineseUnit(text[*at]) >= 100; ++*at) {
      number.Multiply(ChineseUnit(text[*at]));
      unit = std::min(unit, kGreatest) * ChineseUnit(text[*at]);
    }
    number.whole = std::min(number.whole + total.whole, kGreatest * kGreatest / 10);
    total = number;
    // "3万5千" goes on with a smaller unit.
    size_t next = *at;
    if (unit == 1 || total.part != 0 || next >= text.size() || !IsDigit(text[next])) {
      return total;
    }
    ReadDecimal(text, &next);
    if (next >= text.size()) {
      return total;
    }
    const int64_t smaller = ChineseUnit(text[next]);
    const bool money = text[next] == U'元' || text[next] == U'块';  // "3万5000元"
    if (!money && (smaller < 100 || smaller >= unit)) {
      return total;
    }
  }
}

int64_t ReadChinese(std::u32string_view text, size_t* at) {
  int64_t total = 0;    // finished parts of 万 and 亿
  int64_t last = 0;     // the unit of the last of them
  int64_t section = 0;  // below the next 万
  int64_t digit = -1;
  for (; *at < text.size(); ++*at) {
    const char32_t c = text[*at];
    if (const int64_t unit = ChineseUnit(c); unit != 0) {
      if (unit >= 10'000) {
        section += std::max<int64_t>(digit, 0);
        // "一亿二千万" adds, "三万亿" multiplies.
        total = unit < last ? total + std::max<int64_t>(section, 1) * unit
                            : std::max<int64_t>(total + section, 1) * unit;
        section = 0;
        last = unit;
      } else {
        section += (digit < 0 ? 1 : digit) * unit;
      }
      digit = -1;
    } else if (const int value = ChineseDigit(c); value >= 0 && c != U'数') {
      // "七八万" means seven or eight; "二〇二三" is written digit by digit.
      const bool about = digit > 0 && digit < 10 && value > digit && value <= digit + 2;
      digit = digit >= 0 && !about && digit < kGreatest ? digit * 10 + value : value;
    } else if (c == U'数' && *at + 1 < text.size() && ChineseUnit(text[*at + 1]) != 0) {
      digit = 3;
    } else {
      break;
    }
    total = std::min(total, kGreatest);
    section = std::min(section, kGreatest);
  }
  return total + section + std::max<int64_t>(digit, 0);
}

}  // namespace supervision::classification
